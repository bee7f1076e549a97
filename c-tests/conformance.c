/*
 * Replays bindings/conformance/cases.txt, which is described in the README.md beside it.
 *
 *   conformance FOLDER [CASES [report]]
 */
#include "conformance_elements.h"
#include "conformance_reading.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- objects of the operations ----------------------------------------------------------------- */

static syna_mmap *stores['Z' + 1];
static syna_mmap_results *results;
static float vector[MAX_DIMENSIONS], other[MAX_DIMENSIONS];

static syna_mmap *store(void) { return stores[words[1][0] & 0x7F]; }

static void close_all(void) {
  int letter;
  for (letter = 'A'; letter <= 'Z'; letter++) {
    syna_mmap_close(stores[letter], NULL);
    stores[letter] = NULL;
  }
  syna_mmap_results_free(results);
}

static void begin_case(void) {
  DIR *directory = opendir(folder);
  struct dirent *entry;
  close_all();
  CHECK(directory != NULL);
  while ((entry = readdir(directory)) != NULL) {
    if (entry->d_name[0] != '.') CHECK(remove(in_folder(entry->d_name)) == 0);
  }
  closedir(directory);
  OK(syna_mmap_results_new(&results, &error));
  case_count++;
}

/* ---- operations -------------------------------------------------------------------------------- */

static void open_store(void) {
  syna_mmap_options options = quiet();
  size_t i;
  for (i = 3; words[i] != NULL; i++) set_option(&options, words[i]);
  said_status(syna_mmap_open(in_folder(words[2]), &options, &stores[words[1][0] & 0x7F], &error));
}

static void open_in_memory(void) {
  syna_mmap_options options = quiet();
  size_t i;
  for (i = 2; words[i] != NULL; i++) set_option(&options, words[i]);
  said_status(syna_mmap_open_in_memory(&options, &stores[words[1][0] & 0x7F], &error));
}

/* open_at STORE FILE OFFSET FROM: opens the store that `pack` has put there. */
static void open_at(void) {
  uint64_t offset = strtoull(words[3], NULL, 10);
  struct stat packed;
  int file = open(in_folder(words[2]), O_RDONLY);
  CHECK(file >= 0 && stat(in_folder(words[4]), &packed) == 0);
  said_status(syna_mmap_open_at(file, offset, (uint64_t)packed.st_size, 0, 0, NULL, &stores[words[1][0] & 0x7F], &error));
  CHECK(close(file) == 0);
}

/* pack FILE FROM OFFSET */
static void pack(void) {
  long offset = strtol(words[3], NULL, 10);
  FILE *from = fopen(in_folder(words[2]), "rb"), *file = fopen(in_folder(words[1]), "wb");
  int byte;
  CHECK(from != NULL && file != NULL && fseek(file, offset, SEEK_SET) == 0);
  while ((byte = getc(from)) != EOF) CHECK(putc(byte, file) != EOF);
  CHECK(fclose(from) == 0 && fclose(file) == 0);
}

/* Compares the hits of the results with the following lines. */
static void compare_hits(size_t place, const syna_mmap_hit *hits, size_t count, const syna_mmap *searched) {
  /* The position among all hits, for tags and payloads. */
  const size_t first = count == 0 ? 0 : (size_t)(hits - syna_mmap_results_hits(results, NULL));
  size_t i, length;
  said_number(place, count);
  for (i = 0; is_next("hit"); i++) {
    bytes key = bytes_of(words[1]), payload = bytes_of(words[5]);
    const uint8_t *data = syna_mmap_results_payload(results, first + i, &length);
    if (i >= count) differs("no hit");
    if (hits[i].key_len != key.length || memcmp(hits[i].key, key.data, key.length) != 0) differs("a different key");
    if (!is_distance(words[2], hits[i].distance)) differs("a different distance");
    if (hits[i].row != strtoull(words[3], NULL, 10)) differs("a different row");
    if (syna_mmap_results_tags(results, first + i) != strtoull(words[4], NULL, 10)) differs("different tags");
    if (length != payload.length || (length > 0 && memcmp(data, payload.data, length) != 0)) differs("a different payload");
    if (searched != NULL) check_hit_vector(searched, results, first + i, &hits[i]);
    free(key.data);
    free(payload.data);
    check_count++;
  }
  if (i != 0 && i != count) differs("more hits than lines");
}

/* Reports the results of a search, and whether they are partial. */
static void said_search(syna_mmap_status status) {
  bool is_partial = syna_mmap_results_is_partial(results);
  size_t count = 0;
  const syna_mmap_hit *hits = syna_mmap_results_hits(results, &count);
  if (!said_status(status)) return;
  if (is_partial != (expected[2] != NULL && strcmp(expected[2], "partial") == 0)) differs(is_partial ? "partial" : "whole");
  compare_hits(1, hits, count, store());
}

static void search(void) {
  syna_mmap_search_options options = search_options(words + 4);
  vector_of(words[2], vector);
  said_search(syna_mmap_search(store(), vector, strtoul(words[3], NULL, 10), &options, results, &error));
}

