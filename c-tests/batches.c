/* Batches: tags, payloads, modes, duplicate keys, all or nothing. */
#include "check.h"

#include <math.h>

static syna_mmap_batch empty_batch(void) {
  syna_mmap_batch b = SYNA_MMAP_BATCH_INIT;
  return b;
}

/* Keys a, b, a, c with vectors 0 to 3. */
static const char KEYS[] = "abac";
static const uint64_t OFFSETS[] = {0, 1, 2, 3, 4};

static int has(const syna_mmap *store, const char *key, uint64_t n) {
  float vector[DIMENSIONS];
  OK(syna_mmap_get(store, key, strlen(key), vector, &error));
  return is_vector(vector, n);
}

static void duplicate_keys(void) {
  syna_mmap *store = open_quietly(in_folder("twice"), 0);
  float vectors[4 * DIMENSIONS];
  size_t count = 0, i;
  for (i = 0; i < 4; i++) fill(vectors + i * DIMENSIONS, i);
  OK(syna_mmap_insert_batch(store, KEYS, OFFSETS, vectors, 4, &count, &error));
  CHECK(count == 3 && syna_mmap_len(store) == 3);
  CHECK(has(store, "a", 0) && has(store, "b", 1) && has(store, "c", 3));

  /* An insert leaves existing keys unchanged. */
  for (i = 0; i < 4; i++) fill(vectors + i * DIMENSIONS, 10 + i);
  OK(syna_mmap_insert_batch(store, KEYS, OFFSETS, vectors, 4, &count, &error));
  CHECK(count == 0);
  CHECK(has(store, "a", 0) && has(store, "b", 1) && has(store, "c", 3));

  /* An upsert replaces them; the last of each key counts. */
  OK(syna_mmap_upsert_batch(store, KEYS, OFFSETS, vectors, 4, &error));
  CHECK(syna_mmap_len(store) == 3);
  CHECK(has(store, "a", 12) && has(store, "b", 11) && has(store, "c", 13));
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("twice"), 0);
  CHECK(syna_mmap_len(store) == 3);
  CHECK(has(store, "a", 12) && has(store, "b", 11) && has(store, "c", 13));
  OK(syna_mmap_close(store, &error));
}

static void tags_and_payloads(void) {
  syna_mmap *store = open_quietly(in_folder("tags"), 0);
  float vectors[4 * DIMENSIONS];
  uint64_t tags[4] = {1, 0, UINT64_MAX, 7};
  uint8_t payloads[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  uint64_t payload_offsets[5] = {0, 0, 3, 3, 9};
  syna_mmap_batch b = empty_batch();
  size_t count = 0, i;
  for (i = 0; i < 4; i++) fill(vectors + i * DIMENSIONS, i);
  b.keys = KEYS;
  b.key_offsets = OFFSETS;
  b.vectors = vectors;
  b.count = 4;
  b.tags = tags;
  b.payloads = payloads;
  b.payload_offsets = payload_offsets;
  OK(syna_mmap_write(store, &b, &count, &error));
  CHECK(count == 3);
  b.mode = SYNA_MMAP_WRITE_UPSERT;
  OK(syna_mmap_write(store, &b, &count, &error));
  CHECK(count == 3);
  CHECK(has(store, "a", 2) && has(store, "b", 1) && has(store, "c", 3));
  OK(syna_mmap_write(store, &b, NULL, NULL));

  /* All payloads are empty, without bytes. */
  memset(payload_offsets, 0, sizeof payload_offsets);
  b.payloads = NULL;
  OK(syna_mmap_write(store, &b, NULL, &error));
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("tags"), SYNA_MMAP_OPEN_VERIFY);
  CHECK(syna_mmap_len(store) == 3);
  OK(syna_mmap_close(store, &error));
}

