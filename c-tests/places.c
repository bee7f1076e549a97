/* A store in memory, and one inside a larger file. */
#include "check.h"
#include <fcntl.h>
#include <unistd.h>

enum { ROWS = 500, START = 64 * 77 };

static void append(FILE *archive, const char *name, long *length) {
  static char bytes[4096];
  size_t n;
  FILE *file = fopen(in_folder(name), "rb");
  CHECK(file != NULL);
  *length = 0;
  while ((n = fread(bytes, 1, sizeof bytes, file)) > 0) {
    CHECK(fwrite(bytes, 1, n, archive) == n);
    *length += (long)n;
  }
  CHECK(fclose(file) == 0);
}

static void in_memory(void) {
  syna_mmap *store = NULL, *copy;
  syna_mmap_options options = quiet();
  FAILS(INVALID_ARGUMENT, syna_mmap_open_in_memory(&options, NULL, &error));
  options.flags = SYNA_MMAP_OPEN_READ_ONLY;
  FAILS(NOT_FOUND, syna_mmap_open_in_memory(&options, &store, &error));
  CHECK(store == NULL);
  options.flags = 0;
  OK(syna_mmap_open_in_memory(&options, &store, &error));
  insert_rows(store, 0, ROWS);
  CHECK(has_row(store, ROWS - 1));
  OK(syna_mmap_compact(store, NULL, NULL, &error));
  OK(syna_mmap_snapshot_to(store, in_folder("store"), NULL, NULL, &error));
  OK(syna_mmap_close(store, &error));
  copy = open_quietly(in_folder("store"), 0);
  CHECK(syna_mmap_len(copy) == ROWS && has_row(copy, ROWS - 1));
  OK(syna_mmap_build_index(copy, &error));
  OK(syna_mmap_close(copy, &error));
  OK(syna_mmap_open_in_memory(NULL, &store, NULL));
  CHECK(syna_mmap_dimensions(store) == 768);
  OK(syna_mmap_close(store, NULL));
}

int main(int argc, char **argv) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  FILE *archive;
  long length, index_length, index_start, i;
  int fd;
  begin(argc, argv);
  in_memory();

  archive = fopen(in_folder("archive"), "wb");
  CHECK(archive != NULL);
  for (i = 0; i < START; i++) CHECK(fputc('#', archive) == '#');
  append(archive, "store", &length);
  while (ftell(archive) % 64 != 0) CHECK(fputc('#', archive) == '#');
  index_start = ftell(archive);
  append(archive, "store.hnsw", &index_length);
  CHECK(fclose(archive) == 0);

  fd = open(in_folder("archive"), O_RDONLY);
  CHECK(fd >= 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(-1, START, length, 0, 0, &options, &store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(fd, START, length, 0, 0, &options, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(fd, START + 8, length, 0, 0, &options, &store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(fd, START, UINT64_MAX, 0, 0, &options, &store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(fd, START, length, START, 1 << 30, &options, &store, &error));
  FAILS(CORRUPT, syna_mmap_open_at(fd, 0, length, 0, 0, &options, &store, &error));
  CHECK(store == NULL);
  OK(syna_mmap_open_at(fd, START, length, index_start, index_length, &options, &store, &error));
  CHECK(close(fd) == 0);
  CHECK(syna_mmap_has_index(store) && syna_mmap_len(store) == ROWS);
  for (i = 0; i < ROWS; i++) CHECK(has_row(store, (uint64_t)i));
  FAILS(READ_ONLY, syna_mmap_checkpoint(store, &error));
  OK(syna_mmap_close(store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(fd, START, length, 0, 0, &options, &store, &error));
  return 0;
}
