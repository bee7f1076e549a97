/* Iteration by a cursor, statistics, and refreshing a reader. */
#include "check.h"

enum { ROWS = 300 };

static void write_rich(syna_mmap *store, const char *key, uint64_t n, uint64_t tags, const char *payload) {
  uint64_t key_offsets[2], payload_offsets[2];
  float vector[DIMENSIONS];
  syna_mmap_batch batch = SYNA_MMAP_BATCH_INIT;
  size_t written = 0;
  fill(vector, n);
  batch.keys = key;
  key_offsets[0] = 0, key_offsets[1] = strlen(key);
  batch.key_offsets = key_offsets;
  batch.vectors = vector;
  batch.count = 1;
  batch.tags = &tags;
  batch.payloads = (const uint8_t *)payload;
  payload_offsets[0] = 0, payload_offsets[1] = strlen(payload);
  batch.payload_offsets = payload_offsets;
  batch.mode = SYNA_MMAP_WRITE_UPSERT;
  OK(syna_mmap_write(store, &batch, &written, &error));
  CHECK(written == 1);
}

static void check_row(const syna_mmap_row *row, uint64_t n) {
  char key[40];
  CHECK(row->row == n && row->key_len == key_of(key, n));
  CHECK(memcmp(row->key, key, row->key_len) == 0);
  CHECK(is_vector(row->vector, n) && (uintptr_t)row->vector % 64 == 0);
  CHECK(row->tags == 0 && row->payload == NULL && row->payload_len == 0);
}

/* Rows 0 to ROWS - 1 without row 5, then a row with tags and a payload. */
static void walk(const syna_mmap *store, size_t step) {
  static syna_mmap_row rows[ROWS + 8];
  syna_mmap_cursor *cursor = NULL;
  size_t total = 0, count = 0, i;
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
  do {
    OK(syna_mmap_cursor_next(cursor, rows + total, step, &count, &error));
    CHECK(count <= step);
    total += count;
  } while (count == step);
  CHECK(total == ROWS);
  for (i = 0; i < ROWS - 1; i++) check_row(&rows[i], i < 5 ? i : i + 1);
  CHECK(rows[ROWS - 1].row == ROWS && rows[ROWS - 1].tags == 77 && rows[ROWS - 1].payload_len == 5);
  CHECK(memcmp(rows[ROWS - 1].payload, "bytes", 5) == 0);
  OK(syna_mmap_cursor_next(cursor, rows, step, &count, &error));
  CHECK(count == 0);
  OK(syna_mmap_cursor_next(cursor, NULL, 0, &count, &error));
  syna_mmap_cursor_free(cursor);
  syna_mmap_cursor_free(cursor);
  FAILS(INVALID_HANDLE, syna_mmap_cursor_next(cursor, rows, step, &count, &error));
}