static void search_key(const bytes *key) {
  syna_mmap_search_options options = search_options(words + 4);
  size_t k = strtoul(words[3], NULL, 10);
  said_search(syna_mmap_search_key(store(), key->data, key->length, k, &options, results, &error));
}

static void search_range(void) {
  syna_mmap_search_options options = search_options(words + 4);
  vector_of(words[2], vector);
  said_search(syna_mmap_search_range(store(), vector, strtof(words[3], NULL), &options, results, &error));
}

static syna_mmap_status statuses[MAX_WORDS];

static void search_batch(void) {
  static float queries[MAX_WORDS * MAX_DIMENSIONS];
  syna_mmap_search_options options = search_options(words + 3);
  size_t count = 0, k = strtoul(words[2], NULL, 10);
  for (; words[3 + count] != NULL && strchr(words[3 + count], '=') == NULL; count++)
    vector_of(words[3 + count], queries + count * (size_t)syna_mmap_dimensions(store()));
  said_search(syna_mmap_search_batch(store(), queries, count, k, &options, results, statuses, &error));
}

/* The results of one query of the previous batch. */
static void query(void) {
  size_t number = strtoul(words[1], NULL, 10), count = 0;
  const syna_mmap_hit *hits = syna_mmap_results_query_hits(results, number, &count);
  said(0, short_name(statuses[number]));
  if (statuses[number] == SYNA_MMAP_OK) compare_hits(1, hits, count, NULL);
  else CHECK(count == 0);
}

static void hits_of_now(void) {
  size_t count = 0;
  const syna_mmap_hit *hits = syna_mmap_results_hits(results, &count);
  compare_hits(0, hits, count, NULL);
}

static void get(const bytes *key) {
  size_t count;
  if (!said_status(syna_mmap_get(store(), key->data, key->length, vector, &error))) return;
  count = vector_of(expected[1], other);
  if (count != syna_mmap_dimensions(store()) || memcmp(vector, other, count * sizeof(float)) != 0)
    differs("a different vector");
}

static void payload_of(const bytes *key) {
  size_t length = 0, capacity;
  uint8_t *payload;
  if (!said_status(syna_mmap_get_payload(store(), key->data, key->length, NULL, 0, &length, &error))) return;
  capacity = length;
  payload = malloc(capacity + 1);
  CHECK(payload != NULL);
  OK(syna_mmap_get_payload(store(), key->data, key->length, payload, capacity, &length, &error));
  CHECK(length == capacity);
  said_bytes(1, (const char *)payload, length);
  free(payload);
}

typedef struct finding {
  char *key;
  size_t key_len;
  uint64_t row;
  uint32_t problem;
} finding;

static finding findings[8];
static size_t finding_count;

static bool on_finding(void *is_stopped, const syna_mmap_finding *f, uint64_t done, uint64_t total) {
  (void)done, (void)total;
  if (f != NULL) {
    finding *kept = &findings[finding_count++];
    CHECK(finding_count <= 8);
    kept->key = memcpy(malloc(f->key_len + 1), f->key, f->key_len);
    kept->key_len = f->key_len;
    kept->row = f->row;
    kept->problem = f->problem;
  }
  return !*(bool *)is_stopped;
}

static void verify(bool is_stopped) {
  static const char *const PROBLEMS[] = {"", "DAMAGED_VECTOR", "HIDDEN", "UNREACHABLE"};
  uint64_t count = 0;
  size_t i;
  finding_count = 0;
  if (said_status(syna_mmap_verify(store(), on_finding, &is_stopped, &count, &error))) said_number(1, count);
  for (i = 0; is_next("finding"); i++) {
    bytes key = bytes_of(words[1]);
    if (i >= finding_count || findings[i].problem > 3) differs("no finding");
    if (findings[i].key_len != key.length || memcmp(findings[i].key, key.data, key.length) != 0) differs("a different key");
    if (findings[i].row != strtoull(words[2], NULL, 10)) differs("a different row");
    if (strcmp(words[3], PROBLEMS[findings[i].problem]) != 0) differs("a different problem");
    free(key.data);
    check_count++;
  }
  if (!is_stopped && i != finding_count) differs("more findings than lines");
  for (i = 0; i < finding_count; i++) free(findings[i].key);
}

static void write_file(const char *name, const bytes *content) {
  FILE *file = fopen(in_folder(name), "wb");
  CHECK(file != NULL && fwrite(content->data, 1, content->length, file) == content->length && fclose(file) == 0);
}

static void replace(const bytes *old, const bytes *new) {
  FILE *file = fopen(in_folder(words[1]), "rb");
  bytes content = {NULL, 0};
  size_t i;
  char block[4096];
  CHECK(file != NULL && old->length == new->length);
  while ((i = fread(block, 1, sizeof block, file)) > 0) bytes_append(&content, block, i, 1);
  CHECK(fclose(file) == 0);
  for (i = 0; i + old->length <= content.length && memcmp(content.data + i, old->data, old->length) != 0; i++) {}
  CHECK(i + old->length <= content.length);
  memcpy(content.data + i, new->data, new->length);
  write_file(words[1], &content);
  free(content.data);
}

