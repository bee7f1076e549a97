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

/* Structs that point to the values of a batch, which lie column after column. */
static inline const syna_mmap_column_values *go_column_values(syna_mmap_column_values room[SYNA_MMAP_MAX_COLUMNS],
                                                              const uint32_t *columns, const uint32_t *kinds,
                                                              const uint64_t *values, size_t column_count,
                                                              size_t count) {
  size_t i;
  for (i = 0; i < column_count && i < SYNA_MMAP_MAX_COLUMNS; i++) {
    room[i].column = columns[i];
    room[i].kind = kinds[i];
    room[i].values = count == 0 ? NULL : values + i * count;
  }
  return column_count == 0 ? NULL : room;
}

static inline syna_mmap_status go_write(uintptr_t store, const char *keys, const uint64_t *key_offsets,
                                        const uint8_t *vectors, uint32_t vectors_element, size_t count,
                                        const uint64_t *tags, const uint8_t *payloads,
                                        const uint64_t *payload_offsets, uint32_t mode, const char *delete_keys,
                                        const uint64_t *delete_key_offsets, size_t delete_count,
                                        const uint32_t *columns, const uint32_t *kinds, const uint64_t *values,
                                        size_t column_count, size_t *deleted, size_t *written,
                                        syna_mmap_error *error) {
  syna_mmap_column_values room[SYNA_MMAP_MAX_COLUMNS];
  syna_mmap_batch batch = SYNA_MMAP_BATCH_INIT;
  batch.keys = keys;
  batch.key_offsets = key_offsets;
  batch.vectors = vectors;
  batch.vectors_element = vectors_element;
  batch.count = count;
  batch.tags = tags;
  batch.payloads = payloads;
  batch.payload_offsets = payload_offsets;
  batch.mode = mode;
  batch.delete_keys = delete_keys;
  batch.delete_key_offsets = delete_key_offsets;
  batch.delete_count = delete_count;
  batch.out_deleted = deleted;
  batch.columns = go_column_values(room, columns, kinds, values, column_count, count);
  batch.column_count = column_count;
  return syna_mmap_write(store_of(store), &batch, written, error);
}

static inline syna_mmap_status go_update(uintptr_t store, const char *keys, const uint64_t *key_offsets, size_t count,
                                         const uint64_t *tags, const uint8_t *payloads,
                                         const uint64_t *payload_offsets, const uint32_t *columns,
                                         const uint32_t *kinds, const uint64_t *values, size_t column_count,
                                         size_t *updated, syna_mmap_error *error) {
  syna_mmap_column_values room[SYNA_MMAP_MAX_COLUMNS];
  syna_mmap_batch batch = SYNA_MMAP_BATCH_INIT;
  batch.keys = keys;
  batch.key_offsets = key_offsets;
  batch.count = count;
  batch.tags = tags;
  batch.payloads = payloads;
  batch.payload_offsets = payload_offsets;
  batch.columns = go_column_values(room, columns, kinds, values, column_count, count);
  batch.column_count = column_count;
  return syna_mmap_update(store_of(store), &batch, updated, error);
}

static inline syna_mmap_status go_delete_batch(uintptr_t store, const char *keys, const uint64_t *key_offsets,
                                               size_t count, size_t *deleted, syna_mmap_error *error) {
  return syna_mmap_delete_batch(store_of(store), keys, key_offsets, count, deleted, error);
}

static inline syna_mmap_status go_set_tags(uintptr_t store, _GoString_ key, uint64_t tags, syna_mmap_error *error) {
  return syna_mmap_set_tags(store_of(store), _GoStringPtr(key), _GoStringLen(key), tags, error);
}

static inline syna_mmap_status go_set_payload(uintptr_t store, _GoString_ key, const uint8_t *payload, size_t length,
                                              syna_mmap_error *error) {
  return syna_mmap_set_payload(store_of(store), _GoStringPtr(key), _GoStringLen(key), payload, length, error);
}

static inline syna_mmap_status go_get_user_block(uintptr_t store, syna_mmap_user_block *block,
                                                 syna_mmap_error *error) {
  block->struct_size = sizeof *block;
  return syna_mmap_get_user_block(store_of(store), block, error);
}

