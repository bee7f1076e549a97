/* Log messages reach the callback, which cannot call the library. */
#include "check.h"

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_LINES = 64 };

typedef struct heard {
  char lines[MOST_LINES][256];
  uint32_t levels[MOST_LINES];
  int count;
  syna_mmap *store;
  syna_mmap_status inner;
} heard;

static void receive_log(void *context, uint32_t level, const char *text, size_t text_len) {
  heard *all = context;
  CHECK(level >= SYNA_MMAP_LOG_ERROR && level <= SYNA_MMAP_LOG_DEBUG);
  CHECK(strlen(text) == text_len && text_len > 0);
  /* One line, even if a path contains line breaks. */
  CHECK(strpbrk(text, "\n\r\x1b") == NULL);
  if (all->count < MOST_LINES) {
    snprintf(all->lines[all->count], sizeof all->lines[0], "%s", text);
    all->levels[all->count] = level;
    all->count++;
  }
  if (all->store != NULL) {
    /* Refused here, so that the callback cannot wait for a lock that its thread holds. */
    all->inner = syna_mmap_checkpoint(all->store, NULL);
    CHECK(syna_mmap_len(all->store) == 0);
    CHECK(syna_mmap_set_log(SYNA_MMAP_LOG_INFO, NULL, NULL, NULL) == SYNA_MMAP_ERR_INVALID_ARGUMENT);
  }
}

/* The first line that contains the text; -1 if there is none. */
static int line_with(const heard *all, const char *words) {
  int i;
  for (i = 0; i < all->count; i++) {
    if (strstr(all->lines[i], words) != NULL) return i;
  }
  return -1;
}

static int is_inside, may_return;

static void pause_shortly(void) {
  struct timespec pause = {0, 1000000};
  CHECK(nanosleep(&pause, NULL) == 0);
}

/* Blocks in the callback until it is released. */
static void block_in_callback(void *context, uint32_t level, const char *text, size_t text_len) {
  (void)level;
  CHECK(context == &is_inside && strlen(text) == text_len);
  __atomic_store_n(&is_inside, 1, __ATOMIC_SEQ_CST);
  while (!__atomic_load_n(&may_return, __ATOMIC_SEQ_CST)) pause_shortly();
  __atomic_store_n(&is_inside, 0, __ATOMIC_SEQ_CST);
}

static void *cause_log_messages(void *store) {
  CHECK(syna_mmap_checkpoint(store, NULL) == SYNA_MMAP_OK);
  return NULL;
}

static void *release_callback(void *unused) {
  int i;
  for (i = 0; i < 30; i++) pause_shortly();
  __atomic_store_n(&may_return, 1, __ATOMIC_SEQ_CST);
  return unused;
}

/* A child that was forked while a thread of its parent was in the callback sets its callback; the parent waits for the
 * thread. */
static void fork_during_callback(void) {
  static heard all;
  pthread_t inside, other;
  syna_mmap *store = open_quietly(in_folder("forked"), 0), *own;
  pid_t child;
  int status = -1;
  insert_rows(store, 0, 10);
  OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, block_in_callback, &is_inside, &error));
  CHECK(pthread_create(&inside, NULL, cause_log_messages, store) == 0);
  while (!__atomic_load_n(&is_inside, __ATOMIC_SEQ_CST)) pause_shortly();
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(20);
    OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, NULL, NULL, &error));
    OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, receive_log, &all, &error));
    OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, receive_log, &all, &error));
    own = open_quietly(in_folder("of_the_child"), 0);
    insert_rows(own, 0, 10);
    OK(syna_mmap_close(own, &error));
    _exit(line_with(&all, "checkpoint") >= 0 ? 0 : 1);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(pthread_create(&other, NULL, release_callback, NULL) == 0);
  OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, NULL, NULL, &error));
  CHECK(__atomic_load_n(&may_return, __ATOMIC_SEQ_CST) && !__atomic_load_n(&is_inside, __ATOMIC_SEQ_CST));
  CHECK(pthread_join(inside, NULL) == 0 && pthread_join(other, NULL) == 0);
  OK(syna_mmap_close(store, &error));
}

