/* The operations of bindings/conformance/cases.txt that write batches, update rows and set the user block. */
#ifndef CONFORMANCE_WRITES_H
#define CONFORMANCE_WRITES_H

#include "conformance_lines.h"

enum { MAX_BATCH_ROWS = 63 };

/* Pieces of bytes, one after the other. */
typedef struct pieces {
  bytes all;
  uint64_t offsets[MAX_BATCH_ROWS + 1];
  size_t count;
} pieces;

static void pieces_append(pieces *p, const char *word) {
  bytes piece = bytes_of(word);
  CHECK(p->count < MAX_BATCH_ROWS);
  bytes_append(&p->all, piece.data, piece.length, 1);
  p->offsets[++p->count] = p->all.length;
  free(piece.data);
}

/* The lines that follow an operation overwrite its words: copies of the expected ones. */
typedef struct expectation {
  char *words[4];
  char operation[32];
} expectation;

static void expectation_take(expectation *e) {
  size_t i;
  memset(e, 0, sizeof *e);
  snprintf(e->operation, sizeof e->operation, "%s", words[0]);
  for (i = 0; i < 3 && expected != NULL && expected[i] != NULL; i++) {
    e->words[i] = strdup(expected[i]);
    CHECK(e->words[i] != NULL);
  }
}

static void expectation_restore(expectation *e) {
  words[0] = e->operation;
  expected = e->words;
}

static void expectation_free(expectation *e) {
  size_t i;
  for (i = 0; i < 3; i++) free(e->words[i]);
}

/* Reads `count` lines with keys to delete. */
static void read_keys(pieces *keys, size_t count) {
  for (; count > 0; count--) {
    CHECK(is_next("key") && word_count == 2);
    pieces_append(keys, words[1]);
  }
}

/* batch STORE insert|upsert COUNT [DELETE_COUNT] */
static void write_batch(syna_mmap *store) {
  static float vectors[MAX_BATCH_ROWS * MAX_DIMENSIONS];
  pieces keys = {0}, payloads = {0}, deleted = {0};
  uint64_t tags[MAX_BATCH_ROWS];
  size_t count = strtoul(words[3], NULL, 10), written = 0, deleted_count = 0, i;
  const bool has_deletions = words[4] != NULL, is_upsert = strcmp(words[2], "upsert") == 0;
  const size_t delete_count = has_deletions ? strtoul(words[4], NULL, 10) : 0;
  bool has_tags = false;
  syna_mmap_batch batch = SYNA_MMAP_BATCH_INIT;
  expectation wanted;
  syna_mmap_status status;
  CHECK(count <= MAX_BATCH_ROWS);
  expectation_take(&wanted);
  read_keys(&deleted, delete_count);
  for (i = 0; i < count; i++) {
    CHECK(is_next("row") && word_count == 5);
    pieces_append(&keys, words[1]);
    vector_of(words[2], vectors + i * (size_t)syna_mmap_dimensions(store));
    tags[i] = strtoull(words[3], NULL, 10);
    has_tags |= tags[i] != 0;
    pieces_append(&payloads, words[4]);
  }
  batch.keys = keys.all.data;
  batch.key_offsets = keys.offsets;
  batch.vectors = vectors;
  batch.count = count;
  batch.mode = is_upsert ? SYNA_MMAP_WRITE_UPSERT : SYNA_MMAP_WRITE_INSERT;
  if (has_tags) batch.tags = tags;
  if (payloads.all.length > 0) {
    batch.payloads = (const uint8_t *)payloads.all.data;
    batch.payload_offsets = payloads.offsets;
  }
  batch.delete_keys = deleted.all.data;
  batch.delete_key_offsets = deleted.offsets;
  batch.delete_count = delete_count;
  batch.out_deleted = &deleted_count;
  if (!has_tags && payloads.all.length == 0 && !has_deletions && !is_upsert)
    status = syna_mmap_insert_batch(store, keys.all.data, keys.offsets, vectors, count, &written, &error);
  else status = syna_mmap_write(store, &batch, &written, &error);
  expectation_restore(&wanted);
  if (said_status(status)) {
    said_number(1, written);
    if (has_deletions) said_number(2, deleted_count);
  }
  expectation_free(&wanted);
  free(keys.all.data);
  free(payloads.all.data);
  free(deleted.all.data);
}