/* The binding has checked the label's length. */
static inline syna_mmap_status go_set_user_block(uintptr_t store, uint32_t application_id, uint32_t user_version,
                                                 _GoString_ label, syna_mmap_error *error) {
  syna_mmap_user_block block = SYNA_MMAP_USER_BLOCK_INIT;
  size_t i;
  block.application_id = application_id;
  block.user_version = user_version;
  for (i = 0; i < _GoStringLen(label) && i < sizeof block.label - 1; i++) block.label[i] = _GoStringPtr(label)[i];
  return syna_mmap_set_user_block(store_of(store), &block, error);
}

static inline syna_mmap_status go_put(uintptr_t store, _GoString_ key, const float *vector, uint64_t tags,
                                      const uint8_t *payload, size_t payload_len, uint32_t mode, bool *written,
                                      syna_mmap_error *error) {
  return syna_mmap_put(store_of(store), _GoStringPtr(key), _GoStringLen(key), vector, tags, payload, payload_len, mode,
                       written, error);
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
static inline uint32_t go_key_kind(uintptr_t store) { return syna_mmap_key_kind(store_of(store)); }
static inline uint32_t go_element(uintptr_t store) { return syna_mmap_element(store_of(store)); }
static inline size_t go_vector_bytes(uintptr_t store) { return syna_mmap_vector_bytes(store_of(store)); }
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

static inline bool go_results_vector(uintptr_t results, size_t index, float *vector) {
  return syna_mmap_results_vector(results_of(results), index, vector);
}

static inline const void *go_results_stored(uintptr_t results, size_t index, size_t *bytes) {
  return syna_mmap_results_stored(results_of(results), index, bytes);
}

static inline uint64_t go_results_column(uintptr_t results, size_t index, uint32_t column) {
  syna_mmap_value value;
  value.u64 = 0;
  syna_mmap_results_column(results_of(results), index, column, &value);
  return value.u64;
}

static inline syna_mmap_status go_columns(uintptr_t store, syna_mmap_column *columns, size_t capacity, size_t *count,
                                          syna_mmap_error *error) {
  return syna_mmap_columns(store_of(store), columns, capacity, count, error);
}

/* The bits of a value. */
static inline syna_mmap_status go_get_value(uintptr_t store, _GoString_ key, uint32_t column, uint64_t *bits,
                                            syna_mmap_error *error) {
  syna_mmap_value value;
  syna_mmap_status status;
  value.u64 = 0;
  status = syna_mmap_get_value(store_of(store), _GoStringPtr(key), _GoStringLen(key), column, &value, error);
  *bits = value.u64;
  return status;
}

static inline uint64_t go_hash64(_GoString_ text) { return syna_mmap_hash64(_GoStringPtr(text), _GoStringLen(text)); }

/* What a search gave out: one call of C for all of it. */
typedef struct go_found {
  const syna_mmap_hit *hits;
  size_t count;
  bool is_partial;
} go_found;

/* How a search is done: the numbers. What points to Go memory comes beside them. */
typedef struct go_how {
  uint32_t ef, exact, approximate;
  uint64_t deadline_us, max_visits, tags_any, tags_all, tags_none, after_row;
  float max_distance, after_distance;
  bool has_rows, has_max_distance, has_after;
  /* A Go handle of the condition; 0: none. */
  uintptr_t condition;
} go_how;

/* Go's, in relay.go. */
bool syna_go_condition(uintptr_t context, syna_mmap_row *row);
bool syna_go_progress(uintptr_t context, uint64_t done, uint64_t total);
void syna_go_log(uint32_t level, char *text, size_t length);

static inline bool go_condition(void *context, const syna_mmap_row *row) {
  return syna_go_condition((uintptr_t)context, (syna_mmap_row *)row);
}

static inline bool go_progress(void *context, uint64_t done, uint64_t total) {
  return syna_go_progress((uintptr_t)context, done, total);
}

static inline void go_log(void *context, uint32_t level, const char *text, size_t length) {
  (void)context;
  syna_go_log(level, (char *)text, length);
}

static inline syna_mmap_search_options go_options(const go_how *how, const char *prefix, size_t prefix_len,
                                                  const uint64_t *bitmap, size_t words) {
  static const uint64_t nothing = 0;
  syna_mmap_search_options options;
  syna_mmap_search_options_init(&options, sizeof options);
  options.ef = how->ef;
  options.exact = how->exact;
  options.approximate = how->approximate;
  options.deadline_us = how->deadline_us;
  options.max_visits = how->max_visits;
  options.tags_any = how->tags_any;
  options.tags_all = how->tags_all;
  options.tags_none = how->tags_none;
  options.has_max_distance = how->has_max_distance;
  options.max_distance = how->max_distance;
  options.has_after = how->has_after;
  options.after_distance = how->after_distance;
  options.after_row = how->after_row;
  options.key_prefix = prefix;
  options.key_prefix_len = prefix_len;
  if (how->has_rows) {
    options.row_bitmap = words == 0 ? &nothing : bitmap;
    options.row_bitmap_words = words;
  }
  if (how->condition != 0) {
    options.filter = go_condition;
    options.filter_context = (void *)how->condition;
  }
  return options;
}

static inline syna_mmap_status go_delete_where(uintptr_t store, const go_how *how, _GoString_ prefix,
                                               const uint64_t *bitmap, size_t words, size_t *deleted,
                                               syna_mmap_error *error) {
  syna_mmap_search_options options = go_options(how, _GoStringPtr(prefix), _GoStringLen(prefix), bitmap, words);
  return syna_mmap_delete_where(store_of(store), &options, deleted, error);
}

static inline syna_mmap_status go_take(uintptr_t results, go_found *found, syna_mmap_status status) {
  found->hits = syna_mmap_results_hits(results_of(results), &found->count);
  found->is_partial = syna_mmap_results_is_partial(results_of(results));
  return status;
}

static inline syna_mmap_status go_search(uintptr_t store, const float *query, size_t k, const go_how *how,
                                         _GoString_ prefix, const uint64_t *bitmap, size_t words, uintptr_t results,
                                         go_found *found, syna_mmap_error *error) {
  syna_mmap_search_options options = go_options(how, _GoStringPtr(prefix), _GoStringLen(prefix), bitmap, words);
  return go_take(results, found,
                 syna_mmap_search(store_of(store), query, k, &options, results_of(results), error));
}

static inline syna_mmap_status go_search_key(uintptr_t store, _GoString_ key, size_t k, const go_how *how,
                                             _GoString_ prefix, const uint64_t *bitmap, size_t words,
                                             uintptr_t results, go_found *found, syna_mmap_error *error) {
  syna_mmap_search_options options = go_options(how, _GoStringPtr(prefix), _GoStringLen(prefix), bitmap, words);
  return go_take(results, found,
                 syna_mmap_search_key(store_of(store), _GoStringPtr(key), _GoStringLen(key), k, &options,
                                      results_of(results), error));
}

static inline syna_mmap_status go_search_range(uintptr_t store, const float *query, float most, const go_how *how,
                                               _GoString_ prefix, const uint64_t *bitmap, size_t words,
                                               uintptr_t results, go_found *found, syna_mmap_error *error) {
  syna_mmap_search_options options = go_options(how, _GoStringPtr(prefix), _GoStringLen(prefix), bitmap, words);
  return go_take(results, found,
                 syna_mmap_search_range(store_of(store), query, most, &options, results_of(results), error));
}

static inline syna_mmap_status go_search_batch(uintptr_t store, const float *queries, size_t count, size_t k,
                                               const go_how *how, _GoString_ prefix, const uint64_t *bitmap,
                                               size_t words, uintptr_t results, syna_mmap_status *statuses,
                                               go_found *found, syna_mmap_error *error) {
  syna_mmap_search_options options = go_options(how, _GoStringPtr(prefix), _GoStringLen(prefix), bitmap, words);
  return go_take(results, found,
                 syna_mmap_search_batch(store_of(store), queries, count, k, &options, results_of(results), statuses,
                                        error));
}

/* A row with a copy of its values: those that the library gives are good in this thread only, and a goroutine may change
 * its thread. */
static inline syna_mmap_status go_get_row_with(const syna_mmap *store, uint64_t number, syna_mmap_row *row, bool *is_live,
                                               uint64_t *values, size_t columns, syna_mmap_error *error) {
  syna_mmap_status status = syna_mmap_get_row(store, number, row, is_live, error);
  size_t i;
  if (status == SYNA_MMAP_OK && row->values != NULL)
    for (i = 0; i < columns; i++) values[i] = row->values[i].u64;
  row->values = NULL;
  return status;
}

/* The row of a key, in the form in which cursors return rows. */
static inline syna_mmap_status go_get_view(uintptr_t store, _GoString_ key, syna_mmap_row *row, uint64_t *values,
                                           size_t columns, syna_mmap_error *error) {
  for (;;) {
    syna_mmap_row with_values;
    bool is_live = false;
    syna_mmap_view view = SYNA_MMAP_VIEW_INIT;
    syna_mmap_status status =
        syna_mmap_get_view(store_of(store), _GoStringPtr(key), _GoStringLen(key), &view, error);
    row->key = view.key;
    row->key_len = view.key_len;
    row->vector = view.element == SYNA_MMAP_ELEMENT_F32 ? (const float *)view.vector : NULL;
    row->stored = view.vector;
    row->stored_bytes = view.vector_bytes;
    row->payload = view.payload;
    row->payload_len = view.payload_len;
    row->tags = view.tags;
    row->row = view.row;
    row->values = NULL;
    if (status != SYNA_MMAP_OK || columns == 0) return status;
    /* A view has no values. A compaction in between gives rows other numbers: then it is looked for again. */
    status = go_get_row_with(store_of(store), view.row, &with_values, &is_live, values, columns, NULL);
    if (status == SYNA_MMAP_OK && with_values.stored == view.vector) return status;
  }
}

static inline syna_mmap_status go_row_of(uintptr_t store, _GoString_ key, uint64_t *row, syna_mmap_error *error) {
  return syna_mmap_row_of(store_of(store), _GoStringPtr(key), _GoStringLen(key), row, error);
}

static inline syna_mmap_status go_get_row(uintptr_t store, uint64_t number, syna_mmap_row *row, uint64_t *values,
                                          size_t columns, syna_mmap_error *error) {
  return go_get_row_with(store_of(store), number, row, NULL, values, columns, error);
}

static inline syna_mmap_status go_get_batch(uintptr_t store, const char *keys, const uint64_t *key_offsets,
                                            size_t count, float *vectors, bool *found, size_t *existing,
                                            syna_mmap_error *error) {
  return syna_mmap_get_batch(store_of(store), keys, key_offsets, count, vectors, found, existing, error);
}

static inline syna_mmap_status go_count_where(uintptr_t store, const go_how *how, _GoString_ prefix,
                                              const uint64_t *bitmap, size_t words, uint64_t *count,
                                              syna_mmap_error *error) {
  syna_mmap_search_options options = go_options(how, _GoStringPtr(prefix), _GoStringLen(prefix), bitmap, words);
  return syna_mmap_count_where(store_of(store), &options, count, error);
}

static inline syna_mmap_status go_rows_where(uintptr_t store, const go_how *how, _GoString_ prefix,
                                             const uint64_t *bitmap, size_t words, uint64_t first, uint64_t *rows,
                                             size_t capacity, size_t *count, syna_mmap_error *error) {
  syna_mmap_search_options options = go_options(how, _GoStringPtr(prefix), _GoStringLen(prefix), bitmap, words);
  return syna_mmap_rows_where(store_of(store), &options, first, rows, capacity, count, error);
}

static inline syna_mmap_status go_distance(uintptr_t store, const float *a, const float *b, float *distance,
                                           syna_mmap_error *error) {
  return syna_mmap_distance(store_of(store), a, b, distance, error);
}

static inline syna_mmap_status go_path(uintptr_t store, char *path, size_t capacity, size_t *length,
                                       syna_mmap_error *error) {
  return syna_mmap_path(store_of(store), path, capacity, length, error);
}

static inline syna_mmap_status go_get_options(uintptr_t store, syna_mmap_options *options, syna_mmap_error *error) {
  options->struct_size = sizeof *options;
  return syna_mmap_get_options(store_of(store), options, error);
}

static inline syna_mmap_status go_set_ef_search(uintptr_t store, uint32_t ef, syna_mmap_error *error) {
  return syna_mmap_set_ef_search(store_of(store), ef, error);
}

static inline syna_mmap_status go_set_checkpoint_interval(uintptr_t store, uint32_t secs, syna_mmap_error *error) {
  return syna_mmap_set_checkpoint_interval(store_of(store), secs, error);
}

static inline syna_mmap_status go_open_memory(const uint8_t *bytes, size_t length, const uint8_t *index,
                                              size_t index_length, const syna_mmap_options *options, uintptr_t *out,
                                              syna_mmap_error *error) {
  syna_mmap *store = NULL;
  syna_mmap_status status = syna_mmap_open_memory(bytes, length, index, index_length, options, &store, error);
  *out = (uintptr_t)store;
  return status;
}

static inline const syna_mmap_hit *go_query_hits(uintptr_t results, size_t query, size_t *count) {
  return syna_mmap_results_query_hits(results_of(results), query, count);
}

static inline bool go_query_is_partial(uintptr_t results, size_t query) {
  return syna_mmap_results_query_is_partial(results_of(results), query);
}

static inline syna_mmap_status go_open_in_memory(const syna_mmap_options *options, uintptr_t *out,
                                                 syna_mmap_error *error) {
  syna_mmap *store = NULL;
  syna_mmap_status status = syna_mmap_open_in_memory(options, &store, error);
  *out = (uintptr_t)store;
  return status;
}

static inline syna_mmap_status go_open_at(int32_t fd, uint64_t offset, uint64_t length, uint64_t index_offset,
                                          uint64_t index_length, const syna_mmap_options *options, uintptr_t *out,
                                          syna_mmap_error *error) {
  syna_mmap *store = NULL;
  syna_mmap_status status =
      syna_mmap_open_at(fd, offset, length, index_offset, index_length, options, &store, error);
  *out = (uintptr_t)store;
  return status;
}

static inline syna_mmap_cursor *cursor_of(uintptr_t handle) { return (syna_mmap_cursor *)handle; }

static inline syna_mmap_status go_cursor_new(uintptr_t store, uint64_t first, uintptr_t *out, syna_mmap_error *error) {
  syna_mmap_cursor *cursor = NULL;
  syna_mmap_status status = syna_mmap_cursor_new(store_of(store), first, &cursor, error);
  *out = (uintptr_t)cursor;
  return status;
}

static inline syna_mmap_status go_cursor_next(uintptr_t cursor, syna_mmap_row *rows, size_t capacity, size_t *count,
                                              syna_mmap_error *error) {
  return syna_mmap_cursor_next(cursor_of(cursor), rows, capacity, count, error);
}

static inline void go_cursor_free(uintptr_t cursor) { syna_mmap_cursor_free(cursor_of(cursor)); }

static inline syna_mmap_status go_get_stats(uintptr_t store, syna_mmap_stats *stats, syna_mmap_error *error) {
  stats->struct_size = sizeof *stats;
  return syna_mmap_get_stats(store_of(store), stats, error);
}

static inline syna_mmap_status go_refresh(uintptr_t store, bool *changed, syna_mmap_error *error) {
  return syna_mmap_refresh(store_of(store), changed, error);
}

static inline syna_mmap_status go_build_index_with(uintptr_t store, uintptr_t context, syna_mmap_error *error) {
  return syna_mmap_build_index_with(store_of(store), go_progress, (void *)context, error);
}

static inline syna_mmap_status go_index_step(uintptr_t store, uint64_t budget_us, uint64_t *left,
                                             syna_mmap_error *error) {
  return syna_mmap_index_step(store_of(store), budget_us, left, error);
}

static inline syna_mmap_status go_compact(uintptr_t store, uintptr_t context, syna_mmap_error *error) {
  return syna_mmap_compact(store_of(store), go_progress, (void *)context, error);
}

static inline syna_mmap_status go_compact_step(uintptr_t store, uint64_t budget_us, bool *done,
                                               syna_mmap_error *error) {
  return syna_mmap_compact_step(store_of(store), budget_us, done, error);
}

static inline syna_mmap_status go_compact_cancel(uintptr_t store, syna_mmap_error *error) {
  return syna_mmap_compact_cancel(store_of(store), error);
}

static inline syna_mmap_status go_interrupt(uintptr_t store, syna_mmap_error *error) {
  return syna_mmap_interrupt(store_of(store), error);
}

static inline syna_mmap_status go_snapshot_to(uintptr_t store, const char *path, uintptr_t context,
                                              syna_mmap_error *error) {
  return syna_mmap_snapshot_to(store_of(store), path, go_progress, (void *)context, error);
}

static inline syna_mmap_status go_check_recall(uintptr_t store, size_t samples, size_t k, uint32_t ef, uint64_t seed,
                                               double *recall, syna_mmap_error *error) {
  return syna_mmap_check_recall(store_of(store), samples, k, ef, seed, recall, error);
}

static inline syna_mmap_status go_set_log(uint32_t most_level, bool is_heard, syna_mmap_error *error) {
  return syna_mmap_set_log(most_level, is_heard ? go_log : NULL, NULL, error);
}

#endif
