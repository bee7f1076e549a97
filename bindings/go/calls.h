/*
 * The C functions as cgo can call them. Handles are numbers, not addresses, so Go keeps them as uintptr and never as
 * pointers, which its collector would look at. Structs that point to Go memory are put together here, since cgo lets no
 * pointer to Go memory lie in Go memory that C sees. Include it after the cgo prologue, which declares _GoString_.
 */
#ifndef SYNA_GO_CALLS_H
#define SYNA_GO_CALLS_H

#include "syna_mmap.h"

static inline syna_mmap *store_of(uintptr_t handle) { return (syna_mmap *)handle; }
static inline syna_mmap_results *results_of(uintptr_t handle) { return (syna_mmap_results *)handle; }

static inline syna_mmap_status go_open(const char *path, const syna_mmap_options *options, uintptr_t *out,
                                       syna_mmap_error *error) {
  syna_mmap *store = NULL;
  syna_mmap_status status = syna_mmap_open(path, options, &store, error);
  *out = (uintptr_t)store;
  return status;
}

static inline syna_mmap_status go_close(uintptr_t store, syna_mmap_error *error) {
  return syna_mmap_close(store_of(store), error);
}

static inline syna_mmap_status go_checkpoint(uintptr_t store, syna_mmap_error *error) {
  return syna_mmap_checkpoint(store_of(store), error);
}

static inline syna_mmap_status go_flush(uintptr_t store, syna_mmap_error *error) {
  return syna_mmap_flush(store_of(store), error);
}

static inline syna_mmap_status go_build_index(uintptr_t store, syna_mmap_error *error) {
  return syna_mmap_build_index(store_of(store), error);
}

static inline syna_mmap_status go_reserve(uintptr_t store, uint64_t count, syna_mmap_error *error) {
  return syna_mmap_reserve(store_of(store), count, error);
}

static inline syna_mmap_status go_insert(uintptr_t store, _GoString_ key, const float *vector, bool *inserted,
                                         syna_mmap_error *error) {
  return syna_mmap_insert(store_of(store), _GoStringPtr(key), _GoStringLen(key), vector, inserted, error);
}

static inline syna_mmap_status go_upsert(uintptr_t store, _GoString_ key, const float *vector,
                                         syna_mmap_error *error) {
  return syna_mmap_upsert(store_of(store), _GoStringPtr(key), _GoStringLen(key), vector, error);
}

static inline syna_mmap_status go_write(uintptr_t store, const char *keys, const uint64_t *key_offsets,
                                        const float *vectors, size_t count, const uint64_t *tags,
                                        const uint8_t *payloads, const uint64_t *payload_offsets, uint32_t mode,
                                        size_t *written, syna_mmap_error *error) {
  syna_mmap_batch batch = {sizeof batch, keys, key_offsets, vectors, count, tags, payloads, payload_offsets, mode, 0};
  return syna_mmap_write(store_of(store), &batch, written, error);
}

static inline syna_mmap_status go_delete(uintptr_t store, _GoString_ key, bool *deleted, syna_mmap_error *error) {
  return syna_mmap_delete(store_of(store), _GoStringPtr(key), _GoStringLen(key), deleted, error);
}

static inline syna_mmap_status go_get(uintptr_t store, _GoString_ key, float *vector, syna_mmap_error *error) {
  return syna_mmap_get(store_of(store), _GoStringPtr(key), _GoStringLen(key), vector, error);
}

static inline syna_mmap_status go_get_tags(uintptr_t store, _GoString_ key, uint64_t *tags, syna_mmap_error *error) {
  return syna_mmap_get_tags(store_of(store), _GoStringPtr(key), _GoStringLen(key), tags, error);
}

static inline syna_mmap_status go_get_payload(uintptr_t store, _GoString_ key, uint8_t *payload, size_t capacity,
                                              size_t *length, syna_mmap_error *error) {
  return syna_mmap_get_payload(store_of(store), _GoStringPtr(key), _GoStringLen(key), payload, capacity, length,
                               error);
}

static inline bool go_contains(uintptr_t store, _GoString_ key) {
  return syna_mmap_contains(store_of(store), _GoStringPtr(key), _GoStringLen(key));
}

static inline uint64_t go_len(uintptr_t store) { return syna_mmap_len(store_of(store)); }
static inline uint32_t go_dimensions(uintptr_t store) { return syna_mmap_dimensions(store_of(store)); }
static inline uint32_t go_metric(uintptr_t store) { return syna_mmap_metric(store_of(store)); }
static inline bool go_has_index(uintptr_t store) { return syna_mmap_has_index(store_of(store)); }
static inline bool go_is_dirty(uintptr_t store) { return syna_mmap_is_dirty(store_of(store)); }
static inline uint64_t go_last_durable_seq(uintptr_t store) { return syna_mmap_last_durable_seq(store_of(store)); }

static inline syna_mmap_status go_results_new(uintptr_t *out, syna_mmap_error *error) {
  syna_mmap_results *results = NULL;
  syna_mmap_status status = syna_mmap_results_new(&results, error);
  *out = (uintptr_t)results;
  return status;
}

static inline void go_results_free(uintptr_t results) { syna_mmap_results_free(results_of(results)); }

static inline uint64_t go_results_tags(uintptr_t results, size_t index) {
  return syna_mmap_results_tags(results_of(results), index);
}

static inline const uint8_t *go_results_payload(uintptr_t results, size_t index, size_t *length) {
  return syna_mmap_results_payload(results_of(results), index, length);
}

/* What a search gave out: one call of C for all of it. */
typedef struct go_found {
  const syna_mmap_hit *hits;
  size_t count;
  bool is_partial;
} go_found;

static inline syna_mmap_status go_search(uintptr_t store, const float *query, size_t k, uint32_t ef, uint32_t exact,
                                         uint64_t deadline_us, uintptr_t results, go_found *found,
                                         syna_mmap_error *error) {
  syna_mmap_search_options options;
  syna_mmap_status status;
  syna_mmap_search_options_init(&options, sizeof options);
  options.ef = ef;
  options.exact = exact;
  options.deadline_us = deadline_us;
  status = syna_mmap_search(store_of(store), query, k, &options, results_of(results), error);
  found->hits = syna_mmap_results_hits(results_of(results), &found->count);
  found->is_partial = syna_mmap_results_is_partial(results_of(results));
  return status;
}

#endif
