/* A program outside the repository: creates a store in its working folder and finds what it stored. */
#include <stdio.h>

#include <syna_mmap.h>

int main(void) {
  float vector[64] = {1.0f};
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  syna_mmap_options options;
  syna_mmap *store = NULL;
  syna_mmap_results *results = NULL;
  size_t count = 0;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = 64;
  if (syna_mmap_open("outside.syna", &options, &store, &error) != SYNA_MMAP_OK ||
      syna_mmap_upsert(store, "key", 3, vector, &error) != SYNA_MMAP_OK ||
      syna_mmap_results_new(&results, &error) != SYNA_MMAP_OK ||
      syna_mmap_search(store, vector, 1, NULL, results, &error) != SYNA_MMAP_OK ||
      syna_mmap_close(store, &error) != SYNA_MMAP_OK) {
    return fprintf(stderr, "%s\n", error.message), 1;
  }
  syna_mmap_results_hits(results, &count);
  printf("found %d with %s\n", (int)count, syna_mmap_version());
  syna_mmap_results_free(results);
  return syna_mmap_abi_version() != SYNA_MMAP_ABI_VERSION;
}
