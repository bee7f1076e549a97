/* What a file says about itself: the kind of its keys, the user block, the label. */
#include "check.h"

static syna_mmap *opened(const char *name, const syna_mmap_options *options) {
  syna_mmap *store = NULL;
  OK(syna_mmap_open(in_folder(name), options, &store, &error));
  return store;
}

/* The status of opening a store, which stays closed. */
static syna_mmap_status tried(const char *name, const syna_mmap_options *options) {
  syna_mmap *store = NULL;
  syna_mmap_status status = syna_mmap_open(in_folder(name), options, &store, &error);
  CHECK((status == SYNA_MMAP_OK) == (store != NULL));
  if (store != NULL) OK(syna_mmap_close(store, &error));
  return status;
}

static int has_file(const char *name) {
  FILE *file = fopen(in_folder(name), "rb");
  return file != NULL && fclose(file) == 0;
}

static int has_block(const syna_mmap *store, uint32_t application_id, uint32_t user_version, const char *label) {
  syna_mmap_user_block block = SYNA_MMAP_USER_BLOCK_INIT;
  memset((char *)&block + sizeof block.struct_size, 0xAB, sizeof block - sizeof block.struct_size);
  OK(syna_mmap_get_user_block(store, &block, &error));
  CHECK(block.struct_size == sizeof block);
  return block.application_id == application_id && block.user_version == user_version && strcmp(block.label, label) == 0;
}

static void numbers_as_keys(void) {
  static const uint64_t numbers[] = {0, 1, 255, (uint64_t)1 << 40, UINT64_MAX};
  syna_mmap_options options = quiet();
  float vector[DIMENSIONS];
  syna_mmap *store;
  syna_mmap_results *results = NULL;
  const syna_mmap_hit *hits;
  size_t i, count = 0;
  options.key_kind = SYNA_MMAP_KEYS_BYTES;
  store = opened("numbers", &options);
  for (i = 0; i < 5; i++) {
    fill(vector, i);
    OK(syna_mmap_upsert(store, (const char *)&numbers[i], sizeof numbers[i], vector, &error));
  }
  OK(syna_mmap_close(store, &error));
  options.key_kind = SYNA_MMAP_KEYS_FROM_FILE;
  store = opened("numbers", &options);
  OK(syna_mmap_results_new(&results, &error));
  for (i = 0; i < 5; i++) {
    OK(syna_mmap_get(store, (const char *)&numbers[i], sizeof numbers[i], vector, &error));
    CHECK(is_vector(vector, i));
    OK(syna_mmap_search(store, vector, 1, NULL, results, &error));
    hits = syna_mmap_results_hits(results, &count);
    CHECK(count == 1 && hits[0].key_len == 8 && memcmp(hits[0].key, &numbers[i], 8) == 0);
  }
  syna_mmap_results_free(results);
  OK(syna_mmap_close(store, &error));
}

static void kinds_of_keys(void) {
  syna_mmap_options text = quiet(), binary = quiet(), unknown = quiet(), older = quiet();
  float vector[DIMENSIONS] = {0};
  syna_mmap *store;
  CHECK(text.key_kind == SYNA_MMAP_KEYS_TEXT && text.label == NULL && text.expected_label == NULL);
  CHECK(text.application_id == 0 && text.user_version == 0);
  binary.key_kind = SYNA_MMAP_KEYS_BYTES;
  unknown.key_kind = 2;
  FAILS(INVALID_ARGUMENT, tried("kind", &unknown));
  CHECK(strstr(error.message, "key_kind") != NULL && !has_file("kind"));
  store = opened("kind", &text);
  FAILS(INVALID_KEY, syna_mmap_upsert(store, "\xFF", 1, vector, &error));
  FAILS(INVALID_KEY, syna_mmap_get(store, "a\xC3", 2, vector, &error));
  OK(syna_mmap_close(store, &error));
  FAILS(KEY_KIND_MISMATCH, tried("kind", &binary));
  binary.flags = SYNA_MMAP_OPEN_READ_ONLY;
  FAILS(KEY_KIND_MISMATCH, tried("kind", &binary));
  /* An older program passes the struct without key_kind: keys are text. */
  older.struct_size = offsetof(syna_mmap_options, key_kind);
  older.key_kind = SYNA_MMAP_KEYS_BYTES;
  OK(tried("kind", &older));
  binary.flags = 0;
  OK(tried("binary", &binary));
  FAILS(KEY_KIND_MISMATCH, tried("binary", &text));
  FAILS(KEY_KIND_MISMATCH, tried("binary", &older));
  OK(tried("binary", &binary));
}

