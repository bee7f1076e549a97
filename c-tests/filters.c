/* Filtered searches: each condition, combinations, callbacks and the calls that they must not make, structs of older
 * programs, search by a stored key. */
#include "check.h"

#include <math.h>
#include <stddef.h>
#include <time.h>

enum { ROWS = 3000 };

static syna_mmap *store;
static syna_mmap_results *results;
static syna_mmap_search_options options;
static const syna_mmap_hit *hits;
static size_t count;

/* Row n has key_of(n), the tags n % 8, and n % 3 bytes of payload. */
static void fill_store(void) {
  batch b = batch_of(0, ROWS);
  syna_mmap_batch all;
  static uint64_t tags[ROWS], offsets[ROWS + 1];
  static uint8_t payloads[ROWS * 2];
  size_t written = 0, i;
  memset(&all, 0, sizeof all);
  for (i = 0; i < ROWS; i++) {
    tags[i] = i % 8;
    offsets[i + 1] = offsets[i] + i % 3;
  }
  all.struct_size = sizeof all;
  all.keys = b.keys;
  all.key_offsets = b.offsets;
  all.vectors = b.vectors;
  all.count = ROWS;
  all.tags = tags;
  all.payloads = payloads;
  all.payload_offsets = offsets;
  OK(syna_mmap_write(store, &all, &written, &error));
  CHECK(written == ROWS);
  batch_free(&b);
}

static void fresh(void) { syna_mmap_search_options_init(&options, sizeof options); }

/* Searches for the vector of row `n`, which must not be stored, and reads the hits. */
static void search(uint64_t n, size_t k) {
  float query[DIMENSIONS];
  fill(query, n);
  OK(syna_mmap_search(store, query, k, &options, results, &error));
  CHECK(!syna_mmap_results_is_partial(results));
  hits = syna_mmap_results_hits(results, &count);
}

static void by_tags(void) {
  size_t i;
  fresh();
  options.tags_any = 6;
  search(5, 20);
  CHECK(count == 20);
  for (i = 0; i < count; i++) CHECK((hits[i].row & 6) != 0 && syna_mmap_results_tags(results, i) == hits[i].row % 8);
  options.tags_all = 5;
  search(5, 20);
  CHECK(count == 20);
  for (i = 0; i < count; i++) CHECK((hits[i].row & 5) == 5);
  fresh();
  options.tags_none = 6;
  search(4, 20);
  CHECK(count == 20);
  for (i = 0; i < count; i++) CHECK((hits[i].row & 6) == 0);
  options.tags_all = 6;
  search(4, 20);
  CHECK(count == 0 && hits == NULL);
}

static void by_key(void) {
  char wanted[40];
  size_t length = key_of(wanted, 16), i;
  fresh();
  /* The keys of rows 16, 33, ...: the first n % 17 letters of the alphabet. */
  options.key_prefix = wanted;
  options.key_prefix_len = 16;
  search(1, ROWS);
  CHECK(length > 16 && count == 176);
  for (i = 0; i < count; i++) CHECK(hits[i].row % 17 == 16 && memcmp(hits[i].key, wanted, 16) == 0);
  options.key_prefix = "no such prefix";
  options.key_prefix_len = 14;
  search(1, 5);
  CHECK(count == 0);
  options.key_prefix_len = 0;
  options.key_prefix = NULL;
  search(1, 5);
  CHECK(count == 5 && hits[0].row == 1);
}

static void by_rows(void) {
  static uint64_t bitmap[ROWS / 64 + 1];
  size_t i;
  fresh();
  for (i = 0; i < ROWS; i += 500) bitmap[i / 64] |= (uint64_t)1 << (i % 64);
  options.row_bitmap = bitmap;
  options.row_bitmap_words = ROWS / 64 + 1;
  search(500, 100);
  CHECK(count == ROWS / 500 && hits[0].row == 500);
  options.row_bitmap_words = 8;
  search(0, 100);
  CHECK(count == 2 && hits[0].row == 0 && hits[1].row == 500);
  options.row_bitmap_words = 0;
  search(0, 100);
  CHECK(count == 0);
  options.row_bitmap = NULL;
  search(0, 100);
  CHECK(count == 100);
}

