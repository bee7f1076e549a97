/* Threads of the library: they block all signals of the host from their start on, and if the system cannot create a
 * thread, the calling thread does the work. */
#define _GNU_SOURCE
#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>

enum { ROWS = 2100, LARGE = 9000 };

static int begun_count;   /* Threads that were requested. */
static int open_to_count; /* Of these: from a thread with unblocked signals. */
static int is_refused;    /* Creating a thread fails. */

static int takes_a_signal(void) {
  sigset_t blocked;
  int signal_number;
  CHECK(pthread_sigmask(SIG_BLOCK, NULL, &blocked) == 0);
  for (signal_number = 1; signal_number <= 31; signal_number++) {
    /* These two cannot be blocked. */
    if (signal_number == SIGKILL || signal_number == SIGSTOP) continue;
    if (sigismember(&blocked, signal_number) == 0) return 1;
  }
  return 0;
}

/* Overrides the system's function: the library starts its threads through it too. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
  int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  void *found = dlsym(RTLD_NEXT, "pthread_create");
  CHECK(found != NULL);
  memcpy(&next, &found, sizeof next);
  __atomic_fetch_add(&begun_count, 1, __ATOMIC_RELAXED);
  if (takes_a_signal()) __atomic_fetch_add(&open_to_count, 1, __ATOMIC_RELAXED);
  return __atomic_load_n(&is_refused, __ATOMIC_RELAXED) ? EAGAIN : next(thread, attributes, run, argument);
}

/* Runs a call that starts at least one thread, or tries to; the caller's signal mask is unchanged. */
#define STARTS(call)                            \
  do {                                          \
    int before = begun_count;                   \
    OK(call);                                   \
    CHECK(begun_count > before);                \
    CHECK(open_to_count == 0);                  \
    CHECK(takes_a_signal());                    \
  } while (0)

static syna_mmap_options busy(void) {
  syna_mmap_options options = quiet();
  options.threads = 3;
  return options;
}

static void every_call(const char *path) {
  syna_mmap *store = NULL;
  syna_mmap_options options = busy();
  syna_mmap_results *results = NULL;
  float queries[8 * DIMENSIONS];
  double recall = 0;
  uint64_t findings = 1;
  size_t count = 0, i;
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_open(path, &options, &store, &error));
  insert_rows(store, 0, ROWS);
  STARTS(syna_mmap_build_index(store, &error));
  for (i = 0; i < 8; i++) fill(queries + i * DIMENSIONS, i * 100);
  STARTS(syna_mmap_search_batch(store, queries, 8, 1, NULL, results, NULL, &error));
  for (i = 0; i < 8; i++) {
    const syna_mmap_hit *hits = syna_mmap_results_query_hits(results, i, &count);
    CHECK(count == 1 && hits[0].row == i * 100);
  }
  STARTS(syna_mmap_check_recall(store, 16, 10, 0, 1, &recall, &error));
  CHECK(recall > 0.5);
  STARTS(syna_mmap_compact(store, NULL, NULL, &error));
  OK(syna_mmap_verify(store, NULL, NULL, &findings, &error));
  CHECK(findings == 0 && syna_mmap_len(store) == ROWS);
  OK(syna_mmap_close(store, &error));

  /* An insert that passes the threshold builds the index; a checkpoint indexes the rows after it. */
  options.index_threshold = ROWS / 2;
  remove(path);
  CHECK(snprintf((char *)queries, sizeof queries, "%s.hnsw", path) > 0 && remove((char *)queries) == 0);
  OK(syna_mmap_open(path, &options, &store, &error));
  {
    batch first = batch_of(0, ROWS);
    STARTS(syna_mmap_insert_batch(store, first.keys, first.offsets, first.vectors, ROWS, NULL, &error));
    CHECK(syna_mmap_has_index(store));
    batch_free(&first);
  }
  insert_rows(store, ROWS, 200);
  STARTS(syna_mmap_checkpoint(store, &error));
  OK(syna_mmap_close(store, &error));
  syna_mmap_results_free(results);
}

/* A thread of the call writes if it is more than 2 MiB. */
static void large_batch(const char *path) {
  batch rows = batch_of(0, LARGE);
  syna_mmap_options options = busy();
  syna_mmap *store = NULL;
  OK(syna_mmap_open(path, &options, &store, &error));
  STARTS(syna_mmap_insert_batch(store, rows.keys, rows.offsets, rows.vectors, LARGE, NULL, &error));
  CHECK(has_row(store, 0) && has_row(store, LARGE - 1));
  OK(syna_mmap_close(store, &error));
  batch_free(&rows);
}

/* The requested background thread: if it cannot be created, open fails, without a lock and without damage. */
static void background_thread(void) {
  syna_mmap *store = NULL;
  syna_mmap_options options = busy();
  options.index_threshold = 100;
  options.index_worker = 1;
  STARTS(syna_mmap_open(in_folder("background"), &options, &store, &error));
  insert_rows(store, 0, 1000);
  OK(syna_mmap_close(store, &error));
  is_refused = 1;
  store = (syna_mmap *)1;
  FAILS(IO, syna_mmap_open(in_folder("background"), &options, &store, &error));
  CHECK(error.os_errno == EAGAIN && strstr(error.message, "thread") != NULL && store == (syna_mmap *)1);
  is_refused = 0;
  OK(syna_mmap_open(in_folder("background"), &options, &store, &error));
  CHECK(syna_mmap_len(store) == 1000);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  CHECK(takes_a_signal());
  every_call(in_folder("store"));
  background_thread();
  large_batch(in_folder("large"));
  is_refused = 1;
  every_call(in_folder("alone"));
  large_batch(in_folder("large_alone"));
  return 0;
}
