/* Stores of 16-bit floats and of integers with a scale, as a program uses them, and every pointer of their functions. */
#include "check.h"

enum { ROWS = 40 };

static const struct {
  const char *name;
  uint32_t element;
  size_t vector_bytes;
} TYPES[] = {{"floats", SYNA_MMAP_ELEMENT_F32, 256}, {"halves", SYNA_MMAP_ELEMENT_F16, 128}, {"integers", SYNA_MMAP_ELEMENT_I8, 68}};

static syna_mmap *opened(const char *name, uint32_t element) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  options.element = element;
  OK(syna_mmap_open(in_folder(name), &options, &store, &error));
  return store;
}

/* Vector `n` in values that each type keeps exactly: small integers, the first of them 127. */
static void fill_exactly(float *vector, uint64_t n) {
  size_t i;
  for (i = 0; i < DIMENSIONS; i++) vector[i] = (float)(scrambled(n * DIMENSIONS + i) % 201) - 100.0f;
  vector[0] = 127.0f;
}

/* The little-endian bytes of vector `n` in the element type; returns their number. */
static size_t encode(uint8_t *bytes, uint32_t element, uint64_t n) {
  static const uint8_t one[4] = {0, 0, 0x80, 0x3F};
  float vector[DIMENSIONS];
  size_t i;
  fill_exactly(vector, n);
  if (element == SYNA_MMAP_ELEMENT_F32) {
    memcpy(bytes, vector, sizeof vector);
    return sizeof vector;
  }
  if (element == SYNA_MMAP_ELEMENT_I8) {
    for (i = 0; i < DIMENSIONS; i++) bytes[i] = (uint8_t)(int8_t)vector[i];
    memcpy(bytes + DIMENSIONS, one, sizeof one);
    return DIMENSIONS + sizeof one;
  }
  for (i = 0; i < DIMENSIONS; i++) {
    /* An integer has the same exponent in both types, and the fraction of a float has 13 bits more. */
    uint32_t bits, half = 0;
    memcpy(&bits, &vector[i], sizeof bits);
    if (bits << 1 != 0) half = ((bits >> 23 & 0xFF) - 127 + 15) << 10 | (bits >> 13 & 0x3FF);
    half |= bits >> 16 & 0x8000;
    bytes[2 * i] = (uint8_t)half;
    bytes[2 * i + 1] = (uint8_t)(half >> 8);
  }
  return sizeof(uint16_t) * DIMENSIONS;
}

static int is_exactly(const float *vector, uint64_t n) {
  float expected[DIMENSIONS];
  fill_exactly(expected, n);
  return memcmp(vector, expected, sizeof expected) == 0;
}

