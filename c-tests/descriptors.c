/*
 * A host with closed standard input, output and error: no file of the library may get their numbers, because the host's
 * next printf would write to it.
 */
#include <fcntl.h>
#include <unistd.h>

#include "check.h"

enum { ROWS = 300, LINES = 1000 };

/* A bit for each of the numbers 0 to 2 that was seen open. */
static unsigned taken;

static void look(void) {
  int descriptor;
  for (descriptor = 0; descriptor < 3; descriptor++) {
    if (fcntl(descriptor, F_GETFD) != -1) taken |= 1u << descriptor;
  }
}

/* Checks the descriptors while temporary files are open. */
static bool check_during_call(void *context, uint64_t done, uint64_t total) {
  (void)context;
  (void)done;
  (void)total;
  look();
  return true;
}

static void use_all(const char *name) {
  char copy[64];
  syna_mmap *store = NULL, *reader = NULL, *memory = NULL;
  syna_mmap_options options = quiet();
  int line;
  snprintf(copy, sizeof copy, "%s-copy", name);
  store = open_quietly(in_folder(name), 0);
  look();
  insert_rows(store, 0, ROWS);
  /* Writes to the files with the numbers 1 and 2. */
  for (line = 0; line < LINES; line++) {
    printf("line %d of the host\n", line);
    fprintf(stderr, "line %d of the host\n", line);
  }
  fflush(stdout);
  OK(syna_mmap_build_index(store, &error));
  look();
  OK(syna_mmap_snapshot_to(store, in_folder(copy), check_during_call, NULL, &error));
  OK(syna_mmap_compact(store, check_during_call, NULL, &error));
  look();
  reader = open_quietly(in_folder(name), SYNA_MMAP_OPEN_READ_ONLY);
  look();
  OK(syna_mmap_open_in_memory(&options, &memory, &error));
  look();
  OK(syna_mmap_close(memory, &error));
  OK(syna_mmap_close(reader, &error));
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  int saved[3], descriptor;
  unsigned closed;
  begin(argc, argv);
  for (descriptor = 0; descriptor < 3; descriptor++) {
    saved[descriptor] = fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
    CHECK(saved[descriptor] >= 10);
  }
  for (closed = 1; closed < 8; closed++) {
    char name[16];
    unsigned expected = 7u & ~closed;
    syna_mmap *store;
    syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
    snprintf(name, sizeof name, "closed-%u", closed);
    for (descriptor = 0; descriptor < 3; descriptor++) {
      /* Those that stay open must not print into the test's output. */
      int nowhere = open("/dev/null", O_RDWR);
      CHECK(nowhere >= 0);
      dup2(nowhere, descriptor);
      if (nowhere != descriptor) close(nowhere);
    }
    for (descriptor = 0; descriptor < 3; descriptor++) {
      if (closed & (1u << descriptor)) close(descriptor);
    }
    taken = 0;
    use_all(name);
    for (descriptor = 0; descriptor < 3; descriptor++) dup2(saved[descriptor], descriptor);
    if (taken != expected) fprintf(stderr, "closed %u, seen open %u\n", closed, taken);
    CHECK(taken == expected);
    store = open_quietly(in_folder(name), SYNA_MMAP_OPEN_VERIFY);
    OK(syna_mmap_get_stats(store, &stats, &error));
    CHECK(stats.live_rows == ROWS && stats.has_index == 1);
    OK(syna_mmap_close(store, &error));
  }
  return 0;
}
