/*
 * An injected fault for the sanitizers: the vector is shorter than the library expects, so the library reads past its end.
 * It is found only if the library is instrumented (or runs under valgrind), not the program alone.
 */
#include <stdlib.h>

#include "syna_mmap.h"

int main(int argc, char **argv) {
  syna_mmap_options options;
  syna_mmap *store;
  float *vector = calloc(60, sizeof *vector);
  if (argc < 2 || vector == NULL) return 2;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = 64;
  if (syna_mmap_open(argv[1], &options, &store, NULL) != SYNA_MMAP_OK) return 2;
  syna_mmap_insert(store, "key", 3, vector, NULL, NULL);
  syna_mmap_close(store, NULL);
  free(vector);
  return 0;
}
