/* Searches beside inserts, and a close beside all calls. */
#include "check.h"

#include <pthread.h>

enum { SEARCHERS = 4, FIRST_ROWS = 500, MORE_ROWS = 3000, BATCH = 50, ROUNDS = 40 };

static syna_mmap *store;
/* The number of rows whose insert has returned. */
static uint64_t acknowledged;
static int is_done;

#define WITH(call) expect(__FILE__, __LINE__, #call, SYNA_MMAP_OK, (call), &own)

/* Searches for rows that were acknowledged before: each must be the first hit. */
static void *search_and_check(void *argument) {
  syna_mmap_error own = SYNA_MMAP_ERROR_INIT;
  syna_mmap_results *results;
  uint64_t random = 1 + (uint64_t)(uintptr_t)argument, searches = 0;
  WITH(syna_mmap_results_new(&results, &own));
  while (!__atomic_load_n(&is_done, __ATOMIC_ACQUIRE) || searches < 100) {
    uint64_t known = __atomic_load_n(&acknowledged, __ATOMIC_ACQUIRE), row;
    float query[DIMENSIONS];
    const syna_mmap_hit *hits;
    char key[40];
    size_t count, i;
    random = scrambled(random);
    row = random % 4 == 0 ? known - 1 : random % known;
    fill(query, row);
    WITH(syna_mmap_search(store, query, 5, NULL, results, &own));
    hits = syna_mmap_results_hits(results, &count);
    CHECK(count == 5);
    CHECK(hits[0].distance <= 1e-3f);
    CHECK(hits[0].key_len == key_of(key, row) && memcmp(hits[0].key, key, hits[0].key_len) == 0);
    for (i = 0; i < count; i++) CHECK(is_vector(hits[i].vector, hits[i].row));
    CHECK(syna_mmap_contains(store, key, hits[0].key_len));
    CHECK(syna_mmap_len(store) >= known);
    searches++;
  }
  syna_mmap_results_free(results);
  return NULL;
}

