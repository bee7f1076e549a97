/* Range searches: all rows within a distance, indexed or not; NULL and invalid arguments; a deadline. */
#include "check.h"

#include <math.h>

enum { ROWS = 3000 };

static syna_mmap *store;
static syna_mmap_results *results;

/* The nearest rows to row `n`, by a search for all of them. */
static void agrees(uint64_t n, size_t expected) {
  float query[DIMENSIONS], most;
  static uint64_t rows[ROWS];
  syna_mmap_search_options options;
  const syna_mmap_hit *hits;
  size_t count, i;
  fill(query, n);
  syna_mmap_search_options_init(&options, sizeof options);
  options.exact = 1;
  OK(syna_mmap_search(store, query, expected, &options, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == expected);
  for (i = 0; i < count; i++) rows[i] = hits[i].row;
  most = hits[count - 1].distance;
  OK(syna_mmap_search_range(store, query, most, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == expected && !syna_mmap_results_is_partial(results));
  for (i = 0; i < count; i++) CHECK(hits[i].row == rows[i] && is_vector(hits[i].vector, rows[i]));
  /* Just below it the last one is missing. */
  OK(syna_mmap_search_range(store, query, nextafterf(most, -1), NULL, results, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(count == expected - 1);
  /* The approximate results are a subset; here it finds all of them. */
  options.exact = 0;
  options.approximate = 1;
  options.ef = 200;
  OK(syna_mmap_search_range(store, query, most, &options, results, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(count <= expected && count * 10 >= expected * 8);
}

static void limits(void) {
  float query[DIMENSIONS];
  syna_mmap_search_options options;
  const syna_mmap_hit *hits;
  size_t count, i;
  fill(query, 1);
  OK(syna_mmap_search_range(store, query, INFINITY, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == ROWS);
  for (i = 1; i < count; i++) CHECK(hits[i - 1].distance <= hits[i].distance);
  OK(syna_mmap_search_range(store, query, 0, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 1 && hits[0].row == 1);
  OK(syna_mmap_search_range(store, query, -1, NULL, results, NULL));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
  syna_mmap_search_options_init(&options, sizeof options);
  options.max_visits = 100;
  OK(syna_mmap_search_range(store, query, INFINITY, &options, results, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(count == 100 && syna_mmap_results_is_partial(results));
  options.max_visits = 0;
  options.key_prefix = "abc";
  options.key_prefix_len = 3;
  OK(syna_mmap_search_range(store, query, INFINITY, &options, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count > 1000 && count < ROWS && memcmp(hits[0].key, "abc", 3) == 0);
}

static void refused(void) {
  float query[DIMENSIONS];
  size_t count = 9;
  fill(query, 1);
  OK(syna_mmap_search_range(store, query, INFINITY, NULL, results, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_search_range(store, query, NAN, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_search_range(store, NULL, 1, NULL, results, &error));
  FAILS(INVALID_HANDLE, syna_mmap_search_range(NULL, query, 1, NULL, results, &error));
  FAILS_BARE(INVALID_HANDLE, syna_mmap_search_range(store, query, 1, NULL, NULL, NULL));
  query[3] = INFINITY;
  FAILS(INVALID_VECTOR, syna_mmap_search_range(store, query, 1, NULL, results, &error));
}

int main(int argc, char **argv) {
  int round;
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  OK(syna_mmap_results_new(&results, &error));
  insert_rows(store, 0, ROWS);
  for (round = 0; round < 2; round++) {
    agrees(5, 1);
    agrees(100, 30);
    agrees(200, 700);
    limits();
    refused();
    OK(syna_mmap_build_index(store, &error));
  }
  syna_mmap_results_free(results);
  OK(syna_mmap_close(store, &error));
  return 0;
}
