/* Open, write, read, search, close; versions and status names. */
#include "check.h"

static void versions(void) {
  int32_t n;
  CHECK(syna_mmap_abi_version() == SYNA_MMAP_ABI_VERSION);
  CHECK(strchr(syna_mmap_version(), '.') != NULL);
  CHECK(strcmp(syna_mmap_status_name(SYNA_MMAP_OK), "SYNA_MMAP_OK") == 0);
  CHECK(strcmp(syna_mmap_status_name(SYNA_MMAP_ERR_LIMIT), "SYNA_MMAP_ERR_LIMIT") == 0);
  for (n = 1; n <= SYNA_MMAP_ERR_LIMIT; n++) {
    CHECK(strncmp(syna_mmap_status_name(n), "SYNA_MMAP_ERR_", 14) == 0);
  }
  CHECK(strcmp(syna_mmap_status_name(-1), "(unknown status)") == 0);
  CHECK(strcmp(syna_mmap_status_name(INT32_MAX), "(unknown status)") == 0);
}

static void one_row(syna_mmap *store) {
  float vector[DIMENSIONS], read[DIMENSIONS];
  bool flag = false;
  fill(vector, 1);
  CHECK(syna_mmap_len(store) == 0);
  CHECK(!syna_mmap_contains(store, "key", 3));
  OK(syna_mmap_insert(store, "key", 3, vector, &flag, &error));
  CHECK(flag);
  CHECK(syna_mmap_len(store) == 1);
  CHECK(syna_mmap_contains(store, "key", 3));
  CHECK(!syna_mmap_contains(store, "key", 2));
  CHECK(syna_mmap_is_dirty(store));
  OK(syna_mmap_get(store, "key", 3, read, &error));
  CHECK(is_vector(read, 1));

  fill(vector, 2);
  OK(syna_mmap_insert(store, "key", 3, vector, &flag, &error));
  CHECK(!flag);
  OK(syna_mmap_get(store, "key", 3, read, &error));
  CHECK(is_vector(read, 1));
  OK(syna_mmap_upsert(store, "key", 3, vector, &error));
  OK(syna_mmap_get(store, "key", 3, read, &error));
  CHECK(is_vector(read, 2));
  CHECK(syna_mmap_len(store) == 1);

  OK(syna_mmap_delete(store, "key", 3, &flag, &error));
  CHECK(flag);
  OK(syna_mmap_delete(store, "key", 3, &flag, &error));
  CHECK(!flag);
  CHECK(syna_mmap_len(store) == 0);
  FAILS(NOT_FOUND, syna_mmap_get(store, "key", 3, read, &error));
}

static void any_key(syna_mmap *store) {
  static char longest[SYNA_MMAP_MAX_KEY_BYTES];
  float vector[DIMENSIONS], read[DIMENSIONS];
  memset(longest, 'x', sizeof longest);
  fill(vector, 3);
  OK(syna_mmap_insert(store, NULL, 0, vector, NULL, &error));
  OK(syna_mmap_get(store, "", 0, read, &error));
  CHECK(is_vector(read, 3));
  fill(vector, 4);
  OK(syna_mmap_insert(store, "a\0b", 3, vector, NULL, &error));
  CHECK(!syna_mmap_contains(store, "a", 1));
  OK(syna_mmap_get(store, "a\0b", 3, read, &error));
  CHECK(is_vector(read, 4));
  fill(vector, 5);
  OK(syna_mmap_insert(store, "\xC3\xA9", 2, vector, NULL, &error));
  OK(syna_mmap_get(store, "\xC3\xA9", 2, read, &error));
  CHECK(is_vector(read, 5));
  fill(vector, 6);
  OK(syna_mmap_insert(store, longest, sizeof longest, vector, NULL, &error));
  OK(syna_mmap_get(store, longest, sizeof longest, read, &error));
  CHECK(is_vector(read, 6));
  CHECK(syna_mmap_len(store) == 4);
}

static void durability(syna_mmap *store) {
  uint64_t before = syna_mmap_last_durable_seq(store);
  insert_rows(store, 100, 10);
  CHECK(syna_mmap_is_dirty(store));
  CHECK(syna_mmap_last_durable_seq(store) == before);
  OK(syna_mmap_flush(store, &error));
  CHECK(!syna_mmap_is_dirty(store));
  CHECK(syna_mmap_last_durable_seq(store) > before);
  before = syna_mmap_last_durable_seq(store);
  insert_rows(store, 200, 10);
  OK(syna_mmap_checkpoint(store, &error));
  CHECK(!syna_mmap_is_dirty(store));
  CHECK(syna_mmap_last_durable_seq(store) > before);
  OK(syna_mmap_reserve(store, 5000, &error));
}

int main(int argc, char **argv) {
  syna_mmap *store;
  syna_mmap_options options;
  begin(argc, argv);
  versions();
  store = open_quietly(in_folder("store"), 0);
  CHECK(syna_mmap_dimensions(store) == DIMENSIONS);
  CHECK(syna_mmap_metric(store) == SYNA_MMAP_METRIC_EUCLIDEAN);
  CHECK(!syna_mmap_has_index(store));
  one_row(store);
  any_key(store);
  durability(store);
  OK(syna_mmap_build_index(store, &error));
  CHECK(syna_mmap_has_index(store));
  OK(syna_mmap_close(store, &error));
  OK(syna_mmap_close(NULL, &error));

  /* The file supplies options that are not set, and the index still exists. */
  options = quiet();
  options.dimensions = 0;
  options.metric = SYNA_MMAP_METRIC_FROM_FILE;
  OK(syna_mmap_open(in_folder("store"), &options, &store, &error));
  CHECK(syna_mmap_dimensions(store) == DIMENSIONS);
  CHECK(syna_mmap_metric(store) == SYNA_MMAP_METRIC_EUCLIDEAN);
  CHECK(syna_mmap_len(store) == 24);
  CHECK(syna_mmap_has_index(store));
  OK(syna_mmap_close(store, NULL));

  /* Without options the defaults apply. */
  OK(syna_mmap_open(in_folder("defaults"), NULL, &store, NULL));
  CHECK(syna_mmap_dimensions(store) == 768);
  CHECK(syna_mmap_metric(store) == SYNA_MMAP_METRIC_COSINE);
  OK(syna_mmap_close(store, NULL));
  return 0;
}
