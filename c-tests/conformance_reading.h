/* The operations of bindings/conformance/cases.txt that read rows without a search, and those on settings. */
#ifndef CONFORMANCE_READING_H
#define CONFORMANCE_READING_H

#include "conformance_elements.h"

static void said_vector(size_t place, const void *vector, size_t dimensions) {
  static float wanted[MAX_DIMENSIONS];
  if (expected[place] == NULL || vector_of(expected[place], wanted) != dimensions ||
      memcmp(vector, wanted, dimensions * sizeof(float)) != 0)
    differs("a different vector");
}

/* view STORE KEY; without the last two words the element type must be f32. */
static void view(const syna_mmap *store, const bytes *key) {
  static float components[MAX_DIMENSIONS];
  syna_mmap_view found = SYNA_MMAP_VIEW_INIT;
  if (!said_status(syna_mmap_get_view(store, key->data, key->length, &found, &error))) return;
  if (found.key_len != key->length || memcmp(found.key, key->data, key->length) != 0) differs("a different key");
  if (found.vector_bytes != syna_mmap_vector_bytes(store)) differs("a different length of the vector");
  OK(syna_mmap_get(store, key->data, key->length, components, &error));
  said_vector(1, components, syna_mmap_dimensions(store));
  said_number(2, found.tags);
  said_bytes(3, (const char *)found.payload, found.payload_len);
  said_number(4, found.row);
  if (expected[4] != NULL && expected[5] != NULL) {
    said_name(5, ELEMENTS, found.element);
    said_bytes(6, found.vector, found.vector_bytes);
  } else {
    if (found.element != SYNA_MMAP_ELEMENT_F32) differs("a different type");
    said_vector(1, found.vector, found.vector_bytes / sizeof(float));
  }
}

static void row_at(const syna_mmap *store) {
  syna_mmap_row found;
  if (!said_status(syna_mmap_get_row(store, strtoull(words[2], NULL, 10), &found, NULL, &error))) return;
  said_bytes(1, found.key, found.key_len);
}

static void get_batch(const syna_mmap *store) {
  static float vectors[8 * MAX_DIMENSIONS], one[MAX_DIMENSIONS];
  uint64_t offsets[9] = {0};
  bytes keys = bytes_of("-");
  bool found[8] = {false};
  size_t count = 0, existing = 0, i;
  size_t dimensions = syna_mmap_dimensions(store);
  for (; words[2 + count] != NULL; count++) {
    bytes key = bytes_of(words[2 + count]);
    CHECK(count < 8);
    bytes_append(&keys, key.data, key.length, 1);
    offsets[count + 1] = keys.length;
    free(key.data);
  }
  if (said_status(syna_mmap_get_batch(store, keys.data, offsets, count, vectors, found, &existing, &error))) {
    said_number(1, existing);
    for (i = 0; i < count; i++) {
      said_bool(2 + i, found[i]);
      if (!found[i]) continue;
      OK(syna_mmap_get(store, keys.data + offsets[i], offsets[i + 1] - offsets[i], one, &error));
      if (memcmp(one, vectors + i * dimensions, dimensions * sizeof(float)) != 0) differs("a different vector");
    }
  }
  free(keys.data);
}

static void rows_where(const syna_mmap *store) {
  syna_mmap_search_options options = search_options(words + 4);
  uint64_t rows[64];
  size_t count = 0, i;
  syna_mmap_status status =
      syna_mmap_rows_where(store, &options, strtoull(words[2], NULL, 10), rows, strtoul(words[3], NULL, 10), &count, &error);
  if (!said_status(status)) return;
  for (i = 0; i < count; i++) said_number(1 + i, rows[i]);
  if (expected[1 + count] != NULL) differs("fewer rows");
}

static void count_where(const syna_mmap *store) {
  syna_mmap_search_options options = search_options(words + 2);
  uint64_t count = 0;
  if (said_status(syna_mmap_count_where(store, &options, &count, &error))) said_number(1, count);
}

static void distance_of(const syna_mmap *store) {
  static float a[MAX_DIMENSIONS], b[MAX_DIMENSIONS];
  float found = 0;
  vector_of(words[2], a);
  vector_of(words[3], b);
  if (!said_status(syna_mmap_distance(store, a, b, &found, &error))) return;
  if (expected[1] == NULL || !is_distance(expected[1], found)) differs("a different distance");
}