static void wrong_arguments(const syna_mmap *store) {
  syna_mmap_cursor *cursor = NULL;
  syna_mmap_row row;
  size_t count = 42;
  FAILS(INVALID_ARGUMENT, syna_mmap_cursor_new(store, 0, NULL, &error));
  FAILS(INVALID_HANDLE, syna_mmap_cursor_new(NULL, 0, &cursor, &error));
  CHECK(cursor == NULL);
  OK(syna_mmap_cursor_new(store, UINT64_MAX, &cursor, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_cursor_next(cursor, NULL, 1, &count, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_cursor_next(cursor, &row, 1, NULL, &error));
  FAILS(INVALID_HANDLE, syna_mmap_cursor_next(NULL, &row, 1, &count, &error));
  FAILS(LIMIT, syna_mmap_cursor_next(cursor, &row, SIZE_MAX, &count, &error));
  CHECK(count == 42);
  OK(syna_mmap_cursor_next(cursor, &row, 1, &count, &error));
  CHECK(count == 0);
  syna_mmap_cursor_free(cursor);
  syna_mmap_cursor_free(NULL);
}

static void numbers(const syna_mmap *store) {
  syna_mmap_stats stats;
  struct {
    syna_mmap_stats stats;
    uint64_t newer;
  } longer;
  memset(&stats, 0xEE, sizeof stats);
  FAILS(INVALID_ARGUMENT, syna_mmap_get_stats(store, &stats, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_get_stats(store, NULL, &error));
  stats.struct_size = sizeof stats;
  FAILS(INVALID_HANDLE, syna_mmap_get_stats(NULL, &stats, &error));
  OK(syna_mmap_get_stats(store, &stats, &error));
  CHECK(stats.struct_size == sizeof stats);
  CHECK(stats.rows == ROWS + 1 && stats.live_rows == ROWS && stats.deleted_rows == 1);
  CHECK(stats.vector_bytes + stats.log_bytes + stats.slack_bytes == stats.file_bytes);
  CHECK(stats.vector_bytes >= (uint64_t)(ROWS + 1) * DIMENSIONS * 4);
  CHECK(stats.last_seq == 3 && stats.durable_seq == syna_mmap_last_durable_seq(store));
  CHECK(!stats.has_index && stats.default_ef == 100 && stats.index_recall == -1);
  /* An older program's struct ends with `rows`; a newer one has more members. */
  memset(&stats, 0xEE, sizeof stats);
  stats.struct_size = offsetof(syna_mmap_stats, live_rows);
  OK(syna_mmap_get_stats(store, &stats, &error));
  CHECK(stats.rows == ROWS + 1 && stats.live_rows == 0xEEEEEEEEEEEEEEEEu);
  memset(&longer, 0xEE, sizeof longer);
  longer.stats.struct_size = sizeof longer;
  OK(syna_mmap_get_stats(store, &longer.stats, &error));
  CHECK(longer.stats.rows == ROWS + 1 && longer.newer == 0);
}

static void reader_refresh(syna_mmap *store) {
  syna_mmap *reader = open_quietly(in_folder("store"), SYNA_MMAP_OPEN_READ_ONLY);
  bool is_changed = true;
  OK(syna_mmap_refresh(reader, &is_changed, &error));
  CHECK(!is_changed && syna_mmap_len(reader) == ROWS);
  insert_rows(store, 1000, 10);
  CHECK(syna_mmap_len(reader) == ROWS && !has_row(reader, 1000));
  OK(syna_mmap_refresh(reader, &is_changed, &error));
  CHECK(is_changed && syna_mmap_len(reader) == ROWS + 10 && has_row(reader, 1009));
  OK(syna_mmap_refresh(store, &is_changed, &error));
  CHECK(!is_changed);
  OK(syna_mmap_refresh(reader, NULL, NULL));
  FAILS(INVALID_HANDLE, syna_mmap_refresh(NULL, &is_changed, &error));
  OK(syna_mmap_close(reader, &error));
}

int main(int argc, char **argv) {
  syna_mmap *store;
  syna_mmap_cursor *cursor = NULL;
  static syna_mmap_row rows[ROWS];
  size_t count = 0;
  char key[40];
  bool is_deleted = false;
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
  insert_rows(store, 0, ROWS);
  OK(syna_mmap_cursor_next(cursor, rows, ROWS, &count, &error));
  CHECK(count == 0); /* it shows the moment of its creation */
  syna_mmap_cursor_free(cursor);
  OK(syna_mmap_delete(store, key, key_of(key, 5), &is_deleted, &error));
  CHECK(is_deleted);
  write_rich(store, "rich", 7, 77, "bytes");
  walk(store, 1);
  walk(store, 7);
  walk(store, ROWS + 1);
  wrong_arguments(store);
  numbers(store);
  reader_refresh(store);

  /* The rows of a cursor outlive the store. */
  OK(syna_mmap_cursor_new(store, 10, &cursor, &error));
  OK(syna_mmap_cursor_next(cursor, rows, 20, &count, &error));
  CHECK(count == 20);
  OK(syna_mmap_close(store, &error));
  check_row(&rows[0], 10);
  OK(syna_mmap_cursor_next(cursor, rows + 20, 20, &count, &error));
  CHECK(count == 20);
  check_row(&rows[39], 49);
  check_row(&rows[0], 10);
  syna_mmap_cursor_free(cursor);
  return 0;
}
