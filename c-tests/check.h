/*
 * Shared by the C tests: checks that report where and why they failed, and helpers for most programs.
 *
 * A test is a program that takes an empty folder as its first argument and returns 0. It uses syna_mmap.h only.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "syna_mmap.h"

#ifdef __GNUC__
#define MAYBE_UNUSED __attribute__((unused))
#else
#define MAYBE_UNUSED
#endif

enum { DIMENSIONS = 64 };

static const char *folder;
/* The error struct of the main thread's calls. */
static syna_mmap_error error = SYNA_MMAP_ERROR_INIT;

static void failed(const char *file, int line, const char *what) {
  fprintf(stderr, "%s:%d: %s\n", file, line, what);
  exit(1);
}

static void expect(const char *file, int line, const char *what, syna_mmap_status expected,
                   syna_mmap_status status, const syna_mmap_error *why) {
  size_t length = 0;
  if (status != expected) {
    fprintf(stderr, "%s:%d: %s is %s, not %s: %s\n", file, line, what, syna_mmap_status_name(status),
            syna_mmap_status_name(expected), status == SYNA_MMAP_OK ? "" : why->message);
    exit(1);
  }
  if (status == SYNA_MMAP_OK || why == NULL) return;
  if (why->status != expected) failed(file, line, "the error struct has a different status");
  while (length < sizeof why->message && why->message[length] != 0) length++;
  if (length == 0 || length == sizeof why->message) failed(file, line, "the message is empty or not terminated");
}

#define CHECK(condition) ((condition) ? (void)0 : failed(__FILE__, __LINE__, #condition))
/* For calls that receive `error`. */
#define FAILS(status, call) expect(__FILE__, __LINE__, #call, SYNA_MMAP_ERR_##status, (call), &error)
/* For calls without an error struct. */
#define FAILS_BARE(status, call) expect(__FILE__, __LINE__, #call, SYNA_MMAP_ERR_##status, (call), NULL)
#define OK(call) expect(__FILE__, __LINE__, #call, SYNA_MMAP_OK, (call), &error)

MAYBE_UNUSED static void begin(int argc, char **argv) {
  if (argc < 2) failed(argv[0], 0, "the first argument must be an empty folder");
  folder = argv[1];
}

/* A path in the test's folder; BORROWED until the eighth later call. */
MAYBE_UNUSED static const char *in_folder(const char *name) {
  static char paths[8][4096];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
MAYBE_UNUSED static uint64_t scrambled(uint64_t n) {
  n += 0x9E3779B97F4A7C15u;
  n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9u;
  n = (n ^ (n >> 27)) * 0x94D049BB133111EBu;
  return n ^ (n >> 31);
}

/* Vector number `n`: the same in every run, and different for every n. */
MAYBE_UNUSED static void fill(float *vector, uint64_t n) {
  size_t i;
  for (i = 0; i < DIMENSIONS; i++) {
    vector[i] = (float)(scrambled(n * DIMENSIONS + i) >> 40) / 8388608.0f - 1.0f;
  }
}

MAYBE_UNUSED static int is_vector(const float *vector, uint64_t n) {
  float expected[DIMENSIONS];
  fill(expected, n);
  return memcmp(vector, expected, sizeof expected) == 0;
}

/* Writes the key of vector number `n` and returns its length. Lengths vary, so that nothing is aligned by accident. */
MAYBE_UNUSED static size_t key_of(char key[40], uint64_t n) {
  return (size_t)snprintf(key, 40, "%.*s%llu", (int)(n % 17), "abcdefghijklmnopq", (unsigned long long)n);
}

/* No automatic index and no automatic checkpoints. */
MAYBE_UNUSED static syna_mmap_options quiet(void) {
  syna_mmap_options options;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = DIMENSIONS;
  options.metric = SYNA_MMAP_METRIC_EUCLIDEAN;
  options.index_threshold = 0;
  options.checkpoint_interval_secs = 0;
  /* Indexes that are fast to build: valgrind runs these programs too. */
  options.hnsw_ef_construction = 60;
  return options;
}

MAYBE_UNUSED static syna_mmap *open_quietly(const char *path, uint32_t flags) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  options.flags = flags;
  OK(syna_mmap_open(path, &options, &store, &error));
  CHECK(store != NULL);
  return store;
}

/* Rows [first, first + count) as one batch; free it with batch_free. */
typedef struct batch {
  char *keys;
  uint64_t *offsets;
  float *vectors;
  size_t count;
} batch;

MAYBE_UNUSED static batch batch_of(uint64_t first, size_t count) {
  batch b;
  size_t i;
  b.count = count;
  b.keys = malloc(count * 40 + 1);
  b.offsets = malloc((count + 1) * sizeof *b.offsets);
  b.vectors = malloc((count + 1) * DIMENSIONS * sizeof *b.vectors);
  CHECK(b.keys != NULL && b.offsets != NULL && b.vectors != NULL);
  b.offsets[0] = 0;
  for (i = 0; i < count; i++) {
    b.offsets[i + 1] = b.offsets[i] + key_of(b.keys + b.offsets[i], first + i);
    fill(b.vectors + i * DIMENSIONS, first + i);
  }
  return b;
}

MAYBE_UNUSED static void batch_free(batch *b) {
  free(b->keys);
  free(b->offsets);
  free(b->vectors);
}

/* Inserts rows [first, first + count) and checks that all were new. */
MAYBE_UNUSED static void insert_rows(syna_mmap *store, uint64_t first, size_t count) {
  batch b = batch_of(first, count);
  size_t inserted = 0;
  OK(syna_mmap_insert_batch(store, b.keys, b.offsets, b.vectors, count, &inserted, &error));
  CHECK(inserted == count);
  batch_free(&b);
}

/* Whether the store has row `n` with its key. */
MAYBE_UNUSED static int has_row(const syna_mmap *store, uint64_t n) {
  char key[40];
  float vector[DIMENSIONS];
  size_t length = key_of(key, n);
  return syna_mmap_contains(store, key, length) &&
         syna_mmap_get(store, key, length, vector, &error) == SYNA_MMAP_OK && is_vector(vector, n);
}

#endif