static void search_during_inserts(void) {
  pthread_t threads[SEARCHERS];
  size_t i;
  syna_mmap_options options = quiet();
  options.index_threshold = 2000;
  OK(syna_mmap_open(in_folder("store"), &options, &store, &error));
  insert_rows(store, 0, FIRST_ROWS);
  __atomic_store_n(&acknowledged, FIRST_ROWS, __ATOMIC_RELEASE);
  for (i = 0; i < SEARCHERS; i++) {
    CHECK(pthread_create(&threads[i], NULL, search_and_check, (void *)(uintptr_t)i) == 0);
  }
  for (i = FIRST_ROWS; i < FIRST_ROWS + MORE_ROWS; i += BATCH) {
    insert_rows(store, i, BATCH);
    __atomic_store_n(&acknowledged, i + BATCH, __ATOMIC_RELEASE);
    if (i % 1000 == 0) OK(syna_mmap_checkpoint(store, &error));
  }
  __atomic_store_n(&is_done, 1, __ATOMIC_RELEASE);
  for (i = 0; i < SEARCHERS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  CHECK(syna_mmap_len(store) == FIRST_ROWS + MORE_ROWS);
  OK(syna_mmap_close(store, &error));
}

/* Runs until the store is closed by another thread. */
static void *use_until_closed(void *argument) {
  syna_mmap_error own = SYNA_MMAP_ERROR_INIT;
  syna_mmap_results *results;
  uint64_t n, id = (uint64_t)(uintptr_t)argument;
  WITH(syna_mmap_results_new(&results, &own));
  for (n = 0;; n++) {
    float vector[DIMENSIONS];
    char key[40];
    size_t count, length = key_of(key, id * 1000000 + n);
    syna_mmap_status status;
    fill(vector, id * 1000000 + n);
    status = id % 2 == 0 ? syna_mmap_insert(store, key, length, vector, NULL, &own)
                         : syna_mmap_search(store, vector, 3, NULL, results, &own);
    if (status != SYNA_MMAP_OK) {
      CHECK(status == SYNA_MMAP_ERR_INVALID_HANDLE);
      CHECK(syna_mmap_len(store) == 0);
      CHECK(syna_mmap_results_hits(results, &count) == NULL || id % 2 == 0);
      break;
    }
    __atomic_fetch_add(&acknowledged, id % 2 == 0, __ATOMIC_ACQ_REL);
  }
  syna_mmap_results_free(results);
  return NULL;
}

static void *close_it(void *argument) {
  *(syna_mmap_status *)argument = syna_mmap_close(store, NULL);
  return NULL;
}

/* A close during other calls; of two concurrent closes one succeeds. All acknowledged rows are stored afterwards. */
static void close_during_calls(void) {
  size_t round, i;
  for (round = 0; round < ROUNDS; round++) {
    pthread_t threads[SEARCHERS], closers[2];
    syna_mmap_status statuses[2] = {-1, -1};
    uint64_t before;
    remove(in_folder("closing"));
    store = open_quietly(in_folder("closing"), 0);
    __atomic_store_n(&acknowledged, 0, __ATOMIC_RELEASE);
    for (i = 0; i < SEARCHERS; i++) {
      CHECK(pthread_create(&threads[i], NULL, use_until_closed, (void *)(uintptr_t)i) == 0);
    }
    while (__atomic_load_n(&acknowledged, __ATOMIC_ACQUIRE) < round) sched_yield();
    for (i = 0; i < 2; i++) CHECK(pthread_create(&closers[i], NULL, close_it, &statuses[i]) == 0);
    for (i = 0; i < 2; i++) CHECK(pthread_join(closers[i], NULL) == 0);
    for (i = 0; i < SEARCHERS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(statuses[0] + statuses[1] == SYNA_MMAP_ERR_INVALID_HANDLE);
    CHECK(statuses[0] == SYNA_MMAP_OK || statuses[1] == SYNA_MMAP_OK);
    before = __atomic_load_n(&acknowledged, __ATOMIC_ACQUIRE);
    store = open_quietly(in_folder("closing"), 0);
    CHECK(syna_mmap_len(store) == before);
    OK(syna_mmap_close(store, &error));
  }
}

/* Two threads use the same results: an error, not a crash. */
static syna_mmap_results *shared;

static void *search_into_shared(void *argument) {
  float query[DIMENSIONS];
  int n;
  size_t count;
  (void)argument;
  fill(query, 1);
  for (n = 0; n < 2000; n++) {
    syna_mmap_status status = syna_mmap_search(store, query, 5, NULL, shared, NULL);
    CHECK(status == SYNA_MMAP_OK || status == SYNA_MMAP_ERR_INVALID_ARGUMENT);
    syna_mmap_results_hits(shared, &count);
  }
  return NULL;
}

static void shared_results(void) {
  pthread_t threads[2];
  size_t i;
  store = open_quietly(in_folder("shared"), 0);
  insert_rows(store, 0, 200);
  OK(syna_mmap_results_new(&shared, &error));
  for (i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, search_into_shared, NULL) == 0);
  for (i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  syna_mmap_results_free(shared);
  OK(syna_mmap_close(store, &error));
}

static pthread_key_t at_end;
static int answer_count;

static bool continues(void *context, uint64_t done, uint64_t total) {
  CHECK(context == &answer_count && done <= total);
  answer_count++;
  /* This would deadlock. */
  CHECK(syna_mmap_close(store, NULL) == SYNA_MMAP_ERR_INVALID_ARGUMENT);
  return true;
}

static bool on_each_finding(void *context, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  CHECK(finding == NULL);
  return continues(context, done, total);
}

static void call_with_callbacks(void *unused) {
  syna_mmap_error own = SYNA_MMAP_ERROR_INIT;
  uint64_t findings = 1;
  int before = answer_count;
  (void)unused;
  WITH(syna_mmap_build_index_with(store, continues, &answer_count, &own));
  WITH(syna_mmap_verify(store, on_each_finding, &answer_count, &findings, &own));
  WITH(syna_mmap_compact(store, continues, &answer_count, &own));
  CHECK(findings == 0 && answer_count >= before + 3);
}

static void *use_and_exit(void *unused) {
  call_with_callbacks(unused);
  CHECK(pthread_setspecific(at_end, &at_end) == 0);
  return NULL;
}

/* Calls with callbacks from a thread destructor, which runs after the library's thread-local variables were destroyed. */
static void calls_from_destructors(void) {
  pthread_t thread;
  store = open_quietly(in_folder("destructors"), 0);
  insert_rows(store, 0, 100);
  CHECK(pthread_key_create(&at_end, call_with_callbacks) == 0);
  CHECK(pthread_create(&thread, NULL, use_and_exit, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(syna_mmap_len(store) == 100);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  search_during_inserts();
  close_during_calls();
  shared_results();
  calls_from_destructors();
  return 0;
}
