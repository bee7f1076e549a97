/* Batches with deletions, deletions by conditions, and updates of tags and payloads: all or nothing. */
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

/* A store with the rows a, b, c: vectors 0, 1, 3, tags 1, 2, 4, payloads "pa", "", "pc". */
static syna_mmap *three_rows(const char *name) {
  static const uint64_t offsets[4] = {0, 1, 2, 3}, payload_offsets[4] = {0, 2, 2, 4}, tags[3] = {1, 2, 4};
  syna_mmap *store = open_quietly(in_folder(name), 0);
  float vectors[3 * DIMENSIONS];
  syna_mmap_batch b = empty_batch();
  fill(vectors, 0);
  fill(vectors + DIMENSIONS, 1);
  fill(vectors + 2 * DIMENSIONS, 3);
  b.keys = "abc";
  b.key_offsets = offsets;
  b.vectors = vectors;
  b.count = 3;
  b.tags = tags;
  b.payloads = (const uint8_t *)"papc";
  b.payload_offsets = payload_offsets;
  OK(syna_mmap_write(store, &b, NULL, &error));
  return store;
}

static int has_values(const syna_mmap *store, const char *key, uint64_t tags, const char *payload) {
  uint64_t found = 0;
  uint8_t room[16];
  size_t length = 0;
  OK(syna_mmap_get_tags(store, key, strlen(key), &found, &error));
  OK(syna_mmap_get_payload(store, key, strlen(key), room, sizeof room, &length, &error));
  return found == tags && length == strlen(payload) && memcmp(room, payload, length) == 0;
}

static int is_unchanged(const syna_mmap *store) {
  return syna_mmap_len(store) == 3 && has(store, "a", 0) && has(store, "b", 1) && has(store, "c", 3) &&
         has_values(store, "a", 1, "pa") && has_values(store, "b", 2, "") && has_values(store, "c", 4, "pc");
}

/* Deletions of a batch come first; a refused batch neither deletes nor writes, and sets no number. */
static void deletions(void) {
  static const uint64_t delete_offsets[4] = {0, 1, 2, 4}, one[2] = {0, 1}, back[4] = {0, 2, 1, 4}, huge[2] = {0, 65536};
  syna_mmap *store = three_rows("deletions");
  static char long_key[65536];
  float vectors[4 * DIMENSIONS];
  syna_mmap_batch b = empty_batch();
  size_t written = 77, deleted = 77, i;
  memset(long_key, 'k', sizeof long_key);
  for (i = 0; i < 4; i++) fill(vectors + i * DIMENSIONS, 10 + i);
  b.keys = KEYS;
  b.key_offsets = OFFSETS;
  b.vectors = vectors;
  b.count = 4;
  b.delete_keys = "bczz";
  b.delete_count = 3;
  b.out_deleted = &deleted;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &written, &error));
  CHECK(strstr(error.message, "delete_key_offsets") != NULL);
  b.delete_key_offsets = back;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &written, &error));
  CHECK(strstr(error.message, "delete_key_offsets") != NULL);
  b.delete_key_offsets = delete_offsets;
  b.delete_keys = NULL;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &written, &error));
  CHECK(strstr(error.message, "delete_keys") != NULL);
  b.delete_keys = "b\xFFzz";
  FAILS(INVALID_KEY, syna_mmap_write(store, &b, &written, &error));
  b.delete_keys = "bczz";
  vectors[4 * DIMENSIONS - 1] = NAN;
  FAILS(INVALID_VECTOR, syna_mmap_write(store, &b, &written, &error));
  fill(vectors + 3 * DIMENSIONS, 13);
  b.mode = 2;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &written, &error));
  b.mode = SYNA_MMAP_WRITE_INSERT;
  b.out_deleted = (size_t *)((char *)&deleted + 1);
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, &written, &error));
  b.out_deleted = &deleted;
  FAILS(INVALID_KEY, syna_mmap_delete_batch(store, long_key, huge, 1, &deleted, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_delete_batch(store, NULL, one, 1, &deleted, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_delete_batch(store, "a", NULL, 1, &deleted, &error));
  FAILS(INVALID_HANDLE, syna_mmap_delete_batch(NULL, "a", one, 1, &deleted, &error));
  CHECK(written == 77 && deleted == 77 && is_unchanged(store));

  /* Row a is left as it is, b and c are deleted and written; "zz" does not exist. */
  OK(syna_mmap_write(store, &b, &written, &error));
  CHECK(written == 2 && deleted == 2 && syna_mmap_len(store) == 3);
  CHECK(has(store, "a", 0) && has(store, "b", 11) && has(store, "c", 13) && has_values(store, "c", 0, ""));
  /* An older program passes the struct without the deletions: their members are not read. */
  b.struct_size = offsetof(syna_mmap_batch, delete_keys);
  b.delete_key_offsets = back;
  b.mode = SYNA_MMAP_WRITE_UPSERT;
  deleted = 77;
  OK(syna_mmap_write(store, &b, &written, &error));
  CHECK(written == 3 && deleted == 77 && has(store, "b", 11));
  OK(syna_mmap_delete_batch(store, NULL, NULL, 0, &deleted, &error));
  CHECK(deleted == 0);
  OK(syna_mmap_delete_batch(store, "bczz", delete_offsets, 3, &deleted, NULL));
  CHECK(deleted == 2 && syna_mmap_len(store) == 1);
  OK(syna_mmap_delete_batch(store, "a", one, 1, NULL, NULL));
  CHECK(syna_mmap_len(store) == 0);
  OK(syna_mmap_close(store, &error));
}

static void deletions_by_conditions(void) {
  syna_mmap *store = three_rows("conditions");
  syna_mmap_search_options options;
  size_t deleted = 77;
  syna_mmap_search_options_init(&options, sizeof options);
  options.key_prefix = "\xFF";
  options.key_prefix_len = 1;
  FAILS(INVALID_KEY, syna_mmap_delete_where(store, &options, &deleted, &error));
  options.key_prefix = NULL;
  FAILS(INVALID_ARGUMENT, syna_mmap_delete_where(store, &options, &deleted, &error));
  options.key_prefix_len = 0;
  options.struct_size = 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_delete_where(store, &options, &deleted, &error));
  options.struct_size = sizeof options;
  FAILS(INVALID_HANDLE, syna_mmap_delete_where(NULL, NULL, &deleted, &error));
  CHECK(deleted == 77 && is_unchanged(store));
  options.tags_any = 6;
  options.key_prefix = "c";
  options.key_prefix_len = 1;
  OK(syna_mmap_delete_where(store, &options, &deleted, &error));
  CHECK(deleted == 1 && syna_mmap_len(store) == 2 && !syna_mmap_contains(store, "c", 1));
  OK(syna_mmap_delete_where(store, &options, &deleted, &error));
  CHECK(deleted == 0);
  OK(syna_mmap_delete_where(store, NULL, NULL, NULL));
  CHECK(syna_mmap_len(store) == 0);
  OK(syna_mmap_close(store, &error));
}

