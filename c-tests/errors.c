/* Every status that can be caused, and the error struct. */
#include "check.h"

#include <math.h>
#include <signal.h>
#include <sys/resource.h>

static syna_mmap *store;
static float vector[DIMENSIONS];

static syna_mmap_status opened(const char *name, uint32_t dimensions, uint32_t metric, uint32_t flags) {
  syna_mmap *other = NULL;
  syna_mmap_options options = quiet();
  syna_mmap_status status;
  options.dimensions = dimensions;
  options.metric = metric;
  options.flags = flags;
  status = syna_mmap_open(in_folder(name), &options, &other, &error);
  syna_mmap_close(other, NULL);
  return status;
}

static syna_mmap_status invalid_argument(void) { return syna_mmap_insert(store, "k", 1, NULL, NULL, &error); }
static syna_mmap_status invalid_dimensions(void) { return opened("new", 63, 0, 0); }
static syna_mmap_status dimension_mismatch(void) {
  return opened("closed", 65, SYNA_MMAP_METRIC_EUCLIDEAN, 0);
}
static syna_mmap_status metric_mismatch(void) { return opened("closed", 0, SYNA_MMAP_METRIC_COSINE, 0); }
static syna_mmap_status invalid_vector(void) {
  float wrong[DIMENSIONS] = {0};
  wrong[17] = NAN;
  return syna_mmap_insert(store, "k", 1, wrong, NULL, &error);
}
static syna_mmap_status invalid_key(void) {
  return syna_mmap_insert(store, "\xFF\xFE", 2, vector, NULL, &error);
}
static syna_mmap_status long_key(void) {
  static char key[SYNA_MMAP_MAX_KEY_BYTES + 1];
  memset(key, 'k', sizeof key);
  return syna_mmap_insert(store, key, sizeof key, vector, NULL, &error);
}
static syna_mmap_status longest_key(void) { return syna_mmap_insert(store, "k", SIZE_MAX, vector, NULL, &error); }
static syna_mmap_status long_key_deleted(void) {
  static char key[SYNA_MMAP_MAX_KEY_BYTES + 1];
  return syna_mmap_delete(store, key, sizeof key, NULL, &error);
}
static syna_mmap_status no_key(void) { return syna_mmap_get(store, "absent", 6, vector, &error); }
static syna_mmap_status no_file(void) {
  return opened("absent", DIMENSIONS, SYNA_MMAP_METRIC_EUCLIDEAN, SYNA_MMAP_OPEN_MUST_EXIST);
}
static syna_mmap_status locked(void) {
  return opened("store", DIMENSIONS, SYNA_MMAP_METRIC_EUCLIDEAN, 0);
}
static syna_mmap_status read_only(void) {
  syna_mmap *reader = open_quietly(in_folder("closed"), SYNA_MMAP_OPEN_READ_ONLY);
  syna_mmap_status status = syna_mmap_insert(reader, "k", 1, vector, NULL, &error);
  OK(syna_mmap_close(reader, NULL));
  return status;
}
static syna_mmap_status corrupt(void) { return opened("corrupt", DIMENSIONS, SYNA_MMAP_METRIC_EUCLIDEAN, 0); }
static syna_mmap_status legacy(void) { return opened("legacy", DIMENSIONS, SYNA_MMAP_METRIC_EUCLIDEAN, 0); }
static syna_mmap_status exists(void) {
  return opened("closed", DIMENSIONS, SYNA_MMAP_METRIC_EUCLIDEAN, SYNA_MMAP_OPEN_MUST_CREATE);
}
static syna_mmap_status no_folder(void) {
  return opened("absent/store", DIMENSIONS, SYNA_MMAP_METRIC_EUCLIDEAN, 0);
}
/* The file size limit of the system stands in for a full disk. */
static syna_mmap_status no_space(void) {
  struct rlimit before, small;
  syna_mmap_status status;
  CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
  CHECK(getrlimit(RLIMIT_FSIZE, &before) == 0);
  small = before;
  small.rlim_cur = (rlim_t)32 << 20;
  CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0);
  status = syna_mmap_reserve(store, 1000000, &error);
  CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
  return status;
}
static syna_mmap_status invalid_handle(void) { return syna_mmap_checkpoint(NULL, &error); }
static syna_mmap_status limit(void) { return syna_mmap_reserve(store, UINT64_MAX, &error); }
static syna_mmap_status large_payload(void) {
  static uint8_t payload[(1 << 20) + 1];
  uint64_t key_offsets[2] = {0, 1}, payload_offsets[2] = {0, sizeof payload};
  syna_mmap_batch b = SYNA_MMAP_BATCH_INIT;
  b.keys = "k";
  b.key_offsets = key_offsets;
  b.vectors = vector;
  b.count = 1;
  b.payloads = payload;
  b.payload_offsets = payload_offsets;
  return syna_mmap_write(store, &b, NULL, &error);
}

