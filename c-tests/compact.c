/* Compactions and snapshots: in one call, in steps, cancelled; borrowed memory stays unchanged. */
#include "check.h"

enum { ROWS = 4000 };

typedef struct told {
  syna_mmap *store;
  uint64_t calls, last_done, last_total, stop_at;
  bool is_compaction;
} told;

static bool progress(void *context, uint64_t done, uint64_t total) {
  told *t = context;
  bool is_done = false;
  t->calls++;
  t->last_done = done;
  t->last_total = total;
  CHECK(done <= total);
  CHECK(syna_mmap_len(t->store) > 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_close(t->store, &error));
  if (t->is_compaction && t->calls == 1) {
    FAILS(INVALID_ARGUMENT, syna_mmap_compact_step(t->store, 0, &is_done, &error));
    FAILS(INVALID_ARGUMENT, syna_mmap_compact_cancel(t->store, &error));
    FAILS(INVALID_ARGUMENT, syna_mmap_compact(t->store, NULL, NULL, &error));
  }
  return t->stop_at == 0 || t->calls < t->stop_at;
}

static void check_rows(const syna_mmap *store) {
  uint64_t n;
  CHECK(syna_mmap_len(store) == ROWS / 2);
  for (n = 0; n < ROWS; n++) CHECK((has_row(store, n) != 0) == (n % 2 == 1));
}

static long long length_of(const char *path) {
  FILE *file = fopen(path, "rb");
  long length;
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  length = ftell(file);
  CHECK(fclose(file) == 0);
  return length;
}

int main(int argc, char **argv) {
  syna_mmap *store, *copy, *reader;
  syna_mmap_results *results = NULL;
  syna_mmap_cursor *cursor = NULL;
  syna_mmap_search_options exact;
  const syna_mmap_hit *hits;
  static syna_mmap_row rows[ROWS];
  told t = {NULL, 0, 0, 0, 0, true};
  float query[DIMENSIONS];
  uint64_t n, steps = 0;
  size_t count = 0, hit_count = 0, i;
  char key[40];
  bool is_done = false, is_changed = false;
  long long before;
  begin(argc, argv);
  store = open_quietly(in_folder("store"), 0);
  t.store = store;
  insert_rows(store, 0, ROWS);
  for (n = 0; n < ROWS; n += 2) OK(syna_mmap_delete(store, key, key_of(key, n), NULL, &error));
  OK(syna_mmap_checkpoint(store, &error));
  before = length_of(in_folder("store"));
  reader = open_quietly(in_folder("store"), SYNA_MMAP_OPEN_READ_ONLY);
  FAILS(READ_ONLY, syna_mmap_compact(reader, NULL, NULL, &error));
  FAILS(INVALID_HANDLE, syna_mmap_compact(NULL, NULL, NULL, &error));
  FAILS(INVALID_HANDLE, syna_mmap_compact_cancel(NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_compact_step(store, 0, NULL, &error));

  /* Borrowed before the compactions. */
  OK(syna_mmap_results_new(&results, &error));
  syna_mmap_search_options_init(&exact, sizeof exact);
  exact.exact = 1;
  fill(query, 77);
  OK(syna_mmap_search(store, query, 10, &exact, results, &error));
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
  OK(syna_mmap_cursor_next(cursor, rows, ROWS / 4, &count, &error));
  CHECK(count == ROWS / 4);

  /* Cancelled by the callback, and between two steps. */
  t.stop_at = 2;
  FAILS(CANCELLED, syna_mmap_compact(store, progress, &t, &error));
  CHECK(t.calls == 2);
  OK(syna_mmap_compact_step(store, 0, &is_done, &error));
  CHECK(!is_done);
  OK(syna_mmap_compact_cancel(store, &error));
  OK(syna_mmap_compact_cancel(store, &error));
  check_rows(store);

  t.stop_at = 0;
  t.calls = 0;
  OK(syna_mmap_compact(store, progress, &t, &error));
  CHECK(t.calls > 2 && t.last_done == t.last_total);
  check_rows(store);
  CHECK(length_of(in_folder("store")) < before * 3 / 4);
  do {
    OK(syna_mmap_compact_step(store, 0, &is_done, &error));
    steps++;
  } while (!is_done);
  CHECK(steps > 1);
  check_rows(store);

  /* A reader of the old file continues with it until syna_mmap_refresh. */
  check_rows(reader);
  insert_rows(store, 10000, 1);
  OK(syna_mmap_refresh(reader, &is_changed, &error));
  CHECK(is_changed && has_row(reader, 10000));

  /* A snapshot is an independent store. */
  t.calls = 0;
  t.is_compaction = false;
  OK(syna_mmap_snapshot_to(reader, in_folder("copy"), NULL, NULL, &error));
  FAILS(IO, syna_mmap_snapshot_to(store, in_folder("copy"), progress, &t, &error));
  t.stop_at = 1;
  FAILS(CANCELLED, syna_mmap_snapshot_to(store, in_folder("second"), progress, &t, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_snapshot_to(store, NULL, NULL, NULL, &error));
  FAILS(INVALID_HANDLE, syna_mmap_snapshot_to(NULL, in_folder("second"), NULL, NULL, &error));
  copy = open_quietly(in_folder("copy"), SYNA_MMAP_OPEN_VERIFY);
  CHECK(syna_mmap_len(copy) == ROWS / 2 + 1 && has_row(copy, 10000) && has_row(copy, 1));
  insert_rows(copy, 20000, 5);
  CHECK(!has_row(store, 20000));
  OK(syna_mmap_close(copy, &error));
  OK(syna_mmap_close(reader, &error));
  OK(syna_mmap_close(store, &error));

  /* Memory that was borrowed before two compactions and a close is unchanged. */
  hits = syna_mmap_results_hits(results, &hit_count);
  CHECK(hit_count == 10 && is_vector(hits[0].vector, 77) && hits[0].distance == 0.0f);
  OK(syna_mmap_cursor_next(cursor, rows + count, ROWS, &count, &error));
  CHECK(count == ROWS / 4);
  for (i = 0; i < ROWS / 2; i++) {
    n = 2 * (uint64_t)i + 1;
    CHECK(rows[i].row == n && rows[i].key_len == key_of(key, n) && is_vector(rows[i].vector, n));
    CHECK(memcmp(rows[i].key, key, rows[i].key_len) == 0);
  }
  syna_mmap_cursor_free(cursor);
  syna_mmap_results_free(results);
  store = open_quietly(in_folder("store"), SYNA_MMAP_OPEN_VERIFY);
  CHECK(syna_mmap_len(store) == ROWS / 2 + 1 && has_row(store, 10000));
  OK(syna_mmap_close(store, &error));
  return 0;
}
