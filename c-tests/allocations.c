/*
 * Failing allocations: the n-th allocation of every call fails, alone or with all later ones until the call ends.
 * The call then returns NO_MEMORY or succeeds. The process never ends, the call can be repeated when memory is available,
 * and the file contains exactly the acknowledged writes. Each n runs in a separate process.
 *
 * By default one n of each call is tested, selected by SYNA_MMAP_SEED. SYNA_MMAP_ALLOCATIONS=FILE tests every n and
 * writes a table of all calls to FILE; SYNA_MMAP_ALLOCATIONS_RUNS=COUNT limits the number of n for each call.
 * SYNA_MMAP_ALLOCATIONS_OF=NAME tests one call only.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#ifdef __GLIBC__

enum { ROWS = 300, FRESH = 1000, FRESH_COUNT = 200, OUTSIDE = -1 };

/* Shared with the child processes: the state of the tested call. */
typedef struct window {
  atomic_long seen;    /* allocations so far; OUTSIDE: not counted */
  long failing;        /* the number of the first failing allocation, from 0 */
  int lasting;         /* later allocations fail too */
  atomic_long refused; /* how many failed */
  syna_mmap_status status;
  long allocations;
  int is_over; /* the call returned */
} window;

static window quiet_window = {OUTSIDE, 0, 0, 0, 0, 0, 0};
static window *seen = &quiet_window;

