/* Every call works with the stack size that README.md states. */
#include "check.h"

#include <pthread.h>

enum { ROWS = 2100, STACK_BYTES = 64 * 1024 };

static bool continues(void *context, uint64_t done, uint64_t total) {
  return context == NULL && done <= total;
}

static void *use(void *unused) {
  syna_mmap_options options = quiet();
  syna_mmap *store = NULL;
  syna_mmap_results *results = NULL;
  syna_mmap_search_options how;
  float query[DIMENSIONS];
  uint64_t findings = 1, left = 1;
  double recall = 0;
  bool is_done = false;
  fill(query, 5);
  OK(syna_mmap_open(in_folder("store"), &options, &store, &error));
  insert_rows(store, 0, ROWS);
  OK(syna_mmap_index_step(store, 1000, &left, &error));
  OK(syna_mmap_build_index_with(store, continues, NULL, &error));
  OK(syna_mmap_results_new(&results, &error));
  syna_mmap_search_options_init(&how, sizeof how);
  for (how.exact = 0; how.exact < 2; how.exact++) {
    OK(syna_mmap_search(store, query, 10, &how, results, &error));
    OK(syna_mmap_search_key(store, "abcde5", 6, 10, &how, results, &error));
    OK(syna_mmap_search_range(store, query, 3.0f, &how, results, &error));
    OK(syna_mmap_search_batch(store, query, 1, 10, &how, results, NULL, &error));
  }
  OK(syna_mmap_check_recall(store, 8, 10, 0, 1, &recall, &error));
  OK(syna_mmap_verify(store, NULL, NULL, &findings, &error));
  CHECK(findings == 0 && recall > 0.5);
  CHECK(syna_mmap_delete(store, "0", 1, NULL, &error) == SYNA_MMAP_OK);
  insert_rows(store, ROWS, 300);
  OK(syna_mmap_checkpoint(store, &error));
  OK(syna_mmap_compact(store, continues, NULL, &error));
  while (!is_done) OK(syna_mmap_compact_step(store, 0, &is_done, &error));
  OK(syna_mmap_snapshot_to(store, in_folder("copy"), NULL, NULL, &error));
  OK(syna_mmap_close(store, &error));
  OK(syna_mmap_salvage(in_folder("copy"), in_folder("saved"), NULL, NULL, &error));
  options.flags = SYNA_MMAP_OPEN_VERIFY;
  OK(syna_mmap_open(in_folder("store"), &options, &store, &error));
  CHECK(syna_mmap_len(store) >= ROWS + 299);
  OK(syna_mmap_close(store, &error));
  syna_mmap_results_free(results);
  return unused;
}

int main(int argc, char **argv) {
  pthread_attr_t attributes;
  pthread_t thread;
  begin(argc, argv);
  CHECK(pthread_attr_init(&attributes) == 0);
  CHECK(pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0);
  CHECK(pthread_create(&thread, &attributes, use, NULL) == 0);
  CHECK(pthread_join(thread, NULL) == 0);
  CHECK(pthread_attr_destroy(&attributes) == 0);
  return 0;
}
