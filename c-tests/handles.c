/* Handles that are closed, of another type, made up, or the parent process's: all are errors. */
#include "check.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static float vector[DIMENSIONS];

/* Calls every function with this store handle. */
static void unusable(syna_mmap *store, syna_mmap_results *results) {
  uint64_t offsets[2] = {0, 1};
  syna_mmap_batch b = SYNA_MMAP_BATCH_INIT;
  uint64_t number = 7;
  size_t count = 7;
  bool flag = true;
  FAILS(INVALID_HANDLE, syna_mmap_checkpoint(store, &error));
  FAILS(INVALID_HANDLE, syna_mmap_flush(store, &error));
  FAILS(INVALID_HANDLE, syna_mmap_reserve(store, 1, &error));
  FAILS(INVALID_HANDLE, syna_mmap_insert(store, "k", 1, vector, &flag, &error));
  FAILS(INVALID_HANDLE, syna_mmap_upsert(store, "k", 1, vector, &error));
  FAILS(INVALID_HANDLE, syna_mmap_insert_batch(store, "k", offsets, vector, 1, &count, &error));
  FAILS(INVALID_HANDLE, syna_mmap_upsert_batch(store, "k", offsets, vector, 1, &error));
  FAILS(INVALID_HANDLE, syna_mmap_write(store, &b, &count, &error));
  FAILS(INVALID_HANDLE, syna_mmap_delete(store, "k", 1, &flag, &error));
  FAILS(INVALID_HANDLE, syna_mmap_get(store, "k", 1, vector, &error));
  FAILS(INVALID_HANDLE, syna_mmap_build_index(store, &error));
  FAILS(INVALID_HANDLE, syna_mmap_search(store, vector, 1, NULL, results, &error));
  FAILS(INVALID_HANDLE, syna_mmap_get_tags(store, "k", 1, &number, &error));
  FAILS(INVALID_HANDLE, syna_mmap_get_payload(store, "k", 1, NULL, 0, &count, &error));
  FAILS(INVALID_HANDLE, syna_mmap_verify(store, NULL, NULL, &number, &error));
  CHECK(!syna_mmap_contains(store, "k", 1));
  CHECK(syna_mmap_len(store) == 0);
  CHECK(syna_mmap_dimensions(store) == 0);
  CHECK(syna_mmap_metric(store) == 0 && syna_mmap_key_kind(store) == 0 && syna_mmap_element(store) == 0);
  CHECK(syna_mmap_vector_bytes(store) == 0);
  CHECK(!syna_mmap_has_index(store));
  CHECK(!syna_mmap_is_dirty(store));
  CHECK(syna_mmap_last_durable_seq(store) == 0);
  CHECK(count == 7 && number == 7 && flag);
}

static void unusable_results(syna_mmap *store, syna_mmap_results *results) {
  size_t count = 7;
  FAILS(INVALID_HANDLE, syna_mmap_search(store, vector, 1, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count) == NULL && count == 0);
  CHECK(!syna_mmap_results_is_partial(results));
  CHECK(syna_mmap_results_tags(results, 0) == 0);
  CHECK(syna_mmap_results_payload(results, 0, &count) == NULL && count == 0);
  count = 1;
  CHECK(syna_mmap_results_stored(results, 0, &count) == NULL && count == 0);
  CHECK(!syna_mmap_results_vector(results, 0, vector));
  syna_mmap_results_free(results);
}

