/* Rows with tags and payloads one at a time; reading by views, row numbers, many keys and conditions; distances; path,
 * options and settings. */
#include "check.h"

enum { ROWS = 200 };

static void put_rows(syna_mmap *store) {
  char key[40];
  float vector[DIMENSIONS];
  uint64_t n;
  bool written = false;
  for (n = 0; n < ROWS; n++) {
    size_t length = key_of(key, n);
    fill(vector, n);
    OK(syna_mmap_put(store, key, length, vector, n, (const uint8_t *)key, length, SYNA_MMAP_WRITE_INSERT, &written,
                     &error));
    CHECK(written);
  }
  fill(vector, 0);
  OK(syna_mmap_put(store, "0", 1, vector, 9, NULL, 0, SYNA_MMAP_WRITE_INSERT, &written, &error));
  CHECK(!written);
  OK(syna_mmap_put(store, "0", 1, vector, 9, NULL, 0, SYNA_MMAP_WRITE_UPSERT, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_put(store, "0", 1, vector, 0, NULL, 0, 2, &written, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_put(store, "0", 1, vector, 0, NULL, 5, SYNA_MMAP_WRITE_UPSERT, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_put(store, "0", 1, NULL, 0, NULL, 0, SYNA_MMAP_WRITE_UPSERT, NULL, &error));
  FAILS(INVALID_KEY, syna_mmap_put(store, "\xFF", 1, vector, 0, NULL, 0, SYNA_MMAP_WRITE_UPSERT, NULL, &error));
}

static void check_view(const syna_mmap_view *view, uint64_t n, uint64_t row) {
  char key[40];
  size_t length = key_of(key, n);
  CHECK(view->struct_size == sizeof *view && view->row == row && view->tags == n);
  CHECK(view->key_len == length && memcmp(view->key, key, length) == 0);
  CHECK(view->element == SYNA_MMAP_ELEMENT_F32 && view->vector_bytes == DIMENSIONS * sizeof(float));
  CHECK(is_vector(view->vector, n) && (uintptr_t)view->vector % 64 == 0);
  CHECK(view->payload_len == length && memcmp(view->payload, key, length) == 0);
}

static void views_and_rows(syna_mmap *store) {
  char key[40];
  size_t length = key_of(key, 21);
  syna_mmap_view view = SYNA_MMAP_VIEW_INIT, old;
  syna_mmap_row row;
  uint64_t number = 0;
  bool is_live = false;
  OK(syna_mmap_get_view(store, key, length, &view, &error));
  check_view(&view, 21, 21);
  OK(syna_mmap_row_of(store, key, length, &number, &error));
  OK(syna_mmap_get_row(store, number, &row, NULL, &error));
  CHECK(number == 21 && row.vector == view.vector && row.key == view.key && row.tags == 21);
  FAILS(NOT_FOUND, syna_mmap_get_view(store, "none", 4, &view, &error));
  FAILS(NOT_FOUND, syna_mmap_row_of(store, "none", 4, &number, &error));
  FAILS(INVALID_KEY, syna_mmap_get_view(store, "\xFF", 1, &view, &error));
  FAILS(INVALID_KEY, syna_mmap_row_of(store, "\xFF", 1, &number, &error));
  FAILS(NOT_FOUND, syna_mmap_get_row(store, 1000, &row, NULL, &error));
  FAILS(NOT_FOUND, syna_mmap_get_row(store, UINT64_MAX, &row, &is_live, &error));
  CHECK(number == 21 && row.row == 21 && !is_live && view.row == 21);
  /* A shorter struct gets the members that it has. */
  old = view;
  old.struct_size = offsetof(syna_mmap_view, vector);
  old.tags = 5;
  OK(syna_mmap_get_view(store, key, length, &old, &error));
  CHECK(old.key == view.key && old.tags == 5 && old.struct_size == offsetof(syna_mmap_view, vector));
  old.struct_size = 0;
  FAILS(INVALID_ARGUMENT, syna_mmap_get_view(store, key, length, &old, &error));
  /* Row 0 was replaced by row ROWS. */
  FAILS(NOT_FOUND, syna_mmap_get_row(store, 0, &row, NULL, &error));
  OK(syna_mmap_get_row(store, 0, &row, &is_live, &error));
  CHECK(!is_live && is_vector(row.vector, 0));
  OK(syna_mmap_get_row(store, ROWS, &row, &is_live, &error));
  CHECK(is_live && row.tags == 9 && row.payload == NULL && row.payload_len == 0);
  /* What was borrowed stays as it was. */
  OK(syna_mmap_delete(store, key, length, NULL, &error));
  OK(syna_mmap_compact(store, NULL, NULL, &error));
  check_view(&view, 21, 21);
}

static void many_keys(syna_mmap *store) {
  static float vectors[20 * DIMENSIONS];
  bool found[20];
  size_t count = 0, i;
  batch b = batch_of(ROWS - 10, 20);
  vectors[15 * DIMENSIONS] = 77.0f;
  OK(syna_mmap_get_batch(store, b.keys, b.offsets, b.count, vectors, found, &count, &error));
  CHECK(count == 10 && vectors[15 * DIMENSIONS] == 77.0f);
  for (i = 0; i < 20; i++) {
    CHECK(found[i] == (i < 10));
    if (found[i]) CHECK(is_vector(vectors + i * DIMENSIONS, ROWS - 10 + i));
  }
  memset(vectors, 0, sizeof vectors);
  b.keys[b.offsets[1] - 1] = '\xFF';
  FAILS(INVALID_KEY, syna_mmap_get_batch(store, b.keys, b.offsets, b.count, vectors, found, &count, &error));
  CHECK(count == 10 && vectors[DIMENSIONS] == 0.0f);
  FAILS(INVALID_ARGUMENT, syna_mmap_get_batch(store, b.keys, b.offsets, 1, NULL, found, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_get_batch(store, b.keys, b.offsets, 1, vectors, NULL, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_get_batch(store, b.keys, NULL, 1, vectors, found, NULL, &error));
  OK(syna_mmap_get_batch(store, NULL, NULL, 0, NULL, NULL, &count, &error));
  CHECK(count == 0);
  batch_free(&b);
}

static bool has_even_tags(void *context, const syna_mmap_row *row) {
  (void)context;
  return row->tags % 2 == 0;
}

static void conditions(syna_mmap *store) {
  syna_mmap_search_options options;
  uint64_t rows[7], all = 0, listed = 0, first = 0, previous = 0;
  size_t count, i;
  syna_mmap_row row;
  OK(syna_mmap_count_where(store, NULL, &all, &error));
  CHECK(all == syna_mmap_len(store));
  syna_mmap_search_options_init(&options, sizeof options);
  options.tags_all = 1;
  options.key_prefix = "abc";
  options.key_prefix_len = 3;
  OK(syna_mmap_count_where(store, &options, &all, &error));
  do {
    OK(syna_mmap_rows_where(store, &options, first, rows, 7, &count, &error));
    for (i = 0; i < count; i++) {
      CHECK(listed + i == 0 || rows[i] > previous);
      previous = rows[i];
      OK(syna_mmap_get_row(store, rows[i], &row, NULL, &error));
      CHECK(row.tags % 2 == 1 && row.key_len > 3 && memcmp(row.key, "abc", 3) == 0);
    }
    listed += count;
    first = previous + 1;
  } while (count == 7);
  CHECK(listed == all && all > 7 && all < ROWS);
  options.filter = has_even_tags;
  OK(syna_mmap_count_where(store, &options, &all, &error));
  CHECK(all == 0);
  OK(syna_mmap_rows_where(store, NULL, 0, NULL, 0, &count, &error));
  CHECK(count == 0);
  OK(syna_mmap_rows_where(store, NULL, UINT64_MAX, rows, 7, &count, &error));
  CHECK(count == 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_rows_where(store, NULL, 0, NULL, 1, &count, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_rows_where(store, NULL, 0, rows, 7, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_count_where(store, NULL, NULL, &error));
  options.struct_size = 3;
  FAILS(INVALID_ARGUMENT, syna_mmap_count_where(store, &options, &all, &error));
}

static void distances(syna_mmap *store) {
  float a[DIMENSIONS], distance;
  size_t count, i;
  syna_mmap_results *results = NULL;
  const syna_mmap_hit *hits;
  fill(a, 5000);
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_search(store, a, 20, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 20);
  for (i = 0; i < count; i++) {
    OK(syna_mmap_distance(store, a, hits[i].vector, &distance, &error));
    CHECK(memcmp(&distance, &hits[i].distance, sizeof distance) == 0);
  }
  syna_mmap_results_free(results);
  FAILS(INVALID_ARGUMENT, syna_mmap_distance(store, NULL, a, &distance, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_distance(store, a, NULL, &distance, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_distance(store, a, a, NULL, &error));
  a[3] = (float)(1e300 * 1e10);
  FAILS(INVALID_VECTOR, syna_mmap_distance(store, a, a, &distance, &error));
}

static void settings(syna_mmap *store, const syna_mmap_options *opened) {
  syna_mmap_options options;
  syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
  char path[4096];
  size_t length = 0;
  OK(syna_mmap_path(store, path, sizeof path, &length, &error));
  CHECK(path[0] == '/' && length == strlen(path) && strcmp(path + length - 6, "/store") == 0);
  path[0] = '#';
  OK(syna_mmap_path(store, path, length, &length, &error));
  CHECK(path[0] == '#');
  OK(syna_mmap_path(store, NULL, 0, &length, &error));
  OK(syna_mmap_path(store, path, length + 1, &length, &error));
  CHECK(path[0] == '/' && path[length] == 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_path(store, NULL, 1, &length, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_path(store, path, 1, NULL, &error));

  syna_mmap_options_init(&options, sizeof options);
  OK(syna_mmap_get_options(store, &options, &error));
  CHECK(memcmp(&options, opened, sizeof options) == 0);
  OK(syna_mmap_set_ef_search(store, 321, &error));
  OK(syna_mmap_set_checkpoint_interval(store, 9, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_set_ef_search(store, 0, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_set_ef_search(store, 65537, &error));
  OK(syna_mmap_get_options(store, &options, &error));
  CHECK(options.hnsw_ef_search == 321 && options.checkpoint_interval_secs == 9);
  OK(syna_mmap_get_stats(store, &stats, &error));
  CHECK(stats.default_ef == 321 && stats.secs_since_checkpoint >= 0 && stats.secs_since_checkpoint < 3600);
  FAILS(INVALID_ARGUMENT, syna_mmap_get_options(store, NULL, &error));
  options.struct_size = 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_get_options(store, &options, &error));
}

int main(int argc, char **argv) {
  syna_mmap *store = NULL;
  syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
  syna_mmap_options options = quiet();
  size_t length = 99;
  begin(argc, argv);
  OK(syna_mmap_open(in_folder("store"), &options, &store, &error));
  put_rows(store);
  OK(syna_mmap_get_stats(store, &stats, &error));
  CHECK(stats.secs_since_checkpoint == -1);
  many_keys(store);
  conditions(store);
  distances(store);
  views_and_rows(store);
  settings(store, &options);
  OK(syna_mmap_close(store, &error));
  FAILS(INVALID_HANDLE, syna_mmap_set_ef_search(store, 5, &error));

  store = open_quietly(in_folder("store"), SYNA_MMAP_OPEN_READ_ONLY);
  FAILS(READ_ONLY, syna_mmap_set_checkpoint_interval(store, 5, &error));
  OK(syna_mmap_set_ef_search(store, 5, &error));
  OK(syna_mmap_get_options(store, &options, &error));
  CHECK(options.flags == SYNA_MMAP_OPEN_READ_ONLY && options.hnsw_ef_search == 5);
  OK(syna_mmap_close(store, &error));
  OK(syna_mmap_open_in_memory(NULL, &store, &error));
  OK(syna_mmap_path(store, NULL, 0, &length, &error));
  CHECK(length == 0);
  OK(syna_mmap_close(store, &error));
  return 0;
}
