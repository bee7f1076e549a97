/*
 * A game loop of 60 frames a second in which characters remember and recall. In each frame one character stores what it
 * sees (an insert), one recalls the memory closest to what it sees (a search with a deadline), and the rest of the
 * frame's time is used for the index.
 *
 *   game_loop [DATA_FOLDER [STORE [SECONDS]]]
 *
 * DATA_FOLDER contains 6,000 entries of WordNet with the embeddings of their glosses (default: examples/data), which
 * stand for memories. STORE is the file to use (default: a new one in /tmp).
 *
 *   cc -std=c99 -O2 -I include examples/game_loop.c -L target/release -lsyna_mmap -o game_loop
 */
#define _POSIX_C_SOURCE 200112L /* clock_nanosleep */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "syna_mmap.h"

enum { DIMENSIONS = 384, ROWS = 6000, CHARACTERS = 12, RECALLED = 4, FRAME_NS = 16666667, SEARCH_US = 2000 };
/* The index gets the rest of a frame minus SPARE_US, and at most STEP_US. */
enum { STEP_US = 4000, SPARE_US = 1000 };

static syna_mmap_error error = SYNA_MMAP_ERROR_INIT;

static void check(syna_mmap_status status, const char *doing) {
  if (status == SYNA_MMAP_OK) return;
  fprintf(stderr, "game_loop: %s: %s (%s)\n", doing, error.message, syna_mmap_status_name(status));
  exit(1);
}

/* ---- the data ---------------------------------------------------------------------------------- */