/* Control characters of a path appear in no line and no message. */
static void control_characters(heard *all) {
  const char *name = "two\nlines\r\x1b[31m";
  syna_mmap *store, *other = NULL;
  all->count = 0;
  OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, receive_log, all, &error));
  store = open_quietly(in_folder(name), 0);
  insert_rows(store, 0, 10);
  OK(syna_mmap_checkpoint(store, &error));
  CHECK(line_with(all, "two\xEF\xBF\xBDlines") >= 0);
  FAILS(LOCKED, syna_mmap_open(in_folder(name), NULL, &other, &error));
  CHECK(strpbrk(error.message, "\n\r\x1b") == NULL && strstr(error.message, "two\xEF\xBF\xBDlines") != NULL);
  OK(syna_mmap_close(store, &error));
  OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, NULL, NULL, &error));
}

int main(int argc, char **argv) {
  static heard all;
  syna_mmap *store;
  int line;
  begin(argc, argv);

  FAILS(INVALID_ARGUMENT, syna_mmap_set_log(0, receive_log, &all, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_set_log(5, receive_log, &all, &error));
  OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, receive_log, &all, &error));
  store = open_quietly(in_folder("store"), 0);
  insert_rows(store, 0, 100);
  OK(syna_mmap_checkpoint(store, &error));
  line = line_with(&all, "checkpoint");
  CHECK(line >= 0 && all.levels[line] == SYNA_MMAP_LOG_DEBUG);
  CHECK(strstr(all.lines[line], in_folder("store")) != NULL);
  CHECK(line_with(&all, "index") < 0);
  OK(syna_mmap_build_index(store, &error));
  line = line_with(&all, "built an index of 100 rows");
  CHECK(line >= 0 && all.levels[line] == SYNA_MMAP_LOG_INFO);
  OK(syna_mmap_compact(store, NULL, NULL, &error));
  CHECK(line_with(&all, "compacted 100 rows into 100") >= 0);

  /* Messages of higher level numbers are not delivered. */
  all.count = 0;
  OK(syna_mmap_set_log(SYNA_MMAP_LOG_WARNING, receive_log, &all, &error));
  insert_rows(store, 100, 10);
  OK(syna_mmap_checkpoint(store, &error));
  CHECK(all.count == 0);
  OK(syna_mmap_close(store, &error));

  /* An index that does not match: it belongs to another store. */
  {
    FILE *file = fopen(in_folder("store.hnsw"), "r+b");
    static const long STORE_IDS[] = {16, 4096 + 16};
    size_t slot;
    CHECK(file != NULL);
    for (slot = 0; slot < 2; slot++) {
      int before;
      CHECK(fseek(file, STORE_IDS[slot], SEEK_SET) == 0);
      before = fgetc(file);
      CHECK(before != EOF && fseek(file, STORE_IDS[slot], SEEK_SET) == 0 && fputc(before ^ 1, file) != EOF);
    }
    CHECK(fclose(file) == 0);
  }
  store = open_quietly(in_folder("store"), 0);
  line = line_with(&all, "ignoring index file: neither slot");
  CHECK(line >= 0 && all.levels[line] == SYNA_MMAP_LOG_WARNING);

  /* The callback cannot call the library. */
  all.store = store;
  all.inner = SYNA_MMAP_OK;
  OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, receive_log, &all, &error));
  insert_rows(store, 110, 1);
  OK(syna_mmap_checkpoint(store, &error));
  CHECK(all.inner == SYNA_MMAP_ERR_INVALID_ARGUMENT);
  CHECK(syna_mmap_len(store) > 100);

  OK(syna_mmap_set_log(SYNA_MMAP_LOG_DEBUG, NULL, NULL, &error));
  all.count = 0;
  insert_rows(store, 111, 1);
  OK(syna_mmap_close(store, &error));
  CHECK(all.count == 0);
  all.store = NULL;
  control_characters(&all);
  fork_during_callback();
  return 0;
}