static int is_stored(const void *stored, size_t length, uint32_t element, uint64_t n) {
  uint8_t expected[DIMENSIONS * sizeof(float)];
  return stored != NULL && length == encode(expected, element, n) && memcmp(stored, expected, length) == 0;
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void hits_have_vectors(syna_mmap *store, uint32_t element) {
  syna_mmap_results *results = NULL;
  const syna_mmap_hit *hits;
  const void *stored;
  float query[DIMENSIONS], vector[DIMENSIONS];
  size_t count = 0, length = 0, i;
  OK(syna_mmap_results_new(&results, &error));
  CHECK(!syna_mmap_results_vector(results, 0, vector) && syna_mmap_results_stored(results, 0, NULL) == NULL);
  for (i = 0; i < ROWS; i++) {
    fill_exactly(query, i);
    OK(syna_mmap_search(store, query, 3, NULL, results, &error));
    hits = syna_mmap_results_hits(results, &count);
    CHECK(count == 3 && hits[0].row == i && hits[0].distance == 0.0f && hits[1].distance > 0.0f);
    CHECK((hits[0].vector != NULL) == (element == SYNA_MMAP_ELEMENT_F32));
    CHECK(hits[0].vector == NULL || is_exactly(hits[0].vector, i));
    CHECK(syna_mmap_results_vector(results, 0, vector) && is_exactly(vector, i));
    stored = syna_mmap_results_stored(results, 0, &length);
    CHECK(is_stored(stored, length, element, i));
    CHECK(syna_mmap_results_vector(results, 2, vector) && is_exactly(vector, hits[2].row));
    CHECK(syna_mmap_results_stored(results, 2, NULL) != NULL);
    CHECK(!syna_mmap_results_vector(results, 3, vector) && syna_mmap_results_stored(results, 3, &length) == NULL);
    CHECK(length == 0);
  }
  syna_mmap_results_free(results);
}

static void rows_have_vectors(syna_mmap *store, uint32_t element) {
  syna_mmap_cursor *cursor = NULL;
  syna_mmap_view view = SYNA_MMAP_VIEW_INIT;
  syna_mmap_row rows[ROWS + 1], row;
  char key[40];
  float vector[DIMENSIONS];
  size_t count = 0, i;
  OK(syna_mmap_cursor_new(store, 0, &cursor, &error));
  OK(syna_mmap_cursor_next(cursor, rows, ROWS + 1, &count, &error));
  CHECK(count == ROWS);
  for (i = 0; i < ROWS; i++) {
    const size_t length = key_of(key, i);
    CHECK(is_stored(rows[i].stored, rows[i].stored_bytes, element, i));
    CHECK((rows[i].vector != NULL) == (element == SYNA_MMAP_ELEMENT_F32));
    OK(syna_mmap_get_row(store, i, &row, NULL, &error));
    CHECK(is_stored(row.stored, row.stored_bytes, element, i) && (row.vector == NULL) == (rows[i].vector == NULL));
    CHECK(syna_mmap_decode_vector(element, DIMENSIONS, row.stored, vector) && is_exactly(vector, i));
    OK(syna_mmap_get(store, key, length, vector, &error));
    CHECK(is_exactly(vector, i));
    OK(syna_mmap_get_view(store, key, length, &view, &error));
    CHECK(view.element == element && is_stored(view.vector, view.vector_bytes, element, i));
  }
  syna_mmap_cursor_free(cursor);
}

/* Accepts the row whose number the context has; its stored vector must be that of the row. */
typedef struct wanted_row {
  uint64_t row;
  uint32_t element;
  int asked;
} wanted_row;

static bool is_wanted(void *context, const syna_mmap_row *row) {
  wanted_row *wanted = context;
  uint8_t moved[1 + DIMENSIONS * sizeof(float)];
  float vector[DIMENSIONS];
  memcpy(moved + 1, row->stored, row->stored_bytes);
  CHECK(syna_mmap_decode_vector(wanted->element, DIMENSIONS, moved + 1, vector) && is_exactly(vector, row->row));
  CHECK(is_stored(row->stored, row->stored_bytes, wanted->element, row->row));
  CHECK((row->vector != NULL) == (wanted->element == SYNA_MMAP_ELEMENT_F32));
  wanted->asked++;
  return row->row == wanted->row;
}

static void filters_see_stored_vectors(syna_mmap *store, uint32_t element) {
  wanted_row wanted = {7, 0, 0};
  syna_mmap_search_options options;
  syna_mmap_results *results = NULL;
  float query[DIMENSIONS];
  size_t count = 0;
  uint64_t matching = 0;
  wanted.element = element;
  syna_mmap_search_options_init(&options, sizeof options);
  options.filter = is_wanted;
  options.filter_context = &wanted;
  fill_exactly(query, 1);
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_search(store, query, 5, &options, results, &error));
  CHECK(syna_mmap_results_hits(results, &count)->row == 7 && count == 1 && wanted.asked >= 1);
  wanted.asked = 0;
  OK(syna_mmap_count_where(store, &options, &matching, &error));
  CHECK(matching == 1 && wanted.asked == ROWS);
  syna_mmap_results_free(results);
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* Rows [first, first + count) in the element type, at an odd address. */
static syna_mmap_status write_stored(syna_mmap *store, uint32_t element, uint64_t first, size_t count, size_t *written) {
  static uint8_t room[ROWS * DIMENSIONS * sizeof(float) + 64];
  uint8_t *bytes = room + (16 - (uintptr_t)room % 16) + (element == SYNA_MMAP_ELEMENT_F32 ? 0 : 1), *next = bytes;
  batch keys = batch_of(first, count);
  syna_mmap_batch all = SYNA_MMAP_BATCH_INIT;
  syna_mmap_status status;
  size_t i;
  for (i = 0; i < count; i++) next += encode(next, element, first + i);
  all.keys = keys.keys;
  all.key_offsets = keys.offsets;
  all.vectors = bytes;
  all.vectors_element = element;
  all.count = count;
  status = syna_mmap_write(store, &all, written, &error);
  batch_free(&keys);
  return status;
}

static void batches_of_stored_rows(size_t type) {
  const uint32_t element = TYPES[type].element;
  syna_mmap *store = opened("stored", element);
  size_t written = 0, other;
  OK(write_stored(store, element, 0, ROWS, &written));
  CHECK(written == ROWS);
  rows_have_vectors(store, element);
  for (other = 0; other < 3; other++) {
    /* Floats are converted; other types are not. */
    if (TYPES[other].element == element || TYPES[other].element == SYNA_MMAP_ELEMENT_F32) continue;
    written = 99;
    FAILS(ELEMENT_MISMATCH, write_stored(store, TYPES[other].element, ROWS, 3, &written));
    CHECK(written == 99 && syna_mmap_len(store) == ROWS);
  }
  OK(write_stored(store, SYNA_MMAP_ELEMENT_F32, 0, 3, &written));
  CHECK(written == 0);
  OK(syna_mmap_build_index(store, &error));
  hits_have_vectors(store, element);
  OK(syna_mmap_close(store, &error));
  CHECK(remove(in_folder("stored")) == 0 && remove(in_folder("stored.hnsw")) == 0);
}

static void bad_batches(syna_mmap *store, uint32_t element) {
  const uint64_t offsets[2] = {0, 1};
  uint8_t bytes[DIMENSIONS * sizeof(float)];
  syna_mmap_batch all = SYNA_MMAP_BATCH_INIT;
  const uint64_t rows = syna_mmap_len(store);
  encode(bytes, element, 0);
  all.keys = "k";
  all.key_offsets = offsets;
  all.vectors = bytes;
  all.count = 1;
  all.vectors_element = 3;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &all, NULL, &error));
  CHECK(strstr(error.message, "vectors_element") != NULL);
  all.vectors_element = SYNA_MMAP_ELEMENT_FROM_FILE;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &all, NULL, &error));
  all.vectors_element = element;
  all.reserved_2 = 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &all, NULL, &error));
  CHECK(strstr(error.message, "reserved_2") != NULL);
  all.reserved_2 = 0;
  all.vectors = NULL;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &all, NULL, &error));
  CHECK(strstr(error.message, "vectors") != NULL);
  /* Floats are aligned to 4 bytes, whatever they are converted to. */
  all.vectors = bytes + (1 - (uintptr_t)bytes % 2);
  all.vectors_element = SYNA_MMAP_ELEMENT_F32;
  FAILS(INVALID_ARGUMENT, syna_mmap_write(store, &all, NULL, &error));
  CHECK(strstr(error.message, "vectors") != NULL);
  all.vectors = bytes;
  all.vectors_element = element;
  /* -128, and an infinity of 16 bits. */
  if (element == SYNA_MMAP_ELEMENT_I8) bytes[5] = 0x80;
  else bytes[10] = 0, bytes[11] = 0x7C;
  FAILS(INVALID_VECTOR, syna_mmap_write(store, &all, NULL, &error));
  /* A program that was compiled before `vectors_element` passes floats. */
  all.struct_size = offsetof(syna_mmap_batch, vectors_element);
  all.vectors_element = 99;
  all.delete_count = 0;
  {
    float vector[DIMENSIONS];
    fill_exactly(vector, 99);
    all.vectors = vector;
    OK(syna_mmap_write(store, &all, NULL, &error));
    OK(syna_mmap_get(store, "k", 1, vector, &error));
    CHECK(is_exactly(vector, 99));
  }
  OK(syna_mmap_delete(store, "k", 1, NULL, &error));
  CHECK(syna_mmap_len(store) == rows);
}

