/* Searches for all queries, one after the other, as a C program does. native.py calls it. */
#include "syna_mmap.h"

typedef syna_mmap_status (*search_function)(const syna_mmap *, const float *, size_t, const syna_mmap_search_options *,
                                            syna_mmap_results *, syna_mmap_error *);
typedef const syna_mmap_hit *(*hits_function)(const syna_mmap_results *, size_t *);

int search_loop(search_function search, hits_function hits, const syna_mmap *store, syna_mmap_results *results,
                uint32_t ef, const float *queries, size_t query_count, size_t dimensions, size_t k, uint64_t *rows) {
  syna_mmap_search_options options = {0};
  size_t i, j;
  options.struct_size = sizeof options;
  options.ef = ef;
  for (i = 0; i < query_count; i++) {
    size_t count = 0;
    const syna_mmap_hit *found;
    syna_mmap_status status = search(store, queries + i * dimensions, k, &options, results, NULL);
    if (status != SYNA_MMAP_OK) return status;
    found = hits(results, &count);
    for (j = 0; j < k; j++) rows[i * k + j] = j < count ? found[j].row : UINT64_MAX;
  }
  return 0;
}
