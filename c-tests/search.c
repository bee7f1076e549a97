/* Searches compared with a plain scan: order, ties, k of every size, deadlines, results that outlive the store. */
#include "check.h"

#include <math.h>

enum { ROWS = 3000, TIES = 4 };

static float distance_to(const float *query, uint64_t n) {
  float vector[DIMENSIONS];
  double sum = 0;
  size_t i;
  fill(vector, n);
  for (i = 0; i < DIMENSIONS; i++) {
    double difference = (double)query[i] - (double)vector[i];
    sum += difference * difference;
  }
  return (float)sqrt(sum);
}

/* Rows ordered by distance, then by number. */
static void scan(const float *query, uint64_t rows[], float distances[], size_t k) {
  size_t count = 0, place;
  uint64_t n;
  for (n = 0; n < ROWS; n++) {
    float distance = distance_to(query, n);
    if (count == k && distance >= distances[k - 1]) continue;
    place = count < k ? count++ : k - 1;
    for (; place > 0 && distances[place - 1] > distance; place--) {
      distances[place] = distances[place - 1];
      rows[place] = rows[place - 1];
    }
    distances[place] = distance;
    rows[place] = n;
  }
}

static void exact_order(syna_mmap *store, syna_mmap_results *results, uint32_t exact) {
  float query[DIMENSIONS], distances[10];
  uint64_t rows[10], seed;
  syna_mmap_search_options options;
  size_t count, i;
  syna_mmap_search_options_init(&options, sizeof options);
  options.exact = exact;
  for (seed = 0; seed < 20; seed++) {
    const syna_mmap_hit *hits;
    char key[40];
    fill(query, 1000000 + seed);
    scan(query, rows, distances, 10);
    OK(syna_mmap_search(store, query, 10, &options, results, &error));
    hits = syna_mmap_results_hits(results, &count);
    CHECK(count == 10);
    CHECK(!syna_mmap_results_is_partial(results));
    for (i = 0; i < count; i++) {
      CHECK(fabsf(hits[i].distance - distances[i]) <= 1e-4f * distances[i]);
      CHECK(hits[i].row == rows[i]);
      CHECK(hits[i].reserved == 0);
      CHECK(hits[i].key_len == key_of(key, rows[i]));
      CHECK(memcmp(hits[i].key, key, hits[i].key_len) == 0);
      CHECK(is_vector(hits[i].vector, rows[i]));
    }
  }
}

