/* Columns: written, updated, read in every way, kept by compactions, and every argument that is refused. */
#include "check.h"

#include <math.h>
#include <stddef.h>

enum { ROWS = 100, TIME = 0, TENANT = 1, PRICE = 2 };

static const syna_mmap_column COLUMNS[3] = {
    {"time", SYNA_MMAP_COLUMN_I64}, {"tenant", SYNA_MMAP_COLUMN_U64}, {"price", SYNA_MMAP_COLUMN_F64}};

static syna_mmap_options with_columns(void) {
  syna_mmap_options options = quiet();
  options.columns = COLUMNS;
  options.column_count = 3;
  return options;
}

static syna_mmap *opened(const char *name) {
  syna_mmap *store = NULL;
  syna_mmap_options options = with_columns();
  OK(syna_mmap_open(in_folder(name), &options, &store, &error));
  return store;
}

/* Row n has the time -n, the price n / 4, and the tenant 0; those of rows 3 and 5 were updated to 7 and 8. */
static void write_rows(syna_mmap *store) {
  static int64_t times[ROWS];
  static double prices[ROWS];
  batch rows = batch_of(0, ROWS);
  syna_mmap_batch all = SYNA_MMAP_BATCH_INIT;
  syna_mmap_column_values values[2] = {{PRICE, SYNA_MMAP_COLUMN_F64, NULL}, {TIME, SYNA_MMAP_COLUMN_I64, NULL}};
  size_t written = 0, i;
  for (i = 0; i < ROWS; i++) {
    times[i] = -(int64_t)i;
    prices[i] = (double)i / 4;
  }
  values[0].values = prices;
  values[1].values = times;
  all.keys = rows.keys;
  all.key_offsets = rows.offsets;
  all.vectors = rows.vectors;
  all.count = ROWS;
  all.columns = values;
  all.column_count = 2;
  OK(syna_mmap_write(store, &all, &written, &error));
  CHECK(written == ROWS);
  batch_free(&rows);
}

static void update_tenants(syna_mmap *store) {
  static const uint64_t tenants[3] = {7, 9, 8};
  char keys[120];
  uint64_t offsets[4] = {0, 0, 0, 0};
  syna_mmap_batch some = SYNA_MMAP_BATCH_INIT;
  syna_mmap_column_values values = {TENANT, SYNA_MMAP_COLUMN_U64, NULL};
  size_t updated = 0;
  values.values = tenants;
  offsets[1] = key_of(keys, 3);
  keys[offsets[1]] = '?'; /* A key that does not exist. */
  offsets[2] = offsets[1] + 1;
  offsets[3] = offsets[2] + key_of(keys + offsets[2], 5);
  some.keys = keys;
  some.key_offsets = offsets;
  some.count = 3;
  some.columns = &values;
  some.column_count = 1;
  OK(syna_mmap_update(store, &some, &updated, &error));
  CHECK(updated == 2);
}

static int are_values(const syna_mmap_value *values, uint64_t row) {
  return values != NULL && values[TIME].i64 == -(int64_t)row && values[PRICE].f64 == (double)row / 4 &&
         values[TENANT].u64 == (uint64_t)(row == 3 ? 7 : row == 5 ? 8 : 0);
}

static void keys_have_values(const syna_mmap *store) {
  char key[40];
  syna_mmap_value values[3];
  uint32_t column;
  uint64_t i;
  for (i = 0; i < ROWS; i++) {
    size_t length = key_of(key, i);
    for (column = 0; column < 3; column++) {
      OK(syna_mmap_get_value(store, key, length, column, &values[column], &error));
    }
    CHECK(are_values(values, i));
  }
}

