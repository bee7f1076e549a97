/*
 * A host that is short of descriptors, file sizes or rights, and file systems that lack calls: errors come, the store
 * stays usable, and nothing that was acknowledged is lost. Each case runs in a process of its own.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { ROWS = 200, MOST_DESCRIPTORS = 64 };

/* Runs a case in a child, which may take so many seconds. */
static void in_child(const char *name, void (*run)(void)) {
  int status = 0;
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(60);
    run();
    exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "%s: ended by %s %d\n", name, WIFSIGNALED(status) ? "signal" : "exit code",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    exit(1);
  }
}

static uint64_t live_rows(syna_mmap *store) {
  syna_mmap_stats stats;
  stats.struct_size = sizeof stats;
  OK(syna_mmap_get_stats(store, &stats, &error));
  return stats.live_rows;
}

/* Opens the store anew and checks that it is whole. */
static void check_whole(const char *name, uint64_t rows) {
  syna_mmap *store = open_quietly(in_folder(name), SYNA_MMAP_OPEN_VERIFY);
  CHECK(live_rows(store) == rows);
  OK(syna_mmap_close(store, &error));
}

/* The first 59 compactions used to take all descriptors. */
static void compact_often(void) {
  struct rlimit limit = {MOST_DESCRIPTORS, MOST_DESCRIPTORS};
  syna_mmap *store = open_quietly(in_folder("often"), 0);
  float vector[DIMENSIONS];
  char key[40];
  int round;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  insert_rows(store, 0, 20);
  for (round = 0; round < 100; round++) {
    size_t length = key_of(key, 7), payload_bytes;
    OK(syna_mmap_compact(store, NULL, NULL, &error));
    OK(syna_mmap_get(store, key, length, vector, &error));
    OK(syna_mmap_get_payload(store, key, length, NULL, 0, &payload_bytes, &error));
    CHECK(is_vector(vector, 7));
  }
  OK(syna_mmap_close(store, &error));
  check_whole("often", 20);
}

int main(int argc, char **argv) {
  begin(argc, argv);
  in_child("compact_often", compact_often);
  return 0;
}