/* The bytes of a file, at an address that is a multiple of 4 and of no more; free them with bytes_free. */
static uint8_t *bytes_of_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  uint8_t *room;
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  *length = (size_t)ftell(file);
  rewind(file);
  room = aligned_alloc(64, (*length + 4 + 63) / 64 * 64);
  CHECK(room != NULL && fread(room + 4, 1, *length, file) == *length && fclose(file) == 0);
  return room + 4;
}

static void bytes_free(uint8_t *bytes) { free(bytes - 4); }

/* A store in the memory of the program, without options and with those of another type. */
static void in_own_memory(const char *name, uint32_t element) {
  char index_name[40];
  size_t length, index_length;
  uint8_t *bytes = bytes_of_file(in_folder(name), &length), *index_bytes;
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  snprintf(index_name, sizeof index_name, "%s.hnsw", name);
  index_bytes = bytes_of_file(in_folder(index_name), &index_length);
  options.element = element == SYNA_MMAP_ELEMENT_I8 ? SYNA_MMAP_ELEMENT_F16 : SYNA_MMAP_ELEMENT_I8;
  FAILS(ELEMENT_MISMATCH, syna_mmap_open_memory(bytes, length, NULL, 0, &options, &store, &error));
  OK(syna_mmap_open_memory(bytes, length, index_bytes, index_length, NULL, &store, &error));
  CHECK(syna_mmap_element(store) == element && syna_mmap_has_index(store));
  rows_have_vectors(store, element);
  hits_have_vectors(store, element);
  filters_see_stored_vectors(store, element);
  FAILS(READ_ONLY, write_stored(store, element, ROWS, 1, NULL));
  OK(syna_mmap_close(store, &error));
  bytes_free(bytes);
  bytes_free(index_bytes);
}

