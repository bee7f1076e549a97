/* Each limit in the header: the last accepted value, and the first refused one. */
#include "check.h"

static void searches(const syna_mmap *store) {
  syna_mmap_results *results = NULL;
  syna_mmap_search_options options;
  float query[DIMENSIONS];
  size_t count = 0;
  fill(query, 1);
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_search(store, query, SYNA_MMAP_MAX_K, NULL, results, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(count == 3);
  FAILS(LIMIT, syna_mmap_search(store, query, (size_t)SYNA_MMAP_MAX_K + 1, NULL, results, &error));
  syna_mmap_results_hits(results, &count);
  CHECK(count == 0);
  syna_mmap_search_options_init(&options, sizeof options);
  options.ef = SYNA_MMAP_MAX_EF;
  OK(syna_mmap_search(store, query, 1, &options, results, &error));
  options.ef = SYNA_MMAP_MAX_EF + 1;
  FAILS(LIMIT, syna_mmap_search(store, query, 1, &options, results, &error));
  syna_mmap_results_free(results);
}

/* `count` rows with payloads of `payload_len` bytes each, from one block. */
static syna_mmap_status write_payloads(syna_mmap *store, size_t count, size_t payload_len, uint64_t tags) {
  syna_mmap_batch batch = SYNA_MMAP_BATCH_INIT;
  struct batch rows = batch_of(1000, count);
  uint8_t *payloads = calloc(count, payload_len);
  uint64_t *offsets = malloc((count + 1) * sizeof *offsets), *all_tags = malloc(count * sizeof *all_tags);
  syna_mmap_status status;
  size_t i;
  CHECK(payloads != NULL && offsets != NULL && all_tags != NULL);
  for (i = 0; i <= count; i++) offsets[i] = i * payload_len;
  for (i = 0; i < count; i++) all_tags[i] = tags;
  batch.keys = rows.keys;
  batch.key_offsets = rows.offsets;
  batch.vectors = rows.vectors;
  batch.count = count;
  batch.tags = all_tags;
  batch.payloads = payloads;
  batch.payload_offsets = offsets;
  batch.mode = SYNA_MMAP_WRITE_UPSERT;
  status = syna_mmap_write(store, &batch, NULL, &error);
  free(payloads);
  free(offsets);
  free(all_tags);
  batch_free(&rows);
  return status;
}

static void writes(syna_mmap *store) {
  static char key[SYNA_MMAP_MAX_KEY_BYTES + 1];
  float vector[DIMENSIONS];
  char name[40];
  uint64_t before = syna_mmap_len(store), tags = 0;
  size_t payload_len = 0;
  fill(vector, 9);
  memset(key, 'x', sizeof key);
  FAILS(INVALID_KEY, syna_mmap_insert(store, key, sizeof key, vector, NULL, &error));
  expect(__FILE__, __LINE__, "a payload that is too long", SYNA_MMAP_ERR_LIMIT,
         write_payloads(store, 1, SYNA_MMAP_MAX_PAYLOAD_BYTES + 1, 0), &error);
  /* Untouched zero pages take no memory, and the batch is refused before anything is copied. */
  expect(__FILE__, __LINE__, "a batch that is too large", SYNA_MMAP_ERR_LIMIT,
         write_payloads(store, 1025, SYNA_MMAP_MAX_PAYLOAD_BYTES, 0), &error);
  CHECK(syna_mmap_len(store) == before);
  OK(write_payloads(store, 1, SYNA_MMAP_MAX_PAYLOAD_BYTES, UINT64_MAX));
  OK(syna_mmap_get_tags(store, name, key_of(name, 1000), &tags, &error));
  OK(syna_mmap_get_payload(store, name, key_of(name, 1000), NULL, 0, &payload_len, &error));
  CHECK(tags == UINT64_MAX && payload_len == SYNA_MMAP_MAX_PAYLOAD_BYTES);
  OK(syna_mmap_insert(store, key, SYNA_MMAP_MAX_KEY_BYTES, vector, NULL, &error));
  FAILS(LIMIT, syna_mmap_reserve(store, (uint64_t)SYNA_MMAP_MAX_ROWS + 1, &error));
}

static void options(void) {
  syna_mmap *store = NULL;
  syna_mmap_options given = quiet();
  given.dimensions = SYNA_MMAP_MAX_DIMENSIONS + 1;
  FAILS(INVALID_DIMENSIONS, syna_mmap_open_in_memory(&given, &store, &error));
  given.dimensions = SYNA_MMAP_MIN_DIMENSIONS - 1;
  FAILS(INVALID_DIMENSIONS, syna_mmap_open_in_memory(&given, &store, &error));
  given.dimensions = SYNA_MMAP_MAX_DIMENSIONS;
  given.threads = 1024;
  OK(syna_mmap_open_in_memory(&given, &store, &error));
  OK(syna_mmap_close(store, &error));
  given.threads = 1025;
  FAILS(INVALID_ARGUMENT, syna_mmap_open_in_memory(&given, &store, &error));
}

int main(int argc, char **argv) {
  syna_mmap *store;
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  insert_rows(store, 0, 3);
  searches(store);
  writes(store);
  OK(syna_mmap_close(store, &error));
  options();
  return 0;
}
