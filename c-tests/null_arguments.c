/* NULL and misaligned pointers: every required pointer of every function is checked, and named in the error. */
#include "check.h"

static syna_mmap *store;
static syna_mmap_results *results;
static float vector[DIMENSIONS + 1];
static uint64_t offsets[3] = {0, 1, 2};

#define NAMED(name, call)                                                             \
  do {                                                                                \
    FAILS(INVALID_ARGUMENT, call);                                                    \
    if (strstr(error.message, name) == NULL) failed(__FILE__, __LINE__, error.message); \
  } while (0)

/* A pointer with an offset of one byte. */
#define OFF(type, pointer) ((type *)(void *)((char *)(pointer) + 1))

static void nulls(void) {
  syna_mmap_options options = quiet();
  syna_mmap *other = NULL;
  NAMED("path", syna_mmap_open(NULL, &options, &other, &error));
  NAMED("path", syna_mmap_open("", &options, &other, &error));
  NAMED("out_store", syna_mmap_open(in_folder("other"), &options, NULL, &error));
  NAMED("out_results", syna_mmap_results_new(NULL, &error));
  NAMED("key", syna_mmap_insert(store, NULL, 1, vector, NULL, &error));
  NAMED("vector", syna_mmap_insert(store, "k", 1, NULL, NULL, &error));
  NAMED("key", syna_mmap_upsert(store, NULL, 1, vector, &error));
  NAMED("vector", syna_mmap_upsert(store, "k", 1, NULL, &error));
  NAMED("keys", syna_mmap_insert_batch(store, NULL, offsets, vector, 1, NULL, &error));
  NAMED("key_offsets", syna_mmap_insert_batch(store, "k", NULL, vector, 1, NULL, &error));
  NAMED("vectors", syna_mmap_insert_batch(store, "k", offsets, NULL, 1, NULL, &error));
  NAMED("keys", syna_mmap_upsert_batch(store, NULL, offsets, vector, 1, &error));
  NAMED("key_offsets", syna_mmap_upsert_batch(store, "k", NULL, vector, 1, &error));
  NAMED("vectors", syna_mmap_upsert_batch(store, "k", offsets, NULL, 1, &error));
  NAMED("batch", syna_mmap_write(store, NULL, NULL, &error));
  NAMED("key", syna_mmap_delete(store, NULL, 1, NULL, &error));
  NAMED("key", syna_mmap_get(store, NULL, 1, vector, &error));
  NAMED("out_vector", syna_mmap_get(store, "k", 1, NULL, &error));
  NAMED("query", syna_mmap_search(store, NULL, 1, NULL, results, &error));
  NAMED("key", syna_mmap_put(store, NULL, 1, vector, 0, NULL, 0, 0, NULL, &error));
  NAMED("vector", syna_mmap_put(store, "k", 1, NULL, 0, NULL, 0, 0, NULL, &error));
  NAMED("payload", syna_mmap_put(store, "k", 1, vector, 0, NULL, 1, 0, NULL, &error));
  NAMED("out_view", syna_mmap_get_view(store, "k", 1, NULL, &error));
  NAMED("out_row", syna_mmap_row_of(store, "k", 1, NULL, &error));
  NAMED("out_row", syna_mmap_get_row(store, 0, NULL, NULL, &error));
  NAMED("out_vectors", syna_mmap_get_batch(store, "k", offsets, 1, NULL, NULL, NULL, &error));
  NAMED("out_found", syna_mmap_get_batch(store, "k", offsets, 1, vector, NULL, NULL, &error));
  NAMED("out_count", syna_mmap_count_where(store, NULL, NULL, &error));
  NAMED("out_count", syna_mmap_rows_where(store, NULL, 0, NULL, 0, NULL, &error));
  NAMED("out_rows", syna_mmap_rows_where(store, NULL, 0, NULL, 1, (size_t *)offsets, &error));
  NAMED("`a`", syna_mmap_distance(store, NULL, vector, vector, &error));
  NAMED("`b`", syna_mmap_distance(store, vector, NULL, vector, &error));
  NAMED("out_distance", syna_mmap_distance(store, vector, vector, NULL, &error));
  NAMED("buffer", syna_mmap_path(store, NULL, 1, (size_t *)offsets, &error));
  NAMED("out_len", syna_mmap_path(store, NULL, 0, NULL, &error));
  NAMED("out_options", syna_mmap_get_options(store, NULL, &error));
  NAMED("bytes", syna_mmap_open_memory(NULL, 1, NULL, 0, NULL, &other, &error));
  NAMED("index_bytes", syna_mmap_open_memory((uint8_t *)vector, 1, NULL, 1, NULL, &other, &error));
  NAMED("out_store", syna_mmap_open_memory((uint8_t *)vector, 1, NULL, 0, NULL, NULL, &error));
  CHECK(!syna_mmap_contains(store, NULL, 1));
  CHECK(!syna_mmap_results_vector(results, 0, NULL) && !syna_mmap_results_vector(NULL, 0, vector));
  CHECK(syna_mmap_results_stored(results, 0, NULL) == NULL && syna_mmap_results_stored(NULL, 0, NULL) == NULL);
  CHECK(!syna_mmap_decode_vector(SYNA_MMAP_ELEMENT_F32, 64, NULL, vector));
  CHECK(!syna_mmap_decode_vector(SYNA_MMAP_ELEMENT_F32, 64, vector, NULL));
  CHECK(!syna_mmap_decode_vector(3, 64, vector, vector) && !syna_mmap_decode_vector(SYNA_MMAP_ELEMENT_FROM_FILE, 64, vector, vector));
  CHECK(!syna_mmap_decode_vector(SYNA_MMAP_ELEMENT_F32, 0, vector, vector) && !syna_mmap_decode_vector(SYNA_MMAP_ELEMENT_F32, 8193, vector, vector));
  CHECK(syna_mmap_element(NULL) == 0 && syna_mmap_vector_bytes(NULL) == 0 && syna_mmap_key_kind(NULL) == 0);
  CHECK(other == NULL);
}

