/*
 * The main use of syna-mmap in one program: store vectors under keys, make them durable, reopen the
 * file, and search it.
 *
 *   quickstart [DATA_FOLDER [STORE]]
 *
 * DATA_FOLDER contains 6,000 entries of WordNet with the embeddings of their glosses (default:
 * examples/data). STORE is the file to create; it must not exist yet. Without it, a file in the
 * folder for temporary files is used, and one that an earlier run left there is replaced.
 *
 *   cc -std=c99 -O2 -I include examples/quickstart.c -L target/release -lsyna_mmap -o quickstart
 *
 * It needs C99, this header and the C library; only the clock is from the operating system.
 */
#if !defined(_WIN32)
#define _POSIX_C_SOURCE 199309L /* clock_gettime */
#endif

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "syna_mmap.h"

enum { DIMENSIONS = 384, NEAREST = 5, EXACT_SEARCHES = 200 };

/* ---- the data ---------------------------------------------------------------------------------- */

/* Lines of a text file, split in place: line i begins at text + offsets[i]. */
typedef struct lines {
  char *text;
  const char **line;
  size_t count;
} lines;

/* One table of rows: vectors, and a line of text for each. */
typedef struct table {
  float *vectors; /* count x DIMENSIONS, row-major */
  lines texts;
  size_t count;
} table;

static void fail(const char *doing, const char *why) {
  fprintf(stderr, "quickstart: %s: %s\n", doing, why);
  exit(1);
}

/*
 * Every fallible call of the library returns a status, and fills the error struct if it fails.
 * Exiting with open handles is safe: acknowledged writes are in the file, as after a kill.
 */
static void check(syna_mmap_status status, const char *doing, const syna_mmap_error *error) {
  if (status == SYNA_MMAP_OK) return;
  fprintf(stderr, "quickstart: %s: %s (%s)\n", doing, error->message, syna_mmap_status_name(status));
  exit(1);
}

static void *allocate(size_t size_bytes) {
  void *memory = malloc(size_bytes > 0 ? size_bytes : 1);
  if (memory == NULL) fail("allocating memory", "out of memory");
  return memory;
}

/* ---- reading the data -------------------------------------------------------------------------- */

/* Concatenates three strings; the caller frees the result. */
static char *join(const char *first, const char *second, const char *third) {
  size_t size_bytes = strlen(first) + strlen(second) + strlen(third) + 1;
  char *text = allocate(size_bytes);
  snprintf(text, size_bytes, "%s%s%s", first, second, third);
  return text;
}

/* The length of a file, or 0 if it does not exist. */
static long file_length_bytes(const char *path) {
  FILE *file = fopen(path, "rb");
  long length_bytes = 0;
  if (file == NULL) return 0;
  if (fseek(file, 0, SEEK_END) == 0) length_bytes = ftell(file);
  fclose(file);
  return length_bytes < 0 ? 0 : length_bytes;
}

/* The content of a file, NUL-terminated; the caller frees it. */
static unsigned char *read_file(const char *folder, const char *name, size_t *out_length_bytes) {
  char *path = join(folder, "/", name);
  size_t length_bytes = (size_t)file_length_bytes(path);
  unsigned char *bytes = allocate(length_bytes + 1);
  FILE *file = fopen(path, "rb");
  if (file == NULL) fail(path, "cannot be opened; give the folder examples/data as the first argument");
  if (length_bytes == 0 || fread(bytes, 1, length_bytes, file) != length_bytes) {
    fail(path, "is empty or cannot be read");
  }
  fclose(file);
  free(path);
  bytes[length_bytes] = 0;
  *out_length_bytes = length_bytes;
  return bytes;
}

static lines read_lines(const char *folder, const char *name) {
  lines result = {NULL, NULL, 0};
  size_t length_bytes, i;
  char *begin;
  result.text = (char *)read_file(folder, name, &length_bytes);
  for (i = 0; i < length_bytes; i++) result.count += result.text[i] == '\n';
  result.line = allocate(result.count * sizeof *result.line);
  begin = result.text;
  for (i = 0; i < result.count; i++) {
    char *end = strchr(begin, '\n');
    if (end == NULL) fail(name, "contains a NUL byte");
    *end = '\0';
    result.line[i] = begin;
    begin = end + 1;
  }
  return result;
}

