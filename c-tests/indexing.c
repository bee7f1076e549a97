/* Building the index with progress and cancellation, in steps, and by writes. */
#include "check.h"
#include <time.h>

enum { ROWS = 1800 };

typedef struct told {
  syna_mmap *store;
  uint64_t calls, last_done, last_total, stop_at;
} told;

static bool progress(void *context, uint64_t done, uint64_t total) {
  told *t = context;
  uint64_t remaining = 0;
  t->calls++;
  CHECK(done >= t->last_done && done <= total);
  t->last_done = done;
  t->last_total = total;
  /* All calls but a close are allowed: steps, inserts and searches too. */
  FAILS(INVALID_ARGUMENT, syna_mmap_close(t->store, &error));
  insert_rows(t->store, 100000 + t->calls, 1);
  CHECK(has_row(t->store, 100000 + t->calls) && syna_mmap_has_index(t->store));
  OK(syna_mmap_index_step(t->store, 0, &remaining, &error));
  return t->stop_at == 0 || t->calls < t->stop_at;
}

static uint64_t indexed_rows(const syna_mmap *store) {
  syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
  OK(syna_mmap_get_stats(store, &stats, &error));
  return stats.indexed_rows;
}

/* Checks that a search for each of `count` rows from `first` on returns it first. */
static void check_found(const syna_mmap *store, uint64_t first, uint64_t count) {
  syna_mmap_results *results = NULL;
  uint64_t n;
  OK(syna_mmap_results_new(&results, &error));
  for (n = first; n < first + count; n++) {
    float query[DIMENSIONS];
    const syna_mmap_hit *hits;
    size_t hit_count = 0;
    fill(query, n);
    OK(syna_mmap_search(store, query, 1, NULL, results, &error));
    hits = syna_mmap_results_hits(results, &hit_count);
    CHECK(hit_count == 1 && is_vector(hits[0].vector, n));
  }
  syna_mmap_results_free(results);
}

static void progress_and_cancel(void) {
  syna_mmap *store = open_quietly(in_folder("progress"), 0);
  told t = {NULL, 0, 0, 0, 2};
  t.store = store;
  insert_rows(store, 0, ROWS);
  FAILS(INVALID_HANDLE, syna_mmap_build_index_with(NULL, progress, &t, &error));
  FAILS(CANCELLED, syna_mmap_build_index_with(store, progress, &t, &error));
  CHECK(t.calls == 2 && t.last_done >= 1024 && t.last_done < ROWS && t.last_total == ROWS);
  CHECK(indexed_rows(store) >= 1024 && indexed_rows(store) < ROWS);
  check_found(store, 0, ROWS);
  t.calls = 2; /* continues the keys that it inserts */
  t.stop_at = 0;
  OK(syna_mmap_build_index_with(store, progress, &t, &error));
  CHECK(t.last_done == t.last_total && t.last_total == ROWS + 2);
  OK(syna_mmap_build_index_with(store, NULL, NULL, &error));
  CHECK(indexed_rows(store) == syna_mmap_len(store));
  check_found(store, 0, ROWS);
  OK(syna_mmap_close(store, &error));
}

static void steps(void) {
  syna_mmap *store = open_quietly(in_folder("steps"), 0), *reader;
  uint64_t remaining = 1, before = ROWS, calls = 0;
  insert_rows(store, 0, ROWS);
  FAILS(INVALID_HANDLE, syna_mmap_index_step(NULL, 100, &remaining, &error));
  CHECK(remaining == 1);
  OK(syna_mmap_index_step(store, 0, NULL, &error));
  CHECK(syna_mmap_has_index(store) && indexed_rows(store) == 0);
  do {
    OK(syna_mmap_index_step(store, 500, &remaining, &error));
    CHECK(remaining <= before && indexed_rows(store) == ROWS - remaining);
    before = remaining;
    calls++;
    if (calls % 100 == 0) check_found(store, calls % ROWS, 5);
  } while (remaining > 0);
  CHECK(calls > 20);
  check_found(store, 0, ROWS);

  /* Unindexed rows are found before a step has indexed them. Rows are not indexed unless requested. */
  insert_rows(store, ROWS, 1500);
  CHECK(indexed_rows(store) == ROWS);
  check_found(store, ROWS, 1500);
  OK(syna_mmap_index_step(store, 200000, &remaining, &error));
  OK(syna_mmap_index_step(store, 0, &remaining, &error));
  /* The saved index is complete, whatever a step has begun. */
  OK(syna_mmap_checkpoint(store, &error));
  reader = open_quietly(in_folder("steps"), SYNA_MMAP_OPEN_READ_ONLY);
  CHECK(indexed_rows(reader) == indexed_rows(store) && indexed_rows(reader) > ROWS);
  check_found(reader, ROWS, 1500);
  FAILS(READ_ONLY, syna_mmap_index_step(reader, 100, &remaining, &error));
  FAILS(READ_ONLY, syna_mmap_build_index_with(reader, NULL, NULL, &error));
  OK(syna_mmap_close(reader, &error));
  OK(syna_mmap_close(store, &error));
}

