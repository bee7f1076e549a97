/* The operations of bindings/conformance/cases.txt other than insert and search. */
#ifndef CONFORMANCE_HOSTS_H
#define CONFORMANCE_HOSTS_H

#include "conformance_lines.h"

/* ---- search options ---------------------------------------------------------------------------- */

enum { MAX_BITMAP_WORDS = 4 };

/* The arrays that search options point to; valid until the next call of search_options. */
static bytes prefix_wanted, ending_wanted;
static uint64_t bitmap[MAX_BITMAP_WORDS];

static bool ends_so(void *context, const syna_mmap_row *row) {
  const bytes *ending = context;
  return row->key_len >= ending->length &&
         memcmp(row->key + row->key_len - ending->length, ending->data, ending->length) == 0;
}

static void set_rows(syna_mmap_search_options *options, const char *numbers) {
  memset(bitmap, 0, sizeof bitmap);
  options->row_bitmap = bitmap;
  while (*numbers != 0) {
    uint64_t row = strtoull(numbers, (char **)&numbers, 10);
    CHECK(row / 64 < MAX_BITMAP_WORDS);
    bitmap[row / 64] |= (uint64_t)1 << row % 64;
    if (row / 64 >= options->row_bitmap_words) options->row_bitmap_words = row / 64 + 1;
    if (*numbers == ',') numbers++;
  }
}

/* DISTANCE_BITS,ROW */
static void set_after(syna_mmap_search_options *options, const char *word) {
  uint32_t bits = (uint32_t)strtoul(word, (char **)&word, 16);
  CHECK(*word == ',');
  memcpy(&options->after_distance, &bits, sizeof bits);
  options->after_row = strtoull(word + 1, NULL, 10);
  options->has_after = 1;
}

static int is_named(const char *word, const char *name) {
  return strncmp(word, name, strlen(name)) == 0 && word[strlen(name)] == '=';
}

/* Parses `NAME=VALUE` words, starting at the first one; other words may come before them. */
static syna_mmap_search_options search_options(char **word) {
  syna_mmap_search_options options;
  syna_mmap_search_options_init(&options, sizeof options);
  free(prefix_wanted.data);
  free(ending_wanted.data);
  prefix_wanted.data = ending_wanted.data = NULL;
  for (; *word != NULL; word++) {
    const char *value = strchr(*word, '=');
    uint64_t number;
    if (value++ == NULL) continue;
    number = strtoull(value, NULL, 10);
    if (is_named(*word, "ef")) options.ef = (uint32_t)number;
    else if (is_named(*word, "exact")) options.exact = (uint32_t)number;
    else if (is_named(*word, "approximate")) options.approximate = (uint32_t)number;
    else if (is_named(*word, "deadline_us")) options.deadline_us = number;
    else if (is_named(*word, "max_visits")) options.max_visits = number;
    else if (is_named(*word, "tags_any")) options.tags_any = number;
    else if (is_named(*word, "tags_all")) options.tags_all = number;
    else if (is_named(*word, "tags_none")) options.tags_none = number;
    else if (is_named(*word, "rows")) set_rows(&options, value);
    else if (is_named(*word, "max_distance")) {
      options.has_max_distance = 1;
      options.max_distance = strtof(value, NULL);
    }
    else if (is_named(*word, "after")) set_after(&options, value);
    else if (is_named(*word, "prefix")) {
      prefix_wanted = bytes_of(value);
      options.key_prefix = prefix_wanted.data;
      options.key_prefix_len = prefix_wanted.length;
    } else if (is_named(*word, "ends")) {
      ending_wanted = bytes_of(value);
      options.filter = ends_so;
      options.filter_context = &ending_wanted;
    } else differs("an unknown option");
  }
  return options;
}

/* ---- iteration and statistics ------------------------------------------------------------------ */

/* Compares a row's vector with VECTOR. In stores of other types than f32 its components are those that `get` returns. */
static void check_row_vector(const syna_mmap *store, const syna_mmap_row *row, const char *word) {
  static float wanted[MAX_DIMENSIONS], found[MAX_DIMENSIONS];
  const bool has_floats = syna_mmap_element(store) == SYNA_MMAP_ELEMENT_F32;
  const size_t bytes_count = vector_of(word, wanted) * sizeof(float);
  if (row->stored == NULL || row->stored_bytes != syna_mmap_vector_bytes(store)) differs("stored bytes of a different length");
  if ((row->vector != NULL) != has_floats) differs("a pointer to floats in a store of another type, or none");
  if (!has_floats) OK(syna_mmap_get(store, row->key, row->key_len, found, &error));
  if (memcmp(has_floats ? row->vector : found, wanted, bytes_count) != 0) differs("a different vector");
}