/* An invalid last row prevents the first one from being written. */
static void all_or_nothing(void) {
  syna_mmap *store = open_quietly(in_folder("whole"), 0);
  batch b = batch_of(0, 100);
  size_t count = 77;
  char kept = b.keys[b.offsets[99]];
  b.vectors[100 * DIMENSIONS - 1] = NAN;
  FAILS(INVALID_VECTOR, syna_mmap_insert_batch(store, b.keys, b.offsets, b.vectors, 100, &count, &error));
  CHECK(strstr(error.message, "99") != NULL);
  b.vectors[100 * DIMENSIONS - 1] = INFINITY;
  FAILS(INVALID_VECTOR, syna_mmap_upsert_batch(store, b.keys, b.offsets, b.vectors, 100, &error));
  fill(b.vectors + 99 * DIMENSIONS, 99);
  b.keys[b.offsets[99]] = (char)0xFF;
  FAILS(INVALID_KEY, syna_mmap_insert_batch(store, b.keys, b.offsets, b.vectors, 100, &count, &error));
  CHECK(strstr(error.message, "99") != NULL);
  CHECK(count == 77);
  CHECK(syna_mmap_len(store) == 0);
  CHECK(!syna_mmap_is_dirty(store));
  b.keys[b.offsets[99]] = kept;
  OK(syna_mmap_insert_batch(store, b.keys, b.offsets, b.vectors, 100, &count, &error));
  CHECK(count == 100 && syna_mmap_len(store) == 100);
  batch_free(&b);
  OK(syna_mmap_close(store, &error));
}

static void offsets(void) {
  syna_mmap *store = open_quietly(in_folder("offsets"), 0);
  float vectors[3 * DIMENSIONS] = {0};
  uint64_t not_zero[4] = {1, 2, 3, 4}, back[4] = {0, 3, 2, 4}, all_empty[4] = {0, 0, 0, 0};
  uint64_t huge[4] = {0, 1, 2, UINT64_MAX}, good[4] = {0, 1, 2, 3};
  syna_mmap_batch b = empty_batch();
  size_t count = 0;
  FAILS(INVALID_ARGUMENT, syna_mmap_insert_batch(store, "abcd", not_zero, vectors, 3, &count, &error));
  CHECK(strstr(error.message, "key_offsets") != NULL);
  FAILS(INVALID_ARGUMENT, syna_mmap_insert_batch(store, "abcd", back, vectors, 3, &count, &error));
  CHECK(strstr(error.message, "[2]") != NULL);
  FAILS(INVALID_ARGUMENT, syna_mmap_upsert_batch(store, "abcd", back, vectors, 3, &error));
  FAILS(LIMIT, syna_mmap_insert_batch(store, "abcd", huge, vectors, 3, &count, &error));
  FAILS(LIMIT, syna_mmap_insert_batch(store, "abcd", good, vectors, SIZE_MAX, &count, &error));
  FAILS(LIMIT, syna_mmap_insert_batch(store, "abcd", good, vectors, SIZE_MAX / DIMENSIONS, &count, &error));
  b.keys = "abc";
  b.key_offsets = good;
  b.vectors = vectors;
  b.count = 3;
  b.payloads = (const uint8_t *)"abcd";
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &count, &error));
  b.payload_offsets = back;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &count, &error));
  CHECK(strstr(error.message, "payload_offsets") != NULL);
  b.payload_offsets = not_zero;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &count, &error));
  CHECK(syna_mmap_len(store) == 0);

  /* Three empty keys: the first counts. */
  OK(syna_mmap_insert_batch(store, NULL, all_empty, vectors, 3, &count, &error));
  CHECK(count == 1);
  CHECK(syna_mmap_contains(store, NULL, 0));
  OK(syna_mmap_close(store, &error));
}

static void nothing(void) {
  syna_mmap *store = open_quietly(in_folder("nothing"), 0);
  syna_mmap_batch b = empty_batch();
  size_t count = 9;
  OK(syna_mmap_insert_batch(store, NULL, NULL, NULL, 0, &count, &error));
  CHECK(count == 0);
  OK(syna_mmap_upsert_batch(store, NULL, NULL, NULL, 0, &error));
  count = 9;
  OK(syna_mmap_write(store, &b, &count, &error));
  CHECK(count == 0);
  OK(syna_mmap_close(store, &error));
}

static void invalid_member_values(void) {
  syna_mmap *store = open_quietly(in_folder("members"), 0);
  syna_mmap_batch b = empty_batch();
  b.mode = 2;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, NULL, &error));
  CHECK(strstr(error.message, "mode") != NULL);
  b = empty_batch();
  b.reserved = 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, NULL, &error));
  CHECK(strstr(error.message, "reserved") != NULL);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  duplicate_keys();
  tags_and_payloads();
  all_or_nothing();
  offsets();
  nothing();
  invalid_member_values();
  return 0;
}
