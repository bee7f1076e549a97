/* A host that has enabled floating-point exceptions, flushes subnormal numbers and rounds upwards gets the same results as
 * any other host, and finds its environment unchanged, also in callbacks. */
#define _GNU_SOURCE
#include "check.h"

#include <fenv.h>
#include <time.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

/* Flush to zero, denormals are zero, round up, every exception enabled, one raised. With the exceptions enabled, an
 * arithmetic instruction of the library could end the process. */
enum { ODD = 0x8000 | 0x0040 | 0x4000 | 0x0020 };

static void set_environment(void) { _mm_setcsr(ODD); }
static void reset_environment(void) { _mm_setcsr(0x1f80); }
static int is_environment_set(void) { return _mm_getcsr() == ODD; }
#else
static void set_environment(void) { fesetround(FE_UPWARD); }
static void reset_environment(void) { fesetround(FE_TONEAREST); }
static int is_environment_set(void) { return fegetround() == FE_UPWARD; }
#endif

enum { ROWS = 2100, QUERIES = 16, K = 20 };

typedef struct answers {
  uint64_t rows[QUERIES][K];
  float distances[QUERIES][K];
  double recall;
} answers;

static int callback_count;
static int is_odd;

static bool passes(void *context, const syna_mmap_row *row) {
  (void)context;
  (void)row;
  callback_count++;
  CHECK(is_environment_set() == is_odd);
  return true;
}

static bool continues(void *context, uint64_t done, uint64_t total) {
  (void)context;
  CHECK(done <= total);
  callback_count++;
  CHECK(is_environment_set() == is_odd);
  return true;
}

static void receive_log(void *context, uint32_t level, const char *text, size_t text_len) {
  (void)context;
  (void)level;
  CHECK(strlen(text) == text_len);
  callback_count++;
  CHECK(is_environment_set() == is_odd);
}

/* Every call, in the current environment, with inputs that were computed in the default one. */
#define CALL(call)                      \
  do {                                  \
    if (is_odd) set_environment();      \
    OK(call);                           \
    CHECK(is_environment_set() == is_odd); \
    reset_environment();                \
  } while (0)

/* Vectors of all magnitudes: zeros, subnormal numbers, subnormal products, infinite products. */
static float *vectors_of(size_t count, uint64_t first) {
  static const float SCALES[] = {1.0f, 0.0f, 1e-39f, 1e-21f, 1e19f, 1e30f, 1.0f, 1.0f};
  float *vectors = malloc(count * DIMENSIONS * sizeof *vectors);
  size_t n, i;
  CHECK(vectors != NULL);
  for (n = 0; n < count; n++) {
    fill(vectors + n * DIMENSIONS, first + n);
    for (i = 0; i < DIMENSIONS; i++) vectors[n * DIMENSIONS + i] *= SCALES[n % 8];
  }
  return vectors;
}

static void run(uint32_t metric, uint32_t threads, int odd, answers *found) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  syna_mmap_search_options how;
  syna_mmap_results *results = NULL;
  batch rows = batch_of(0, ROWS);
  float *vectors = vectors_of(ROWS, 0), *queries = vectors_of(QUERIES, ROWS);
  const syna_mmap_hit *hits;
  uint64_t findings = 1;
  size_t count, i, j;
  is_odd = odd;
  callback_count = 0;
  remove(in_folder("store"));
  remove(in_folder("store.hnsw"));
  options.metric = metric;
  options.threads = threads;
  syna_mmap_search_options_init(&how, sizeof how);
  how.filter = threads > 0 ? NULL : passes;
  CALL(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, receive_log, NULL, &error));
  CALL(syna_mmap_open(in_folder("store"), &options, &store, &error));
  for (i = 0; i < 10; i++) {
    CALL(syna_mmap_insert(store, rows.keys + rows.offsets[i], rows.offsets[i + 1] - rows.offsets[i],
                          vectors + i * DIMENSIONS, NULL, &error));
  }
  CALL(syna_mmap_insert_batch(store, rows.keys, rows.offsets, vectors, ROWS, NULL, &error));
  CALL(syna_mmap_index_step(store, 2000, NULL, &error));
  CALL(syna_mmap_build_index_with(store, continues, NULL, &error));
  CALL(syna_mmap_results_new(&results, &error));
  for (i = 0; i < QUERIES; i++) {
    const float *query = queries + i * DIMENSIONS;
    how.exact = i % 2 == 0;
    if (i % 8 < 4) {
      CALL(syna_mmap_search(store, query, K, &how, results, &error));
    } else {
      CALL(syna_mmap_search_batch(store, queries + (i - i % 8) * DIMENSIONS, 8, K, &how, results, NULL, &error));
    }
    hits = syna_mmap_results_query_hits(results, i % 8 < 4 ? 0 : i % 8, &count);
    for (j = 0; j < K; j++) {
      found->rows[i][j] = j < count ? hits[j].row : UINT64_MAX;
      found->distances[i][j] = j < count ? hits[j].distance : 0.0f;
    }
  }
  CALL(syna_mmap_search_range(store, queries, 1e30f, NULL, results, &error));
  CALL(syna_mmap_check_recall(store, 8, 10, 0, 1, &found->recall, &error));
  if (threads == 0) {
    CALL(syna_mmap_verify(store, NULL, NULL, &findings, &error));
    CHECK(findings == 0);
    CALL(syna_mmap_compact(store, continues, NULL, &error));
  }
  CALL(syna_mmap_close(store, &error));
  syna_mmap_results_free(results);
  CALL(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, NULL, NULL, &error));
  CHECK(callback_count > 3);
  free(vectors);
  free(queries);
  batch_free(&rows);
}

/* A background thread, started from a thread with a different environment. */
static void background_thread(void) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
  float *vectors = vectors_of(ROWS, 0);
  batch rows = batch_of(0, ROWS);
  struct timespec pause = {0, 1000000};
  int waits = 0;
  options.index_threshold = 100;
  options.index_worker = 1;
  options.threads = 2;
  is_odd = 1;
  CALL(syna_mmap_open(in_folder("background"), &options, &store, &error));
  CALL(syna_mmap_insert_batch(store, rows.keys, rows.offsets, vectors, ROWS, NULL, &error));
  do {
    CHECK(waits++ < 60000 && nanosleep(&pause, NULL) == 0);
    CALL(syna_mmap_get_stats(store, &stats, &error));
  } while (stats.indexed_rows < ROWS);
  CALL(syna_mmap_close(store, &error));
  free(vectors);
  batch_free(&rows);
}

int main(int argc, char **argv) {
  static answers plain, odd;
  uint32_t metric;
  begin(argc, argv);
  for (metric = SYNA_MMAP_METRIC_COSINE; metric <= SYNA_MMAP_METRIC_DOT_PRODUCT; metric++) {
    uint32_t threads = metric == SYNA_MMAP_METRIC_COSINE ? 0 : 3;
    memset(&plain, 0, sizeof plain);
    memset(&odd, 0, sizeof odd);
    run(metric, threads, 0, &plain);
    run(metric, threads, 1, &odd);
    CHECK(memcmp(&plain, &odd, sizeof plain) == 0);
  }
  background_thread();
  return 0;
}
