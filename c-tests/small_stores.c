/*
 * The memory of small stores with default options: private memory while they are open, and after they are closed.
 */
#include "check.h"

#ifdef __linux__

enum { STORES = 100, ROWS = 20, MOST_OPEN_KB = 64, MOST_LEFT_KB = 2048 };

/* The private dirty memory of this process, in KiB. */
static long private_kb(void) {
  char line[256];
  long sum = 0, value;
  FILE *rollup = fopen("/proc/self/smaps_rollup", "r");
  CHECK(rollup != NULL);
  while (fgets(line, sizeof line, rollup) != NULL) {
    if (sscanf(line, "Private_Dirty: %ld", &value) == 1) sum += value;
  }
  CHECK(fclose(rollup) == 0);
  return sum;
}

/* Opens stores, inserts a few rows, closes them. Returns the memory of each store, and what remains of all. */
static void use_stores(uint64_t initial_capacity, long *open_kb, long *left_kb) {
  static syna_mmap *stores[STORES];
  long before = private_kb();
  size_t i;
  for (i = 0; i < STORES; i++) {
    char name[32];
    syna_mmap_options options;
    syna_mmap_options_init(&options, sizeof options);
    options.dimensions = DIMENSIONS;
    if (initial_capacity > 0) options.initial_capacity = initial_capacity;
    snprintf(name, sizeof name, "store%u", (unsigned)i);
    OK(syna_mmap_open(in_folder(name), &options, &stores[i], &error));
    if (syna_mmap_len(stores[i]) == 0) insert_rows(stores[i], 0, ROWS);
  }
  *open_kb = (private_kb() - before) / STORES;
  for (i = 0; i < STORES; i++) OK(syna_mmap_close(stores[i], &error));
  *left_kb = private_kb() - before;
}

int main(int argc, char **argv) {
  static const uint64_t planned[] = {0, 1000000, 100000000, 0, 0, 0};
  size_t i;
  begin(argc, argv);
  for (i = 0; i < sizeof planned / sizeof *planned; i++) {
    long open_kb, left_kb;
    use_stores(planned[i], &open_kb, &left_kb);
    /* The first round touches the library's own pages. */
    if (open_kb > MOST_OPEN_KB || (i > 0 && left_kb > MOST_LEFT_KB)) {
      fprintf(stderr, "round %u: %ld KiB a store, %ld KiB left\n", (unsigned)i, open_kb, left_kb);
      return 1;
    }
  }
  return 0;
}

#else
int main(void) { return 0; }
#endif