static void free_lines(lines *l) {
  free(l->line);
  free(l->text);
}

/* IEEE 754 half precision to single precision: exact for every value. */
static float f16_to_f32(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  uint32_t exponent = (half >> 10) & 0x1fu;
  uint32_t fraction = half & 0x3ffu;
  uint32_t bits;
  float value;
  if (exponent == 0) { /* zero and subnormal: fraction * 2^-24 */
    value = (float)fraction / 16777216.0f;
    return sign != 0 ? -value : value;
  }
  /* The exponent's bias is 15 in one and 127 in the other; all ones stay all ones. */
  bits = sign | (exponent == 31 ? 0xffu : exponent + 112u) << 23 | fraction << 13;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static table read_table(const char *folder, const char *vectors_name, const char *texts_name) {
  table result;
  size_t length_bytes, i;
  unsigned char *bytes = read_file(folder, vectors_name, &length_bytes);
  result.texts = read_lines(folder, texts_name);
  result.count = result.texts.count;
  if (length_bytes != result.count * DIMENSIONS * 2) fail(vectors_name, "does not have one row for each line of text");
  result.vectors = allocate(result.count * DIMENSIONS * sizeof(float));
  for (i = 0; i < result.count * DIMENSIONS; i++) {
    result.vectors[i] = f16_to_f32((uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8));
  }
  free(bytes);
  return result;
}

static void free_table(table *t) {
  free(t->vectors);
  free_lines(&t->texts);
}

/* ---- time and numbers -------------------------------------------------------------------------- */

static double now_secs(void) {
  struct timespec t;
#if defined(_WIN32)
  timespec_get(&t, TIME_UTC);
#else
  clock_gettime(CLOCK_MONOTONIC, &t);
#endif
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int compare_doubles(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, compare_doubles);
  return values[count / 2];
}

/* 1234567 as "1,234,567". The string is valid until the fourth later call. */
static const char *grouped(double number) {
  static char texts[4][32];
  static unsigned next;
  char digits[24];
  char *text = texts[next++ % 4], *out = text;
  size_t i, length = (size_t)snprintf(digits, sizeof digits, "%.0f", number);
  for (i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) *out++ = ',';
    *out++ = digits[i];
  }
  *out = '\0';
  return text;
}

/* ---- output ------------------------------------------------------------------------------------ */

static int terminal_width(void) {
  const char *columns = getenv("COLUMNS");
  int width = columns != NULL ? atoi(columns) : 0;
  return width >= 60 && width <= 200 ? width : 96;
}

/* At most `width` characters of `text`, with dots if it is shortened. */
static void print_shortened(const char *text, int width) {
  if ((int)strlen(text) <= width) {
    puts(text);
  } else {
    printf("%.*s...\n", width - 3, text);
  }
}

/* The word in a key such as "paper_tape.n.14975266": the part before the last two dots. */
static void word_of_key(const char *key, size_t key_len, char *out_word, size_t capacity) {
  size_t i, length = key_len;
  int dots = 0;
  while (length > 0 && dots < 2) dots += key[--length] == '.';
  if (length >= capacity) length = capacity - 1;
  for (i = 0; i < length; i++) out_word[i] = key[i] == '_' ? ' ' : key[i];
  out_word[length] = '\0';
}

static void print_step(const char *step, double secs, const char *what) {
  int is_long = secs >= 1e-3;
  printf("  %-16s %9.1f %s   %s\n", step, secs * (is_long ? 1e3 : 1e6), is_long ? "ms" : "us", what);
}

static void print_file(const char *path, const char *suffix, const char *what) {
  char *full_path = join(path, suffix, "");
  long length_bytes = file_length_bytes(full_path);
  if (length_bytes > 0) printf("  %s: %s, %s bytes\n", full_path, what, grouped((double)length_bytes));
  free(full_path);
}

/* ---- the steps --------------------------------------------------------------------------------- */

/* Creates the store. The caller owns the store, and closes it. */
static syna_mmap *create_store(const char *path) {
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  syna_mmap_options options;
  syna_mmap *store = NULL;

  syna_mmap_options_init(&options, sizeof options); /* always first: fills in the defaults */
  options.dimensions = DIMENSIONS;
  options.metric = SYNA_MMAP_METRIC_COSINE;
  options.index_threshold = 0;              /* the index is built when this program asks for it */
  options.flags = SYNA_MMAP_OPEN_MUST_CREATE; /* never an existing file */
  check(syna_mmap_open(path, &options, &store, &error), "creating the store", &error);
  return store;
}