/* IEEE 754 half precision to single precision, for numbers that are not subnormal; those become 0. */
static float f16_to_f32(unsigned half) {
  uint32_t exponent = (half >> 10) & 31u, bits = 0;
  float value;
  if (exponent != 0) bits = (half & 0x8000u) << 16 | (exponent + 112u) << 23 | (half & 1023u) << 13;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* ROWS x DIMENSIONS floats; the caller frees them. */
static float *read_vectors(const char *folder) {
  char path[4096];
  size_t count = (size_t)ROWS * DIMENSIONS, i;
  unsigned char *halves = malloc(count * 2);
  float *vectors = malloc(count * sizeof *vectors);
  FILE *file;
  snprintf(path, sizeof path, "%s/wordnet-384.f16", folder);
  file = fopen(path, "rb");
  if (file == NULL || halves == NULL || vectors == NULL || fread(halves, 2, count, file) != count) {
    fprintf(stderr, "game_loop: %s cannot be read; give the folder examples/data as the first argument\n", path);
    exit(1);
  }
  for (i = 0; i < count; i++) vectors[i] = f16_to_f32((unsigned)halves[2 * i] | (unsigned)halves[2 * i + 1] << 8);
  fclose(file);
  free(halves);
  return vectors;
}

/* ---- the frame --------------------------------------------------------------------------------- */

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Stores what character `who` sees, under a new key. */
static void remember(syna_mmap *store, uint64_t frame, unsigned who, const float *seen) {
  char key[48];
  int length = snprintf(key, sizeof key, "character-%u/frame-%" PRIu64, who, frame);
  check(syna_mmap_insert(store, key, (size_t)length, seen, NULL, &error), "remembering");
}

/* Recalls the memories closest to what is seen, within 2 ms. Returns their number. */
static size_t recall(const syna_mmap *store, const float *seen, syna_mmap_results *results) {
  syna_mmap_search_options options;
  size_t count = 0;
  syna_mmap_search_options_init(&options, sizeof options);
  options.deadline_us = SEARCH_US;
  check(syna_mmap_search(store, seen, RECALLED, &options, results, &error), "recalling");
  syna_mmap_results_hits(results, &count);
  return count;
}

/*
 * Uses the rest of a frame to index new memories. Searches compare unindexed memories one by one, so they are found
 * too. Returns the number of unindexed memories.
 */
static uint64_t use_the_rest(syna_mmap *store, uint64_t rest_us) {
  uint64_t remaining = 0;
  uint64_t budget_us = rest_us > SPARE_US ? rest_us - SPARE_US : 0;
  if (budget_us > STEP_US) budget_us = STEP_US;
  if (budget_us > 0) check(syna_mmap_index_step(store, budget_us, &remaining, &error), "indexing");
  return remaining;
}

static void wait_until(uint64_t when_ns) {
  struct timespec t;
  t.tv_sec = (time_t)(when_ns / 1000000000u);
  t.tv_nsec = (long)(when_ns % 1000000000u);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* ---- the game ---------------------------------------------------------------------------------- */

typedef struct times {
  uint64_t frames, late, recalled, partial, worst_ns, sum_ns, worst_step_ns, most_waiting;
} times;

static times play(syna_mmap *store, const float *vectors, uint64_t frames) {
  times t = {0, 0, 0, 0, 0, 0, 0, 0};
  syna_mmap_results *results = NULL; /* reused: a search allocates nothing once warm */
  uint64_t begin, next = now_ns();
  check(syna_mmap_results_new(&results, &error), "creating results");
  for (t.frames = 0; t.frames < frames; t.frames++) {
    const float *seen = vectors + (t.frames * 7919 % ROWS) * DIMENSIONS;
    uint64_t busy_ns, step_ns, waiting = 0;
    begin = now_ns();
    next += FRAME_NS;
    remember(store, t.frames, (unsigned)(t.frames % CHARACTERS), seen);
    t.recalled += recall(store, seen, results);
    t.partial += syna_mmap_results_is_partial(results);
    step_ns = now_ns();
    if (step_ns < next) waiting = use_the_rest(store, (next - step_ns) / 1000);
    step_ns = now_ns() - step_ns;
    if (step_ns > t.worst_step_ns) t.worst_step_ns = step_ns;
    if (waiting > t.most_waiting) t.most_waiting = waiting;
    busy_ns = now_ns() - begin;
    t.sum_ns += busy_ns;
    if (busy_ns > t.worst_ns) t.worst_ns = busy_ns;
    t.late += busy_ns > FRAME_NS;
    wait_until(next);
  }
  syna_mmap_results_free(results);
  return t;
}

/* Stores and indexes what the characters know before the game starts. */
static syna_mmap *begin_with_memories(const char *path, const float *vectors) {
  syna_mmap_options options;
  syna_mmap *store = NULL;
  static char keys[ROWS * 16];
  static uint64_t offsets[ROWS + 1];
  size_t i;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = DIMENSIONS;
  options.index_threshold = 0;          /* no automatic index work and */
  options.checkpoint_interval_secs = 0; /* no automatic checkpoints in a frame */
  check(syna_mmap_open(path, &options, &store, &error), "opening the store");
  for (i = 0; i < ROWS; i++) {
    offsets[i + 1] = offsets[i] + (uint64_t)snprintf(keys + offsets[i], 16, "before-%u", (unsigned)i);
  }
  check(syna_mmap_insert_batch(store, keys, offsets, vectors, ROWS, NULL, &error), "inserting earlier memories");
  check(syna_mmap_build_index(store, &error), "building the index");
  check(syna_mmap_reserve(store, 4 * ROWS, &error), "reserving space");
  return store;
}

int main(int argc, char **argv) {
  const char *path = argc > 2 ? argv[2] : "/tmp/syna-mmap-game-loop.syna";
  uint64_t frames = 60 * (argc > 3 ? strtoull(argv[3], NULL, 10) : 5);
  float *vectors = read_vectors(argc > 1 ? argv[1] : "examples/data");
  syna_mmap *store;
  times t;
  if (argc <= 2) {
    remove(path);
    remove("/tmp/syna-mmap-game-loop.syna.hnsw");
  }
  store = begin_with_memories(path, vectors);
  t = play(store, vectors, frames);
  printf("%" PRIu64 " frames, %" PRIu64 " memories made, %" PRIu64 " recalled, %" PRIu64 " searches cut short\n", t.frames,
         t.frames, t.recalled, t.partial);
  printf("time of a frame: mean %.2f ms, worst %.2f ms, later than 16.67 ms: %" PRIu64 "\n",
         t.frames > 0 ? (double)t.sum_ns / (double)t.frames / 1e6 : 0.0, (double)t.worst_ns / 1e6, t.late);
  printf("steps of the index: %.2f ms allowed, worst %.2f ms; at most %" PRIu64 " memories waited for it\n", STEP_US / 1e3,
         (double)t.worst_step_ns / 1e6, t.most_waiting);
  check(syna_mmap_close(store, &error), "closing");
  free(vectors);
  return 0;
}
