/*
 * A fault for the sanitizers to find: the caller's vector is shorter than it says, so the library reads past its end.
 * Found only if the library itself is instrumented (or run under valgrind), not the program alone.
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
