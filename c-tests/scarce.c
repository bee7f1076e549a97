/*
 * A host that lacks descriptors, file size or permissions, and file systems that lack calls: errors are returned, the
 * store remains usable, and nothing acknowledged is lost. Each case runs in a separate process.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { ROWS = 200, MOST_DESCRIPTORS = 64 };

/* Runs a case in a child process, with a time limit in seconds. */
static void in_child(const char *name, void (*run)(void)) {
  int status = 0;
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(60);
    run();
    /* Skips a sanitizer's checks at exit, which need permissions that the case may have dropped. */
    _exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fprintf(stderr, "%s: ended by %s %d\n", name, WIFSIGNALED(status) ? "signal" : "exit code",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    exit(1);
  }
}

static uint64_t live_rows(syna_mmap *store) {
  syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
  OK(syna_mmap_get_stats(store, &stats, &error));
  return stats.live_rows;
}

/* Reopens the store and checks that it is intact. */
static void check_whole(const char *name, uint64_t rows) {
  syna_mmap *store = open_quietly(in_folder(name), SYNA_MMAP_OPEN_VERIFY);
  CHECK(live_rows(store) == rows);
  OK(syna_mmap_close(store, &error));
}

static int held[MOST_DESCRIPTORS], held_count;

static void limit_descriptors(void) {
  struct rlimit limit;
  CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  limit.rlim_cur = MOST_DESCRIPTORS;
  CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void take_all_descriptors(void) {
  int descriptor;
  limit_descriptors();
  held_count = 0;
  while ((descriptor = dup(0)) >= 0) held[held_count++] = descriptor;
}

static void release_descriptors(void) {
  while (held_count > 0) close(held[--held_count]);
}

/* Regression test: 59 compactions once used all descriptors. */
static void compact_often(void) {
  syna_mmap *store = open_quietly(in_folder("often"), 0);
  float vector[DIMENSIONS];
  char key[40];
  int round;
  limit_descriptors();
  insert_rows(store, 0, 20);
  for (round = 0; round < 70; round++) {
    size_t length = key_of(key, 7), payload_bytes;
    OK(syna_mmap_compact(store, NULL, NULL, &error));
    OK(syna_mmap_get(store, key, length, vector, &error));
    OK(syna_mmap_get_payload(store, key, length, NULL, 0, &payload_bytes, &error));
    CHECK(is_vector(vector, 7));
  }
  OK(syna_mmap_close(store, &error));
  check_whole("often", 20);
}

static void without_descriptors(void) {
  syna_mmap *store = open_quietly(in_folder("none"), 0);
  syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
  insert_rows(store, 0, ROWS);
  /* A first sync needs none. */
  take_all_descriptors();
  OK(syna_mmap_checkpoint(store, &error));
  insert_rows(store, ROWS, ROWS);
  /* The index, a compaction and a snapshot need one; the store remains usable afterwards. */
  FAILS(IO, syna_mmap_build_index(store, &error));
  CHECK(error.os_errno == EMFILE);
  FAILS(IO, syna_mmap_compact(store, NULL, NULL, &error));
  FAILS(IO, syna_mmap_snapshot_to(store, in_folder("copy"), NULL, NULL, &error));
  insert_rows(store, 2 * ROWS, ROWS);
  OK(syna_mmap_flush(store, &error));
  release_descriptors();
  OK(syna_mmap_checkpoint(store, &error));
  OK(syna_mmap_compact(store, NULL, NULL, &error));
  take_all_descriptors();
  OK(syna_mmap_get_stats(store, &stats, &error));
  CHECK(stats.index_bytes > 0);
  release_descriptors();
  OK(syna_mmap_close(store, &error));
  check_whole("none", 3 * ROWS);
}

/* A write is stored even if its automatic checkpoint finds no descriptor for the index; the log reports that. */
static void automatic_checkpoint(void) {
  syna_mmap *store = NULL;
  syna_mmap_options options = quiet();
  options.checkpoint_interval_secs = 1;
  options.index_threshold = 50;
  OK(syna_mmap_open(in_folder("automatic"), &options, &store, &error));
  insert_rows(store, 0, ROWS);
  OK(syna_mmap_checkpoint(store, &error));
  take_all_descriptors();
  sleep(1);
  insert_rows(store, ROWS, ROWS);
  sleep(1);
  insert_rows(store, 2 * ROWS, 1);
  /* An explicit checkpoint returns the error. */
  FAILS(IO, syna_mmap_build_index(store, &error));
  release_descriptors();
  OK(syna_mmap_close(store, &error));
  check_whole("automatic", 2 * ROWS + 1);
}

/* SIGXFSZ is left to the host; the library returns NO_SPACE. */
static void limited_file_size(void) {
  struct rlimit before, limit;
  syna_mmap *store = open_quietly(in_folder("limited"), 0);
  syna_mmap_status status = SYNA_MMAP_OK;
  uint64_t rows = 0;
  struct stat found;
  insert_rows(store, 0, 10);
  OK(syna_mmap_checkpoint(store, &error));
  CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
  limit = before;
  limit.rlim_cur = 1 << 20;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  for (rows = 10; status == SYNA_MMAP_OK; rows++) {
    char key[40];
    float vector[DIMENSIONS];
    size_t length = key_of(key, rows);
    fill(vector, rows);
    status = syna_mmap_insert(store, key, length, vector, NULL, &error);
    CHECK(rows < 100000);
  }
  rows--;
  CHECK(status == SYNA_MMAP_ERR_NO_SPACE);
  FAILS(NO_SPACE, syna_mmap_reserve(store, 1000000, &error));
  CHECK(live_rows(store) == rows);
  OK(syna_mmap_checkpoint(store, &error));
  OK(syna_mmap_close(store, &error));
  /* A limit below the file's size. */
  CHECK(stat(in_folder("limited"), &found) == 0 && found.st_size <= 1 << 20);
  limit.rlim_cur = 4096;
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  store = open_quietly(in_folder("limited"), 0);
  {
    char key[40];
    float vector[DIMENSIONS];
    size_t length = key_of(key, rows);
    fill(vector, rows);
    FAILS(NO_SPACE, syna_mmap_insert(store, key, length, vector, NULL, &error));
    FAILS(NO_SPACE, syna_mmap_compact(store, NULL, NULL, &error));
    FAILS(NO_SPACE, syna_mmap_snapshot_to(store, in_folder("limited-copy"), NULL, NULL, &error));
  }
  CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
  insert_rows(store, rows, 100);
  OK(syna_mmap_close(store, &error));
  check_whole("limited", rows + 100);
}

/* A folder with execute and write permission, but without read permission; root ignores permissions. */
static void unreadable_folder(void) {
  syna_mmap *store;
  CHECK(mkdir(in_folder("blind"), 0733) == 0 && chmod(in_folder("blind"), 0733) == 0);
  CHECK(chmod(folder, 0755) == 0);
  if (geteuid() == 0) CHECK(setgid(65534) == 0 && setuid(65534) == 0);
  store = open_quietly(in_folder("blind/store"), 0);
  insert_rows(store, 0, ROWS);
  OK(syna_mmap_build_index(store, &error));
  OK(syna_mmap_compact(store, NULL, NULL, &error));
  OK(syna_mmap_close(store, &error));
  check_whole("blind/store", ROWS);
}

#ifdef __linux__
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* From now on these system calls fail, as on a file system that lacks them. */
static void refuse(const int *calls, size_t count, int with) {
  struct sock_filter filter[32];
  struct sock_fprog program = {0, NULL};
  size_t i, length = 0;
  struct sock_filter load = BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  struct sock_filter refused = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0);
  struct sock_filter allowed = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  refused.k |= (unsigned)with;
  filter[length++] = load;
  for (i = 0; i < count; i++) {
    struct sock_filter is_call = BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
    is_call.k = (unsigned)calls[i];
    filter[length++] = is_call;
    filter[length++] = refused;
  }
  filter[length++] = allowed;
  program.len = (unsigned short)length;
  program.filter = filter;
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
  CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0);
}