/*
 * A batch is stored as a whole or not at all. Its keys are one block of bytes and the offset of each
 * key. The library copies everything: the buffers can be freed when the call returns.
 */
static void insert_all(syna_mmap *store, const lines *keys, const float *vectors) {
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  uint64_t *offsets = allocate((keys->count + 1) * sizeof *offsets);
  size_t i, inserted = 0;
  char *bytes;

  offsets[0] = 0;
  for (i = 0; i < keys->count; i++) offsets[i + 1] = offsets[i] + strlen(keys->line[i]);
  bytes = allocate((size_t)offsets[keys->count]);
  for (i = 0; i < keys->count; i++) memcpy(bytes + offsets[i], keys->line[i], strlen(keys->line[i]));

  check(syna_mmap_insert_batch(store, bytes, offsets, vectors, keys->count, &inserted, &error),
        "inserting", &error);
  if (inserted != keys->count) fail("inserting", "some keys are duplicates");
  free(bytes);
  free(offsets);
}

/* Prints the nearest entries of each query: word, gloss, distance. */
static void print_nearest(const syna_mmap *store, const table *queries, const lines *glosses) {
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  syna_mmap_results *results = NULL; /* OWNED: reused by every search, freed once */
  size_t q, i;

  check(syna_mmap_results_new(&results, &error), "creating results", &error);
  for (q = 0; q < queries->count; q++) {
    const syna_mmap_hit *hits; /* BORROWED: valid until the next search into `results` */
    size_t count;
    check(syna_mmap_search(store, queries->vectors + q * DIMENSIONS, NEAREST, NULL, results, &error),
          "searching", &error);
    hits = syna_mmap_results_hits(results, &count);

    printf("Nearest to: ");
    print_shortened(queries->texts.line[q], terminal_width() - 12);
    for (i = 0; i < count; i++) {
      char word[24]; /* a key is not NUL-terminated: it comes with its length */
      word_of_key(hits[i].key, hits[i].key_len, word, sizeof word);
      printf("  %.3f  %-23s  ", (double)hits[i].distance, word);
      /* Rows are numbered in insertion order, so they are indices into the program's own data. */
      print_shortened(hits[i].row < glosses->count ? glosses->line[hits[i].row] : "", terminal_width() - 34);
    }
    printf("\n");
  }
  syna_mmap_results_free(results);
}

/* The median time of `searches` searches; counts those whose nearest entry is the query itself. */
static double time_searches(const syna_mmap *store, const table *entries, uint32_t exact,
                            size_t searches, size_t *out_found) {
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  syna_mmap_search_options options;
  syna_mmap_results *results = NULL;
  double *secs = allocate(searches * sizeof *secs), result;
  size_t i, found = 0;

  syna_mmap_search_options_init(&options, sizeof options);
  options.exact = exact;
  check(syna_mmap_results_new(&results, &error), "creating results", &error);
  for (i = 0; i < searches; i++) {
    const float *query = entries->vectors + i * (entries->count / searches) * DIMENSIONS;
    double begin = now_secs();
    const syna_mmap_hit *hits;
    size_t count;
    check(syna_mmap_search(store, query, 10, &options, results, &error), "searching", &error);
    secs[i] = now_secs() - begin;
    hits = syna_mmap_results_hits(results, &count);
    found += count > 0 && hits[0].distance < 1e-4f; /* two entries may have the same gloss */
  }
  syna_mmap_results_free(results);
  result = median(secs, searches);
  free(secs);
  *out_found = found;
  return result;
}

/* The default path of the store. The caller frees it. */
static char *default_path(void) {
  const char *folder = getenv("TMPDIR");
  char *path, *index_path;
  if (folder == NULL) folder = getenv("TEMP");
  if (folder == NULL) folder = "/tmp";
  path = join(folder, "/", "syna-mmap-quickstart.syna");
  index_path = join(path, ".hnsw", "");
  remove(path); /* both may be missing */
  remove(index_path);
  free(index_path);
  return path;
}

