/* Inputs of a search that point into the results being searched into, when nothing else keeps their memory alive. */
#include "check.h"

enum { ROWS = 50, ROW = 7 };

static syna_mmap *store;

/* Results whose only hit, row ROW, is from a closed store: they alone keep its mapping. */
static syna_mmap_results *orphans(const syna_mmap_hit **hit) {
  syna_mmap *closed = NULL;
  syna_mmap_results *results = NULL;
  syna_mmap_options options = quiet();
  float query[DIMENSIONS];
  size_t count = 0;
  OK(syna_mmap_open(in_folder("closed"), &options, &closed, &error));
  insert_rows(closed, 0, ROWS);
  OK(syna_mmap_results_new(&results, &error));
  fill(query, ROW);
  OK(syna_mmap_search(closed, query, 1, NULL, results, &error));
  *hit = syna_mmap_results_hits(results, &count);
  CHECK(count == 1 && (*hit)->row == ROW);
  OK(syna_mmap_close(closed, &error));
  CHECK(remove(in_folder("closed")) == 0);
  return results;
}

/* Checks that row `n` is the first of `results`, and frees them. */
static void finds(syna_mmap_results *results, uint64_t n) {
  char key[40];
  size_t count = 0;
  const syna_mmap_hit *hits = syna_mmap_results_hits(results, &count);
  CHECK(count >= 1 && hits[0].row == n);
  CHECK(hits[0].key_len == key_of(key, n) && memcmp(hits[0].key, key, hits[0].key_len) == 0);
  CHECK(is_vector(hits[0].vector, n));
  syna_mmap_results_free(results);
}

static void vectors(void) {
  const syna_mmap_hit *hit;
  syna_mmap_results *results = orphans(&hit);
  syna_mmap_status status = -1;
  OK(syna_mmap_search(store, hit->vector, 3, NULL, results, &error));
  finds(results, ROW);
  results = orphans(&hit);
  OK(syna_mmap_search_range(store, hit->vector, 0.0f, NULL, results, &error));
  finds(results, ROW);
  results = orphans(&hit);
  OK(syna_mmap_search_batch(store, hit->vector, 1, 3, NULL, results, &status, &error));
  CHECK(status == SYNA_MMAP_OK);
  finds(results, ROW);
}

static void keys(void) {
  const syna_mmap_hit *hit;
  syna_mmap_results *results = orphans(&hit);
  syna_mmap_search_options options;
  float query[DIMENSIONS];
  size_t count = 0;
  OK(syna_mmap_search_key(store, hit->key, hit->key_len, ROWS, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) != NULL && count == ROWS - 1);
  syna_mmap_results_free(results);

  results = orphans(&hit);
  syna_mmap_search_options_init(&options, sizeof options);
  options.key_prefix = hit->key;
  options.key_prefix_len = hit->key_len;
  fill(query, ROW + 1);
  OK(syna_mmap_search(store, query, 1, &options, results, &error));
  finds(results, ROW);
  /* A failing search reads its inputs too. */
  results = orphans(&hit);
  options.key_prefix = hit->key;
  FAILS(NOT_FOUND, syna_mmap_search_key(store, hit->key, hit->key_len - 1, 1, &options, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
  syna_mmap_results_free(results);
}

/* As above, after a compaction replaced the file that contains the hits. */
static void replaced_file(void) {
  syna_mmap *compacted = open_quietly(in_folder("compacted"), 0);
  syna_mmap_results *results = NULL;
  const syna_mmap_hit *hit;
  float query[DIMENSIONS];
  char key[40];
  size_t count = 0;
  bool deleted = false;
  insert_rows(compacted, 0, ROWS);
  OK(syna_mmap_results_new(&results, &error));
  fill(query, ROW);
  OK(syna_mmap_search(compacted, query, 1, NULL, results, &error));
  hit = syna_mmap_results_hits(results, &count);
  OK(syna_mmap_delete(compacted, key, key_of(key, 0), &deleted, &error));
  CHECK(deleted);
  OK(syna_mmap_compact(compacted, NULL, NULL, &error));
  OK(syna_mmap_search(compacted, hit->vector, 1, NULL, results, &error));
  hit = syna_mmap_results_hits(results, &count);
  CHECK(count == 1 && hit->row == ROW - 1 && is_vector(hit->vector, ROW));
  OK(syna_mmap_close(compacted, &error));
  syna_mmap_results_free(results);
}

int main(int argc, char **argv) {
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  insert_rows(store, 0, ROWS);
  vectors();
  keys();
  replaced_file();
  OK(syna_mmap_close(store, &error));
  return 0;
}