static void rows_have_values(syna_mmap *store) {
  static syna_mmap_row rows[ROWS + 1];
  const syna_mmap_value *before;
  syna_mmap_row one;
  syna_mmap_cursor *cursor = NULL;
  size_t count = 0, i, seen = 0;
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
  do {
    /* All rows of one call are valid at the same time. */
    OK(syna_mmap_cursor_next(cursor, rows, 7, &count, &error));
    for (i = 0; i < count; i++) CHECK(are_values(rows[i].values, rows[i].row) && rows[i].row == seen + i);
    seen += count;
  } while (count == 7);
  CHECK(seen == ROWS);
  syna_mmap_cursor_free(cursor);
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
  OK(syna_mmap_cursor_next(cursor, rows, ROWS + 1, &count, &error));
  CHECK(count == ROWS);
  for (i = 0; i < ROWS; i++) CHECK(are_values(rows[i].values, i));
  OK(syna_mmap_cursor_next(cursor, NULL, 0, &count, &error));
  CHECK(count == 0);
  syna_mmap_cursor_free(cursor);
  /* A second cursor and a lookup have values of their own. */
  OK(syna_mmap_cursor_new(store, 5, &cursor, &error));
  OK(syna_mmap_cursor_next(cursor, rows, 1, &count, &error));
  OK(syna_mmap_get_row(store, 3, &one, NULL, &error));
  CHECK(count == 1 && are_values(rows[0].values, 5) && are_values(one.values, 3));
  before = one.values;
  FAILS(NOT_FOUND, syna_mmap_get_row(store, ROWS, &one, NULL, &error));
  CHECK(one.values == before && are_values(before, 3));
  syna_mmap_cursor_free(cursor);
}

/* A cursor's values outlive the store. */
static void cursors_outlive_the_store(void) {
  syna_mmap *store = opened("kept");
  syna_mmap_cursor *cursor = NULL;
  syna_mmap_row rows[2];
  size_t count = 0;
  OK(syna_mmap_cursor_new(store, 3, &cursor, &error));
  OK(syna_mmap_cursor_next(cursor, rows, 2, &count, &error));
  OK(syna_mmap_close(store, &error));
  CHECK(count == 2 && are_values(rows[0].values, 3) && are_values(rows[1].values, 4));
  OK(syna_mmap_cursor_next(cursor, rows, 1, &count, &error));
  CHECK(count == 1 && are_values(rows[0].values, 5));
  syna_mmap_cursor_free(cursor);
}

static bool is_cheap(void *context, const syna_mmap_row *row) {
  syna_mmap_value none;
  ++*(size_t *)context;
  CHECK(are_values(row->values, row->row));
  CHECK(syna_mmap_hash64("a", 1) == 0xaf63dc4c8601ec8cu);
  CHECK(!syna_mmap_results_column(NULL, 0, 0, &none));
  return row->values[PRICE].f64 < 2;
}

