/* Reading tags and payloads; findings and callbacks of verify; salvage of a damaged file. */
#include "check.h"

enum { ROWS = 60, DAMAGED = 25, INDEXED = 4000 };

static void payload_of(uint8_t payload[8], uint64_t n) {
  memset(payload, (int)(n & 0xFF), 8);
}

/* ROWS rows in one batch: row n has the tags n + 1 and n % 5 bytes of payload. */
static syna_mmap *make_store(const char *name) {
  syna_mmap *store = open_quietly(in_folder(name), 0);
  batch rows = batch_of(0, ROWS);
  uint64_t tags[ROWS], offsets[ROWS + 1] = {0}, n;
  uint8_t payloads[ROWS * 8];
  syna_mmap_batch b = SYNA_MMAP_BATCH_INIT;
  for (n = 0; n < ROWS; n++) {
    tags[n] = n + 1;
    payload_of(payloads + offsets[n], n);
    offsets[n + 1] = offsets[n] + n % 5;
  }
  b.keys = rows.keys;
  b.key_offsets = rows.offsets;
  b.vectors = rows.vectors;
  b.count = ROWS;
  b.tags = tags;
  b.payloads = payloads;
  b.payload_offsets = offsets;
  OK(syna_mmap_write(store, &b, NULL, &error));
  batch_free(&rows);
  return store;
}

/* Checks row n as written by make_store. */
static void check_row(const syna_mmap *store, uint64_t n) {
  char key[40];
  uint8_t payload[9] = {0xAB, 0xAB, 0xAB, 0xAB, 0xAB, 0xAB, 0xAB, 0xAB, 0xAB}, expected[8];
  uint64_t tags = 0;
  size_t length = key_of(key, n), count = 99;
  CHECK(has_row(store, n));
  OK(syna_mmap_get_tags(store, key, length, &tags, &error));
  CHECK(tags == n + 1);
  /* First its length, then its bytes. */
  OK(syna_mmap_get_payload(store, key, length, NULL, 0, &count, &error));
  CHECK(count == n % 5);
  if (count > 0) {
    size_t again = 99;
    OK(syna_mmap_get_payload(store, key, length, payload, count - 1, &again, &error));
    CHECK(again == count && payload[0] == 0xAB);
  }
  OK(syna_mmap_get_payload(store, key, length, payload, count, &count, &error));
  payload_of(expected, n);
  CHECK(count == n % 5 && memcmp(payload, expected, count) == 0 && payload[count] == 0xAB);
}