typedef struct witness {
  uint64_t call_count, remainder;
  syna_mmap_status statuses[3];
} witness;

static bool passes(void *context, const syna_mmap_row *row) {
  witness *seen = context;
  char key[40];
  seen->call_count++;
  CHECK(row->key_len == key_of(key, row->row) && memcmp(row->key, key, row->key_len) == 0);
  CHECK(row->tags == row->row % 8 && row->payload_len == row->row % 3 && is_vector(row->vector, row->row));
  CHECK((row->payload == NULL) == (row->payload_len == 0));
  return row->row % 100 == seen->remainder;
}

/* From a callback, calls without a status write their outputs, and calls without a store work. */
static void same_results_in_every_call(void) {
  size_t counts[3] = {7, 7, 7};
  syna_mmap_options of_store;
  syna_mmap_search_options of_search;
  memset(&of_store, 0x55, sizeof of_store);
  memset(&of_search, 0x55, sizeof of_search);
  CHECK(syna_mmap_results_hits(results, &counts[0]) == NULL);
  CHECK(syna_mmap_results_query_hits(results, 0, &counts[1]) == NULL);
  CHECK(syna_mmap_results_payload(results, 0, &counts[2]) == NULL);
  CHECK(counts[0] == 0 && counts[1] == 0 && counts[2] == 0);
  syna_mmap_options_init(&of_store, sizeof of_store);
  syna_mmap_search_options_init(&of_search, sizeof of_search);
  CHECK(of_store.struct_size == sizeof of_store && of_store.dimensions == 768);
  CHECK(of_search.struct_size == sizeof of_search && of_search.filter == NULL);
  CHECK(strcmp(syna_mmap_status_name(SYNA_MMAP_ERR_LOCKED), "SYNA_MMAP_ERR_LOCKED") == 0);
}

static bool calls_back(void *context, const syna_mmap_row *row) {
  witness *seen = context;
  float query[DIMENSIONS];
  syna_mmap_results *other = NULL;
  fill(query, row->row);
  if (seen->call_count++ == 0) {
    seen->statuses[0] = syna_mmap_search(store, query, 1, NULL, results, NULL);
    seen->statuses[1] = syna_mmap_results_new(&other, NULL);
    seen->statuses[2] = syna_mmap_close(store, NULL);
    syna_mmap_results_free(results);
    CHECK(syna_mmap_len(store) == 0 && syna_mmap_results_hits(results, NULL) == NULL);
    same_results_in_every_call();
  }
  return true;
}

static void by_callback(void) {
  witness seen = {0, 7, {0, 0, 0}};
  size_t i;
  fresh();
  options.filter = passes;
  options.filter_context = &seen;
  search(3, ROWS);
  CHECK(count == ROWS / 100 && seen.call_count == ROWS);
  for (i = 0; i < count; i++) CHECK(hits[i].row % 100 == 7);
  seen.call_count = 0;
  options.tags_all = 7;
  search(3, 5);
  /* 7 mod 100 and 7 mod 8: every 200th row. */
  CHECK(count == 5 && seen.call_count <= ROWS / 8);
  for (i = 0; i < count; i++) CHECK(hits[i].row % 200 == 7);

  seen.call_count = 0;
  fresh();
  options.filter = calls_back;
  options.filter_context = &seen;
  search(3, 1);
  CHECK(count == 1 && hits[0].row == 3);
  for (i = 0; i < 3; i++) CHECK(seen.statuses[i] == SYNA_MMAP_ERR_INVALID_ARGUMENT);
  CHECK(syna_mmap_len(store) == ROWS);
}

static void visits(void) {
  float query[DIMENSIONS];
  fill(query, 9);
  fresh();
  options.max_visits = 10;
  OK(syna_mmap_search(store, query, 5, &options, results, &error));
  CHECK(syna_mmap_results_is_partial(results));
  options.max_visits = UINT64_MAX;
  OK(syna_mmap_search(store, query, 5, &options, results, &error));
  CHECK(!syna_mmap_results_is_partial(results));
  CHECK(syna_mmap_results_hits(results, &count)->row == 9 && count == 5);
}

