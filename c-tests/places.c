/* A store in memory, one inside a larger file, and one in the caller's memory. */
#include "check.h"
#include <fcntl.h>
#include <unistd.h>

enum { ROWS = 500, START = 64 * 77 + 4 };

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

static unsigned char *read_whole(const char *name, size_t offset, size_t *length, unsigned char **block) {
  FILE *file = fopen(in_folder(name), "rb");
  unsigned char *start;
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  *length = (size_t)ftell(file);
  rewind(file);
  *block = malloc(*length + 128);
  CHECK(*block != NULL);
  start = *block + (64 - (uintptr_t)*block % 64) + offset;
  CHECK(fread(start, 1, *length, file) == *length && fclose(file) == 0);
  return start;
}

static void in_callers_memory(size_t offset) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  syna_mmap_results *results = NULL;
  float query[DIMENSIONS];
  size_t length, index_length, count, path_length;
  uint64_t i;
  unsigned char *block, *index_block;
  unsigned char *data = read_whole("store", offset, &length, &block);
  unsigned char *index = read_whole("store.hnsw", offset, &index_length, &index_block);
  FAILS(INVALID_ARGUMENT, syna_mmap_open_memory(NULL, length, NULL, 0, &options, &store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_memory(data, 0, NULL, 0, &options, &store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_memory(data, length, NULL, 1, &options, &store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_memory(data, length, NULL, 0, &options, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_memory(data + 1, length - 1, NULL, 0, &options, &store, &error));
  FAILS(CORRUPT, syna_mmap_open_memory(data, length - 4096, NULL, 0, &options, &store, &error));
  CHECK(store == NULL);
  OK(syna_mmap_open_memory(data, length, index, index_length, &options, &store, &error));
  CHECK(syna_mmap_has_index(store) && syna_mmap_len(store) == ROWS);
  for (i = 0; i < ROWS; i++) CHECK(has_row(store, i));
  FAILS(READ_ONLY, syna_mmap_checkpoint(store, &error));
  OK(syna_mmap_path(store, NULL, 0, &path_length, &error));
  CHECK(path_length == 0);
  OK(syna_mmap_results_new(&results, &error));
  fill(query, 7);
  OK(syna_mmap_search(store, query, 1, NULL, results, &error));
  OK(syna_mmap_close(store, &error));
  CHECK(is_vector(syna_mmap_results_hits(results, &count)->vector, 7) && count == 1);
  syna_mmap_results_free(results);
  /* Nothing refers to the bytes now. */
  memset(data, 0xEE, length);
  memset(index, 0xEE, index_length);
  FAILS(CORRUPT, syna_mmap_open_memory(data, length, index, index_length, NULL, &store, &error));
  free(block);
  free(index_block);
}

int main(int argc, char **argv) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  FILE *archive;
  long length, index_length, index_start, i;
  int fd;
  begin(argc, argv);
  in_memory();
  in_callers_memory(0);
  in_callers_memory(4);

  archive = fopen(in_folder("archive"), "wb");
  CHECK(archive != NULL);
  for (i = 0; i < START; i++) CHECK(fputc('#', archive) == '#');
  append(archive, "store", &length);
  while (ftell(archive) % 64 != 4) CHECK(fputc('#', archive) == '#');
  index_start = ftell(archive);
  append(archive, "store.hnsw", &index_length);
  CHECK(fclose(archive) == 0);

  fd = open(in_folder("archive"), O_RDONLY);
  CHECK(fd >= 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(-1, START, length, 0, 0, &options, &store, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(fd, START, length, 0, 0, &options, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_open_at(fd, START + 2, length, 0, 0, &options, &store, &error));
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