static void closed(void) {
  syna_mmap *first = open_quietly(in_folder("store"), 0), *second;
  syna_mmap_results *results, *others;
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_insert(first, "k", 1, vector, NULL, &error));
  OK(syna_mmap_close(first, &error));
  unusable(first, results);
  FAILS(INVALID_HANDLE, syna_mmap_close(first, &error));

  /* The slot is used again, but the handle differs. */
  second = open_quietly(in_folder("store"), 0);
  CHECK(second != first);
  unusable(first, results);
  CHECK(syna_mmap_len(second) == 1);

  syna_mmap_results_free(results);
  OK(syna_mmap_results_new(&others, &error));
  CHECK(others != results);
  unusable_results(second, results);
  OK(syna_mmap_search(second, vector, 1, NULL, others, &error));
  syna_mmap_results_free(others);

  /* An invalid error struct does not keep the store open. */
  {
    syna_mmap_error wrong = {1, 0, 0, ""};
    FAILS_BARE(INVALID_ARGUMENT, syna_mmap_close(second, &wrong));
    FAILS(INVALID_HANDLE, syna_mmap_close(second, &error));
  }
}

static void foreign_and_invented(void) {
  static const uintptr_t numbers[] = {1,    2,      3,          5,           7,          8,
                                      4096, 0xFFFF, 0xDEADBEEF, UINTPTR_MAX, UINTPTR_MAX - 2};
  syna_mmap *store = open_quietly(in_folder("store"), 0);
  syna_mmap_results *results;
  int on_stack = 0;
  size_t i;
  OK(syna_mmap_results_new(&results, &error));
  unusable((syna_mmap *)(void *)results, results);
  unusable_results(store, (syna_mmap_results *)(void *)store);
  FAILS(INVALID_HANDLE, syna_mmap_close((syna_mmap *)(void *)results, &error));
  for (i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
    unusable((syna_mmap *)numbers[i], results);
    unusable_results(store, (syna_mmap_results *)numbers[i]);
    FAILS(INVALID_HANDLE, syna_mmap_close((syna_mmap *)numbers[i], &error));
  }
  for (i = 0; i < 8 * sizeof(uintptr_t); i++) {
    unusable((syna_mmap *)((uintptr_t)store ^ (uintptr_t)1 << i), results);
    unusable_results(store, (syna_mmap_results *)((uintptr_t)results ^ (uintptr_t)1 << i));
  }
  unusable((syna_mmap *)(void *)&on_stack, results);
  unusable_results(store, (syna_mmap_results *)(void *)&on_stack);
  unusable(NULL, results);
  unusable_results(store, NULL);
  CHECK(syna_mmap_len(store) == 1);
  OK(syna_mmap_search(store, vector, 1, NULL, results, &error));
  syna_mmap_results_free(results);
  OK(syna_mmap_close(store, &error));
}

static void many(void) {
  static syna_mmap_results *results[1000];
  size_t i, round;
  for (round = 0; round < 3; round++) {
    for (i = 0; i < 1000; i++) OK(syna_mmap_results_new(&results[i], &error));
    for (i = 0; i < 1000; i++) syna_mmap_results_free(results[(i * 7) % 1000]);
  }
}

static void in_child(syna_mmap *store, syna_mmap_results *results) {
  syna_mmap *other;
  syna_mmap_results *own;
  uint64_t n;
  OK(syna_mmap_results_new(&own, &error));
  unusable(store, own);
  CHECK(strstr(error.message, "parent") != NULL);
  unusable_results(store, results);
  /* A reader can open the parent's file; a writer must wait for the parent. */
  other = open_quietly(in_folder("store"), SYNA_MMAP_OPEN_READ_ONLY);
  CHECK(syna_mmap_contains(other, "k", 1));
  OK(syna_mmap_search(other, vector, 1, NULL, own, &error));
  OK(syna_mmap_close(other, &error));
  {
    syna_mmap_options options = quiet();
    FAILS(LOCKED, syna_mmap_open(in_folder("store"), &options, &other, &error));
  }
  OK(syna_mmap_close(store, &error));
  FAILS(INVALID_HANDLE, syna_mmap_close(store, &error));
  {
    syna_mmap_options options = quiet();
    FAILS(LOCKED, syna_mmap_open(in_folder("store"), &options, &other, &error));
  }
  /* The child's stores, also in slots that it has freed. */
  for (n = 0; n < 20; n++) {
    other = open_quietly(in_folder("of_child"), 0);
    insert_rows(other, n * 10, 10);
    OK(syna_mmap_close(other, &error));
  }
  syna_mmap_results_free(own);
  _exit(0);
}

