/* The lines of bindings/conformance/cases.txt, and the comparison with the library's answers. */
#ifndef CONFORMANCE_LINES_H
#define CONFORMANCE_LINES_H

#include "conformance_words.h"

static FILE *cases;
static char line[1 << 16];
static char *words[MAX_WORDS];
/* The words of the line before "->", and those after it. */
static size_t word_count;
static char **expected;
static size_t line_number, case_count, check_count;
/* Whether `line` must be processed again. */
static int is_kept;

/* Splits the next non-empty line into words; false at the end of the file. */
static int next_line(void) {
  char *word;
  if (is_kept) {
    is_kept = 0;
    return 1;
  }
  do {
    line_number++;
    if (fgets(line, sizeof line, cases) == NULL) return 0;
  } while (line[0] == '#' || line[0] == '\n');
  line[strcspn(line, "\n")] = 0;
  word_count = 0;
  expected = NULL;
  memset(words, 0, sizeof words);
  for (word = strtok(line, " "); word != NULL; word = strtok(NULL, " ")) {
    if (strcmp(word, "->") == 0) {
      expected = words + word_count + 1;
      words[word_count++] = NULL;
    } else {
      CHECK(word_count < MAX_WORDS - 1);
      words[word_count++] = word;
    }
  }
  return 1;
}

static int is_next(const char *operation) {
  if (!next_line()) return 0;
  if (strcmp(words[0], operation) == 0) return 1;
  is_kept = 1;
  return 0;
}

static int is_operation(const char *name) { return strcmp(words[0], name) == 0; }

static void differs(const char *said) {
  fprintf(stderr, "cases.txt:%zu: %s returned %s\n", line_number, words[0], said);
  exit(1);
}

/* Compares expected word `i` with an answer. */
static void said(size_t i, const char *text) {
  if (expected == NULL || expected[i] == NULL || strcmp(expected[i], text) != 0) differs(text);
  if (i == 0) check_count++;
}

static void said_number(size_t i, uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%llu", (unsigned long long)number);
  said(i, text);
}

static void said_bool(size_t i, bool answer) { said(i, answer ? "yes" : "no"); }

/* The name without SYNA_MMAP_ and ERR_. */
static const char *short_name(syna_mmap_status status) {
  const char *name = syna_mmap_status_name(status);
  if (strncmp(name, "SYNA_MMAP_", 10) != 0) return "-";
  return strncmp(name + 10, "ERR_", 4) == 0 ? name + 14 : name + 10;
}

/* Compares a status, also in the error struct; returns whether it is OK. */
static int said_status(syna_mmap_status status) {
  said(0, short_name(status));
  if (status != SYNA_MMAP_OK && (error.status != status || error.message[0] == 0)) differs(error.message);
  return status == SYNA_MMAP_OK;
}

static void said_bytes(size_t i, const char *data, size_t length) {
  bytes wanted = bytes_of(expected[i] == NULL ? "%" : expected[i]);
  if (wanted.length != length || (length > 0 && memcmp(wanted.data, data, length) != 0)) differs("different bytes");
  free(wanted.data);
}

#endif