/* Compares every row of an iteration with the following lines. */
static void iterate(const syna_mmap *store) {
  syna_mmap_cursor *cursor = NULL;
  syna_mmap_row rows[64];
  size_t count = 0, i;
  syna_mmap_status status = syna_mmap_cursor_new(store, strtoull(words[2], NULL, 10), &cursor, &error);
  if (!said_status(status)) return;
  OK(syna_mmap_cursor_next(cursor, rows, 64, &count, &error));
  CHECK(count < 64);
  said_number(1, count);
  for (i = 0; is_next("entry"); i++) {
    bytes key = bytes_of(words[1]), payload = bytes_of(words[4]);
    const syna_mmap_row *row = &rows[i];
    if (i >= count) differs("no entry");
    if (row->key_len != key.length || memcmp(row->key, key.data, key.length) != 0) differs("a different key");
    check_row_vector(store, row, words[2]);
    if (row->tags != strtoull(words[3], NULL, 10)) differs("different tags");
    if (row->payload_len != payload.length || (payload.length > 0 && memcmp(row->payload, payload.data, payload.length) != 0))
      differs("a different payload");
    if (row->row != strtoull(words[5], NULL, 10)) differs("a different row");
    free(key.data);
    free(payload.data);
    check_count++;
  }
  if (i != 0 && i != count) differs("more entries than lines");
  syna_mmap_cursor_free(cursor);
}

static void stats(const syna_mmap *store) {
  syna_mmap_stats numbers = SYNA_MMAP_STATS_INIT;
  size_t i;
  if (!said_status(syna_mmap_get_stats(store, &numbers, &error))) return;
  for (i = 2; words[i] != NULL; i++) {
    if (strcmp(words[i], "rows") == 0) said_number(i - 1, numbers.rows);
    else if (strcmp(words[i], "live_rows") == 0) said_number(i - 1, numbers.live_rows);
    else if (strcmp(words[i], "deleted_rows") == 0) said_number(i - 1, numbers.deleted_rows);
    else if (strcmp(words[i], "indexed_rows") == 0) said_number(i - 1, numbers.indexed_rows);
    else if (strcmp(words[i], "last_seq") == 0) said_number(i - 1, numbers.last_seq);
    else differs("an unknown number");
  }
}

static void recall(const syna_mmap *store) {
  size_t samples = strtoul(words[2], NULL, 10), k = strtoul(words[3], NULL, 10);
  double found = 0;
  char text[24];
  if (!said_status(syna_mmap_check_recall(store, samples, k, 0, 1, &found, &error))) return;
  snprintf(text, sizeof text, "%.3f", found);
  said(1, text);
}

/* ---- indexing and compaction ------------------------------------------------------------------- */

static bool stop(void *context, uint64_t done, uint64_t total) {
  (void)context, (void)done, (void)total;
  return false;
}

static void index_step(syna_mmap *store) {
  uint64_t left = 0;
  if (said_status(syna_mmap_index_step(store, strtoull(words[2], NULL, 10), &left, &error))) said_number(1, left);
}

static void compact_steps(syna_mmap *store) {
  syna_mmap_status status;
  bool is_done = false;
  do status = syna_mmap_compact_step(store, 0, &is_done, &error);
  while (status == SYNA_MMAP_OK && !is_done);
  said_status(status);
}

static void refresh(syna_mmap *store) {
  bool has_changed = false;
  if (said_status(syna_mmap_refresh(store, &has_changed, &error))) said_bool(1, has_changed);
}

/* Runs the operation if it is one of these; otherwise returns false. */
static int for_hosts(syna_mmap *store) {
  const char *name = words[0];
  if (strcmp(name, "iterate") == 0) iterate(store);
  else if (strcmp(name, "stats") == 0) stats(store);
  else if (strcmp(name, "recall") == 0) recall(store);
  else if (strcmp(name, "index_step") == 0) index_step(store);
  else if (strcmp(name, "build_stop") == 0) said_status(syna_mmap_build_index_with(store, stop, NULL, &error));
  else if (strcmp(name, "compact") == 0) said_status(syna_mmap_compact(store, NULL, NULL, &error));
  else if (strcmp(name, "compact_stop") == 0) said_status(syna_mmap_compact(store, stop, NULL, &error));
  else if (strcmp(name, "compact_steps") == 0) compact_steps(store);
  else if (strcmp(name, "interrupt") == 0) said_status(syna_mmap_interrupt(store, &error));
  else if (strcmp(name, "compact_cancel") == 0) said_status(syna_mmap_compact_cancel(store, &error));
  else if (strcmp(name, "refresh") == 0) refresh(store);
  else if (strcmp(name, "snapshot") == 0)
    said_status(syna_mmap_snapshot_to(store, in_folder(words[2]), NULL, NULL, &error));
  else return 0;
  return 1;
}

#endif