/* Writes the store, and the times of its five steps to `secs`. */
static void write_store(const char *path, const lines *keys, const table *entries, double secs[5]) {
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  double begin = now_secs();
  syna_mmap *store = create_store(path);
  secs[0] = now_secs() - begin;

  begin = now_secs();
  insert_all(store, keys, entries->vectors); /* now safe from a kill of this process */
  secs[1] = now_secs() - begin;

  begin = now_secs();
  check(syna_mmap_checkpoint(store, &error), "checkpointing", &error); /* ... and from a power failure */
  secs[2] = now_secs() - begin;

  begin = now_secs();
  check(syna_mmap_build_index(store, &error), "building the index", &error);
  secs[3] = now_secs() - begin;

  begin = now_secs();
  check(syna_mmap_close(store, &error), "closing", &error); /* the handle is invalid afterwards, even on failure */
  secs[4] = now_secs() - begin;
}

/* Opens an existing store; dimensions and metric come from the file. */
static syna_mmap *open_again(const char *path) {
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  syna_mmap_options options;
  syna_mmap *store = NULL;
  syna_mmap_options_init(&options, sizeof options);
  options.dimensions = 0;
  options.metric = SYNA_MMAP_METRIC_FROM_FILE;
  options.flags = SYNA_MMAP_OPEN_MUST_EXIST;
  check(syna_mmap_open(path, &options, &store, &error), "reopening the store", &error);
  if (syna_mmap_dimensions(store) != DIMENSIONS) fail(path, "has different dimensions");
  return store;
}

static void print_times(const table *entries, const double secs[5], double open_secs,
                        const syna_mmap *store) {
  double rows = (double)entries->count, megabytes = rows * DIMENSIONS * sizeof(float) / 1e6;
  size_t found;
  double graph_secs = time_searches(store, entries, 0, entries->count, &found), exact_secs;
  char what[96];

  printf("Times\n");
  print_step("create", secs[0], "an empty store");
  snprintf(what, sizeof what, "%s vectors, %.1f MB: %s vectors/s", grouped(rows), megabytes,
           grouped(rows / secs[1]));
  print_step("insert", secs[1], what);
  print_step("checkpoint", secs[2], "now safe from a power failure");
  print_step("build the index", secs[3], "a graph over all vectors");
  print_step("close", secs[4], "saves the index");
  snprintf(what, sizeof what, "%s vectors, %s", grouped((double)syna_mmap_len(store)),
           syna_mmap_has_index(store) ? "with the index" : "without an index");
  print_step("open again", open_secs, what);
  snprintf(what, sizeof what, "median; of %s stored vectors asked for, %s came back first", grouped(rows),
           grouped((double)found));
  print_step("search, graph", graph_secs, what);
  exact_secs = time_searches(store, entries, 1, EXACT_SEARCHES, &found);
  snprintf(what, sizeof what, "median of %d; compares with every vector", EXACT_SEARCHES);
  print_step("search, exact", exact_secs, what);
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : "examples/data";
  char *path = argc > 2 ? join(argv[2], "", "") : default_path();
  syna_mmap_error error = SYNA_MMAP_ERROR_INIT;
  table entries, queries;
  lines keys;
  double secs[5], begin, open_secs;
  syna_mmap *store;

  entries = read_table(folder, "wordnet-384.f16", "wordnet-glosses.txt");
  queries = read_table(folder, "queries-384.f16", "queries.txt");
  keys = read_lines(folder, "wordnet-keys.txt");
  if (keys.count != entries.count) fail("wordnet-keys.txt", "does not have one key for each row");
  if (keys.count < EXACT_SEARCHES) fail("wordnet-keys.txt", "has too few rows");

  printf("syna-mmap %s: %s entries of WordNet, each with a vector of %d floats\n\n", syna_mmap_version(),
         grouped((double)entries.count), DIMENSIONS);
  write_store(path, &keys, &entries, secs);

  begin = now_secs();
  store = open_again(path);
  open_secs = now_secs() - begin;
  print_nearest(store, &queries, &entries.texts);
  print_times(&entries, secs, open_secs, store);
  check(syna_mmap_close(store, &error), "closing", &error);

  printf("\nStored %s vectors under their words, closed the file, opened it again and searched it.\n",
         grouped((double)entries.count));
  print_file(path, "", "the vectors and their keys");
  print_file(path, ".hnsw", "the index");

  free_lines(&keys);
  free_table(&queries);
  free_table(&entries);
  free(path);
  return 0;
}