/* A program that was compiled before filters existed passes a struct without them. */
typedef struct slow_filter {
  unsigned call_count;
  unsigned of_row[ROWS];
  long nap_ns;
} slow_filter;

/* Matches every tenth row, slowly. */
static bool passes_slowly(void *context, const syna_mmap_row *row) {
  slow_filter *all = context;
  struct timespec nap = {0, 0};
  nap.tv_nsec = all->nap_ns;
  if (all->nap_ns > 0) nanosleep(&nap, NULL);
  all->call_count++;
  all->of_row[row->row]++;
  return row->row % 10 == 0;
}

/* A deadline ends a search between two calls of the filter, for a slow filter and every kind of search. */
static void deadlines(void) {
  static slow_filter all;
  static float queries[20 * DIMENSIONS];
  size_t i;
  for (i = 0; i < 20; i++) fill(queries + i * DIMENSIONS, 9 + i);
  fresh();
  options.filter = passes_slowly;
  options.filter_context = &all;
  options.deadline_us = 10000;
  all.nap_ns = 5000000;
  for (i = 0; i < 5; i++) {
    all.call_count = 0;
    options.exact = i == 1;
    options.approximate = i == 3;
    if (i < 2) OK(syna_mmap_search(store, queries, 5, &options, results, &error));
    if (i == 2 || i == 3) OK(syna_mmap_search_range(store, queries, 100, &options, results, &error));
    if (i == 4) OK(syna_mmap_search_batch(store, queries, 20, 5, &options, results, NULL, &error));
    CHECK(syna_mmap_results_is_partial(results));
    CHECK(all.call_count <= 2);
  }
  CHECK(syna_mmap_results_query_is_partial(results, 0) && syna_mmap_results_query_is_partial(results, 19));
}

