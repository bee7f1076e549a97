/* Batch searches: the results of single searches, a status for each query, threads, and measured recall. */
#include "check.h"

#include <math.h>

enum { ROWS = 1200, QUERIES = 70, K = 7 };

static syna_mmap *store;
static syna_mmap_results *results, *single;
static float queries[QUERIES * DIMENSIONS];

static void same_as_single(const syna_mmap_search_options *options) {
  static syna_mmap_status statuses[QUERIES];
  const syna_mmap_hit *all, *hits, *expected;
  size_t total, count, expected_count, i, hit, sum = 0;
  memset(statuses, 0x7f, sizeof statuses);
  OK(syna_mmap_search_batch(store, queries, QUERIES, K, options, results, statuses, &error));
  all = syna_mmap_results_hits(results, &total);
  CHECK(!syna_mmap_results_is_partial(results));
  for (i = 0; i < QUERIES; i++) {
    CHECK(statuses[i] == SYNA_MMAP_OK && !syna_mmap_results_query_is_partial(results, i));
    hits = syna_mmap_results_query_hits(results, i, &count);
    CHECK(hits == all + sum);
    OK(syna_mmap_search(store, queries + i * DIMENSIONS, K, options, single, &error));
    expected = syna_mmap_results_hits(single, &expected_count);
    CHECK(count == expected_count && count == K);
    for (hit = 0; hit < count; hit++) {
      CHECK(hits[hit].row == expected[hit].row);
      CHECK(memcmp(&hits[hit].distance, &expected[hit].distance, sizeof(float)) == 0);
      CHECK(hits[hit].vector == expected[hit].vector && is_vector(hits[hit].vector, hits[hit].row));
    }
    CHECK(syna_mmap_results_tags(results, (size_t)(hits - all)) == 0);
    sum += count;
  }
  CHECK(sum == total);
  CHECK(syna_mmap_results_query_hits(results, QUERIES, &count) == NULL && count == 0);
  CHECK(!syna_mmap_results_query_is_partial(results, QUERIES));
}