static const struct {
  syna_mmap_status expected;
  syna_mmap_status (*provoke)(void);
  /* A required part of the message. */
  const char *said;
} CASES[] = {
    {SYNA_MMAP_ERR_INVALID_ARGUMENT, invalid_argument, "vector"},
    {SYNA_MMAP_ERR_INVALID_DIMENSIONS, invalid_dimensions, "63"},
    {SYNA_MMAP_ERR_DIMENSION_MISMATCH, dimension_mismatch, "64"},
    {SYNA_MMAP_ERR_METRIC_MISMATCH, metric_mismatch, "euclidean"},
    {SYNA_MMAP_ERR_INVALID_VECTOR, invalid_vector, "17"},
    {SYNA_MMAP_ERR_INVALID_KEY, invalid_key, "UTF-8"},
    {SYNA_MMAP_ERR_INVALID_KEY, long_key, "65536"},
    {SYNA_MMAP_ERR_INVALID_KEY, longest_key, "at most 65535"},
    {SYNA_MMAP_ERR_INVALID_KEY, long_key_deleted, "65536"},
    {SYNA_MMAP_ERR_NOT_FOUND, no_key, "absent"},
    {SYNA_MMAP_ERR_NOT_FOUND, no_file, "absent"},
    {SYNA_MMAP_ERR_LOCKED, locked, "store"},
    {SYNA_MMAP_ERR_READ_ONLY, read_only, "read-only"},
    {SYNA_MMAP_ERR_CORRUPT, corrupt, "corrupt"},
    {SYNA_MMAP_ERR_LEGACY_FORMAT, legacy, "import"},
    {SYNA_MMAP_ERR_IO, exists, "closed"},
    {SYNA_MMAP_ERR_IO, no_folder, "absent"},
    {SYNA_MMAP_ERR_NO_SPACE, no_space, "space"},
    {SYNA_MMAP_ERR_INVALID_HANDLE, invalid_handle, "NULL"},
    {SYNA_MMAP_ERR_LIMIT, limit, "at most"},
    {SYNA_MMAP_ERR_LIMIT, large_payload, "at most"},
};

static void write_file(const char *name, const void *bytes, size_t count) {
  FILE *file = fopen(in_folder(name), "wb");
  CHECK(file != NULL && fwrite(bytes, 1, count, file) == count && fclose(file) == 0);
}

static void every_status(void) {
  size_t i;
  for (i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
    syna_mmap_status status;
    memset(&error, 0x55, sizeof error);
    error.struct_size = sizeof error;
    status = CASES[i].provoke();
    expect(__FILE__, __LINE__, CASES[i].said, CASES[i].expected, status, &error);
    if (strstr(error.message, CASES[i].said) == NULL) failed(__FILE__, __LINE__, error.message);
    CHECK((error.os_errno == 0) ==
          (status != SYNA_MMAP_ERR_NO_SPACE && CASES[i].provoke != no_folder && CASES[i].provoke != exists));
  }
  CHECK(syna_mmap_len(store) == 0);
}

