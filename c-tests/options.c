/* struct_size, and members that are out of range. */
#include "check.h"

/* An options struct of a later version, with an unknown member. */
typedef struct later_options {
  syna_mmap_options known;
  uint64_t unknown;
} later_options;

/* Opens and closes; returns the status of open. */
static syna_mmap_status try_open(const syna_mmap_options *options) {
  syna_mmap *store = NULL;
  syna_mmap_status status;
  remove(in_folder("store"));
  status = syna_mmap_open(in_folder("store"), options, &store, &error);
  CHECK((status == SYNA_MMAP_OK) == (store != NULL));
  OK(syna_mmap_close(store, NULL));
  return status;
}

static void defaults(void) {
  syna_mmap_options options;
  syna_mmap_search_options search;
  memset(&options, 0xFF, sizeof options);
  syna_mmap_options_init(&options, sizeof options);
  CHECK(options.struct_size == sizeof options);
  CHECK(options.dimensions == 768 && options.metric == SYNA_MMAP_METRIC_COSINE);
  CHECK(options.initial_capacity == 100000 && options.index_threshold == 10000);
  CHECK(options.checkpoint_interval_secs == 30 && options.flags == 0);
  CHECK(options.durability == SYNA_MMAP_DURABILITY_PROCESS && options.threads == 0);
  CHECK(options.hnsw_m == 16 && options.hnsw_ef_construction == 200 && options.hnsw_ef_search == 100);
  CHECK(options.hnsw_m_max == 0 && options.seed == 0);
  CHECK(options.most_unindexed_rows == 256 && options.index_profile == SYNA_MMAP_INDEX_FAST);
  memset(&search, 0xFF, sizeof search);
  syna_mmap_search_options_init(&search, sizeof search);
  CHECK(search.struct_size == sizeof search && search.ef == 0 && search.exact == 0 && search.deadline_us == 0);
  CHECK(search.has_max_distance == 0 && search.max_distance == 0 && search.after_distance == 0 && search.after_row == 0 && search.has_after == 0);
}

/* Without options an existing file is opened as it is, and a new one gets the defaults. */
static void no_options(void) {
  syna_mmap_options options;
  syna_mmap *store = NULL;
  FILE *empty;
  remove(in_folder("store"));
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = 70;
  options.metric = SYNA_MMAP_METRIC_EUCLIDEAN;
  OK(syna_mmap_open(in_folder("store"), &options, &store, &error));
  OK(syna_mmap_close(store, &error));
  OK(syna_mmap_open(in_folder("store"), NULL, &store, &error));
  CHECK(syna_mmap_dimensions(store) == 70 && syna_mmap_metric(store) == SYNA_MMAP_METRIC_EUCLIDEAN);
  OK(syna_mmap_close(store, &error));
  remove(in_folder("store"));
  OK(syna_mmap_open(in_folder("store"), NULL, &store, &error));
  CHECK(syna_mmap_dimensions(store) == 768 && syna_mmap_metric(store) == SYNA_MMAP_METRIC_COSINE);
  OK(syna_mmap_close(store, &error));
  remove(in_folder("store"));
  empty = fopen(in_folder("store"), "wb");
  CHECK(empty != NULL && fclose(empty) == 0);
  OK(syna_mmap_open(in_folder("store"), NULL, &store, &error));
  CHECK(syna_mmap_dimensions(store) == 768);
  OK(syna_mmap_close(store, &error));
  FAILS(IO, syna_mmap_open(in_folder("no such folder/store"), NULL, &store, &error));
}

static void init_with_different_sizes(void) {
  later_options later;
  syna_mmap_options options;
  size_t shorter = offsetof(syna_mmap_options, index_threshold);
  memset(&later, 0xFF, sizeof later);
  syna_mmap_options_init(&later.known, sizeof later);
  CHECK(later.known.struct_size == sizeof later && later.unknown == 0 && later.known.dimensions == 768);
  memset(&options, 0xFF, sizeof options);
  syna_mmap_options_init(&options, shorter);
  CHECK(options.struct_size == shorter && options.initial_capacity == 100000);
  CHECK(options.index_threshold == UINT64_MAX && options.seed == UINT64_MAX);
  memset(&options, 0xFF, sizeof options);
  syna_mmap_options_init(&options, 0);
  syna_mmap_options_init(&options, 4);
  syna_mmap_options_init(NULL, sizeof options);
  syna_mmap_search_options_init(NULL, sizeof(syna_mmap_search_options));
  syna_mmap_options_init(&options, sizeof(size_t) - 1);
  syna_mmap_options_init(&options, 4097);
  CHECK(options.struct_size == SIZE_MAX);
}