static void limit_file_bytes(void) {
  static struct rlimit before;
  struct rlimit limit;
  if (before.rlim_max == 0) CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
  limit = before;
  if (strcmp(words[1], "0") != 0) limit.rlim_cur = strtoul(words[1], NULL, 10);
  CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

/* ---- the table of operations ------------------------------------------------------------------- */

/* Operations whose argument is a key; false if the operation is none of them. */
static int with_key(const bytes *key) {
  bool answer = false;
  uint64_t tags = 0;
  if (is_operation("insert") || is_operation("upsert")) vector_of(words[3], vector);
  if (is_operation("insert")) {
    if (said_status(syna_mmap_insert(store(), key->data, key->length, vector, &answer, &error))) said_bool(1, answer);
  } else if (is_operation("upsert")) {
    said_status(syna_mmap_upsert(store(), key->data, key->length, vector, &error));
  } else if (is_operation("delete")) {
    if (said_status(syna_mmap_delete(store(), key->data, key->length, &answer, &error))) said_bool(1, answer);
  } else if (is_operation("get")) {
    get(key);
  } else if (is_operation("contains")) {
    said_bool(0, syna_mmap_contains(store(), key->data, key->length));
  } else if (is_operation("tags")) {
    if (said_status(syna_mmap_get_tags(store(), key->data, key->length, &tags, &error))) said_number(1, tags);
  } else if (is_operation("payload")) {
    payload_of(key);
  } else if (is_operation("search_key")) {
    search_key(key);
  } else {
    return 0;
  }
  return 1;
}

static void salvage(void) {
  uint64_t rows = 0, lost = 0;
  if (said_status(syna_mmap_salvage(in_folder(words[1]), in_folder(words[2]), &rows, &lost, &error))) {
    said_number(1, rows);
    said_number(2, lost);
  }
}

static int without_key(void) {
  if (is_operation("case")) begin_case();
  else if (is_operation("open")) open_store();
  else if (is_operation("close")) said_status(syna_mmap_close(store(), &error));
  else if (is_operation("checkpoint")) said_status(syna_mmap_checkpoint(store(), &error));
  else if (is_operation("flush")) said_status(syna_mmap_flush(store(), &error));
  else if (is_operation("build_index")) said_status(syna_mmap_build_index(store(), &error));
  else if (is_operation("reserve")) said_status(syna_mmap_reserve(store(), strtoull(words[2], NULL, 10), &error));
  else if (is_operation("has_index")) said_bool(0, syna_mmap_has_index(store()));
  else if (is_operation("is_dirty")) said_bool(0, syna_mmap_is_dirty(store()));
  else if (is_operation("len")) said_number(0, syna_mmap_len(store()));
  else if (is_operation("dimensions")) said_number(0, syna_mmap_dimensions(store()));
  else if (is_operation("last_durable_seq")) said_number(0, syna_mmap_last_durable_seq(store()));
  else if (is_operation("metric")) said(0, METRICS[syna_mmap_metric(store())]);
  else if (is_operation("search")) search();
  else if (is_operation("search_range")) search_range();
  else if (is_operation("search_batch")) search_batch();
  else if (is_operation("query")) query();
  else if (is_operation("hits")) hits_of_now();
  else if (is_operation("open_in_memory")) open_in_memory();
  else if (is_operation("open_at")) open_at();
  else if (is_operation("pack")) pack();
  else if (is_operation("verify")) verify(false);
  else if (is_operation("verify_stop")) verify(true);
  else if (is_operation("salvage")) salvage();
  else if (is_operation("status")) said(0, short_name((syna_mmap_status)strtol(words[1], NULL, 10)));
  else if (is_operation("limit_file_bytes")) limit_file_bytes();
  else return 0;
  return 1;
}

int main(int argc, char **argv) {
  const char *path = argc > 2 ? argv[2] : "bindings/conformance/cases.txt";
  begin(argc, argv);
  cases = fopen(path, "rb");
  if (cases == NULL) failed(path, 0, "cannot be opened; give the path of cases.txt as the second argument");
  while (next_line()) {
    bytes first = bytes_of(words[1] != NULL && words[2] != NULL ? words[2] : "-");
    bytes second = bytes_of(is_operation("replace") ? words[3] : "-");
    if (is_operation("file")) write_file(words[1], &first);
    else if (is_operation("replace")) replace(&first, &second);
    else if (!without_key() && !with_key(&first) && !for_hosts(store()) && !for_writes(store(), &first) &&
             !for_elements(store(), results) && !for_reading(&stores[words[1][0] & 0x7F], &first))
      differs("an unknown operation");
    free(first.data);
    free(second.data);
  }
  close_all();
  free_given();
  fclose(cases);
  if (argc > 3) printf("conformance: %zu cases, %zu checks\n", case_count, check_count);
  return 0;
}