/* ---- all of it --------------------------------------------------------------------------------- */

static void a_store(size_t type) {
  const uint32_t element = TYPES[type].element;
  syna_mmap *store = opened(TYPES[type].name, element);
  char key[40];
  float vector[DIMENSIONS];
  size_t i;
  CHECK(syna_mmap_element(store) == element && syna_mmap_vector_bytes(store) == TYPES[type].vector_bytes);
  CHECK(syna_mmap_key_kind(store) == SYNA_MMAP_KEYS_TEXT);
  for (i = 0; i < ROWS; i++) {
    fill_exactly(vector, i);
    OK(syna_mmap_insert(store, key, key_of(key, i), vector, NULL, &error));
  }
  rows_have_vectors(store, element);
  hits_have_vectors(store, element);
  filters_see_stored_vectors(store, element);
  if (element != SYNA_MMAP_ELEMENT_F32) bad_batches(store, element);
  OK(syna_mmap_build_index(store, &error));
  hits_have_vectors(store, element);
  OK(syna_mmap_close(store, &error));
  CHECK(syna_mmap_element(store) == 0 && syna_mmap_vector_bytes(store) == 0 && syna_mmap_key_kind(store) == 0);
  store = opened(TYPES[type].name, SYNA_MMAP_ELEMENT_FROM_FILE);
  CHECK(syna_mmap_element(store) == element);
  hits_have_vectors(store, element);
  OK(syna_mmap_close(store, &error));
  in_own_memory(TYPES[type].name, element);
  /* Without options: as in the file. */
  OK(syna_mmap_open(in_folder(TYPES[type].name), NULL, &store, &error));
  CHECK(syna_mmap_element(store) == element);
  rows_have_vectors(store, element);
  OK(syna_mmap_close(store, &error));
}

