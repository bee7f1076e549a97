/* The words of bindings/conformance/cases.txt, described in the README.md beside it. */
#ifndef CONFORMANCE_WORDS_H
#define CONFORMANCE_WORDS_H

#include "check.h"

#include <math.h>

enum { MAX_WORDS = 16, MAX_DIMENSIONS = 8192 };

/* Bytes that are OWNED: free(bytes.data). */
typedef struct bytes {
  char *data;
  size_t length;
} bytes;

static void bytes_append(bytes *b, const char *data, size_t length, size_t times) {
  b->data = realloc(b->data, b->length + length * times + 1);
  CHECK(b->data != NULL);
  for (; times > 0; times--) {
    memcpy(b->data + b->length, data, length);
    b->length += length;
  }
}

static unsigned hexadecimal(char digit) {
  const char *digits = "0123456789ABCDEF", *place = strchr(digits, digit);
  CHECK(digit != 0 && place != NULL);
  return (unsigned)(place - digits);
}

/* Parses `a*3+%00` and similar words. */
static bytes bytes_of(const char *word) {
  bytes whole = {NULL, 0};
  bytes_append(&whole, "", 0, 1);
  if (strcmp(word, "-") == 0) return whole;
  while (*word != 0) {
    bytes piece = {NULL, 0};
    size_t times = 1;
    for (; *word != 0 && *word != '+' && *word != '*'; word++) {
      char byte = *word;
      if (byte == '%') {
        byte = (char)(unsigned char)(hexadecimal(word[1]) << 4 | hexadecimal(word[2]));
        word += 2;
      }
      bytes_append(&piece, &byte, 1, 1);
    }
    if (*word == '*') times = strtoul(word + 1, (char **)&word, 10);
    bytes_append(&whole, piece.data, piece.length, times);
    free(piece.data);
    if (*word == '+') word++;
  }
  return whole;
}

/* Writes a vector's components and returns their number. */
static size_t vector_of(const char *word, float *vector) {
  size_t count = 64, i = 0;
  const char *colon = strchr(word, ':');
  if (colon != NULL) {
    count = strtoul(word, NULL, 10);
    word = colon + 1;
  }
  CHECK(count <= MAX_DIMENSIONS);
  memset(vector, 0, count * sizeof *vector);
  switch (*word++) {
    case 'v':
      for (;; word++) {
        CHECK(i < count);
        vector[i++] = strtof(word, (char **)&word);
        if (*word != ',') break;
      }
      CHECK(*word == 0);
      break;
    case 's':
      for (i = 0; i < count; i++) {
        uint64_t n = strtoull(word, NULL, 10);
        vector[i] = (float)(scrambled(n * count + i) >> 40) / 8388608.0f - 1.0f;
      }
      break;
    case 'n': vector[strtoul(word, NULL, 10)] = NAN; break;
    case 'i': vector[strtoul(word, NULL, 10)] = INFINITY; break;
    case 'j': vector[strtoul(word, NULL, 10)] = -INFINITY; break;
    default: CHECK(!"a vector begins with v, s, n, i or j");
  }
  return count;
}

/* Whether a distance matches the word. */
static int is_distance(const char *word, float distance) {
  uint32_t bits;
  if (*word == '~') return fabsf(distance - strtof(word + 1, NULL)) <= 0.00001f;
  memcpy(&bits, &distance, sizeof bits);
  return bits == strtoul(word, NULL, 16);
}

static const char *const METRICS[] = {"cosine", "euclidean", "dot_product", NULL};
static const char *const KEY_KINDS[] = {"text", "bytes", NULL};
static const char *const ELEMENTS[] = {"f32", "f16", "i8", NULL};

/* The number of a metric, a kind of keys or an element type, which is a number or a name. */
static uint32_t number_of(const char *word, const char *const *names) {
  uint32_t number;
  if (strcmp(word, "from_file") == 0) return UINT32_MAX;
  for (number = 0; names[number] != NULL; number++) {
    if (strcmp(word, names[number]) == 0) return number;
  }
  return (uint32_t)strtoul(word, NULL, 10);
}

/* The text of a label; valid until the next call with the same number. */
static const char *label_of(const char *word, size_t number) {
  static bytes labels[2];
  free(labels[number].data);
  labels[number] = bytes_of(word);
  bytes_append(&labels[number], "", 1, 1);
  return labels[number].data;
}

/* Applies `NAME=VALUE` to an options struct. */
static void set_option(syna_mmap_options *options, const char *word) {
#define MEMBER(name) {#name, offsetof(syna_mmap_options, name), sizeof options->name}
  static const struct {
    const char *name;
    size_t offset, size;
  } MEMBERS[] = {
      MEMBER(dimensions),           MEMBER(metric),          MEMBER(initial_capacity),
      MEMBER(index_threshold),      MEMBER(flags),           MEMBER(checkpoint_interval_secs),
      MEMBER(durability),           MEMBER(threads),         MEMBER(hnsw_m),
      MEMBER(hnsw_ef_construction), MEMBER(hnsw_ef_search),  MEMBER(hnsw_m_max),
      MEMBER(seed),                 MEMBER(most_unindexed_rows), MEMBER(index_profile),
      MEMBER(index_worker),         MEMBER(fixed_ef),        MEMBER(key_kind),
      MEMBER(element),              MEMBER(application_id),  MEMBER(user_version),
  };
#undef MEMBER
  const char *value = strchr(word, '=');
  size_t i, length;
  CHECK(value != NULL);
  length = (size_t)(value - word);
  if (strncmp(word, "label=", 6) == 0) {
    options->label = label_of(value + 1, 0);
    return;
  }
  if (strncmp(word, "expected_label=", 15) == 0) {
    options->expected_label = label_of(value + 1, 1);
    return;
  }
  for (i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++) {
    if (strlen(MEMBERS[i].name) == length && strncmp(MEMBERS[i].name, word, length) == 0) {
      uint64_t wide = strtoull(value + 1, NULL, 10);
      uint32_t narrow = (uint32_t)wide;
      if (strncmp(word, "metric", length) == 0) narrow = number_of(value + 1, METRICS);
      if (strncmp(word, "key_kind", length) == 0) narrow = number_of(value + 1, KEY_KINDS);
      if (strncmp(word, "element", length) == 0) narrow = number_of(value + 1, ELEMENTS);
      char *member = (char *)options + MEMBERS[i].offset;
      if (MEMBERS[i].size == 4) memcpy(member, &narrow, 4);
      else memcpy(member, &wide, 8);
      return;
    }
  }
  failed(word, 0, "is not an option");
}

#endif