static const char *lacking_name;

static void use_all(void) {
  char copy[64];
  syna_mmap *store = open_quietly(in_folder(lacking_name), SYNA_MMAP_OPEN_MUST_CREATE), *other = NULL;
  syna_mmap_options options = quiet();
  snprintf(copy, sizeof copy, "%s-copy", lacking_name);
  insert_rows(store, 0, ROWS);
  OK(syna_mmap_build_index(store, &error));
  insert_rows(store, ROWS, ROWS);
  OK(syna_mmap_compact(store, NULL, NULL, &error));
  OK(syna_mmap_snapshot_to(store, in_folder(copy), NULL, NULL, &error));
  /* An existing file is still not overwritten. */
  FAILS(IO, syna_mmap_snapshot_to(store, in_folder(copy), NULL, NULL, &error));
  FAILS(LOCKED, syna_mmap_open(in_folder(lacking_name), &options, &other, &error));
  OK(syna_mmap_close(store, &error));
  check_whole(lacking_name, 2 * ROWS);
  check_whole(copy, 2 * ROWS);
}

#define REFUSE(with, ...)                              \
  do {                                                 \
    static const int calls[] = {__VA_ARGS__};          \
    refuse(calls, sizeof calls / sizeof *calls, with); \
  } while (0)

/* CIFS, vboxsf: a folder cannot be synced. The library syncs files with fdatasync. */
static void no_folder_sync(void) {
  REFUSE(EINVAL, SYS_fsync);
  lacking_name = "no-folder-sync";
  use_all();
}

