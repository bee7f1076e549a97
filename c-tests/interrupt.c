/* Another thread ends long calls, so that a close does not have to wait for them. */
#include "check.h"

#include <pthread.h>
#include <time.h>

enum { ROWS = 5000 };

static syna_mmap *store;
static int is_done;

static uint64_t indexed_rows(void) {
  syna_mmap_stats stats = SYNA_MMAP_STATS_INIT;
  OK(syna_mmap_get_stats(store, &stats, &error));
  return stats.indexed_rows;
}

static void check_whole(void) {
  uint64_t findings = 1;
  OK(syna_mmap_verify(store, NULL, NULL, &findings, &error));
  CHECK(findings == 0 && syna_mmap_len(store) == ROWS);
}

/* Interrupts, and returns true. */
static bool interrupts(void *context, uint64_t done, uint64_t total) {
  (void)done;
  (void)total;
  ++*(int *)context;
  CHECK(syna_mmap_interrupt(store, NULL) == SYNA_MMAP_OK);
  return true;
}

static bool interrupts_at(void *context, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  CHECK(finding == NULL);
  return interrupts(context, done, total);
}

/* Interrupts at the last report; rows are left. */
static bool interrupts_late(void *context, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  return done + 1024 <= total || interrupts_at(context, finding, done, total);
}

static void calls_with_progress(void) {
  int count = 0;
  FAILS(CANCELLED, syna_mmap_build_index_with(store, interrupts, &count, &error));
  CHECK(count == 1 && indexed_rows() < ROWS);
  /* A call that starts later is not interrupted. */
  OK(syna_mmap_interrupt(store, &error));
  OK(syna_mmap_build_index(store, &error));
  CHECK(indexed_rows() == ROWS);
  FAILS(CANCELLED, syna_mmap_verify(store, interrupts_at, &count, NULL, &error));
  FAILS(CANCELLED, syna_mmap_verify(store, interrupts_late, &count, NULL, &error));
  FAILS(CANCELLED, syna_mmap_snapshot_to(store, in_folder("copy"), interrupts, &count, &error));
  FAILS(CANCELLED, syna_mmap_compact(store, interrupts, &count, &error));
  CHECK(count == 5);
  check_whole();
}

static void *recall(void *unused) {
  syna_mmap_error own = {0};
  double recall = 2;
  CHECK(syna_mmap_check_recall(store, ROWS, 10, 0, 1, &recall, &own) == SYNA_MMAP_ERR_CANCELLED);
  CHECK(recall == 2);
  __atomic_store_n(&is_done, 1, __ATOMIC_SEQ_CST);
  return unused;
}

static void *insert_all(void *unused) {
  insert_rows(store, 0, ROWS);
  __atomic_store_n(&is_done, 1, __ATOMIC_SEQ_CST);
  return unused;
}

/* Runs `call` on a thread, and interrupts the store repeatedly once it has `rows`, until the call has ended. */
static void interrupt_until_done(void *(*call)(void *), uint64_t rows) {
  struct timespec pause = {0, 1000000};
  pthread_t thread;
  is_done = 0;
  CHECK(pthread_create(&thread, NULL, call, NULL) == 0);
  do {
    CHECK(nanosleep(&pause, NULL) == 0);
    if (syna_mmap_len(store) == rows) OK(syna_mmap_interrupt(store, &error));
  } while (!__atomic_load_n(&is_done, __ATOMIC_SEQ_CST));
  CHECK(pthread_join(thread, NULL) == 0);
}

/* An interrupted write stores its rows without index work. A checkpoint and a close do not resume it; nothing is lost. */
static void a_write(void) {
  syna_mmap_options options = quiet();
  options.index_threshold = ROWS / 2;
  OK(syna_mmap_open(in_folder("written"), &options, &store, &error));
  interrupt_until_done(insert_all, ROWS);
  CHECK(syna_mmap_len(store) == ROWS && indexed_rows() < ROWS);
  OK(syna_mmap_checkpoint(store, &error));
  CHECK(indexed_rows() < ROWS);
  OK(syna_mmap_close(store, &error));
  FAILS(INVALID_HANDLE, syna_mmap_interrupt(store, &error));
  OK(syna_mmap_open(in_folder("written"), &options, &store, &error));
  CHECK(syna_mmap_len(store) == ROWS && indexed_rows() < ROWS && has_row(store, ROWS - 1));
  OK(syna_mmap_build_index(store, &error));
  CHECK(indexed_rows() == ROWS);
  check_whole();
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  FAILS(INVALID_HANDLE, syna_mmap_interrupt(NULL, &error));
  store = open_quietly(in_folder("store"), 0);
  insert_rows(store, 0, ROWS);
  calls_with_progress();
  interrupt_until_done(recall, ROWS);
  OK(syna_mmap_close(store, &error));
  a_write();
  return 0;
}