static void user_blocks(void) {
  syna_mmap_options options = quiet();
  syna_mmap_user_block block = SYNA_MMAP_USER_BLOCK_INIT, before;
  syna_mmap *store, *reader;
  char label[] = "model-1";
  options.application_id = 0x6d617073;
  options.user_version = 3;
  options.label = label;
  store = opened("block", &options);
  /* COPIED. */
  memset(label, 'x', sizeof label - 1);
  CHECK(has_block(store, 0x6d617073, 3, "model-1"));

  /* Nothing is written on failure, and nothing has changed. */
  memset(&block, 0xAB, sizeof block);
  block.struct_size = sizeof block;
  before = block;
  FAILS(INVALID_HANDLE, syna_mmap_get_user_block(NULL, &block, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_get_user_block(store, NULL, &error));
  block.struct_size = before.struct_size = 3;
  FAILS(INVALID_ARGUMENT, syna_mmap_get_user_block(store, &block, &error));
  CHECK(strstr(error.message, "struct_size") != NULL);
  CHECK(memcmp(&block, &before, sizeof block) == 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_set_user_block(store, &block, &error));
  block.struct_size = sizeof block;
  /* The label is not terminated, too long, not UTF-8. */
  memset(block.label, 'm', sizeof block.label);
  FAILS(INVALID_ARGUMENT, syna_mmap_set_user_block(store, &block, &error));
  block.label[SYNA_MMAP_MAX_LABEL_BYTES + 1] = 0;
  FAILS(INVALID_ARGUMENT, syna_mmap_set_user_block(store, &block, &error));
  CHECK(strstr(error.message, "64") != NULL);
  strcpy(block.label, "\xFF");
  FAILS(INVALID_ARGUMENT, syna_mmap_set_user_block(store, &block, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_set_user_block(store, NULL, &error));
  CHECK(has_block(store, 0x6d617073, 3, "model-1"));

  memset(&block, 0, sizeof block);
  block.struct_size = sizeof block;
  block.application_id = UINT32_MAX;
  block.user_version = 4;
  memset(block.label, 'm', SYNA_MMAP_MAX_LABEL_BYTES);
  FAILS(INVALID_HANDLE, syna_mmap_set_user_block(NULL, &block, &error));
  OK(syna_mmap_set_user_block(store, &block, &error));
  memset(&block, 0xAB, sizeof block);
  memset(label, 'm', sizeof label - 1);
  CHECK(has_block(store, UINT32_MAX, 4, "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"));

  options = quiet();
  options.flags = SYNA_MMAP_OPEN_READ_ONLY;
  reader = opened("block", &options);
  memset(&block, 0, sizeof block);
  block.struct_size = sizeof block;
  FAILS(READ_ONLY, syna_mmap_set_user_block(reader, &block, &error));
  OK(syna_mmap_set_user_block(store, &block, NULL));
  CHECK(has_block(store, 0, 0, ""));
  CHECK(has_block(reader, UINT32_MAX, 4, "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"));
  OK(syna_mmap_refresh(reader, NULL, &error));
  CHECK(has_block(reader, 0, 0, ""));
  OK(syna_mmap_close(reader, &error));
  OK(syna_mmap_close(store, &error));
  FAILS(INVALID_HANDLE, syna_mmap_get_user_block(store, &block, &error));
  FAILS(INVALID_HANDLE, syna_mmap_set_user_block(store, &block, &error));
}

static void labels(void) {
  syna_mmap_options options = quiet(), expecting = quiet();
  char too_long[SYNA_MMAP_MAX_LABEL_BYTES + 2] = {0}, expected[] = "model-1";
  syna_mmap *store;
  memset(too_long, 'm', sizeof too_long - 1);
  options.label = too_long;
  FAILS(INVALID_ARGUMENT, tried("label", &options));
  CHECK(strstr(error.message, "label") != NULL);
  options.label = "\xFF";
  FAILS(INVALID_ARGUMENT, tried("label", &options));
  options.label = NULL;
  options.expected_label = too_long;
  FAILS(INVALID_ARGUMENT, tried("label", &options));
  CHECK(strstr(error.message, "64") != NULL);
  options.expected_label = "\xFF";
  FAILS(INVALID_ARGUMENT, tried("label", &options));
  CHECK(strstr(error.message, "expected_label") != NULL);
  CHECK(!has_file("label"));

  options.expected_label = NULL;
  options.label = "model-1";
  OK(tried("label", &options));
  expecting.expected_label = "model-2";
  FAILS(LABEL_MISMATCH, tried("label", &expecting));
  CHECK(strstr(error.message, "model-1") != NULL && strstr(error.message, "model-2") != NULL);
  expecting.flags = SYNA_MMAP_OPEN_READ_ONLY;
  FAILS(LABEL_MISMATCH, tried("label", &expecting));
  expecting.expected_label = "";
  FAILS(LABEL_MISMATCH, tried("label", &expecting));
  expecting.flags = 0;
  expecting.expected_label = expected;
  store = opened("label", &expecting);
  /* COPIED. */
  memset(expected, 'x', sizeof expected - 1);
  CHECK(has_block(store, 0, 0, "model-1"));
  OK(syna_mmap_close(store, &error));
  /* The label of the options is for new files only. */
  options.label = "model-2";
  store = opened("label", &options);
  CHECK(has_block(store, 0, 0, "model-1"));
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  numbers_as_keys();
  kinds_of_keys();
  user_blocks();
  labels();
  return 0;
}