static void only_files_can_be_synced(void) {
  REFUSE(EINVAL, SYS_fsync, SYS_syncfs);
  lacking_name = "no-folder-sync-at-all";
  use_all();
}

static void no_exclusive_rename(void) {
  REFUSE(EINVAL, SYS_renameat2);
  lacking_name = "no-exclusive-rename";
  use_all();
}

/* Android's shared storage. */
static void no_hard_links(void) {
  REFUSE(EPERM, SYS_renameat2, SYS_linkat);
  lacking_name = "no-hard-links";
  use_all();
}

static void no_optional_calls(void) {
  REFUSE(ENOSYS, SYS_renameat2, SYS_linkat, SYS_fsync, SYS_fallocate);
  lacking_name = "no-calls-at-all";
  use_all();
}

/* A failed sync of a folder disables the writer; an unsupported one does not. */
static void failing_folder_sync(void) {
  syna_mmap *store = open_quietly(in_folder("failing"), 0);
  insert_rows(store, 0, ROWS);
  REFUSE(EIO, SYS_fsync);
  FAILS(IO, syna_mmap_checkpoint(store, &error));
  FAILS(POISONED, syna_mmap_checkpoint(store, &error));
  FAILS(POISONED, syna_mmap_close(store, &error));
  store = open_quietly(in_folder("failing"), SYNA_MMAP_OPEN_READ_ONLY);
  CHECK(live_rows(store) == ROWS);
  OK(syna_mmap_close(store, &error));
}

/* Endless interruptions: an error, not a hang. */
static void interrupted_allocation(void) {
  syna_mmap *store = open_quietly(in_folder("interrupted"), 0);
  insert_rows(store, 0, ROWS);
  REFUSE(EINTR, SYS_fallocate);
  FAILS(IO, syna_mmap_reserve(store, 100000, &error));
  OK(syna_mmap_checkpoint(store, &error));
  OK(syna_mmap_close(store, &error));
  check_whole("interrupted", ROWS);
}

static void interrupted_sync(void) {
  syna_mmap *store = open_quietly(in_folder("interrupted-sync"), 0);
  insert_rows(store, 0, ROWS);
  REFUSE(EINTR, SYS_fdatasync, SYS_fsync, SYS_ftruncate, SYS_flock);
  FAILS(IO, syna_mmap_checkpoint(store, &error));
  FAILS(POISONED, syna_mmap_close(store, &error));
}
#endif

int main(int argc, char **argv) {
  begin(argc, argv);
  in_child("compact_often", compact_often);
  in_child("without_descriptors", without_descriptors);
  in_child("automatic_checkpoint", automatic_checkpoint);
  in_child("limited_file_size", limited_file_size);
  in_child("unreadable_folder", unreadable_folder);
#ifdef __linux__
  in_child("no_folder_sync", no_folder_sync);
  in_child("only_files_can_be_synced", only_files_can_be_synced);
  in_child("no_exclusive_rename", no_exclusive_rename);
  in_child("no_hard_links", no_hard_links);
  in_child("no_optional_calls", no_optional_calls);
  in_child("failing_folder_sync", failing_folder_sync);
  in_child("interrupted_allocation", interrupted_allocation);
  in_child("interrupted_sync", interrupted_sync);
#endif
  return 0;
}