static void pointers(void) {
  static float vector[DIMENSIONS + 1];
  float query[DIMENSIONS] = {0};
  union {
    size_t lengths[2];
    char bytes[2 * sizeof(size_t)];
  } room = {{0, 0}};
  syna_mmap_results *results = NULL;
  syna_mmap *store = opened("halves", SYNA_MMAP_ELEMENT_F16);
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_search(store, query, 1, NULL, results, &error));
  CHECK(syna_mmap_results_vector(results, 0, vector));
  memset(vector, 0, sizeof vector);
  CHECK(!syna_mmap_results_vector(results, 0, NULL));
  CHECK(!syna_mmap_results_vector(results, 0, (float *)(void *)((char *)vector + 1)));
  CHECK(!syna_mmap_results_vector(results, 1, vector) && !syna_mmap_results_vector(results, SIZE_MAX, vector));
  CHECK(!syna_mmap_results_vector(NULL, 0, vector));
  CHECK(!syna_mmap_results_vector((syna_mmap_results *)store, 0, vector));
  CHECK(syna_mmap_results_stored(results, 0, (size_t *)(void *)(room.bytes + 1)) == NULL);
  CHECK(room.lengths[0] == 0 && room.lengths[1] == 0);
  room.lengths[0] = 9;
  CHECK(syna_mmap_results_stored(NULL, 0, &room.lengths[0]) == NULL && room.lengths[0] == 0);
  room.lengths[0] = 9;
  CHECK(syna_mmap_results_stored(results, SIZE_MAX, &room.lengths[0]) == NULL && room.lengths[0] == 0);
  /* The results outlive the store, and not themselves. */
  OK(syna_mmap_close(store, &error));
  CHECK(syna_mmap_results_stored(results, 0, &room.lengths[0]) != NULL && room.lengths[0] == 128);
  syna_mmap_results_free(results);
  CHECK(syna_mmap_results_stored(results, 0, &room.lengths[0]) == NULL && room.lengths[0] == 0);
  CHECK(!syna_mmap_results_vector(results, 0, vector));
  CHECK(vector[0] == 0.0f && memcmp(vector, vector + 1, DIMENSIONS * sizeof(float)) == 0);
}

static void bad_options(void) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  options.element = 3;
  FAILS(INVALID_ARGUMENT, syna_mmap_open(in_folder("new"), &options, &store, &error));
  CHECK(strstr(error.message, "element") != NULL);
  options.element = SYNA_MMAP_ELEMENT_FROM_FILE;
  FAILS(NOT_FOUND, syna_mmap_open(in_folder("new"), &options, &store, &error));
  options.element = SYNA_MMAP_ELEMENT_I8;
  options.reserved = 1;
  FAILS(INVALID_ARGUMENT, syna_mmap_open(in_folder("new"), &options, &store, &error));
  options.reserved = 0;
  FAILS(ELEMENT_MISMATCH, syna_mmap_open(in_folder("halves"), &options, &store, &error));
  CHECK(strstr(error.message, "f16") != NULL && strstr(error.message, "i8") != NULL);
  /* A program that was compiled before `element` opens floats only. */
  options.struct_size = offsetof(syna_mmap_options, element);
  FAILS(ELEMENT_MISMATCH, syna_mmap_open(in_folder("halves"), &options, &store, &error));
  OK(syna_mmap_open(in_folder("floats"), &options, &store, &error));
  syna_mmap_options_init(&options, sizeof options);
  OK(syna_mmap_get_options(store, &options, &error));
  CHECK(options.element == SYNA_MMAP_ELEMENT_F32);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  size_t type;
  begin(argc, argv);
  for (type = 0; type < 3; type++) {
    a_store(type);
    batches_of_stored_rows(type);
  }
  pointers();
  bad_options();
  return 0;
}