static void bounded_unindexed_rows(void) {
  syna_mmap_options options;
  syna_mmap *store = NULL;
  uint64_t n;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = DIMENSIONS;
  options.metric = SYNA_MMAP_METRIC_EUCLIDEAN;
  options.hnsw_ef_construction = 60;
  options.index_threshold = 500;
  options.most_unindexed_rows = 100;
  options.checkpoint_interval_secs = 0;
  OK(syna_mmap_open(in_folder("tail"), &options, &store, &error));
  insert_rows(store, 0, 499);
  CHECK(!syna_mmap_has_index(store));
  insert_rows(store, 499, 1);
  CHECK(syna_mmap_has_index(store) && indexed_rows(store) == 0);
  /* Each write indexes a few rows, so that the number of unindexed rows soon stays below its limit. */
  for (n = 500; n < 1501; n++) {
    uint64_t before = indexed_rows(store), after;
    insert_rows(store, n, 1);
    after = indexed_rows(store);
    CHECK(after >= before && after - before <= 512);
    if (n < 600) CHECK(after == 0);
    if (n > 1200) CHECK(n + 1 - after <= 200);
  }
  /* A batch indexes about as many rows as it has. */
  insert_rows(store, 1501, 100);
  CHECK(1601 - indexed_rows(store) <= 200);
  insert_rows(store, 1601, 50);
  OK(syna_mmap_checkpoint(store, &error));
  CHECK(indexed_rows(store) == 1651);
  check_found(store, 0, 1651);
  OK(syna_mmap_close(store, &error));
}

static void a_compact_index(void) {
  syna_mmap_options options;
  syna_mmap *store = NULL;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = DIMENSIONS;
  options.metric = SYNA_MMAP_METRIC_EUCLIDEAN;
  options.hnsw_ef_construction = 60;
  options.index_threshold = 0;
  options.index_profile = 2;
  FAILS(INVALID_ARGUMENT, syna_mmap_open(in_folder("compact"), &options, &store, &error));
  options.index_profile = SYNA_MMAP_INDEX_COMPACT;
  OK(syna_mmap_open(in_folder("compact"), &options, &store, &error));
  insert_rows(store, 0, 1000);
  OK(syna_mmap_build_index(store, &error));
  insert_rows(store, 1000, 100);
  check_found(store, 0, 1100);
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("compact"), 0);
  CHECK(indexed_rows(store) == 1000);
  check_found(store, 0, 1100);
  OK(syna_mmap_close(store, &error));
}

/* The number of indexed rows, after the worker has caught up or a long timeout. */
static uint64_t wait_for(syna_mmap *store, uint64_t least) {
  const struct timespec moment = {0, 10 * 1000 * 1000};
  int left;
  for (left = 12000; left > 0 && indexed_rows(store) < least; left--) nanosleep(&moment, NULL);
  return indexed_rows(store);
}

static void a_worker(void) {
  syna_mmap_options options;
  syna_mmap *store = NULL;
  uint64_t n;
  syna_mmap_options_init(&options, sizeof options);
  CHECK(options.index_worker == 0);
  options.dimensions = DIMENSIONS;
  options.metric = SYNA_MMAP_METRIC_EUCLIDEAN;
  options.hnsw_ef_construction = 60;
  options.index_threshold = 500;
  options.most_unindexed_rows = 80;
  options.index_worker = 2;
  FAILS(INVALID_ARGUMENT, syna_mmap_open(in_folder("worker"), &options, &store, &error));
  options.index_worker = 1;
  OK(syna_mmap_open(in_folder("worker"), &options, &store, &error));
  insert_rows(store, 0, 1500);
  check_found(store, 0, 1500);
  CHECK(wait_for(store, 1490) >= 1490);
  for (n = 1500; n < 1700; n++) {
    insert_rows(store, n, 1);
    check_found(store, n, 1);
  }
  CHECK(wait_for(store, 1690) >= 1690);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  progress_and_cancel();
  steps();
  bounded_unindexed_rows();
  a_compact_index();
  a_worker();
  return 0;
}