static void sizes(void) {
  static const size_t ends[] = {
      sizeof(size_t),
      offsetof(syna_mmap_options, metric),
      offsetof(syna_mmap_options, initial_capacity),
      offsetof(syna_mmap_options, index_threshold),
      offsetof(syna_mmap_options, checkpoint_interval_secs),
      offsetof(syna_mmap_options, flags),
      offsetof(syna_mmap_options, durability),
      offsetof(syna_mmap_options, threads),
      offsetof(syna_mmap_options, hnsw_m),
      offsetof(syna_mmap_options, hnsw_ef_construction),
      offsetof(syna_mmap_options, hnsw_ef_search),
      offsetof(syna_mmap_options, hnsw_m_max),
      offsetof(syna_mmap_options, seed),
      offsetof(syna_mmap_options, most_unindexed_rows),
      offsetof(syna_mmap_options, index_profile),
      offsetof(syna_mmap_options, index_worker),
      offsetof(syna_mmap_options, fixed_ef),
      offsetof(syna_mmap_options, key_kind),
      offsetof(syna_mmap_options, element),
      offsetof(syna_mmap_options, application_id),
      offsetof(syna_mmap_options, user_version),
      offsetof(syna_mmap_options, reserved),
      offsetof(syna_mmap_options, label),
      offsetof(syna_mmap_options, expected_label),
      offsetof(syna_mmap_options, columns),
      offsetof(syna_mmap_options, column_count),
      sizeof(syna_mmap_options),
  };
  size_t size, i;
  for (size = 0; size <= sizeof(syna_mmap_options); size++) {
    syna_mmap_options options = quiet();
    int is_end = 0;
    for (i = 0; i < sizeof ends / sizeof ends[0]; i++) is_end |= ends[i] == size;
    options.struct_size = size;
    if (is_end) {
      OK(try_open(&options));
    } else {
      FAILS(INVALID_ARGUMENT, try_open(&options));
      CHECK(strstr(error.message, "struct_size") != NULL);
    }
  }
}

/* A member past struct_size is ignored: its default applies. */
static void a_shorter_struct_has_defaults(void) {
  syna_mmap_options options = quiet();
  syna_mmap *store;
  options.struct_size = offsetof(syna_mmap_options, metric);
  options.metric = 77;
  options.flags = UINT32_MAX;
  OK(syna_mmap_open(in_folder("shorter"), &options, &store, &error));
  CHECK(syna_mmap_dimensions(store) == DIMENSIONS && syna_mmap_metric(store) == SYNA_MMAP_METRIC_COSINE);
  OK(syna_mmap_close(store, &error));
}

static void a_longer_struct(void) {
  static struct {
    syna_mmap_options known;
    char more[5000];
  } large;
  later_options later;
  later.known = quiet();
  later.known.struct_size = sizeof later;
  later.unknown = 0;
  OK(try_open(&later.known));
  later.unknown = (uint64_t)1 << 63;
  FAILS(INVALID_ARGUMENT, try_open(&later.known));
  large.known = quiet();
  large.known.struct_size = 4096;
  OK(try_open(&large.known));
  large.known.struct_size = 4097;
  FAILS(INVALID_ARGUMENT, try_open(&large.known));
  large.known.struct_size = SIZE_MAX;
  FAILS(INVALID_ARGUMENT, try_open(&large.known));
}

#define REFUSED(status, member, value)     \
  do {                                     \
    syna_mmap_options options_ = quiet();  \
    options_.member = (value);             \
    FAILS(status, try_open(&options_));    \
  } while (0)