static void hits_have_values(syna_mmap *store) {
  syna_mmap_search_options options;
  syna_mmap_results *results = NULL;
  const syna_mmap_hit *hits;
  syna_mmap_value values[4], untouched;
  float query[DIMENSIONS];
  size_t count = 0, calls = 0, i;
  uint64_t rows = 0;
  uint32_t column;
  syna_mmap_search_options_init(&options, sizeof options);
  options.filter = is_cheap;
  options.filter_context = &calls;
  fill(query, 3);
  OK(syna_mmap_results_new(&results, &error));
  CHECK(!syna_mmap_results_column(results, 0, 0, values));
  OK(syna_mmap_search(store, query, ROWS, &options, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == 8 && hits[0].row == 3 && calls == ROWS);
  for (i = 0; i < count; i++) {
    for (column = 0; column < 3; column++) CHECK(syna_mmap_results_column(results, i, column, &values[column]));
    CHECK(are_values(values, hits[i].row) && hits[i].row < 8);
  }
  OK(syna_mmap_count_where(store, &options, &rows, &error));
  CHECK(rows == 8);
  untouched.u64 = 77;
  CHECK(!syna_mmap_results_column(results, count, 0, &untouched));
  CHECK(!syna_mmap_results_column(results, 0, 3, &untouched));
  CHECK(!syna_mmap_results_column(results, 0, UINT32_MAX, &untouched));
  CHECK(!syna_mmap_results_column(NULL, 0, 0, &untouched));
  CHECK(!syna_mmap_results_column(results, 0, 0, NULL));
  CHECK(!syna_mmap_results_column(results, 0, 0, (syna_mmap_value *)(void *)((char *)values + 1)));
  CHECK(untouched.u64 == 77 && are_values(values, hits[count - 1].row));
  syna_mmap_results_free(results);
  CHECK(!syna_mmap_results_column(results, 0, 0, &untouched) && untouched.u64 == 77);
}

static void columns_are_listed(const syna_mmap *store) {
  syna_mmap_column found[4];
  size_t count = 99;
  OK(syna_mmap_columns(store, found, 4, &count, &error));
  CHECK(count == 3 && memcmp(found, COLUMNS, sizeof COLUMNS) == 0);
  memset(found, 1, sizeof found);
  count = 99;
  OK(syna_mmap_columns(store, found, 2, &count, &error));
  CHECK(count == 3 && memcmp(found, COLUMNS, 2 * sizeof *found) == 0 && found[2].kind == 0x01010101);
  count = 99;
  OK(syna_mmap_columns(store, NULL, 0, &count, &error));
  CHECK(count == 3);
  count = 99;
  FAILS(INVALID_ARGUMENT, syna_mmap_columns(store, NULL, 1, &count, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_columns(store, (syna_mmap_column *)(void *)((char *)found + 1), 1, &count, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_columns(store, found, 4, NULL, &error));
  FAILS(INVALID_HANDLE, syna_mmap_columns(NULL, found, 4, &count, &error));
  CHECK(count == 99);
}

static void all_is_there(syna_mmap *store) {
  columns_are_listed(store);
  keys_have_values(store);
  rows_have_values(store);
  hits_have_values(store);
}

#define REFUSED(part, call)                                                           \
  do {                                                                                \
    FAILS(INVALID_ARGUMENT, call);                                                    \
    if (strstr(error.message, part) == NULL) failed(__FILE__, __LINE__, error.message); \
  } while (0)

/* A write and an update of one row with one entry, which are refused with a message that has `part`. */
static void refused(syna_mmap *store, const char *part, const syna_mmap_column_values *columns, size_t count) {
  char key[40];
  uint64_t offsets[2] = {0, 0};
  float vector[DIMENSIONS];
  size_t changed = 99;
  syna_mmap_batch one = SYNA_MMAP_BATCH_INIT;
  offsets[1] = key_of(key, 1);
  fill(vector, 1);
  one.keys = key;
  one.key_offsets = offsets;
  one.count = 1;
  one.columns = columns;
  one.column_count = count;
  REFUSED(part, syna_mmap_update(store, &one, &changed, &error));
  one.vectors = vector;
  one.mode = SYNA_MMAP_WRITE_UPSERT;
  REFUSED(part, syna_mmap_write(store, &one, &changed, &error));
  CHECK(changed == 99);
}

static void bad_values(syna_mmap *store) {
  static const union {
    double prices[2];
    char bytes[16];
  } room = {{1, 2}};
  double nan_value = NAN;
  syna_mmap_value value;
  syna_mmap_column_values many[17] = {{PRICE, SYNA_MMAP_COLUMN_F64, NULL}};
  value.u64 = 77;
  refused(store, "`columns`[0].values is NULL", many, 1);
  many[0].values = room.bytes + 1;
  refused(store, "multiple of 8", many, 1);
  many[0].values = room.bytes + 4;
  refused(store, "multiple of 8", many, 1);
  many[0].values = &nan_value;
  refused(store, "NaN", many, 1);
  many[0].values = room.prices;
  many[0].kind = 0;
  refused(store, "SYNA_MMAP_COLUMN_I64", many, 1);
  many[0].kind = 4;
  refused(store, "`columns`[0].kind is 4", many, 1);
  many[0].kind = SYNA_MMAP_COLUMN_U64;
  refused(store, "must be f64, not u64", many, 1);
  many[0].kind = SYNA_MMAP_COLUMN_F64;
  many[0].column = 3;
  refused(store, "no column 3", many, 1);
  many[0].column = UINT32_MAX;
  refused(store, "no column 4294967295", many, 1);
  many[0].column = PRICE;
  many[1] = many[0];
  refused(store, "twice", many, 2);
  refused(store, "column_count is 17", many, 17);
  refused(store, "column_count", many, SIZE_MAX);
  refused(store, "`columns` is NULL", NULL, 1);
  refused(store, "not aligned", (const syna_mmap_column_values *)(const void *)((const char *)many + 1), 1);
  FAILS(NOT_FOUND, syna_mmap_get_value(store, "?", 1, 0, &value, &error));
  REFUSED("no column 3", syna_mmap_get_value(store, "0", 1, 3, &value, &error));
  REFUSED("no column", syna_mmap_get_value(store, "?", 1, UINT32_MAX, &value, &error));
  REFUSED("out_value", syna_mmap_get_value(store, "0", 1, 0, NULL, &error));
  REFUSED("key", syna_mmap_get_value(store, NULL, 1, 0, &value, &error));
  FAILS(INVALID_KEY, syna_mmap_get_value(store, "\xFF", 1, 0, &value, &error));
  FAILS(INVALID_HANDLE, syna_mmap_get_value(NULL, "0", 1, 0, &value, &error));
  CHECK(value.u64 == 77);
}

/* Members that a program does not know have their defaults. */
static void older_programs(syna_mmap *store) {
  uint64_t offsets[2] = {0, 3};
  float vector[DIMENSIONS];
  syna_mmap_batch one = SYNA_MMAP_BATCH_INIT;
  syna_mmap_value value;
  fill(vector, 500);
  one.struct_size = offsetof(syna_mmap_batch, columns);
  one.keys = "old";
  one.key_offsets = offsets;
  one.vectors = vector;
  one.count = 1;
  one.column_count = 99;
  OK(syna_mmap_write(store, &one, NULL, &error));
  OK(syna_mmap_get_value(store, "old", 3, PRICE, &value, &error));
  CHECK(value.f64 == 0);
  OK(syna_mmap_delete(store, "old", 3, NULL, &error));
}

static void bad_options(void) {
  syna_mmap_column many[17];
  syna_mmap_options options = with_columns();
  syna_mmap *store = NULL;
  size_t count = 0;
  int i;
  memset(many, 0, sizeof many);
  for (i = 0; i < 17; i++) {
    snprintf(many[i].name, sizeof many[i].name, "column %d", i);
    many[i].kind = SYNA_MMAP_COLUMN_F64;
  }
  options.columns = many;
  options.column_count = 17;
  FAILS(LIMIT, syna_mmap_open(in_folder("new"), &options, &store, &error));
  options.column_count = SIZE_MAX;
  FAILS(LIMIT, syna_mmap_open(in_folder("new"), &options, &store, &error));
  options.columns = NULL;
  options.column_count = 1;
  REFUSED("`columns` is NULL", syna_mmap_open(in_folder("new"), &options, &store, &error));
  options.columns = (const syna_mmap_column *)(const void *)((const char *)many + 1);
  REFUSED("not aligned", syna_mmap_open(in_folder("new"), &options, &store, &error));
  options.columns = many;
  options.column_count = 2;
  many[1].kind = 0;
  REFUSED("`columns`[1].kind is 0", syna_mmap_open(in_folder("new"), &options, &store, &error));
  many[1] = many[0];
  REFUSED("two columns", syna_mmap_open(in_folder("new"), &options, &store, &error));
  many[1].name[0] = 0;
  REFUSED("`columns`[1]", syna_mmap_open(in_folder("new"), &options, &store, &error));
  many[1].name[0] = '\xFF';
  REFUSED("UTF-8", syna_mmap_open(in_folder("new"), &options, &store, &error));
  memset(many[1].name, 'x', 33);
  REFUSED("33 bytes", syna_mmap_open(in_folder("new"), &options, &store, &error));
  memset(many[1].name, 'x', sizeof many[1].name);
  REFUSED("has no NUL", syna_mmap_open(in_folder("new"), &options, &store, &error));
  CHECK(store == NULL);
  /* The longest name, and the most columns, in memory. */
  memset(many[1].name + 32, 0, 4);
  options.column_count = 16;
  OK(syna_mmap_open_in_memory(&options, &store, &error));
  OK(syna_mmap_columns(store, NULL, 0, &count, &error));
  CHECK(count == 16);
  OK(syna_mmap_close(store, &error));
}

static void other_columns(void) {
  syna_mmap_column other[3];
  syna_mmap_options options = with_columns();
  syna_mmap *store = NULL;
  memcpy(other, COLUMNS, sizeof other);
  options.columns = other;
  options.column_count = 2;
  FAILS(COLUMNS_MISMATCH, syna_mmap_open(in_folder("kept"), &options, &store, &error));
  CHECK(strstr(error.message, "tenant u64") != NULL);
  options.column_count = 3;
  other[2].kind = SYNA_MMAP_COLUMN_I64;
  FAILS(COLUMNS_MISMATCH, syna_mmap_open(in_folder("kept"), &options, &store, &error));
  /* What follows the NUL is no part of the name. */
  other[2] = COLUMNS[2];
  other[2].name[7] = 'x';
  OK(syna_mmap_open(in_folder("kept"), &options, &store, &error));
  OK(syna_mmap_get_options(store, &options, &error));
  CHECK(options.columns == NULL && options.column_count == 0);
  OK(syna_mmap_close(store, &error));
  /* Any columns: no options, options without columns, options of an older program. */
  OK(syna_mmap_open(in_folder("kept"), NULL, &store, &error));
  all_is_there(store);
  OK(syna_mmap_close(store, &error));
  options = quiet();
  OK(syna_mmap_open(in_folder("kept"), &options, &store, &error));
  all_is_there(store);
  OK(syna_mmap_close(store, &error));
  options = with_columns();
  options.struct_size = offsetof(syna_mmap_options, columns);
  OK(syna_mmap_open(in_folder("kept"), &options, &store, &error));
  columns_are_listed(store);
  OK(syna_mmap_close(store, &error));
}

static void a_store_without_columns(void) {
  syna_mmap *store = open_quietly(in_folder("without"), 0);
  syna_mmap_options options = with_columns();
  syna_mmap_cursor *cursor = NULL;
  syna_mmap_column_values values = {0, SYNA_MMAP_COLUMN_U64, NULL};
  uint64_t tenant = 1;
  syna_mmap_row rows[2];
  syna_mmap_value value;
  size_t count = 99;
  insert_rows(store, 0, 2);
  OK(syna_mmap_columns(store, NULL, 0, &count, &error));
  CHECK(count == 0);
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
  OK(syna_mmap_cursor_next(cursor, rows, 2, &count, &error));
  CHECK(count == 2 && rows[0].values == NULL && rows[1].values == NULL);
  syna_mmap_cursor_free(cursor);
  OK(syna_mmap_get_row(store, 0, rows, NULL, &error));
  CHECK(rows[0].values == NULL);
  REFUSED("no column 0", syna_mmap_get_value(store, "0", 1, 0, &value, &error));
  values.values = &tenant;
  refused(store, "no column 0", &values, 1);
  OK(syna_mmap_close(store, &error));
  FAILS(COLUMNS_MISMATCH, syna_mmap_open(in_folder("without"), &options, &store, &error));
}

static void hashes(void) {
  const char text[4] = {'f', 'o', 'o', 0};
  CHECK(syna_mmap_hash64("", 0) == 0xcbf29ce484222325u && syna_mmap_hash64(NULL, 0) == 0xcbf29ce484222325u);
  CHECK(syna_mmap_hash64("a", 1) == 0xaf63dc4c8601ec8cu);
  CHECK(syna_mmap_hash64("foobar", 6) == 0x85944171f73967e8u);
  CHECK(syna_mmap_hash64(text, 3) != syna_mmap_hash64(text, 4) && syna_mmap_hash64(NULL, 1) == 0);
}

int main(int argc, char **argv) {
  syna_mmap *store;
  begin(argc, argv);
  hashes();
  bad_options();
  store = opened("kept");
  write_rows(store);
  update_tenants(store);
  all_is_there(store);
  bad_values(store);
  all_is_there(store);
  older_programs(store);
  OK(syna_mmap_close(store, &error));
  store = opened("kept");
  keys_have_values(store);
  OK(syna_mmap_compact(store, NULL, NULL, &error));
  all_is_there(store);
  OK(syna_mmap_snapshot_to(store, in_folder("copy"), NULL, NULL, &error));
  OK(syna_mmap_close(store, &error));
  store = opened("copy");
  all_is_there(store);
  OK(syna_mmap_close(store, &error));
  other_columns();
  cursors_outlive_the_store();
  a_store_without_columns();
  return 0;
}