/* delete_batch STORE COUNT */
static void delete_batch(syna_mmap *store) {
  pieces keys = {0};
  size_t deleted_count = 0;
  expectation wanted;
  syna_mmap_status status;
  expectation_take(&wanted);
  read_keys(&keys, strtoul(words[2], NULL, 10));
  status = syna_mmap_delete_batch(store, keys.all.data, keys.offsets, keys.count, &deleted_count, &error);
  expectation_restore(&wanted);
  if (said_status(status)) said_number(1, deleted_count);
  expectation_free(&wanted);
  free(keys.all.data);
}

static void delete_where(syna_mmap *store) {
  syna_mmap_search_options options = search_options(words + 2);
  size_t deleted_count = 0;
  if (said_status(syna_mmap_delete_where(store, &options, &deleted_count, &error))) said_number(1, deleted_count);
}

/* update STORE tags|payloads|both|neither COUNT */
static void update(syna_mmap *store) {
  pieces keys = {0}, payloads = {0};
  uint64_t tags[MAX_BATCH_ROWS];
  size_t count = strtoul(words[3], NULL, 10), updated = 0, i;
  const bool has_both = strcmp(words[2], "both") == 0;
  const bool has_tags = has_both || strcmp(words[2], "tags") == 0;
  const bool has_payloads = has_both || strcmp(words[2], "payloads") == 0;
  syna_mmap_batch batch = SYNA_MMAP_BATCH_INIT;
  expectation wanted;
  syna_mmap_status status;
  expectation_take(&wanted);
  for (i = 0; i < count; i++) {
    CHECK(is_next("values") && word_count == 4);
    pieces_append(&keys, words[1]);
    tags[i] = strtoull(words[2], NULL, 10);
    pieces_append(&payloads, words[3]);
  }
  batch.keys = keys.all.data;
  batch.key_offsets = keys.offsets;
  batch.count = count;
  if (has_tags) batch.tags = tags;
  if (has_payloads) {
    batch.payloads = (const uint8_t *)payloads.all.data;
    batch.payload_offsets = payloads.offsets;
  }
  status = syna_mmap_update(store, &batch, &updated, &error);
  expectation_restore(&wanted);
  if (said_status(status)) said_number(1, updated);
  expectation_free(&wanted);
  free(keys.all.data);
  free(payloads.all.data);
}

static void set_payload(syna_mmap *store, const bytes *key) {
  bytes payload = bytes_of(words[3]);
  said_status(syna_mmap_set_payload(store, key->data, key->length, (const uint8_t *)payload.data, payload.length, &error));
  free(payload.data);
}

static void user_block(const syna_mmap *store) {
  syna_mmap_user_block block = SYNA_MMAP_USER_BLOCK_INIT;
  if (!said_status(syna_mmap_get_user_block(store, &block, &error))) return;
  said_number(1, block.application_id);
  said_number(2, block.user_version);
  said_bytes(3, block.label, strlen(block.label));
}

/* set_user_block STORE APPLICATION_ID USER_VERSION LABEL */
static void set_user_block(syna_mmap *store) {
  syna_mmap_user_block block = SYNA_MMAP_USER_BLOCK_INIT;
  bytes label = bytes_of(words[4]);
  block.application_id = (uint32_t)strtoul(words[2], NULL, 10);
  block.user_version = (uint32_t)strtoul(words[3], NULL, 10);
  CHECK(label.length < sizeof block.label);
  memcpy(block.label, label.data, label.length);
  free(label.data);
  said_status(syna_mmap_set_user_block(store, &block, &error));
}

/* Runs the operation if it is one of these; otherwise returns false. `key`: its second argument. */
static int for_writes(syna_mmap *store, const bytes *key) {
  if (is_operation("batch")) write_batch(store);
  else if (is_operation("delete_batch")) delete_batch(store);
  else if (is_operation("delete_where")) delete_where(store);
  else if (is_operation("update")) update(store);
  else if (is_operation("set_tags"))
    said_status(syna_mmap_set_tags(store, key->data, key->length, strtoull(words[3], NULL, 10), &error));
  else if (is_operation("set_payload")) set_payload(store, key);
  else if (is_operation("user_block")) user_block(store);
  else if (is_operation("set_user_block")) set_user_block(store);
  else return 0;
  return 1;
}

#endif
