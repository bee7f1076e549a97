/* Writes persist after a close, after a kill, and for readers beside the writer. */
#include "check.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BATCH = 100 };

static void check_rows(const syna_mmap *store, uint64_t count) {
  uint64_t n;
  CHECK(syna_mmap_len(store) == count);
  for (n = 0; n < count; n++) CHECK(has_row(store, n));
}

static void reopened(void) {
  syna_mmap *store = open_quietly(in_folder("reopened"), SYNA_MMAP_OPEN_MUST_CREATE);
  char key[40];
  bool deleted;
  insert_rows(store, 0, 1000);
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("reopened"), SYNA_MMAP_OPEN_MUST_EXIST);
  check_rows(store, 1000);
  CHECK(!syna_mmap_is_dirty(store));
  insert_rows(store, 1000, 500);
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("reopened"), SYNA_MMAP_OPEN_VERIFY);
  check_rows(store, 1500);
  OK(syna_mmap_delete(store, key, key_of(key, 7), &deleted, &error));
  CHECK(deleted);
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("reopened"), SYNA_MMAP_OPEN_READ_ONLY);
  CHECK(syna_mmap_len(store) == 1499 && !syna_mmap_contains(store, key, key_of(key, 7)));
  OK(syna_mmap_close(store, &error));
}

/* Inserts batches and reports each through the pipe, until it is killed. */
static void insert_until_killed(const char *path, int pipe_end) {
  syna_mmap *store = open_quietly(path, 0);
  uint64_t first = syna_mmap_len(store);
  for (;; first += BATCH) {
    uint64_t done = first + BATCH;
    insert_rows(store, first, BATCH);
    if (write(pipe_end, &done, sizeof done) != sizeof done) _exit(2);
  }
}

/* The child is killed while it writes: every reported batch is stored, and none in part. */
static void killed(unsigned batches) {
  const char *path = in_folder("killed");
  int ends[2], status;
  uint64_t told = 0;
  syna_mmap *store;
  pid_t child;
  CHECK(pipe(ends) == 0);
  fflush(NULL);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    close(ends[0]);
    insert_until_killed(path, ends[1]);
  }
  close(ends[1]);
  while (batches-- > 0) CHECK(read(ends[0], &told, sizeof told) == sizeof told);
  CHECK(kill(child, SIGKILL) == 0);
  CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
  while (read(ends[0], &told, sizeof told) == sizeof told) continue;
  close(ends[0]);
  store = open_quietly(path, 0);
  CHECK(syna_mmap_len(store) >= told);
  CHECK(syna_mmap_len(store) % BATCH == 0);
  check_rows(store, syna_mmap_len(store));
  OK(syna_mmap_close(store, &error));
}

static void a_reader_beside_the_writer(void) {
  syna_mmap *writer = open_quietly(in_folder("both"), 0), *reader;
  insert_rows(writer, 0, 100);
  reader = open_quietly(in_folder("both"), SYNA_MMAP_OPEN_READ_ONLY);
  check_rows(reader, 100);
  insert_rows(writer, 100, 100);
  check_rows(reader, 100);
  check_rows(writer, 200);
  FAILS(READ_ONLY, syna_mmap_checkpoint(reader, &error));
  FAILS(READ_ONLY, syna_mmap_build_index(reader, &error));
  FAILS(READ_ONLY, syna_mmap_reserve(reader, 10, &error));
  FAILS(READ_ONLY, syna_mmap_delete(reader, "k", 1, NULL, &error));
  OK(syna_mmap_close(writer, &error));
  check_rows(reader, 100);
  OK(syna_mmap_close(reader, &error));
}

static void synced_batches(void) {
  syna_mmap *store;
  syna_mmap_options options = quiet();
  options.durability = SYNA_MMAP_DURABILITY_BATCH;
  OK(syna_mmap_open(in_folder("synced"), &options, &store, &error));
  insert_rows(store, 0, 10);
  CHECK(syna_mmap_last_durable_seq(store) == 1);
  insert_rows(store, 10, 10);
  CHECK(syna_mmap_last_durable_seq(store) == 2);
  OK(syna_mmap_close(store, &error));
}

/* A path is resolved once: a later change of the working folder has no effect. */
static void a_relative_path(void) {
  syna_mmap *store;
  FILE *stray;
  CHECK(mkdir(in_folder("elsewhere"), 0777) == 0);
  CHECK(chdir(folder) == 0);
  store = open_quietly("relative", 0);
  insert_rows(store, 0, 10);
  CHECK(chdir("elsewhere") == 0);
  OK(syna_mmap_build_index(store, &error));
  OK(syna_mmap_close(store, &error));
  stray = fopen("relative.hnsw", "rb");
  CHECK(stray == NULL);
  CHECK(chdir("..") == 0);
  store = open_quietly("relative", SYNA_MMAP_OPEN_READ_ONLY);
  CHECK(syna_mmap_len(store) == 10 && syna_mmap_has_index(store));
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  unsigned n;
  begin(argc, argv);
  reopened();
  for (n = 1; n < 12; n++) killed(n * n);
  a_reader_beside_the_writer();
  synced_batches();
  a_relative_path();
  return 0;
}