static void ties_by_row(void) {
  syna_mmap *store = open_quietly(in_folder("ties"), 0);
  syna_mmap_results *results;
  const syna_mmap_hit *hits;
  float vector[DIMENSIONS];
  char key[2] = {0, 0};
  size_t count, i;
  OK(syna_mmap_results_new(&results, &error));
  fill(vector, 1);
  for (i = 0; i < TIES; i++) {
    key[0] = (char)('d' - i);
    OK(syna_mmap_insert(store, key, 1, vector, NULL, &error));
  }
  OK(syna_mmap_search(store, vector, TIES, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == TIES);
  for (i = 0; i < TIES; i++) {
    CHECK(hits[i].distance == 0.0f);
    CHECK(hits[i].row == i);
    CHECK(hits[i].key[0] == (char)('d' - i));
  }
  OK(syna_mmap_search(store, vector, 2, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 2 && hits[0].row == 0 && hits[1].row == 1);
  syna_mmap_results_free(results);
  OK(syna_mmap_close(store, &error));
}

static void every_k(syna_mmap *store, syna_mmap_results *results) {
  float query[DIMENSIONS];
  size_t count = 99;
  fill(query, 5);
  OK(syna_mmap_search(store, query, 0, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL);
  CHECK(count == 0);
  OK(syna_mmap_search(store, query, 1, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count)->row == 5);
  CHECK(count == 1);
  OK(syna_mmap_search(store, query, ROWS + 1, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) != NULL);
  CHECK(count == ROWS);
  FAILS(LIMIT, syna_mmap_search(store, query, SIZE_MAX, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
}

static void deadlines(syna_mmap *store, syna_mmap_results *results) {
  float query[DIMENSIONS];
  syna_mmap_search_options options;
  size_t count;
  fill(query, 5);
  syna_mmap_search_options_init(&options, sizeof options);
  options.exact = 1;
  options.deadline_us = UINT64_MAX;
  OK(syna_mmap_search(store, query, 10, &options, results, &error));
  CHECK(!syna_mmap_results_is_partial(results));
  /* So short that it has expired before the first row is compared, or shortly after. */
  options.deadline_us = 1;
  OK(syna_mmap_search(store, query, 10, &options, results, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(syna_mmap_results_is_partial(results) || count == 10);
  options.deadline_us = 0;
  OK(syna_mmap_search(store, query, 10, &options, results, &error));
  CHECK(!syna_mmap_results_is_partial(results));
}

static void failures_empty_results(syna_mmap *store, syna_mmap_results *results) {
  float query[DIMENSIONS];
  size_t count;
  int round;
  for (round = 0; round < 4; round++) {
    fill(query, 7);
    OK(syna_mmap_search(store, query, 3, NULL, results, &error));
    CHECK(syna_mmap_results_hits(results, &count) != NULL && count == 3);
    if (round == 0) {
      query[63] = NAN;
      FAILS(INVALID_VECTOR, syna_mmap_search(store, query, 3, NULL, results, &error));
    } else if (round == 1) {
      query[0] = -INFINITY;
      FAILS(INVALID_VECTOR, syna_mmap_search(store, query, 3, NULL, results, &error));
    } else if (round == 2) {
      FAILS(INVALID_HANDLE, syna_mmap_search(NULL, query, 3, NULL, results, &error));
    } else {
      syna_mmap_error unusable = {3, 0, 0, ""};
      FAILS_BARE(INVALID_ARGUMENT, syna_mmap_search(store, query, 3, NULL, results, &unusable));
      CHECK(unusable.status == 0);
    }
    count = 99;
    CHECK(syna_mmap_results_hits(results, &count) == NULL);
    CHECK(count == 0);
    CHECK(!syna_mmap_results_is_partial(results));
  }
}

/* Hits remain readable after their row was deleted and their store closed. */
static void results_outlive_their_store(syna_mmap *store, syna_mmap_results *results) {
  float query[DIMENSIONS];
  char key[40];
  const syna_mmap_hit *hits;
  size_t count, length = key_of(key, 42);
  bool deleted = false;
  fill(query, 42);
  OK(syna_mmap_search(store, query, 1, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 1 && hits[0].row == 42);
  OK(syna_mmap_delete(store, key, length, &deleted, &error));
  CHECK(deleted);
  OK(syna_mmap_close(store, &error));
  CHECK(hits == syna_mmap_results_hits(results, &count) && count == 1);
  CHECK(hits[0].key_len == length && memcmp(hits[0].key, key, length) == 0);
  CHECK(is_vector(hits[0].vector, 42));

  /* The same results object is used for another store. */
  store = open_quietly(in_folder("store"), 0);
  OK(syna_mmap_search(store, query, 1, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count)->row != 42);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  syna_mmap *store;
  syna_mmap_results *results;
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  OK(syna_mmap_results_new(&results, &error));
  CHECK(syna_mmap_results_hits(results, NULL) == NULL);
  CHECK(!syna_mmap_results_is_partial(results));
  insert_rows(store, 0, 1);
  insert_rows(store, 1, ROWS - 1);
  exact_order(store, results, 0);
  exact_order(store, results, 1);
  OK(syna_mmap_build_index(store, &error));
  exact_order(store, results, 1);
  ties_by_row();
  every_k(store, results);
  deadlines(store, results);
  failures_empty_results(store, results);
  results_outlive_their_store(store, results);
  syna_mmap_results_free(results);
  return 0;
}
