/* An open of any file returns an error or a store. A failed open changes no byte. */
#include "check.h"

#include <errno.h>
#include <sys/stat.h>

static unsigned char *contents(const char *name, size_t *out_count) {
  FILE *file = fopen(in_folder(name), "rb");
  unsigned char *bytes;
  long count;
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  count = ftell(file);
  rewind(file);
  bytes = malloc((size_t)count + 1);
  CHECK(bytes != NULL && fread(bytes, 1, (size_t)count, file) == (size_t)count);
  fclose(file);
  *out_count = (size_t)count;
  return bytes;
}

static void write_file(const char *name, const void *bytes, size_t count) {
  FILE *file = fopen(in_folder(name), "wb");
  CHECK(file != NULL && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

static syna_mmap_status opened(const char *name, uint32_t flags) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  syna_mmap_status status;
  options.flags = flags;
  status = syna_mmap_open(in_folder(name), &options, &store, &error);
  CHECK((status == SYNA_MMAP_OK) == (store != NULL));
  OK(syna_mmap_close(store, NULL));
  return status;
}

/* Opens a file with these bytes in each mode; the file must be unchanged afterwards. */
static void refused(syna_mmap_status expected, const void *bytes, size_t count) {
  static const uint32_t flags[] = {0, SYNA_MMAP_OPEN_READ_ONLY, SYNA_MMAP_OPEN_VERIFY};
  size_t after, i;
  for (i = 0; i < 3; i++) {
    unsigned char *now;
    write_file("file", bytes, count);
    expect(__FILE__, __LINE__, "open", expected, opened("file", flags[i]), &error);
    now = contents("file", &after);
    CHECK(after == count && memcmp(now, bytes, count) == 0);
    free(now);
  }
}

static void other_files(void) {
  static const unsigned char mvec[8] = {0x43, 0x45, 0x56, 0x4D, 0x01, 0, 0, 0};
  static unsigned char bytes[100000];
  size_t i;
  FAILS(IO, opened(".", 0));
  FAILS(IO, opened(".", SYNA_MMAP_OPEN_READ_ONLY));
  /* A writer makes a new store of an empty file. */
  write_file("file", "", 0);
  FAILS(CORRUPT, opened("file", SYNA_MMAP_OPEN_READ_ONLY));
  OK(opened("file", 0));
  OK(opened("file", SYNA_MMAP_OPEN_READ_ONLY));
  refused(SYNA_MMAP_ERR_CORRUPT, "x", 1);
  refused(SYNA_MMAP_ERR_CORRUPT, bytes, sizeof bytes);
  refused(SYNA_MMAP_ERR_LEGACY_FORMAT, mvec, sizeof mvec);
  memcpy(bytes, mvec, sizeof mvec);
  refused(SYNA_MMAP_ERR_LEGACY_FORMAT, bytes, sizeof bytes);
  for (i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)scrambled(i);
  refused(SYNA_MMAP_ERR_CORRUPT, bytes, sizeof bytes);
}

/* A store truncated at any length: an error, or a store with the first rows; nothing else. */
static void truncated(void) {
  syna_mmap *store = open_quietly(in_folder("whole"), 0);
  unsigned char *bytes;
  size_t count, length, n;
  for (n = 0; n < 10; n++) {
    insert_rows(store, n * 20, 20);
    if (n == 5) OK(syna_mmap_checkpoint(store, &error));
  }
  OK(syna_mmap_close(store, &error));
  bytes = contents("whole", &count);
  for (length = 1; length < count; length += length < 20000 ? 509 : 20011) {
    syna_mmap_options options = quiet();
    syna_mmap_status status;
    write_file("cut", bytes, length);
    store = NULL;
    status = syna_mmap_open(in_folder("cut"), &options, &store, &error);
    if (status == SYNA_MMAP_OK) {
      uint64_t rows = syna_mmap_len(store), row;
      for (row = 0; row < rows; row++) CHECK(has_row(store, row));
      CHECK(rows == 200);
    } else {
      CHECK(status == SYNA_MMAP_ERR_CORRUPT);
    }
    OK(syna_mmap_close(store, &error));
  }
  free(bytes);
}

/* One wrong byte at any offset: an error, or all rows. */
static void flipped(void) {
  unsigned char *bytes;
  size_t count, at, n;
  int errors = 0;
  bytes = contents("whole", &count);
  for (n = 0; n < 300; n++) {
    syna_mmap *store = NULL;
    syna_mmap_options options = quiet();
    syna_mmap_status status;
    at = (size_t)(scrambled(n) % (n % 2 == 0 ? 16384 : count));
    bytes[at] ^= (unsigned char)(1u << n % 8);
    write_file("flipped", bytes, count);
    bytes[at] ^= (unsigned char)(1u << n % 8);
    options.flags = SYNA_MMAP_OPEN_VERIFY;
    status = syna_mmap_open(in_folder("flipped"), &options, &store, &error);
    if (status == SYNA_MMAP_OK) {
      uint64_t row;
      CHECK(syna_mmap_len(store) == 200);
      for (row = 0; row < 200; row++) CHECK(has_row(store, row));
    } else {
      errors++;
      CHECK(status == SYNA_MMAP_ERR_CORRUPT || status == SYNA_MMAP_ERR_UNSUPPORTED_VERSION);
      /* Intact vectors can be read. */
      options.flags = SYNA_MMAP_OPEN_DAMAGED;
      status = syna_mmap_open(in_folder("flipped"), &options, &store, &error);
      CHECK(status == SYNA_MMAP_OK || status == SYNA_MMAP_ERR_CORRUPT ||
            status == SYNA_MMAP_ERR_UNSUPPORTED_VERSION);
      if (status == SYNA_MMAP_OK) CHECK(syna_mmap_len(store) <= 200);
    }
    OK(syna_mmap_close(store, &error));
  }
  CHECK(errors > 0);
  free(bytes);
}

/* Folders are not created. */
static void missing_folder(void) {
  FAILS(IO, opened("none/store", 0));
  CHECK(error.os_errno == ENOENT);
  FAILS(NOT_FOUND, opened("none/store", SYNA_MMAP_OPEN_MUST_EXIST));
  FAILS(NOT_FOUND, opened("none/store", SYNA_MMAP_OPEN_READ_ONLY));
}

static void wrong_handle_type(void) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  options.metric = SYNA_MMAP_METRIC_DOT_PRODUCT;
  FAILS(METRIC_MISMATCH, syna_mmap_open(in_folder("whole"), &options, &store, &error));
  CHECK(strstr(error.message, "euclidean") != NULL && strstr(error.message, "dot") != NULL);
  options = quiet();
  options.dimensions = 128;
  FAILS(DIMENSION_MISMATCH, syna_mmap_open(in_folder("whole"), &options, &store, &error));
  CHECK(strstr(error.message, "64") != NULL && strstr(error.message, "128") != NULL);
  FAILS(IO, opened("whole", SYNA_MMAP_OPEN_MUST_CREATE));
  CHECK(store == NULL);
}

static void locked(void) {
  syna_mmap *writer = open_quietly(in_folder("whole"), 0), *reader;
  FAILS(LOCKED, opened("whole", 0));
  FAILS(LOCKED, opened("whole", SYNA_MMAP_OPEN_VERIFY));
  reader = open_quietly(in_folder("whole"), SYNA_MMAP_OPEN_READ_ONLY);
  OK(syna_mmap_close(writer, &error));
  OK(opened("whole", 0));
  OK(syna_mmap_close(reader, &error));
}

/* Another program's file at the index path is not overwritten. */
static void foreign_index(void) {
  unsigned char *bytes;
  size_t count;
  write_file("whole.hnsw", "my own notes", 12);
  FAILS(CORRUPT, opened("whole", 0));
  OK(opened("whole", SYNA_MMAP_OPEN_READ_ONLY));
  bytes = contents("whole.hnsw", &count);
  CHECK(count == 12 && memcmp(bytes, "my own notes", 12) == 0);
  free(bytes);
  remove(in_folder("whole.hnsw"));
  OK(opened("whole", 0));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  other_files();
  missing_folder();
  truncated();
  flipped();
  wrong_handle_type();
  locked();
  foreign_index();
  return 0;
}