/* A deadline ends the whole call, not each query: at most the first queries have hits. */
static void late_batch(void) {
  enum { MANY = 2000 };
  float *many = malloc(MANY * DIMENSIONS * sizeof *many);
  syna_mmap_status *statuses = malloc(MANY * sizeof *statuses);
  size_t i;
  CHECK(many != NULL && statuses != NULL);
  for (i = 0; i < MANY; i++) fill(many + i * DIMENSIONS, 600000 + i);
  many[(MANY - 1) * DIMENSIONS] = NAN;
  fresh();
  options.deadline_us = 1;
  OK(syna_mmap_search_batch(store, many, MANY, 5, &options, results, statuses, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(count <= 4 * 5);
  for (i = 0; i + 1 < MANY; i++) {
    CHECK(statuses[i] == SYNA_MMAP_OK && syna_mmap_results_query_is_partial(results, i));
  }
  CHECK(statuses[MANY - 1] == SYNA_MMAP_ERR_INVALID_VECTOR);
  free(many);
  free(statuses);
}

/* The filter is called once a row and search; in a batch once a row and query, and once more for up to 256 rows. */
static void filter_call_counts(void) {
  static slow_filter all;
  float query[DIMENSIONS];
  size_t i, twice = 0;
  fill(query, 9);
  fresh();
  options.filter = passes_slowly;
  options.filter_context = &all;
  memset(&all, 0, sizeof all);
  OK(syna_mmap_search(store, query, 5, &options, results, &error));
  for (i = 0; i < ROWS; i++) CHECK(all.of_row[i] <= 1);
  memset(&all, 0, sizeof all);
  OK(syna_mmap_search_batch(store, query, 1, 5, &options, results, NULL, &error));
  for (i = 0; i < ROWS; i++) {
    CHECK(all.of_row[i] <= 2);
    twice += all.of_row[i] == 2;
  }
  CHECK(twice <= 256);
  /* Rows that do not match are not compared, so max_visits does not limit the calls of the filter. */
  memset(&all, 0, sizeof all);
  options.exact = 1;
  options.max_visits = 10;
  OK(syna_mmap_search(store, query, 5, &options, results, &error));
  CHECK(syna_mmap_results_is_partial(results) && all.call_count > 90 && all.call_count <= 10 * 10 + 64);
}

static void structs_of_older_programs(void) {
  fresh();
  options.tags_all = 8;
  search(5, 3);
  CHECK(count == 0);
  options.struct_size = offsetof(syna_mmap_search_options, max_visits);
  search(5, 3);
  CHECK(count == 3);
  /* A program that ends before has_max_distance has no limit. */
  fresh();
  options.has_max_distance = 1;
  options.max_distance = -1;
  options.has_after = 1;
  search(5, 3);
  CHECK(count == 0);
  options.struct_size = offsetof(syna_mmap_search_options, has_max_distance);
  search(5, 3);
  CHECK(count == 3);
}

static void refused(void) {
  float query[DIMENSIONS];
  char key[40];
  size_t length = key_of(key, 5);
  fill(query, 5);
#define REFUSED(name, code)                                                                \
  FAILS(code, syna_mmap_search(store, query, 3, &options, results, &error));               \
  CHECK(strstr(error.message, name) != NULL);                                              \
  FAILS(code, syna_mmap_search_key(store, key, length, 3, &options, results, &error));     \
  FAILS(code, syna_mmap_search_range(store, query, 1, &options, results, &error));         \
  FAILS(code, syna_mmap_search_batch(store, query, 1, 3, &options, results, NULL, &error)); \
  CHECK(syna_mmap_results_hits(results, NULL) == NULL)
  fresh();
  options.key_prefix_len = 1;
  REFUSED("key_prefix", INVALID_ARGUMENT);
  options.key_prefix = "\xff";
  REFUSED("key_prefix", INVALID_KEY);
  fresh();
  options.row_bitmap_words = 1;
  REFUSED("row_bitmap", INVALID_ARGUMENT);
  options.row_bitmap = (const uint64_t *)(const void *)((const char *)query + 1);
  REFUSED("row_bitmap", INVALID_ARGUMENT);
  fresh();
  options.reserved = 1;
  REFUSED("reserved", INVALID_ARGUMENT);
  fresh();
  options.ef = UINT32_MAX;
  REFUSED("ef", LIMIT);
}

static void search_by_key(void) {
  char key[40];
  size_t length = key_of(key, 77), i;
  uint64_t rows[5];
  fresh();
  search(77, 6);
  CHECK(count == 6 && hits[0].row == 77);
  for (i = 0; i < 5; i++) rows[i] = hits[i + 1].row;
  OK(syna_mmap_search_key(store, key, length, 5, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 5);
  for (i = 0; i < 5; i++) CHECK(hits[i].row == rows[i]);
  OK(syna_mmap_search_key(store, key, length, 0, NULL, results, NULL));
  OK(syna_mmap_search_key(store, key, length, ROWS, NULL, results, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(count == ROWS - 1);
  options.tags_all = 5;
  OK(syna_mmap_search_key(store, key, length, 3, &options, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 3 && (hits[0].row & 5) == 5 && hits[0].row != 77);
  FAILS(NOT_FOUND, syna_mmap_search_key(store, "absent", 6, 3, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
  FAILS(INVALID_KEY, syna_mmap_search_key(store, "\xff", 1, 3, NULL, results, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_search_key(store, NULL, 1, 3, NULL, results, &error));
  /* Row 0 has the key "0"; no row has the empty key. */
  FAILS(NOT_FOUND, syna_mmap_search_key(store, NULL, 0, 3, NULL, results, &error));
  FAILS(LIMIT, syna_mmap_search_key(store, key, length, SIZE_MAX, NULL, results, &error));
  FAILS(INVALID_HANDLE, syna_mmap_search_key(NULL, key, length, 3, NULL, results, &error));
  FAILS_BARE(INVALID_HANDLE, syna_mmap_search_key(store, key, length, 3, NULL, NULL, NULL));
}

int main(int argc, char **argv) {
  int round;
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  OK(syna_mmap_results_new(&results, &error));
  fill_store();
  for (round = 0; round < 2; round++) {
    by_tags();
    by_key();
    by_rows();
    by_callback();
    visits();
    deadlines();
    late_batch();
    filter_call_counts();
    structs_of_older_programs();
    refused();
    search_by_key();
    OK(syna_mmap_build_index(store, &error));
  }
  syna_mmap_results_free(results);
  OK(syna_mmap_close(store, &error));
  return 0;
}