static void by_key(void) {
  syna_mmap *store = make_store("store");
  float vector[DIMENSIONS];
  uint8_t payload[8] = {7};
  uint64_t tags = 7, n;
  size_t count = 7;
  for (n = 0; n < ROWS; n++) check_row(store, n);
  FAILS(NOT_FOUND, syna_mmap_get_tags(store, "none", 4, &tags, &error));
  FAILS(NOT_FOUND, syna_mmap_get_payload(store, "none", 4, payload, 8, &count, &error));
  FAILS(INVALID_KEY, syna_mmap_get_tags(store, "\xFF", 1, &tags, &error));
  FAILS(INVALID_KEY, syna_mmap_get_payload(store, "\xFF", 1, payload, 8, &count, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_get_tags(store, "none", 4, NULL, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_get_payload(store, "none", 4, NULL, 8, &count, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_get_payload(store, "none", 4, payload, 8, NULL, &error));
  FAILS(INVALID_HANDLE, syna_mmap_get_tags(NULL, "none", 4, &tags, &error));
  FAILS(INVALID_HANDLE, syna_mmap_get_payload(NULL, "none", 4, payload, 8, &count, &error));
  CHECK(tags == 7 && payload[0] == 7 && count == 7);
  /* A row written without tags and payload has neither. */
  fill(vector, 1);
  OK(syna_mmap_upsert(store, "plain", 5, vector, &error));
  OK(syna_mmap_get_tags(store, "plain", 5, &tags, &error));
  OK(syna_mmap_get_payload(store, "plain", 5, payload, 8, &count, &error));
  CHECK(tags == 0 && count == 0 && payload[0] == 7);
  OK(syna_mmap_close(store, &error));
  store = open_quietly(in_folder("store"), SYNA_MMAP_OPEN_READ_ONLY);
  for (n = 0; n < ROWS; n++) check_row(store, n);
  OK(syna_mmap_close(store, &error));
}

static void by_hit(void) {
  syna_mmap *store = make_store("hits");
  syna_mmap_results *results;
  const syna_mmap_hit *hits;
  const uint8_t *kept = NULL;
  float query[DIMENSIONS];
  size_t count, length, i, kept_at = 0;
  fill(query, 3);
  OK(syna_mmap_results_new(&results, &error));
  CHECK(syna_mmap_results_tags(results, 0) == 0);
  CHECK(syna_mmap_results_payload(results, 0, &length) == NULL && length == 0);
  OK(syna_mmap_search(store, query, ROWS, NULL, results, &error));
  hits = syna_mmap_results_hits(results, &count);
  CHECK(count == ROWS);
  for (i = 0; i < count; i++) {
    const uint8_t *payload = syna_mmap_results_payload(results, i, &length);
    uint8_t expected[8];
    payload_of(expected, hits[i].row);
    CHECK(syna_mmap_results_tags(results, i) == hits[i].row + 1);
    CHECK(length == hits[i].row % 5 && (payload == NULL) == (length == 0));
    if (length > 0) CHECK(memcmp(payload, expected, length) == 0);
    if (length == 4) {
      kept = payload;
      kept_at = i;
    }
  }
  CHECK(syna_mmap_results_payload(results, count, &length) == NULL && length == 0);
  CHECK(syna_mmap_results_payload(results, SIZE_MAX, NULL) == NULL);
  CHECK(syna_mmap_results_tags(results, count) == 0);
  OK(syna_mmap_close(store, &error));
  /* Like the hits, it outlives the store. */
  CHECK(syna_mmap_results_payload(results, kept_at, &length) == kept && length == 4);
  CHECK(kept[3] == (uint8_t)hits[kept_at].row);
  syna_mmap_results_free(results);
  CHECK(syna_mmap_results_payload(results, kept_at, &length) == NULL && length == 0);
  CHECK(syna_mmap_results_tags(results, kept_at) == 0);
}

typedef struct seen {
  syna_mmap *store;
  uint64_t progress, findings, stop_after;
} seen;

static bool note(void *context, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  seen *s = context;
  CHECK(done <= total);
  if (finding == NULL) {
    s->progress++;
  } else {
    char key[40];
    s->findings++;
    CHECK(done == s->findings && total == 1);
    CHECK(finding->row == DAMAGED && finding->problem == SYNA_MMAP_PROBLEM_DAMAGED_VECTOR);
    CHECK(finding->key_len == key_of(key, DAMAGED) && memcmp(finding->key, key, finding->key_len) == 0);
    CHECK(finding->reserved == 0);
  }
  return s->progress + s->findings < s->stop_after;
}

/* The calls that a callback may make on its store, and the one that it must not make. */
static bool uses_the_store(void *context, const syna_mmap_finding *finding, uint64_t done, uint64_t total) {
  seen *s = context;
  syna_mmap_results *results;
  float vector[DIMENSIONS];
  uint64_t findings = 9;
  size_t count;
  (void)done;
  (void)total;
  CHECK(finding == NULL);
  if (s->progress++ > 0) return true;
  FAILS(INVALID_ARGUMENT, syna_mmap_close(s->store, &error));
  CHECK(strstr(error.message, "callback") != NULL);
  FAILS_BARE(INVALID_ARGUMENT, syna_mmap_close(s->store, NULL));
  CHECK(has_row(s->store, 1));
  fill(vector, 2);
  OK(syna_mmap_results_new(&results, &error));
  OK(syna_mmap_search(s->store, vector, 3, NULL, results, &error));
  CHECK(syna_mmap_results_hits(results, &count)->row == 2);
  syna_mmap_results_free(results);
  insert_rows(s->store, INDEXED, 10);
  OK(syna_mmap_build_index(s->store, &error));
  OK(syna_mmap_verify(s->store, NULL, NULL, &findings, &error));
  CHECK(findings == 0);
  FAILS(INVALID_ARGUMENT, syna_mmap_close(s->store, &error));
  OK(syna_mmap_close(open_quietly(in_folder("another"), 0), &error));
  return true;
}

static void verify(void) {
  syna_mmap *store = make_store("verified");
  seen s = {NULL, 0, 0, UINT64_MAX};
  uint64_t findings = 7, n;
  OK(syna_mmap_verify(store, note, &s, &findings, &error));
  CHECK(findings == 0 && s.findings == 0);
  OK(syna_mmap_verify(store, NULL, NULL, NULL, NULL));
  OK(syna_mmap_close(store, &error));
  findings = 7;
  FAILS(INVALID_HANDLE, syna_mmap_verify(store, note, &s, &findings, &error));
  FAILS(INVALID_HANDLE, syna_mmap_verify(NULL, NULL, NULL, &findings, &error));
  CHECK(findings == 7);

  store = open_quietly(in_folder("indexed"), 0);
  insert_rows(store, 0, INDEXED);
  OK(syna_mmap_build_index(store, &error));
  memset(&s, 0, sizeof s);
  s.store = store;
  OK(syna_mmap_verify(store, uses_the_store, &s, &findings, &error));
  CHECK(findings == 0 && s.progress > 1);
  s.progress = 0;
  s.stop_after = 2;
  findings = 7;
  FAILS(CANCELLED, syna_mmap_verify(store, note, &s, &findings, &error));
  CHECK(s.progress == 2 && findings == 7);
  FAILS(INVALID_ARGUMENT,
        syna_mmap_verify(store, note, &s, (uint64_t *)(void *)((char *)&findings + 1), &error));
  CHECK(s.progress == 2);
  /* A cancelled call has no effect on later calls. */
  for (n = 0; n < 3; n++) OK(syna_mmap_verify(store, NULL, NULL, NULL, &error));
  OK(syna_mmap_close(store, &error));
}

/* Flips a bit in the middle of row n's vector. */
static void damage(const char *name, uint64_t n) {
  static unsigned char bytes[1 << 22];
  float vector[DIMENSIONS];
  FILE *file = fopen(in_folder(name), "r+b");
  size_t count, at;
  fill(vector, n);
  CHECK(file != NULL);
  count = fread(bytes, 1, sizeof bytes, file);
  for (at = 0; at + sizeof vector <= count; at++) {
    if (memcmp(bytes + at, vector, sizeof vector) == 0) break;
  }
  CHECK(at + sizeof vector <= count);
  CHECK(fseek(file, (long)(at + 100), SEEK_SET) == 0);
  CHECK(fputc(bytes[at + 100] ^ 4, file) != EOF && fclose(file) == 0);
}

static void salvage(void) {
  syna_mmap *store = make_store("damaged");
  seen s = {NULL, 0, 0, UINT64_MAX};
  uint64_t findings = 0, rows = 7, lost = 7, n;
  char key[40];
  OK(syna_mmap_delete(store, key, key_of(key, 3), NULL, &error));
  OK(syna_mmap_close(store, &error));
  damage("damaged", DAMAGED);

  store = open_quietly(in_folder("damaged"), 0);
  OK(syna_mmap_verify(store, note, &s, &findings, &error));
  CHECK(findings == 1 && s.findings == 1);
  findings = 7;
  s.findings = 0;
  s.progress = 0;
  s.stop_after = 1;
  FAILS(CANCELLED, syna_mmap_verify(store, note, &s, &findings, &error));
  CHECK(findings == 7);
  OK(syna_mmap_close(store, &error));

  FAILS(NOT_FOUND, syna_mmap_salvage(in_folder("none"), in_folder("saved"), &rows, &lost, &error));
  FAILS(IO, syna_mmap_salvage(in_folder("damaged"), in_folder("damaged"), &rows, &lost, &error));
  FAILS(INVALID_ARGUMENT, syna_mmap_salvage(NULL, in_folder("saved"), &rows, &lost, &error));
  CHECK(strstr(error.message, "from") != NULL);
  FAILS(INVALID_ARGUMENT, syna_mmap_salvage(in_folder("damaged"), "", &rows, &lost, &error));
  CHECK(strstr(error.message, "to") != NULL);
  CHECK(rows == 7 && lost == 7);
  OK(syna_mmap_salvage(in_folder("damaged"), in_folder("saved"), &rows, &lost, &error));
  CHECK(rows == ROWS - 2 && lost == 1);
  OK(syna_mmap_salvage(in_folder("damaged"), in_folder("saved too"), NULL, NULL, NULL));
  FAILS(IO, syna_mmap_salvage(in_folder("damaged"), in_folder("saved"), &rows, &lost, &error));

  store = open_quietly(in_folder("saved"), SYNA_MMAP_OPEN_VERIFY);
  CHECK(syna_mmap_len(store) == ROWS - 2);
  for (n = 0; n < ROWS; n++) {
    if (n == 3 || n == DAMAGED) {
      CHECK(!syna_mmap_contains(store, key, key_of(key, n)));
    } else {
      check_row(store, n);
    }
  }
  OK(syna_mmap_verify(store, NULL, NULL, &findings, &error));
  CHECK(findings == 0);
  OK(syna_mmap_close(store, &error));
}

int main(int argc, char **argv) {
  begin(argc, argv);
  by_key();
  by_hit();
  verify();
  salvage();
  return 0;
}
