/* Prints the time of one search call in ns, on a store of one row with reused results. Usage: overhead STORE */
#define _POSIX_C_SOURCE 199309L

#include <stdio.h>
#include <time.h>

#include "syna_mmap.h"

enum { CALLS = 200000, ROUNDS = 7 };

int main(int argc, char **argv) {
  float query[64] = {1.0f};
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  syna_mmap_options options;
  syna_mmap *store = NULL;
  syna_mmap_results *results = NULL;
  double best = 1e9;
  int round, i;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = 64;
  options.metric = SYNA_MMAP_METRIC_EUCLIDEAN;
  if (argc != 2 || syna_mmap_open(argv[1], &options, &store, &error) != SYNA_MMAP_OK ||
      syna_mmap_insert(store, "key", 3, query, NULL, &error) != SYNA_MMAP_OK ||
      syna_mmap_results_new(&results, &error) != SYNA_MMAP_OK) {
    return fprintf(stderr, "overhead STORE: %s\n", error.message), 1;
  }
  for (round = 0; round < ROUNDS; round++) {
    struct timespec began, ended;
    double ns;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (i = 0; i < CALLS; i++) {
      size_t count;
      if (syna_mmap_search(store, query, 1, NULL, results, &error) != SYNA_MMAP_OK) return 1;
      if (syna_mmap_results_hits(results, &count) == NULL) return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    ns = ((double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec)) / CALLS;
    if (ns < best) best = ns;
  }
  printf("ns_per_search: %.0f\n", best);
  syna_mmap_results_free(results);
  return syna_mmap_close(store, NULL);
}