static void bad_queries(void) {
  syna_mmap_status statuses[3] = {99, 99, 99};
  float three[3 * DIMENSIONS];
  size_t count, i;
  for (i = 0; i < 3; i++) fill(three + i * DIMENSIONS, i);
  three[DIMENSIONS + 5] = NAN;
  OK(syna_mmap_search_batch(store, three, 3, 2, NULL, results, statuses, &error));
  CHECK(statuses[0] == SYNA_MMAP_OK && statuses[1] == SYNA_MMAP_ERR_INVALID_VECTOR && statuses[2] == SYNA_MMAP_OK);
  for (i = 0; i < 3; i++) {
    syna_mmap_results_query_hits(results, i, &count);
    CHECK(count == (i == 1 ? 0 : 2));
  }
  CHECK(syna_mmap_results_query_hits(results, 2, NULL)->row == 2);
  /* Without an array for statuses the call fails. */
  FAILS(INVALID_VECTOR, syna_mmap_search_batch(store, three, 3, 2, NULL, results, NULL, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);

  statuses[0] = 99;
  FAILS(INVALID_ARGUMENT, syna_mmap_search_batch(store, NULL, 1, 2, NULL, results, statuses, &error));
  FAILS(LIMIT, syna_mmap_search_batch(store, three, SIZE_MAX, 2, NULL, results, NULL, &error));
  FAILS(LIMIT, syna_mmap_search_batch(store, three, 1, SIZE_MAX, NULL, results, statuses, &error));
  FAILS(INVALID_HANDLE, syna_mmap_search_batch(NULL, three, 1, 2, NULL, results, statuses, &error));
  FAILS_BARE(INVALID_HANDLE, syna_mmap_search_batch(store, three, 1, 2, NULL, NULL, statuses, NULL));
  FAILS(INVALID_ARGUMENT,
        syna_mmap_search_batch(store, three, 1, 2, NULL, results,
                               (syna_mmap_status *)(void *)((char *)statuses + 1), &error));
  CHECK(statuses[0] == 99);
  OK(syna_mmap_search_batch(store, NULL, 0, 2, NULL, results, NULL, NULL));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
}

static void partial(void) {
  syna_mmap_search_options options;
  size_t count;
  syna_mmap_search_options_init(&options, sizeof options);
  options.exact = 1;
  options.max_visits = 5;
  OK(syna_mmap_search_batch(store, queries, 2, K, &options, results, NULL, &error));
  CHECK(syna_mmap_results_is_partial(results));
  CHECK(syna_mmap_results_query_is_partial(results, 0) && syna_mmap_results_query_is_partial(results, 1));
  syna_mmap_results_query_hits(results, 1, &count);
  CHECK(count == 5);
  CHECK(!syna_mmap_results_query_is_partial(NULL, 0));
  count = 9;
  CHECK(syna_mmap_results_query_hits(NULL, 0, &count) == NULL && count == 0);
}

/* `every_row`: all rows too. */
static void recall(double least, bool every_row) {
  double first = -1, second = -1;
  OK(syna_mmap_check_recall(store, 100, 10, 0, 7, &first, &error));
  OK(syna_mmap_check_recall(store, 100, 10, 0, 7, &second, NULL));
  CHECK(first == second && first >= least && first <= 1);
  if (every_row) {
    OK(syna_mmap_check_recall(store, 1000000, 3, 100, 1, &first, &error));
    CHECK(first >= least && first <= 1);
  }
  second = -1;
  FAILS(INVALID_ARGUMENT, syna_mmap_check_recall(store, 0, 10, 0, 7, &second, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_check_recall(store, 10, 0, 0, 7, &second, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_check_recall(store, 10, 10, 0, 7, NULL, &error));
  FAILS(LIMIT, syna_mmap_check_recall(store, 10, SIZE_MAX, 0, 7, &second, &error));
  FAILS(LIMIT, syna_mmap_check_recall(store, 10, (size_t)SYNA_MMAP_MAX_K + 1, 0, 7, &second, &error));
  CHECK(strstr(error.message, "16777217 were requested") != NULL);
  FAILS(LIMIT, syna_mmap_check_recall(store, 10, 10, UINT32_MAX, 7, &second, &error));
  FAILS(INVALID_HANDLE, syna_mmap_check_recall(NULL, 10, 10, 0, 7, &second, &error));
  CHECK(second == -1);
  OK(syna_mmap_check_recall(store, 2, SYNA_MMAP_MAX_K, 0, 7, &second, &error));
  CHECK(second >= 0 && second <= 1);
}

/* The limit applies to an empty store too. */
static void recall_of_an_empty_store(void) {
  syna_mmap *empty = NULL;
  double found = -1;
  OK(syna_mmap_open_in_memory(NULL, &empty, &error));
  FAILS(LIMIT, syna_mmap_check_recall(empty, 10, SIZE_MAX, 0, 7, &found, &error));
  FAILS(LIMIT, syna_mmap_check_recall(empty, 10, 10, UINT32_MAX, 7, &found, &error));
  CHECK(found == -1);
  OK(syna_mmap_check_recall(empty, 10, 10, 0, 7, &found, &error));
  CHECK(found == 1);
  OK(syna_mmap_close(empty, &error));
}

int main(int argc, char **argv) {
  uint32_t threads;
  size_t i;
  begin(argc, argv);
  recall_of_an_empty_store();
  for (i = 0; i < QUERIES; i++) fill(queries + i * DIMENSIONS, 500000 + i);
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_results_new(&single, &error));
  for (threads = 0; threads < 4; threads += 3) {
    syna_mmap_options settings = quiet();
    syna_mmap_search_options options;
    double found = -1;
    settings.threads = threads;
    store = NULL;
    OK(syna_mmap_open(in_folder(threads == 0 ? "alone" : "threads"), &settings, &store, &error));
    OK(syna_mmap_check_recall(store, 10, 10, 0, 0, &found, &error));
    CHECK(found == 1);
    insert_rows(store, 0, ROWS);
    syna_mmap_search_options_init(&options, sizeof options);
    same_as_single(NULL);
    recall(1, threads == 0);
    OK(syna_mmap_build_index(store, &error));
    same_as_single(NULL);
    options.exact = 1;
    same_as_single(&options);
    bad_queries();
    partial();
    recall(0.8, threads > 0);
    OK(syna_mmap_close(store, &error));
  }
  syna_mmap_results_free(results);
  syna_mmap_results_free(single);
  return 0;
}