static int refuses(void) {
  long number;
  if (atomic_load(&seen->seen) == OUTSIDE) return 0;
  number = atomic_fetch_add(&seen->seen, 1);
  if (number != seen->failing && !(seen->lasting && number > seen->failing)) return 0;
  atomic_fetch_add(&seen->refused, 1);
  errno = ENOMEM;
  return 1;
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) { return refuses() ? NULL : __libc_malloc(size); }
/* glibc ends the process if it has no memory for the destructors of a new thread, which no program can change. */
void *calloc(size_t count, size_t size) {
  Dl_info caller;
  int is_own = seen->seen != OUTSIDE && dladdr(__builtin_return_address(0), &caller) != 0 &&
               strstr(caller.dli_fname, "libc.so") != NULL;
  return !is_own && refuses() ? NULL : __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) { return refuses() ? NULL : __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { return refuses() ? NULL : __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
  void *fresh = refuses() ? NULL : __libc_memalign(alignment, size);
  if (fresh == NULL) return ENOMEM;
  *out = fresh;
  return 0;
}

/* The objects of a scene, created before the tested call. */
static syna_mmap *store, *reader;
static syna_mmap_results *results;
static syna_mmap_cursor *cursor;
static batch rows;
static syna_mmap_options options;
static int must_have_fresh, may_lack_fresh, lacks_first, is_updated;

static void open_work(uint32_t flags) {
  options.flags = flags;
  OK(syna_mmap_open(in_folder("work"), &options, &store, &error));
}

static void prepare(void) {
  open_work(0);
  OK(syna_mmap_results_new(&results, &error));
}
static void prepare_in_parallel(void) {
  options.threads = 3;
  prepare();
}
static void prepare_grown(void) {
  prepare();
  insert_rows(store, FRESH, FRESH_COUNT);
  must_have_fresh = 1;
}
static void prepare_grown_in_parallel(void) {
  options.threads = 3;
  prepare_grown();
}
static void prepare_automatic(void) {
  options.index_threshold = ROWS;
  options.most_unindexed_rows = 10;
  options.threads = 2;
  prepare();
}
static batch existing;
static void prepare_existing(void) {
  prepare();
  existing = batch_of(0, ROWS);
}
static void prepare_reader(void) {
  prepare();
  options.flags = SYNA_MMAP_OPEN_READ_ONLY;
  OK(syna_mmap_open(in_folder("work"), &options, &reader, &error));
  insert_rows(store, FRESH, FRESH_COUNT);
  OK(syna_mmap_build_index(store, &error));
  must_have_fresh = 1;
}
static void prepare_cursor(void) {
  prepare();
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
}
static void prepare_nothing(void) {}
static void prepare_closed(void) { CHECK(unlink(in_folder("work.hnsw")) == 0); }

static syna_mmap_status open_new(void) {
  syna_mmap *fresh = NULL;
  syna_mmap_status status = syna_mmap_open(in_folder("new"), &options, &fresh, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_close(fresh, NULL);
  return status;
}
static syna_mmap_status open_again(void) {
  options.flags = SYNA_MMAP_OPEN_MUST_EXIST;
  return syna_mmap_open(in_folder("work"), &options, &store, &error);
}
static syna_mmap_status open_reader(void) {
  options.flags = SYNA_MMAP_OPEN_READ_ONLY;
  return syna_mmap_open(in_folder("work"), &options, &reader, &error);
}
static syna_mmap_status open_verifying(void) {
  options.flags = SYNA_MMAP_OPEN_VERIFY;
  return syna_mmap_open(in_folder("work"), &options, &store, &error);
}
static syna_mmap_status open_in_parallel(void) {
  options.threads = 4;
  return open_again();
}
static syna_mmap_status open_with_worker(void) {
  options.index_threshold = ROWS;
  options.index_worker = 1;
  return open_again();
}
static syna_mmap_status open_missing(void) {
  syna_mmap *none = NULL;
  options.flags = SYNA_MMAP_OPEN_MUST_EXIST;
  return syna_mmap_open(in_folder("missing"), &options, &none, &error);
}
static syna_mmap_status open_foreign(void) {
  syna_mmap *none = NULL;
  return syna_mmap_open(in_folder("foreign"), &options, &none, &error);
}
/* The bytes of the store and of its index, at an address that an index cannot be read at. */
static struct {
  unsigned char *bytes;
  size_t length;
} given[2];
static void prepare_given(void) {
  const char *names[] = {"work", "work.hnsw"};
  int i;
  for (i = 0; i < 2; i++) {
    FILE *file = fopen(in_folder(names[i]), "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    given[i].length = (size_t)ftell(file);
    rewind(file);
    given[i].bytes = aligned_alloc(64, (given[i].length + 128) / 64 * 64);
    CHECK(given[i].bytes != NULL);
    given[i].bytes += 4;
    CHECK(fread(given[i].bytes, 1, given[i].length, file) == given[i].length && fclose(file) == 0);
  }
}
static syna_mmap_status open_given(void) {
  syna_mmap *fresh = NULL;
  syna_mmap_status status = syna_mmap_open_memory(given[0].bytes, given[0].length, given[1].bytes, given[1].length,
                                                  &options, &fresh, &error);
  if (status == SYNA_MMAP_OK) {
    CHECK(syna_mmap_has_index(fresh));
    status = syna_mmap_close(fresh, NULL);
  }
  return status;
}
static syna_mmap_status open_memory(void) {
  syna_mmap *fresh = NULL;
  syna_mmap_status status = syna_mmap_open_in_memory(&options, &fresh, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_close(fresh, NULL);
  return status;
}
static syna_mmap_status fresh_when(syna_mmap_status status) {
  if (status == SYNA_MMAP_OK) must_have_fresh = 1;
  return status;
}
static syna_mmap_status insert(void) {
  syna_mmap_status status = SYNA_MMAP_OK;
  size_t i;
  /* Only one call is tested: the others follow in the retry. */
  for (i = 0; status == SYNA_MMAP_OK && i < FRESH_COUNT; i++) {
    status = syna_mmap_insert(store, rows.keys + rows.offsets[i], rows.offsets[i + 1] - rows.offsets[i],
                              rows.vectors + i * DIMENSIONS, NULL, &error);
  }
  may_lack_fresh = status != SYNA_MMAP_OK && i > 1;
  return fresh_when(status);
}
static syna_mmap_status insert_batch(void) {
  return fresh_when(
      syna_mmap_insert_batch(store, rows.keys, rows.offsets, rows.vectors, rows.count, NULL, &error));
}
static syna_mmap_status upsert_batch(void) {
  return fresh_when(syna_mmap_upsert_batch(store, rows.keys, rows.offsets, rows.vectors, rows.count, &error));
}
static syna_mmap_status write_all(void) {
  static uint64_t tags[FRESH_COUNT], offsets[FRESH_COUNT + 1];
  static uint8_t payloads[FRESH_COUNT * 100];
  syna_mmap_batch all = SYNA_MMAP_BATCH_INIT;
  size_t i;
  for (i = 0; i < FRESH_COUNT; i++) {
    tags[i] = i;
    offsets[i + 1] = offsets[i] + i % 100;
  }
  all.keys = rows.keys;
  all.key_offsets = rows.offsets;
  all.vectors = rows.vectors;
  all.count = rows.count;
  all.tags = tags;
  all.payloads = payloads;
  all.payload_offsets = offsets;
  all.mode = SYNA_MMAP_WRITE_UPSERT;
  return fresh_when(syna_mmap_write(store, &all, NULL, &error));
}
static syna_mmap_status delete_first(void) {
  char key[40];
  size_t length = key_of(key, 0);
  syna_mmap_status status = syna_mmap_delete(store, key, length, NULL, &error);
  if (status == SYNA_MMAP_OK) lacks_first = 1;
  return status;
}
/* A store of 16-bit floats without rows, in memory, and more rows than the memory that the library has in reserve. */
enum { MANY = 4000 };
static syna_mmap *halves;
static batch many;
static void prepare_halves(void) {
  prepare();
  options.element = SYNA_MMAP_ELEMENT_F16;
  OK(syna_mmap_open_in_memory(&options, &halves, &error));
  many = batch_of(FRESH, MANY);
}
/* Writes floats, which are converted in memory of the call: all rows or none. Then it reads them. */
static syna_mmap_status write_halves(void) {
  syna_mmap_batch all = SYNA_MMAP_BATCH_INIT;
  float vector[DIMENSIONS];
  size_t count = 0;
  const uint64_t before = syna_mmap_len(halves);
  syna_mmap_status status;
  all.keys = many.keys;
  all.key_offsets = many.offsets;
  all.vectors = many.vectors;
  all.vectors_element = SYNA_MMAP_ELEMENT_F32;
  all.count = many.count;
  all.mode = SYNA_MMAP_WRITE_UPSERT;
  status = syna_mmap_write(halves, &all, NULL, &error);
  CHECK(syna_mmap_len(halves) == (status == SYNA_MMAP_OK ? MANY : before));
  if (status == SYNA_MMAP_OK) status = syna_mmap_search(halves, many.vectors, 1, NULL, results, &error);
  if (status == SYNA_MMAP_OK) {
    CHECK(syna_mmap_results_hits(results, &count)->row % MANY == 0 && count == 1);
    CHECK(syna_mmap_results_vector(results, 0, vector) && vector[0] != many.vectors[0]);
    status = syna_mmap_get(halves, many.keys, many.offsets[1], vector, &error);
  }
  return status;
}
static void prepare_halves_with_rows(void) {
  prepare_halves();
  OK(syna_mmap_insert_batch(halves, rows.keys, rows.offsets, rows.vectors, rows.count, NULL, &error));
}
static syna_mmap_status build_index_of_halves(void) { return syna_mmap_build_index(halves, &error); }
static syna_mmap_status first_lacks_when(syna_mmap_status status) {
  if (status == SYNA_MMAP_OK) lacks_first = 1;
  return status;
}
static syna_mmap_status write_and_delete(void) {
  syna_mmap_batch all = SYNA_MMAP_BATCH_INIT;
  all.keys = rows.keys;
  all.key_offsets = rows.offsets;
  all.vectors = rows.vectors;
  all.count = rows.count;
  all.delete_keys = existing.keys;
  all.delete_key_offsets = existing.offsets;
  all.delete_count = 1;
  return first_lacks_when(fresh_when(syna_mmap_write(store, &all, NULL, &error)));
}
static syna_mmap_status delete_batch(void) {
  return first_lacks_when(syna_mmap_delete_batch(store, existing.keys, existing.offsets, 1, NULL, &error));
}
static syna_mmap_status delete_where(void) {
  static const uint64_t first[] = {1};
  syna_mmap_search_options conditions;
  syna_mmap_search_options_init(&conditions, sizeof conditions);
  conditions.row_bitmap = first;
  conditions.row_bitmap_words = 1;
  conditions.key_prefix = existing.keys;
  conditions.key_prefix_len = existing.offsets[1];
  return first_lacks_when(syna_mmap_delete_where(store, &conditions, NULL, &error));
}
static syna_mmap_status update(void) {
  static uint64_t tags[ROWS], offsets[ROWS + 1];
  static uint8_t payloads[ROWS * 100];
  syna_mmap_batch all = SYNA_MMAP_BATCH_INIT;
  char key[40];
  size_t i, length = key_of(key, 5);
  syna_mmap_status status;
  for (i = 0; i < ROWS; i++) offsets[i + 1] = offsets[i] + i % 100;
  all.keys = existing.keys;
  all.key_offsets = existing.offsets;
  all.count = existing.count;
  all.tags = tags;
  all.payloads = payloads;
  all.payload_offsets = offsets;
  status = syna_mmap_update(store, &all, NULL, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_set_payload(store, key, length, payloads, 1000, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_set_tags(store, key, length, 77, &error);
  if (status == SYNA_MMAP_OK) is_updated = 1;
  return status;
}
static syna_mmap_status set_user_block(void) {
  syna_mmap_user_block block = SYNA_MMAP_USER_BLOCK_INIT;
  block.user_version = 3;
  strcpy(block.label, "model");
  return syna_mmap_set_user_block(store, &block, &error);
}
static syna_mmap_status get_all(void) {
  char key[40];
  float vector[DIMENSIONS];
  uint8_t payload[1000];
  uint64_t tags;
  size_t length = key_of(key, 5), got;
  syna_mmap_status status = syna_mmap_get(store, key, length, vector, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_get_tags(store, key, length, &tags, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_get_payload(store, key, length, payload, 1000, &got, &error);
  return status;
}
static syna_mmap_status put(void) {
  syna_mmap_status status = SYNA_MMAP_OK;
  size_t i;
  for (i = 0; status == SYNA_MMAP_OK && i < FRESH_COUNT; i++) {
    status = syna_mmap_put(store, rows.keys + rows.offsets[i], rows.offsets[i + 1] - rows.offsets[i],
                           rows.vectors + i * DIMENSIONS, i, (const uint8_t *)"payload", i % 7,
                           SYNA_MMAP_WRITE_UPSERT, NULL, &error);
  }
  may_lack_fresh = status != SYNA_MMAP_OK && i > 1;
  return fresh_when(status);
}
static syna_mmap_status read_rows(void) {
  static float vectors[FRESH_COUNT * DIMENSIONS];
  static bool found[FRESH_COUNT];
  syna_mmap_view view = SYNA_MMAP_VIEW_INIT;
  syna_mmap_row row;
  uint64_t number, numbers[10];
  char key[40];
  size_t length = key_of(key, 5), count;
  syna_mmap_status status = syna_mmap_get_view(store, key, length, &view, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_row_of(store, key, length, &number, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_get_row(store, number, &row, NULL, &error);
  if (status == SYNA_MMAP_OK) {
    status = syna_mmap_get_batch(store, rows.keys, rows.offsets, rows.count, vectors, found, &count, &error);
  }
  if (status == SYNA_MMAP_OK) status = syna_mmap_rows_where(store, NULL, 5, numbers, 10, &count, &error);
  if (status == SYNA_MMAP_OK) status = syna_mmap_distance(store, vectors, row.vector, vectors, &error);
  return status;
}
static syna_mmap_status get_missing(void) {
  float vector[DIMENSIONS];
  return syna_mmap_get(store, "none", 4, vector, &error);
}
static syna_mmap_search_options how;
static int is_first_found;
static syna_mmap_status found_when(syna_mmap_status status) {
  size_t count = 0;
  const syna_mmap_hit *hits = syna_mmap_results_hits(results, &count);
  is_first_found = count > 0 && hits[0].key_len == rows.offsets[1] - rows.offsets[0] && is_vector(hits[0].vector, 5);
  return status;
}
static syna_mmap_status search(void) {
  float query[DIMENSIONS];
  fill(query, 5);
  return found_when(syna_mmap_search(store, query, 10, &how, results, &error));
}
static syna_mmap_status search_exactly(void) {
  how.exact = 1;
  return search();
}
static syna_mmap_status search_many(void) {
  float query[DIMENSIONS];
  fill(query, 5);
  how.ef = 400;
  return found_when(syna_mmap_search(store, query, 250, &how, results, &error));
}
static syna_mmap_status search_page(void) {
  how.has_after = 1;
  how.after_distance = -1;
  return search();
}
static bool passes(void *context, const syna_mmap_row *row) {
  (void)context;
  return row->key_len > 0;
}
static syna_mmap_status search_where(void) {
  static const uint64_t bitmap[] = {~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0, ~(uint64_t)0};
  how.row_bitmap = bitmap;
  how.row_bitmap_words = 4;
  how.filter = passes;
  return search();
}
static syna_mmap_status search_prefix(void) {
  how.key_prefix = "abc";
  how.key_prefix_len = 3;
  return search();
}
static syna_mmap_status search_key(void) {
  char key[40];
  size_t length = key_of(key, 5);
  return syna_mmap_search_key(store, key, length, 10, &how, results, &error);
}
static syna_mmap_status search_range(void) {
  float query[DIMENSIONS];
  fill(query, 5);
  return syna_mmap_search_range(store, query, 6.0f, &how, results, &error);
}
static syna_mmap_status search_near(void) {
  how.approximate = 1;
  return search_range();
}
static syna_mmap_status search_batch(void) {
  syna_mmap_status statuses[FRESH_COUNT];
  size_t i;
  syna_mmap_status status =
      syna_mmap_search_batch(store, rows.vectors, rows.count, 10, &how, results, statuses, &error);
  /* Each query has a separate status, and the call's error does not contain it. */
  for (i = 0; status == SYNA_MMAP_OK && i < rows.count; i++) {
    if (statuses[i] == SYNA_MMAP_OK) continue;
    status = error.status = statuses[i];
    strcpy(error.message, syna_mmap_status_name(status));
  }
  return status;
}
static syna_mmap_status search_batch_exactly(void) {
  how.exact = 1;
  return search_batch();
}
static syna_mmap_status new_results(void) {
  syna_mmap_results *fresh = NULL;
  syna_mmap_status status = syna_mmap_results_new(&fresh, &error);
  syna_mmap_results_free(fresh);
  return status;
}
static syna_mmap_status iterate(void) {
  syna_mmap_cursor *fresh = NULL;
  syna_mmap_row some[50];
  size_t count = 1;
  syna_mmap_status status = syna_mmap_cursor_new(store, 0, &fresh, &error);
  while (status == SYNA_MMAP_OK && count > 0) {
    status = syna_mmap_cursor_next(fresh, some, 50, &count, &error);
  }
  syna_mmap_cursor_free(fresh);
  return status;
}
static syna_mmap_status iterate_on(void) {
  syna_mmap_row some[50];
  size_t count;
  return syna_mmap_cursor_next(cursor, some, 50, &count, &error);
}
static syna_mmap_status stats(void) {
  syna_mmap_stats numbers = SYNA_MMAP_STATS_INIT;
  return syna_mmap_get_stats(store, &numbers, &error);
}
static bool continues(void *context, uint64_t done, uint64_t total) {
  (void)context;
  return done <= total;
}
static bool continues_after(void *context, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  (void)context;
  return finding == NULL && done <= total;
}
static syna_mmap_status build_index(void) { return syna_mmap_build_index(store, &error); }
static syna_mmap_status build_index_with(void) {
  return syna_mmap_build_index_with(store, continues, NULL, &error);
}
static syna_mmap_status index_steps(void) {
  uint64_t remaining = 1;
  syna_mmap_status status = SYNA_MMAP_OK;
  while (status == SYNA_MMAP_OK && remaining > 0) status = syna_mmap_index_step(store, 500, &remaining, &error);
  return status;
}
static syna_mmap_status checkpoint(void) { return syna_mmap_checkpoint(store, &error); }
static syna_mmap_status flush(void) { return syna_mmap_flush(store, &error); }
static syna_mmap_status reserve(void) { return syna_mmap_reserve(store, 100000, &error); }
static syna_mmap_status compact(void) { return syna_mmap_compact(store, continues, NULL, &error); }
static syna_mmap_status compact_steps(void) {
  bool done = false;
  syna_mmap_status status = SYNA_MMAP_OK;
  while (status == SYNA_MMAP_OK && !done) status = syna_mmap_compact_step(store, 200, &done, &error);
  return status;
}
static syna_mmap_status snapshot(void) {
  syna_mmap_status status = syna_mmap_snapshot_to(store, in_folder("copy"), continues, NULL, &error);
  unlink(in_folder("copy"));
  unlink(in_folder("copy.hnsw"));
  return status;
}
static syna_mmap_status verify(void) {
  uint64_t findings = 0;
  syna_mmap_status status = syna_mmap_verify(store, continues_after, NULL, &findings, &error);
  CHECK(findings == 0);
  return status;
}
static syna_mmap_status check_recall(void) {
  double recall;
  return syna_mmap_check_recall(store, 50, 10, 0, 1, &recall, &error);
}
static syna_mmap_status refresh(void) {
  bool changed;
  return syna_mmap_refresh(reader, &changed, &error);
}
static syna_mmap_status salvage(void) {
  uint64_t saved, lost;
  syna_mmap_status status = syna_mmap_salvage(in_folder("work"), in_folder("saved"), &saved, &lost, &error);
  unlink(in_folder("saved"));
  if (status == SYNA_MMAP_OK) CHECK(saved == ROWS && lost == 0);
  return status;
}
static syna_mmap_status close_store(void) {
  syna_mmap_status status = syna_mmap_close(store, &error);
  store = NULL;
  return status;
}
static void receive_log(void *context, uint32_t level, const char *text, size_t length) {
  (void)context, (void)level, (void)text, (void)length;
}
static syna_mmap_status listen_and_close(void) {
  syna_mmap_status status = syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, receive_log, NULL, &error);
  return status == SYNA_MMAP_OK ? close_store() : status;
}
static syna_mmap_status insert_not_finite(void) {
  float vector[DIMENSIONS] = {0};
  vector[3] = -1.0f / vector[4];
  return syna_mmap_insert(store, "nonsense", 8, vector, NULL, &error);
}

typedef struct scene {
  const char *name;
  void (*prepare)(void);
  syna_mmap_status (*act)(void);
  /* The expected status when memory is available. */
  syna_mmap_status answer;
  /* Whether the call can be repeated. */
  int is_once;
} scene;

static const scene scenes[] = {
    {"open (new)", prepare_nothing, open_new, SYNA_MMAP_OK, 0},
    {"open", prepare_nothing, open_again, SYNA_MMAP_OK, 0},
    {"open (no index)", prepare_closed, open_again, SYNA_MMAP_OK, 0},
    {"open (read-only)", prepare_nothing, open_reader, SYNA_MMAP_OK, 0},
    {"open (verify)", prepare_nothing, open_verifying, SYNA_MMAP_OK, 0},
    {"open (threads)", prepare_nothing, open_in_parallel, SYNA_MMAP_OK, 0},
    {"open (index worker)", prepare_nothing, open_with_worker, SYNA_MMAP_OK, 0},
    {"open (missing)", prepare_nothing, open_missing, SYNA_MMAP_ERR_NOT_FOUND, 0},
    {"open (not a store)", prepare_nothing, open_foreign, SYNA_MMAP_ERR_CORRUPT, 0},
    {"open_in_memory", prepare_nothing, open_memory, SYNA_MMAP_OK, 0},
    {"open_memory", prepare_given, open_given, SYNA_MMAP_OK, 0},
    {"insert, 200 times", prepare, insert, SYNA_MMAP_OK, 0},
    {"put, 200 times", prepare, put, SYNA_MMAP_OK, 0},
    {"insert_batch", prepare, insert_batch, SYNA_MMAP_OK, 0},
    {"insert_batch (index, threads)", prepare_automatic, insert_batch, SYNA_MMAP_OK, 0},
    {"upsert_batch", prepare_grown, upsert_batch, SYNA_MMAP_OK, 0},
    {"write (tags, payloads)", prepare, write_all, SYNA_MMAP_OK, 0},
    {"write, search, get (16-bit floats)", prepare_halves, write_halves, SYNA_MMAP_OK, 0},
    {"build_index (16-bit floats)", prepare_halves_with_rows, build_index_of_halves, SYNA_MMAP_OK, 0},
    {"insert (not finite)", prepare, insert_not_finite, SYNA_MMAP_ERR_INVALID_VECTOR, 0},
    {"delete", prepare, delete_first, SYNA_MMAP_OK, 0},
    {"write (deletions)", prepare_existing, write_and_delete, SYNA_MMAP_OK, 0},
    {"delete_batch", prepare_existing, delete_batch, SYNA_MMAP_OK, 0},
    {"delete_where", prepare_existing, delete_where, SYNA_MMAP_OK, 0},
    {"update, set_tags, set_payload", prepare_existing, update, SYNA_MMAP_OK, 0},
    {"set_user_block", prepare, set_user_block, SYNA_MMAP_OK, 0},
    {"get, get_tags, get_payload", prepare, get_all, SYNA_MMAP_OK, 0},
    {"get_view, row_of, get_row, get_batch, rows_where, distance", prepare, read_rows, SYNA_MMAP_OK, 0},
    {"get (missing)", prepare, get_missing, SYNA_MMAP_ERR_NOT_FOUND, 0},
    {"search", prepare_grown, search, SYNA_MMAP_OK, 0},
    {"search (exact)", prepare, search_exactly, SYNA_MMAP_OK, 0},
    {"search (k 250, ef 400)", prepare, search_many, SYNA_MMAP_OK, 0},
    {"search (page)", prepare, search_page, SYNA_MMAP_OK, 0},
    {"search (bitmap, callback)", prepare, search_where, SYNA_MMAP_OK, 0},
    {"search (prefix)", prepare, search_prefix, SYNA_MMAP_OK, 0},
    {"search_key", prepare, search_key, SYNA_MMAP_OK, 0},
    {"search_range", prepare, search_range, SYNA_MMAP_OK, 0},
    {"search_range (approximate)", prepare, search_near, SYNA_MMAP_OK, 0},
    {"search_batch", prepare_grown, search_batch, SYNA_MMAP_OK, 0},
    {"search_batch (exact)", prepare_grown, search_batch_exactly, SYNA_MMAP_OK, 0},
    {"search_batch (threads)", prepare_in_parallel, search_batch, SYNA_MMAP_OK, 0},
    {"results_new", prepare, new_results, SYNA_MMAP_OK, 0},
    {"cursor_new, cursor_next", prepare, iterate, SYNA_MMAP_OK, 0},
    {"cursor_next", prepare_cursor, iterate_on, SYNA_MMAP_OK, 0},
    {"get_stats", prepare, stats, SYNA_MMAP_OK, 0},
    {"build_index", prepare_grown, build_index, SYNA_MMAP_OK, 0},
    {"build_index_with (threads)", prepare_grown_in_parallel, build_index_with, SYNA_MMAP_OK, 0},
    {"index_step", prepare_grown, index_steps, SYNA_MMAP_OK, 0},
    {"checkpoint", prepare_grown, checkpoint, SYNA_MMAP_OK, 0},
    {"flush", prepare_grown, flush, SYNA_MMAP_OK, 0},
    {"reserve", prepare, reserve, SYNA_MMAP_OK, 0},
    {"compact", prepare_grown, compact, SYNA_MMAP_OK, 0},
    {"compact_step (threads)", prepare_grown_in_parallel, compact_steps, SYNA_MMAP_OK, 0},
    {"snapshot_to", prepare_grown, snapshot, SYNA_MMAP_OK, 0},
    {"verify", prepare_grown, verify, SYNA_MMAP_OK, 0},
    {"check_recall", prepare, check_recall, SYNA_MMAP_OK, 0},
    {"refresh", prepare_reader, refresh, SYNA_MMAP_OK, 0},
    {"salvage", prepare_nothing, salvage, SYNA_MMAP_OK, 0},
    {"close", prepare_grown, close_store, SYNA_MMAP_OK, 1},
    {"set_log, close", prepare_grown, listen_and_close, SYNA_MMAP_OK, 1},
};

static void copy_file(const char *from, const char *to) {
  char bytes[65536];
  ssize_t count;
  int in = open(in_folder(from), O_RDONLY), out = open(in_folder(to), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  CHECK(in >= 0 && out >= 0);
  while ((count = read(in, bytes, sizeof bytes)) > 0) CHECK(write(out, bytes, (size_t)count) == count);
  CHECK(count == 0 && close(in) == 0 && close(out) == 0);
}

/* Creates the template: rows with tags and payloads, some of them deleted, an index, and a file that is not a store. */
static void make_template(void) {
  char key[40];
  uint64_t n;
  FILE *foreign;
  store = open_quietly(in_folder("template"), 0);
  batch_free(&rows);
  rows = batch_of(0, ROWS);
  OK(syna_mmap_insert_batch(store, rows.keys, rows.offsets, rows.vectors, rows.count, NULL, &error));
  insert_rows(store, 5000, 20);
  for (n = 5000; n < 5020; n++) {
    size_t length = key_of(key, n);
    OK(syna_mmap_delete(store, key, length, NULL, &error));
  }
  OK(syna_mmap_build_index(store, &error));
  OK(syna_mmap_close(store, &error));
  foreign = fopen(in_folder("foreign"), "w");
  CHECK(foreign != NULL && fputs("not a store, but long enough to be examined", foreign) > 0);
  CHECK(fclose(foreign) == 0);
}

static void check_rows(syna_mmap *whole) {
  uint64_t n, expected = ROWS - (uint64_t)lacks_first;
  for (n = (uint64_t)lacks_first; n < ROWS; n++) CHECK(has_row(whole, n));
  if (must_have_fresh) {
    for (n = FRESH; n < FRESH + FRESH_COUNT; n++) CHECK(has_row(whole, n));
    expected += FRESH_COUNT;
  }
  if (!may_lack_fresh) CHECK(syna_mmap_len(whole) == expected);
  if (is_updated) {
    char key[40];
    uint64_t tags;
    size_t length = key_of(key, 5), payload_len;
    OK(syna_mmap_get_tags(whole, key, length, &tags, &error));
    OK(syna_mmap_get_payload(whole, key, length, NULL, 0, &payload_len, &error));
    CHECK(tags == 77 && payload_len == 1000);
  }
}

/* Counts the problems of rows. An index that could not be saved is none: the next build replaces it. */
static bool counts_rows(void *count, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  (void)done;
  (void)total;
  if (finding != NULL && finding->problem != SYNA_MMAP_PROBLEM_IGNORED_INDEX) ++*(uint64_t *)count;
  return true;
}

static void check_afterwards(void) {
  uint64_t findings = 0;
  if (reader != NULL) OK(syna_mmap_close(reader, &error));
  if (store != NULL) {
    check_rows(store);
    OK(syna_mmap_close(store, &error));
  }
  syna_mmap_results_free(results);
  syna_mmap_cursor_free(cursor);
  options = quiet();
  open_work(SYNA_MMAP_OPEN_VERIFY);
  check_rows(store);
  OK(syna_mmap_verify(store, counts_rows, &findings, NULL, &error));
  CHECK(findings == 0);
  CHECK(must_have_fresh || lacks_first || seen->status != SYNA_MMAP_OK || syna_mmap_len(store) == ROWS);
  OK(syna_mmap_close(store, &error));
}

/* Runs one call with its failing allocation in a child process. */
static void run_scene(const scene *s) {
  struct rlimit none = {0, 0};
  CHECK(setrlimit(RLIMIT_CORE, &none) == 0);
  alarm(60);
  copy_file("template", "work");
  copy_file("template.hnsw", "work.hnsw");
  options = quiet();
  syna_mmap_search_options_init(&how, sizeof how);
  rows = batch_of(FRESH, FRESH_COUNT);
  s->prepare();
  atomic_store(&seen->seen, 0);
  seen->status = s->act();
  seen->allocations = atomic_exchange(&seen->seen, OUTSIDE);
  seen->is_over = 1;
  if (seen->status != s->answer) {
    /* A thread that cannot be started for lack of memory is reported as an I/O error, as the header says. */
    if (s->act == open_with_worker && seen->status == SYNA_MMAP_ERR_IO && error.os_errno == EAGAIN) {
      seen->status = error.status = SYNA_MMAP_ERR_NO_MEMORY;
    }
    if (seen->status != SYNA_MMAP_ERR_NO_MEMORY) {
      fprintf(stderr, "returns %s: %s\n", syna_mmap_status_name(seen->status), error.message);
      exit(1);
    }
    CHECK(atomic_load(&seen->refused) > 0);
    CHECK(error.status == SYNA_MMAP_ERR_NO_MEMORY && error.message[0] != 0);
  }
  if (store != NULL) check_rows(store);
  if (seen->status == SYNA_MMAP_ERR_NO_MEMORY && !s->is_once) {
    syna_mmap_status again = s->act();
    if (again != s->answer) {
      fprintf(stderr, "returns %s when called again: %s\n", syna_mmap_status_name(again), error.message);
      exit(1);
    }
    may_lack_fresh = 0;
  }
  check_afterwards();
  _exit(0);
}

typedef struct tally {
  long allocations, runs, ended, wrong, refusals;
} tally;

static void run_child(const scene *s, long failing, int lasting, tally *of, FILE *table) {
  int status = 0;
  pid_t child;
  int messages = open(in_folder("messages"), O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(messages >= 0);
  memset(seen, 0, sizeof *seen);
  atomic_store(&seen->seen, OUTSIDE);
  seen->failing = failing;
  seen->lasting = lasting;
  if (table != NULL) fflush(table);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(dup2(messages, 2) == 2);
    run_scene(s);
  }
  CHECK(waitpid(child, &status, 0) == child);
  of->runs++;
  if (seen->is_over && seen->allocations > of->allocations && failing < 0) of->allocations = seen->allocations;
  if (seen->status == SYNA_MMAP_ERR_NO_MEMORY) of->refusals++;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    char said[512] = "";
    ssize_t length = pread(messages, said, sizeof said - 1, 0);
    said[length > 0 ? length : 0] = 0;
    if (WIFSIGNALED(status)) of->ended++;
    else of->wrong++;
    fprintf(table == NULL ? stderr : table, "%s, allocation %ld%s: %s %d: %s\n", s->name, failing,
            lasting ? " and all after it" : "", WIFSIGNALED(status) ? "signal" : "exit code",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said);
  }
  close(messages);
  unlink(in_folder("new"));
  unlink(in_folder("new.hnsw"));
}

int main(int argc, char **argv) {
  const char *file = getenv("SYNA_MMAP_ALLOCATIONS"), *only = getenv("SYNA_MMAP_ALLOCATIONS_OF");
  const char *chosen = getenv("SYNA_MMAP_SEED");
  uint64_t seed = chosen != NULL ? strtoull(chosen, NULL, 10) : 25;
  const char *most = getenv("SYNA_MMAP_ALLOCATIONS_RUNS");
  long runs = most != NULL ? atol(most) : file != NULL ? LONG_MAX : 1;
  FILE *table = file == NULL ? NULL : fopen(file, "w");
  tally all = {0, 0, 0, 0, 0};
  size_t i;
  begin(argc, argv);
  CHECK(file == NULL || table != NULL);
  seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(seen != MAP_FAILED);
  atomic_store(&seen->seen, OUTSIDE);
  {
    /* In a child process, because this process's stores would be invalid in its children. */
    int status;
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      make_template();
      _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
  }
  if (table != NULL) {
    fprintf(table, "| call | allocations | runs | returns NO_MEMORY | wrong | ends the process |\n");
    fprintf(table, "| --- | --- | --- | --- | --- | --- |\n");
  }
  for (i = 0; i < sizeof scenes / sizeof *scenes; i++) {
    const scene *s = &scenes[i];
    tally of = {0, 0, 0, 0, 0};
    long n, stride;
    int lasting;
    if (only != NULL && strcmp(only, s->name) != 0) continue;
    /* Without a failure. */
    run_child(s, -1, 0, &of, table);
    stride = runs < of.allocations ? (of.allocations + runs - 1) / runs : 1;
    for (lasting = 0; lasting <= 1; lasting++) {
      /* The sample differs for each call and mode; a message names the allocation. */
      for (n = (long)(scrambled(seed + 2 * i + (uint64_t)lasting) % (uint64_t)stride); n < of.allocations; n += stride) {
        run_child(s, n, lasting, &of, table);
      }
    }
    if (table != NULL) {
      fprintf(table, "| %s | %ld | %ld | %ld | %ld | %ld |\n", s->name, of.allocations, of.runs, of.refusals,
              of.wrong, of.ended);
      fflush(table);
    }
    all.allocations += of.allocations;
    all.runs += of.runs;
    all.refusals += of.refusals;
    all.wrong += of.wrong;
    all.ended += of.ended;
  }
  if (table != NULL) {
    fprintf(table, "| all | %ld | %ld | %ld | %ld | %ld |\n", all.allocations, all.runs, all.refusals, all.wrong,
            all.ended);
    CHECK(fclose(table) == 0);
  }
  CHECK(all.allocations > 0 && all.ended == 0 && all.wrong == 0);
  return 0;
}

#else
int main(void) { return 0; }
#endif