/* The last part of the path. */
static void path_of(const syna_mmap *store) {
  char path[4096] = "";
  size_t length = 0;
  const char *name;
  if (!said_status(syna_mmap_path(store, path, sizeof path, &length, &error))) return;
  CHECK(length == strlen(path));
  name = strrchr(path, '/') == NULL ? "-" : strrchr(path, '/') + 1;
  said(1, name);
}

static void option(const syna_mmap *store) {
  syna_mmap_options options;
  syna_mmap_options_init(&options, sizeof options);
  if (!said_status(syna_mmap_get_options(store, &options, &error))) return;
  if (strcmp(words[2], "dimensions") == 0) said_number(1, options.dimensions);
  else if (strcmp(words[2], "metric") == 0) said_number(1, options.metric);
  else if (strcmp(words[2], "flags") == 0) said_number(1, options.flags);
  else if (strcmp(words[2], "hnsw_ef_search") == 0) said_number(1, options.hnsw_ef_search);
  else if (strcmp(words[2], "checkpoint_interval_secs") == 0) said_number(1, options.checkpoint_interval_secs);
  else differs("an unknown option");
}

/* The bytes of the stores in memory. */
static bytes given[16];
static size_t given_count;

static void free_given(void) {
  while (given_count > 0) free(given[--given_count].data);
}

static void open_memory(syna_mmap **store) {
  bytes content = {NULL, 0};
  char block[4096];
  size_t n;
  FILE *file = fopen(in_folder(words[2]), "rb");
  CHECK(file != NULL && given_count < 16);
  while ((n = fread(block, 1, sizeof block, file)) > 0) bytes_append(&content, block, n, 1);
  CHECK(fclose(file) == 0);
  given[given_count++] = content;
  said_status(syna_mmap_open_memory((const uint8_t *)content.data, content.length, NULL, 0, NULL, store, &error));
}

/* put STORE KEY VECTOR TAGS PAYLOAD insert|upsert */
static void put(syna_mmap *store, const bytes *key) {
  static float vector[MAX_DIMENSIONS];
  bytes payload = bytes_of(words[5]);
  uint32_t mode = strcmp(words[6], "upsert") == 0 ? SYNA_MMAP_WRITE_UPSERT : SYNA_MMAP_WRITE_INSERT;
  bool written = false;
  vector_of(words[3], vector);
  if (said_status(syna_mmap_put(store, key->data, key->length, vector, strtoull(words[4], NULL, 10),
                                (const uint8_t *)payload.data, payload.length, mode, &written, &error)))
    said_bool(1, written);
  free(payload.data);
}

/* Runs the operation if it is one of these; otherwise returns false. */
static int for_reading(syna_mmap **store, const bytes *key) {
  const char *name = words[0];
  uint64_t row = 0;
  if (strcmp(name, "put") == 0) put(*store, key);
  else if (strcmp(name, "view") == 0) view(*store, key);
  else if (strcmp(name, "row_of") == 0) {
    if (said_status(syna_mmap_row_of(*store, key->data, key->length, &row, &error))) said_number(1, row);
  } else if (strcmp(name, "row_at") == 0) row_at(*store);
  else if (strcmp(name, "get_batch") == 0) get_batch(*store);
  else if (strcmp(name, "count_where") == 0) count_where(*store);
  else if (strcmp(name, "rows_where") == 0) rows_where(*store);
  else if (strcmp(name, "distance") == 0) distance_of(*store);
  else if (strcmp(name, "path") == 0) path_of(*store);
  else if (strcmp(name, "option") == 0) option(*store);
  else if (strcmp(name, "set_ef_search") == 0)
    said_status(syna_mmap_set_ef_search(*store, (uint32_t)strtoul(words[2], NULL, 10), &error));
  else if (strcmp(name, "set_checkpoint_interval") == 0)
    said_status(syna_mmap_set_checkpoint_interval(*store, (uint32_t)strtoul(words[2], NULL, 10), &error));
  else if (strcmp(name, "open_memory") == 0) open_memory(store);
  else return 0;
  return 1;
}

#endif