/* Nothing is written on success. On failure only members that fit into the struct are written. */
static void the_error_struct(void) {
  static const size_t whole[] = {offsetof(syna_mmap_error, status), offsetof(syna_mmap_error, os_errno),
                                 offsetof(syna_mmap_error, message), sizeof(syna_mmap_error)};
  syna_mmap_error given, before;
  size_t size, i;
  memset(&given, 0x55, sizeof given);
  given.struct_size = sizeof given;
  before = given;
  CHECK(syna_mmap_insert(store, "kept", 4, vector, NULL, &given) == SYNA_MMAP_OK);
  CHECK(memcmp(&given, &before, sizeof given) == 0);

  for (size = 1; size <= sizeof given; size++) {
    int is_whole = 0;
    for (i = 0; i < 4; i++) is_whole |= whole[i] == size;
    memset(&given, 0x55, sizeof given);
    given.struct_size = size;
    before = given;
    if (is_whole) {
      CHECK(syna_mmap_checkpoint(NULL, &given) == SYNA_MMAP_ERR_INVALID_HANDLE);
      CHECK(given.struct_size == size);
      CHECK(size <= offsetof(syna_mmap_error, status) || given.status == SYNA_MMAP_ERR_INVALID_HANDLE);
      CHECK(memcmp((char *)&given + size, (char *)&before + size, sizeof given - size) == 0);
    } else {
      bool deleted = false;
      CHECK(syna_mmap_delete(store, "kept", 4, &deleted, &given) == SYNA_MMAP_ERR_INVALID_ARGUMENT);
      CHECK(!deleted && syna_mmap_contains(store, "kept", 4));
      CHECK(memcmp(&given, &before, sizeof given) == 0);
    }
  }
  /* All zeros: the struct's size in version 0.1.0. */
  {
    syna_mmap_error zeros = {0};
    CHECK(syna_mmap_insert(store, "kept", 4, vector, NULL, &zeros) == SYNA_MMAP_OK);
    CHECK(syna_mmap_checkpoint(NULL, &zeros) == SYNA_MMAP_ERR_INVALID_HANDLE);
    CHECK(zeros.struct_size == 0 && zeros.status == SYNA_MMAP_ERR_INVALID_HANDLE);
    CHECK(strstr(zeros.message, "NULL") != NULL);
  }
  given.struct_size = SIZE_MAX;
  CHECK(syna_mmap_checkpoint(store, &given) == SYNA_MMAP_ERR_INVALID_ARGUMENT);
}

/* A struct of a later version: its unknown members are not modified. */
static void a_longer_error_struct(void) {
  struct {
    syna_mmap_error known;
    char more[32];
  } later;
  memset(&later, 0x55, sizeof later);
  later.known.struct_size = sizeof later;
  CHECK(syna_mmap_checkpoint(NULL, &later.known) == SYNA_MMAP_ERR_INVALID_HANDLE);
  CHECK(later.known.status == SYNA_MMAP_ERR_INVALID_HANDLE && later.known.struct_size == sizeof later);
  CHECK(later.more[0] == 0x55 && later.more[31] == 0x55);
}

