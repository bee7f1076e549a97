/* The operations of bindings/conformance/cases.txt on stored vectors and element types. */
#ifndef CONFORMANCE_ELEMENTS_H
#define CONFORMANCE_ELEMENTS_H

#include "conformance_hosts.h"
#include "conformance_writes.h"

static void said_name(size_t i, const char *const *names, uint32_t number) {
  size_t count = 0;
  while (names[count] != NULL) count++;
  said(i, number < count ? names[number] : "(none)");
}

/*
 * Compares a hit's vector with the one of its key. Their addresses are NULL in stores of other types than f32; there
 * the components come from `results`, whose hit `index` it is.
 */
static void check_hit_vector(const syna_mmap *searched, const syna_mmap_results *results, size_t index,
                             const syna_mmap_hit *hit) {
  static float wanted[MAX_DIMENSIONS], found[MAX_DIMENSIONS];
  const size_t bytes_count = syna_mmap_dimensions(searched) * sizeof(float);
  const bool has_floats = syna_mmap_element(searched) == SYNA_MMAP_ELEMENT_F32;
  OK(syna_mmap_get(searched, hit->key, hit->key_len, wanted, &error));
  if (!syna_mmap_results_vector(results, index, found)) differs("no vector");
  if (memcmp(found, wanted, bytes_count) != 0) differs("a different vector");
  if ((hit->vector != NULL) != has_floats) differs("a pointer to floats in a store of another type, or none");
  if (has_floats && memcmp(hit->vector, wanted, bytes_count) != 0) differs("a different vector");
}

/* batch_stored STORE insert|upsert ELEMENT COUNT */
static void batch_stored(syna_mmap *store) {
  pieces keys = {0}, payloads = {0}, vectors = {0};
  uint64_t tags[MAX_BATCH_ROWS];
  const size_t count = strtoul(words[4], NULL, 10);
  size_t written = 0, i;
  syna_mmap_batch batch = SYNA_MMAP_BATCH_INIT;
  expectation wanted;
  syna_mmap_status status;
  CHECK(count <= MAX_BATCH_ROWS);
  batch.mode = strcmp(words[2], "upsert") == 0 ? SYNA_MMAP_WRITE_UPSERT : SYNA_MMAP_WRITE_INSERT;
  batch.vectors_element = number_of(words[3], ELEMENTS);
  expectation_take(&wanted);
  for (i = 0; i < count; i++) {
    CHECK(is_next("row") && word_count == 5);
    pieces_append(&keys, words[1]);
    pieces_append(&vectors, words[2]);
    tags[i] = strtoull(words[3], NULL, 10);
    pieces_append(&payloads, words[4]);
  }
  batch.keys = keys.all.data;
  batch.key_offsets = keys.offsets;
  batch.vectors = vectors.all.data;
  batch.count = count;
  batch.tags = tags;
  if (payloads.all.length > 0) {
    batch.payloads = (const uint8_t *)payloads.all.data;
    batch.payload_offsets = payloads.offsets;
  }
  status = syna_mmap_write(store, &batch, &written, &error);
  expectation_restore(&wanted);
  if (said_status(status)) said_number(1, written);
  expectation_free(&wanted);
  free(keys.all.data);
  free(payloads.all.data);
  free(vectors.all.data);
}

/* hit_stored INDEX */
static void hit_stored(const syna_mmap_results *results) {
  size_t length = 1;
  const void *stored = syna_mmap_results_stored(results, strtoul(words[1], NULL, 10), &length);
  if (stored == NULL) {
    CHECK(length == 0);
    said(0, "none");
    return;
  }
  if (expected == NULL || strcmp(expected[0], "none") == 0) differs("a vector");
  said_bytes(0, stored, length);
  check_count++;
}

/* hit_vector INDEX */
static void hit_vector(const syna_mmap_results *results) {
  static float wanted[MAX_DIMENSIONS], found[MAX_DIMENSIONS];
  if (!syna_mmap_results_vector(results, strtoul(words[1], NULL, 10), found)) {
    said(0, "none");
    return;
  }
  if (expected == NULL || strcmp(expected[0], "none") == 0) differs("a vector");
  if (memcmp(found, wanted, vector_of(expected[0], wanted) * sizeof(float)) != 0) differs("a different vector");
  check_count++;
}

/* Runs the operation if it is one of these; otherwise returns false. */
static int for_elements(syna_mmap *store, const syna_mmap_results *results) {
  if (is_operation("element")) said_name(0, ELEMENTS, syna_mmap_element(store));
  else if (is_operation("key_kind")) said_name(0, KEY_KINDS, syna_mmap_key_kind(store));
  else if (is_operation("vector_bytes")) said_number(0, syna_mmap_vector_bytes(store));
  else if (is_operation("batch_stored")) batch_stored(store);
  else if (is_operation("hit_stored")) hit_stored(results);
  else if (is_operation("hit_vector")) hit_vector(results);
  else return 0;
  return 1;
}

#endif
