/* Pages and maximum distances: pages are one longer search, through the index too; refused values. */
#include "check.h"

#include <math.h>

enum { ROWS = 3000, MOST = 400 };

static syna_mmap *store;
static syna_mmap_results *results;
static syna_mmap_search_options options;
static const syna_mmap_hit *hits;
static size_t count;

static void fresh(void) { syna_mmap_search_options_init(&options, sizeof options); }

static void search(uint64_t n, size_t k) {
  float query[DIMENSIONS];
  fill(query, n);
  OK(syna_mmap_search(store, query, k, &options, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(!syna_mmap_results_is_partial(results));
}

/* Searches for the next page with the options. */
static void next_page(void) {
  CHECK(count > 0);
  options.has_after = 1;
  options.after_distance = hits[count - 1].distance;
  options.after_row = hits[count - 1].row;
}

/* Pages of exact searches are one longer search. */
static void exact_pages(size_t k) {
  static uint64_t rows[MOST];
  size_t found = 0, i;
  fresh();
  options.exact = 1;
  search(5, MOST);
  CHECK(count == MOST);
  for (i = 0; i < count; i++) rows[i] = hits[i].row;
  for (search(5, k); found < MOST; search(5, k)) {
    CHECK(count == k);
    for (i = 0; i < count && found < MOST; i++) CHECK(hits[i].row == rows[found++]);
    next_page();
  }
}

/* Pages through the index, or of a filtered search: ascending, without a repetition, and full. */
static void pages(uint64_t n, const char *prefix, size_t most) {
  float last = -1;
  uint64_t last_row = 0;
  size_t page, i;
  fresh();
  options.key_prefix = prefix;
  options.key_prefix_len = strlen(prefix);
  search(n, 10);
  for (page = 1; page < most; page++) {
    CHECK(count == 10);
    for (i = 0; i < count; i++) {
      CHECK(hits[i].distance > last || (hits[i].distance == last && hits[i].row > last_row));
      last = hits[i].distance;
      last_row = hits[i].row;
    }
    next_page();
    search(n, 10);
  }
}

static void limits(void) {
  float query[DIMENSIONS], near, far;
  syna_mmap_status statuses[2];
  float queries[2 * DIMENSIONS];
  char key[40];
  size_t i, length = key_of(key, 7);
  fresh();
  search(7, 30);
  CHECK(count == 30 && hits[0].distance == 0);
  near = hits[9].distance;
  far = hits[19].distance;
  options.max_distance = far;
  search(7, 30);
  CHECK(count == 30);
  options.has_max_distance = 1;
  search(7, 30);
  CHECK(count == 20 && hits[19].distance == far);
  options.max_distance = nextafterf(far, -1);
  search(7, 30);
  CHECK(count == 19);
  options.max_distance = -1;
  search(7, 30);
  CHECK(count == 0);
  /* Both bounds, in every search. */
  options.max_distance = far;
  options.has_after = 1;
  options.after_distance = near;
  options.after_row = UINT64_MAX;
  options.exact = 1;
  search(7, 30);
  CHECK(count == 10 && hits[0].distance > near && hits[9].distance == far);
  OK(syna_mmap_search_key(store, key, length, 30, &options, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 10 && hits[0].distance > near && hits[9].distance == far);
  fill(query, 7);
  OK(syna_mmap_search_range(store, query, INFINITY, &options, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 10 && hits[0].distance > near && hits[9].distance == far);
  OK(syna_mmap_search_range(store, query, near, &options, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
  fill(queries, 7);
  fill(queries + DIMENSIONS, 8);
  OK(syna_mmap_search_batch(store, queries, 2, 30, &options, results, statuses, &error));
  hits = syna_mmap_results_query_hits(results, 0, &count);
  CHECK(count == 10 && hits[0].distance > near && hits[9].distance == far);
  hits = syna_mmap_results_query_hits(results, 1, &count);
  for (i = 0; i < count; i++) CHECK(hits[i].distance > near && hits[i].distance <= far);
  /* Without has_after, the other two members are not used. */
  options.has_after = 0;
  options.after_distance = NAN;
  search(7, 30);
  CHECK(count == 20);
}

static void refused(void) {
  float query[DIMENSIONS];
  fill(query, 1);
  fresh();
#define REFUSED(name)                                                                           \
  FAILS(INVALID_ARGUMENT, syna_mmap_search(store, query, 3, &options, results, &error));        \
  CHECK(strstr(error.message, name) != NULL);                                                   \
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);                         \
  FAILS(INVALID_ARGUMENT, syna_mmap_search_range(store, query, 3, &options, results, &error));  \
  FAILS(INVALID_ARGUMENT, syna_mmap_search_batch(store, query, 1, 3, &options, results, NULL, &error))
  options.has_max_distance = 1;
  options.max_distance = NAN;
  REFUSED("max_distance");
  fresh();
  options.has_after = 1;
  options.after_distance = NAN;
  REFUSED("NaN");
  fresh();
  options.reserved = 1;
  REFUSED("reserved");
}

int main(int argc, char **argv) {
  int round;
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  OK(syna_mmap_results_new(&results, &error));
  insert_rows(store, 0, ROWS);
  for (round = 0; round < 2; round++) {
    exact_pages(1);
    exact_pages(37);
    pages(5, "", 30);
    pages(ROWS + 5, "abc", 30);
    limits();
    refused();
    OK(syna_mmap_build_index(store, &error));
  }
  syna_mmap_results_free(results);
  OK(syna_mmap_close(store, &error));
  return 0;
}