/* A long path is shortened in the middle, the reason is not: each message ends as it does for a short path. */
static void long_paths(void) {
  static const struct {
    const char *begin, *end;
    uint32_t dimensions, flags;
    syna_mmap_status status;
  } cases[] = {
      {"", "open it read-only", DIMENSIONS, 0, SYNA_MMAP_ERR_LOCKED},
      {"creating ", ": File exists (os error 17)", DIMENSIONS, SYNA_MMAP_OPEN_MUST_CREATE, SYNA_MMAP_ERR_IO},
      {"the store has 64", "pass 64", 100, SYNA_MMAP_OPEN_READ_ONLY, SYNA_MMAP_ERR_DIMENSION_MISMATCH},
      {"not found: the file ", "set them to create it", 0, 0, SYNA_MMAP_ERR_NOT_FOUND},
      {"not found: the file ", ".absent", DIMENSIONS, SYNA_MMAP_OPEN_MUST_EXIST, SYNA_MMAP_ERR_NOT_FOUND},
      {"", "this is not a syna-mmap store; check the path", DIMENSIONS, 0, SYNA_MMAP_ERR_CORRUPT},
      {"", "the old file stays unchanged", DIMENSIONS, 0, SYNA_MMAP_ERR_LEGACY_FORMAT},
  };
  static const char text[64] = "this is not a store; the text belongs to another tool";
  static const unsigned char magic[64] = {0x43, 0x45, 0x56, 0x4D, 1};
  size_t i, n;
  char name[300] = "";
  syna_mmap *open_one;
  for (i = 0; i < 100; i++) memcpy(name + 2 * i, "\xC3\xA9", 2);
  open_one = open_quietly(in_folder(name), 0);
  for (n = 0; n < sizeof cases / sizeof cases[0]; n++) {
    syna_mmap_options options = quiet();
    syna_mmap *other = NULL;
    const char *end = cases[n].end;
    size_t length;
    options.dimensions = cases[n].dimensions;
    options.flags = cases[n].flags;
    strcpy(name + 200, cases[n].status == SYNA_MMAP_ERR_NOT_FOUND ? ".absent" : "");
    if (cases[n].status == SYNA_MMAP_ERR_CORRUPT) {
      strcpy(name + 200, ".corrupt");
      write_file(name, text, sizeof text);
    } else if (cases[n].status == SYNA_MMAP_ERR_LEGACY_FORMAT) {
      strcpy(name + 200, ".legacy");
      write_file(name, magic, sizeof magic);
    }
    expect(__FILE__, __LINE__, end, cases[n].status, syna_mmap_open(in_folder(name), &options, &other, &error), &error);
    length = strlen(error.message);
    CHECK(length < 256 && length > strlen(end));
    if (strcmp(error.message + length - strlen(end), end) != 0) failed(__FILE__, __LINE__, error.message);
    if (strncmp(error.message, cases[n].begin, strlen(cases[n].begin)) != 0) failed(__FILE__, __LINE__, error.message);
    CHECK(cases[n].status == SYNA_MMAP_ERR_DIMENSION_MISMATCH || strstr(error.message, "...") != NULL);
    /* Every lead byte has its continuation byte. */
    for (i = 0; i < length; i++) {
      if ((unsigned char)error.message[i] == 0xC3) CHECK((unsigned char)error.message[++i] == 0xA9);
    }
  }
  OK(syna_mmap_close(open_one, &error));
}

/* A file name that is too long is reported with its reason; a path that names a folder creates no file. */
static void wrong_paths(void) {
  static char long_name[5001];
  static const char *const names[] = {"new/", "closed/"};
  syna_mmap *other = NULL;
  syna_mmap_options options = quiet();
  size_t i;
  FILE *file;
  memset(long_name, 'n', sizeof long_name - 1);
  FAILS(INVALID_ARGUMENT, syna_mmap_open(in_folder(long_name), &options, &other, &error));
  if (strstr(error.message, "use a shorter name") == NULL) failed(__FILE__, __LINE__, error.message);
  for (i = 0; i < 2; i++) {
    options.flags = 0;
    FAILS(IO, syna_mmap_open(in_folder(names[i]), &options, &other, &error));
    if (strstr(error.message, "names a folder") == NULL) failed(__FILE__, __LINE__, error.message);
    options.flags = SYNA_MMAP_OPEN_READ_ONLY;
    FAILS(IO, syna_mmap_open(in_folder(names[i]), &options, &other, &error));
  }
  FAILS(IO, syna_mmap_snapshot_to(store, in_folder("new/"), NULL, NULL, &error));
  FAILS(IO, syna_mmap_salvage(in_folder("closed"), in_folder("new/"), NULL, NULL, &error));
  file = fopen(in_folder("new"), "rb");
  CHECK(file == NULL && other == NULL);
}

int main(int argc, char **argv) {
  static const unsigned char magic[64] = {0x43, 0x45, 0x56, 0x4D, 1};
  begin(argc, argv);
  OK(syna_mmap_close(open_quietly(in_folder("closed"), 0), &error));
  write_file("legacy", magic, sizeof magic);
  write_file("corrupt", "this is not a store; the text belongs to another tool", 53);
  store = open_quietly(in_folder("store"), 0);
  every_status();
  the_error_struct();
  a_longer_error_struct();
  long_paths();
  wrong_paths();
  OK(syna_mmap_close(store, &error));
  return 0;
}