static void misaligned(void) {
  static union {
    syna_mmap_options options;
    syna_mmap_search_options search;
    syna_mmap_batch batch;
    syna_mmap_error error;
    uint64_t offsets[4];
    syna_mmap *store;
    size_t count;
    char bytes[512];
  } room;
  syna_mmap_batch b = SYNA_MMAP_BATCH_INIT;
  b.keys = "k";
  b.key_offsets = offsets;
  b.vectors = vector;
  b.count = 1;
  NAMED("options", syna_mmap_open(in_folder("other"), OFF(syna_mmap_options, &room), &room.store, &error));
  NAMED("out_store", syna_mmap_open(in_folder("other"), NULL, OFF(syna_mmap *, &room), &error));
  NAMED("out_results", syna_mmap_results_new(OFF(syna_mmap_results *, &room), &error));
  NAMED("vector", syna_mmap_insert(store, "k", 1, OFF(float, vector), NULL, &error));
  NAMED("vector", syna_mmap_upsert(store, "k", 1, OFF(float, vector), &error));
  NAMED("vectors", syna_mmap_insert_batch(store, "k", offsets, OFF(float, vector), 1, NULL, &error));
  NAMED("key_offsets", syna_mmap_insert_batch(store, "k", OFF(uint64_t, offsets), vector, 1, NULL, &error));
  NAMED("out_inserted", syna_mmap_insert_batch(store, "k", offsets, vector, 1, OFF(size_t, &room), &error));
  NAMED("batch", syna_mmap_write(store, OFF(syna_mmap_batch, &room), NULL, &error));
  NAMED("out_written", syna_mmap_write(store, &b, OFF(size_t, &room), &error));
  b.tags = OFF(uint64_t, offsets);
  NAMED("tags", syna_mmap_write(store, &b, NULL, &error));
  b.tags = NULL;
  b.payload_offsets = OFF(uint64_t, offsets);
  NAMED("payload_offsets", syna_mmap_write(store, &b, NULL, &error));
  NAMED("out_vector", syna_mmap_get(store, "k", 1, OFF(float, vector), &error));
  NAMED("query", syna_mmap_search(store, OFF(float, vector), 1, NULL, results, &error));
  NAMED("options", syna_mmap_search(store, vector, 1, OFF(syna_mmap_search_options, &room), results, &error));
  FAILS_BARE(INVALID_ARGUMENT, syna_mmap_checkpoint(store, OFF(syna_mmap_error, &room)));
  syna_mmap_options_init(OFF(syna_mmap_options, &room), sizeof(syna_mmap_options));
  syna_mmap_search_options_init(OFF(syna_mmap_search_options, &room), sizeof(syna_mmap_search_options));
  CHECK(syna_mmap_results_hits(results, OFF(size_t, &room)) == NULL);
  CHECK(syna_mmap_results_stored(results, 0, OFF(size_t, &room)) == NULL);
  CHECK(!syna_mmap_results_vector(results, 0, OFF(float, &room)));
  CHECK(!syna_mmap_decode_vector(SYNA_MMAP_ELEMENT_F16, 1, &room, OFF(float, &room)));
  CHECK(room.bytes[0] == 0 && memcmp(room.bytes, room.bytes + 1, sizeof room - 1) == 0);
}

/* Pointers that may be NULL. */
static void optional(void) {
  OK(syna_mmap_insert(store, "k", 1, vector, NULL, NULL));
  OK(syna_mmap_insert_batch(store, "k", offsets, vector, 1, NULL, NULL));
  OK(syna_mmap_upsert(store, "k", 1, vector, NULL));
  OK(syna_mmap_upsert_batch(store, "k", offsets, vector, 1, NULL));
  OK(syna_mmap_search(store, vector, 1, NULL, results, NULL));
  CHECK(syna_mmap_results_hits(results, NULL) != NULL);
  CHECK(syna_mmap_results_stored(results, 0, NULL) != NULL);
  OK(syna_mmap_get(store, "k", 1, vector, NULL));
  OK(syna_mmap_delete(store, "k", 1, NULL, NULL));
  OK(syna_mmap_delete(store, NULL, 0, NULL, NULL));
  OK(syna_mmap_checkpoint(store, NULL));
  OK(syna_mmap_flush(store, NULL));
  OK(syna_mmap_reserve(store, 1, NULL));
  OK(syna_mmap_build_index(store, NULL));
  FAILS_BARE(NOT_FOUND, syna_mmap_get(store, "k", 1, vector, NULL));
  FAILS_BARE(INVALID_HANDLE, syna_mmap_search(store, vector, 1, NULL, NULL, NULL));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  fill(vector, 1);
  store = open_quietly(in_folder("store"), 0);
  OK(syna_mmap_results_new(&results, &error));
  nulls();
  misaligned();
  CHECK(syna_mmap_len(store) == 0);
  optional();
  syna_mmap_results_free(results);
  syna_mmap_results_free(NULL);
  OK(syna_mmap_close(store, NULL));
  return 0;
}