static void values(void) {
  uint32_t bit;
  REFUSED(INVALID_DIMENSIONS, dimensions, 1);
  REFUSED(INVALID_DIMENSIONS, dimensions, 63);
  REFUSED(INVALID_DIMENSIONS, dimensions, 8193);
  REFUSED(INVALID_DIMENSIONS, dimensions, 65536 + 64);
  REFUSED(INVALID_DIMENSIONS, dimensions, UINT32_MAX);
  REFUSED(INVALID_ARGUMENT, metric, 3);
  REFUSED(INVALID_ARGUMENT, metric, UINT32_MAX - 1);
  REFUSED(INVALID_ARGUMENT, durability, 2);
  for (bit = 6; bit < 32; bit++) REFUSED(INVALID_ARGUMENT, flags, (uint32_t)1 << bit);
  REFUSED(INVALID_ARGUMENT, flags, SYNA_MMAP_OPEN_MUST_CREATE | SYNA_MMAP_OPEN_MUST_EXIST);
  REFUSED(INVALID_ARGUMENT, flags, SYNA_MMAP_OPEN_MUST_CREATE | SYNA_MMAP_OPEN_READ_ONLY);
  REFUSED(INVALID_ARGUMENT, hnsw_m, 0);
  REFUSED(INVALID_ARGUMENT, hnsw_m, 257);
  REFUSED(INVALID_ARGUMENT, threads, UINT32_MAX);
  REFUSED(NOT_FOUND, dimensions, 0);
  REFUSED(NOT_FOUND, metric, SYNA_MMAP_METRIC_FROM_FILE);
  REFUSED(NOT_FOUND, flags, SYNA_MMAP_OPEN_MUST_EXIST);
  REFUSED(NOT_FOUND, flags, SYNA_MMAP_OPEN_READ_ONLY);
}

static void boundary_values(void) {
  syna_mmap_options options = quiet();
  options.initial_capacity = UINT64_MAX;
  options.index_threshold = UINT64_MAX;
  options.checkpoint_interval_secs = UINT32_MAX;
  options.durability = SYNA_MMAP_DURABILITY_BATCH;
  options.hnsw_m_max = 0;
  options.seed = UINT64_MAX;
  options.most_unindexed_rows = UINT64_MAX;
  options.flags = SYNA_MMAP_OPEN_VERIFY;
  OK(try_open(&options));
  options.dimensions = SYNA_MMAP_MAX_DIMENSIONS;
  options.flags = SYNA_MMAP_OPEN_MUST_CREATE;
  OK(try_open(&options));
}

/* With only hnsw_m set, fewer links a row make a smaller index. */
static void links_of_a_row(void) {
  uint64_t bytes[2];
  uint32_t i;
  for (i = 0; i < 2; i++) {
    syna_mmap_options options = quiet();
    syna_mmap *store = NULL;
    syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
    options.hnsw_m = i == 0 ? 64 : 8;
    OK(syna_mmap_open(in_folder(i == 0 ? "many_links" : "few_links"), &options, &store, &error));
    insert_rows(store, 0, 500);
    OK(syna_mmap_build_index(store, &error));
    OK(syna_mmap_get_stats(store, &stats, &error));
    bytes[i] = stats.index_bytes;
    OK(syna_mmap_close(store, &error));
  }
  CHECK(bytes[1] > 0 && bytes[1] < bytes[0]);
}

static void batches_and_searches(void) {
  syna_mmap *store = open_quietly(in_folder("others"), 0);
  syna_mmap_results *results;
  syna_mmap_search_options search;
  syna_mmap_batch b;
  float query[DIMENSIONS] = {0};
  size_t size;
  OK(syna_mmap_results_new(&results, &error));
  syna_mmap_search_options_init(&search, sizeof search);
  memset(&b, 0, sizeof b);
  for (size = 0; size < sizeof(size_t); size++) {
    search.struct_size = b.struct_size = size;
    FAILS(INVALID_ARGUMENT, syna_mmap_search(store, query, 1, &search, results, &error));
    FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, NULL, &error));
  }
  search.struct_size = b.struct_size = sizeof(size_t);
  OK(syna_mmap_search(store, query, 1, &search, results, &error));
  OK(syna_mmap_write(store, &b, NULL, &error));
  search.struct_size = offsetof(syna_mmap_search_options, exact) + 2;
  FAILS(INVALID_ARGUMENT, syna_mmap_search(store, query, 1, &search, results, &error));
  b.struct_size = sizeof b - 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &b, NULL, &error));
  syna_mmap_results_free(results);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  defaults();
  no_options();
  init_with_different_sizes();
  sizes();
  a_shorter_struct_has_defaults();
  a_longer_struct();
  values();
  boundary_values();
  links_of_a_row();
  batches_and_searches();
  return 0;
}