static void updates(void) {
  static const uint64_t offsets[4] = {0, 1, 2, 3}, payload_offsets[4] = {0, 3, 3, 5}, tags[3] = {16, 32, 64};
  static uint8_t large[SYNA_MMAP_MAX_PAYLOAD_BYTES + 1];
  syna_mmap *store = three_rows("updates");
  syna_mmap_batch b = empty_batch();
  float vector[DIMENSIONS] = {0};
  size_t updated = 77;
  b.keys = "axb";
  b.key_offsets = offsets;
  b.count = 3;
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, &b, &updated, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, NULL, &updated, &error));
  b.payloads = (const uint8_t *)"newxy";
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, &b, &updated, &error));
  CHECK(strstr(error.message, "payload_offsets") != NULL);
  b.tags = tags;
  b.payload_offsets = payload_offsets;
  b.vectors = vector;
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, &b, &updated, &error));
  b.vectors = NULL;
  b.mode = SYNA_MMAP_WRITE_UPSERT;
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, &b, &updated, &error));
  b.mode = 0;
  b.delete_count = 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, &b, &updated, &error));
  b.delete_count = 0;
  b.reserved = 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, &b, &updated, &error));
  b.reserved = 0;
  b.keys = "ax\xFF";
  FAILS(INVALID_KEY, syna_mmap_update(store, &b, &updated, &error));
  b.keys = NULL;
  FAILS(INVALID_ARGUMENT, syna_mmap_update(store, &b, &updated, &error));
  b.keys = "axb";
  FAILS(INVALID_HANDLE, syna_mmap_update(NULL, &b, &updated, &error));
  FAILS(NOT_FOUND, syna_mmap_set_tags(store, "x", 1, 1, &error));
  FAILS(NOT_FOUND, syna_mmap_set_payload(store, "x", 1, NULL, 0, &error));
  FAILS(INVALID_KEY, syna_mmap_set_tags(store, "\xFF", 1, 1, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_set_tags(store, NULL, 1, 1, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_set_payload(store, NULL, 1, NULL, 0, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_set_payload(store, "a", 1, NULL, 1, &error));
  FAILS(LIMIT, syna_mmap_set_payload(store, "a", 1, large, sizeof large, &error));
  FAILS(INVALID_HANDLE, syna_mmap_set_tags(NULL, "a", 1, 1, &error));
  FAILS(INVALID_HANDLE, syna_mmap_set_payload(NULL, "a", 1, NULL, 0, &error));
  CHECK(updated == 77 && is_unchanged(store));

  /* The key x does not exist. */
  OK(syna_mmap_update(store, &b, &updated, &error));
  CHECK(updated == 2 && has_values(store, "a", 16, "new") && has_values(store, "b", 64, "xy") && has_values(store, "c", 4, "pc"));
  CHECK(has(store, "a", 0) && syna_mmap_len(store) == 3);
  b.tags = NULL;
  b.keys = "caa";
  OK(syna_mmap_update(store, &b, NULL, NULL));
  CHECK(has_values(store, "c", 4, "new") && has_values(store, "a", 16, "xy"));
  OK(syna_mmap_set_tags(store, "b", 1, UINT64_MAX, &error));
  OK(syna_mmap_set_payload(store, "b", 1, NULL, 0, &error));
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("updates"), SYNA_MMAP_OPEN_READ_ONLY);
  CHECK(has_values(store, "a", 16, "xy") && has_values(store, "b", UINT64_MAX, "") && has_values(store, "c", 4, "new"));
  FAILS(READ_ONLY, syna_mmap_update(store, &b, NULL, &error));
  FAILS(READ_ONLY, syna_mmap_set_tags(store, "a", 1, 1, &error));
  FAILS(READ_ONLY, syna_mmap_set_payload(store, "a", 1, NULL, 0, &error));
  FAILS(READ_ONLY, syna_mmap_delete_batch(store, "a", offsets, 1, NULL, &error));
  FAILS(READ_ONLY, syna_mmap_delete_where(store, NULL, NULL, &error));
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  deletions();
  deletions_by_conditions();
  updates();
  return 0;
}