static void forked(void) {
  syna_mmap *store = open_quietly(in_folder("store"), 0);
  syna_mmap_results *results;
  pid_t child;
  int status = 1;
  OK(syna_mmap_results_new(&results, &error));
  insert_rows(store, 0, 100);
  CHECK(syna_mmap_is_dirty(store));
  fflush(NULL);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) in_child(store, results);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  /* The child's close neither made a checkpoint nor released the lock. */
  CHECK(syna_mmap_is_dirty(store));
  insert_rows(store, 100, 100);
  OK(syna_mmap_search(store, vector, 1, NULL, results, &error));
  OK(syna_mmap_close(store, &error));
  syna_mmap_results_free(results);
  store = open_quietly(in_folder("store"), 0);
  CHECK(syna_mmap_len(store) == 201 && has_row(store, 0) && has_row(store, 199));
  OK(syna_mmap_close(store, &error));
}

/* Runs in the child of a process that has ended. Writes to `answer` if everything is correct. */
static void continue_as_daemon(syna_mmap *store, syna_mmap_results *results, const int ended[2], int answer) {
  char byte;
  /* While the parent exists, it holds the file. */
  OK(syna_mmap_close(store, &error));
  {
    syna_mmap_options options = quiet();
    syna_mmap *early = NULL;
    FAILS(LOCKED, syna_mmap_open(in_folder("daemon"), &options, &early, &error));
  }
  CHECK(write(answer, "l", 1) == 1);
  /* Returns 0 bytes once the parent has ended. */
  close(ended[1]);
  CHECK(read(ended[0], &byte, 1) == 0);
  store = open_quietly(in_folder("daemon"), SYNA_MMAP_OPEN_MUST_EXIST);
  CHECK(syna_mmap_len(store) == 100 && has_row(store, 42));
  insert_rows(store, 100, 1);
  OK(syna_mmap_close(store, &error));
  syna_mmap_results_free(results);
  CHECK(write(answer, "k", 1) == 1);
  _exit(0);
}

/* A program that continues as a daemon closes what it inherited and opens the file again: the lock of its former parent,
 * which ended without closing anything, is released. */
static void daemonised(void) {
  syna_mmap *store = NULL;
  syna_mmap_results *results = NULL;
  syna_mmap_options options = quiet();
  int answer[2], ended[2], status = -1;
  char bytes[2] = {0, 0};
  pid_t parent;
  CHECK(pipe(answer) == 0);
  fflush(NULL);
  parent = fork();
  CHECK(parent >= 0);
  if (parent == 0) {
    pid_t child;
    CHECK(pipe(ended) == 0);
    options.index_threshold = 50;
    options.index_worker = 1;
    OK(syna_mmap_open(in_folder("daemon"), &options, &store, &error));
    insert_rows(store, 0, 100);
    OK(syna_mmap_results_new(&results, &error));
    OK(syna_mmap_search(store, vector, 1, NULL, results, &error));
    child = fork();
    CHECK(child >= 0);
    if (child == 0) continue_as_daemon(store, results, ended, answer[1]);
    close(answer[1]);
    CHECK(read(answer[0], bytes, 1) == 1 && bytes[0] == 'l');
    CHECK(has_row(store, 0));
    _exit(0);
  }
  close(answer[1]);
  CHECK(waitpid(parent, &status, 0) == parent && status == 0);
  CHECK(read(answer[0], bytes, 1) == 1 && bytes[0] == 'k');
  close(answer[0]);
}

int main(int argc, char **argv) {
  begin(argc, argv);
  fill(vector, 1);
  closed();
  foreign_and_invented();
  many();
  forked();
  daemonised();
  return 0;
}
