#include <syna_mmap.h>
