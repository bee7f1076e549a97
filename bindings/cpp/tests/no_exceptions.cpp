/* The try_ functions, compiled with -fno-exceptions.
 *
 *   no_exceptions STORE
 */
#include <cstdio>

#include "syna_mmap.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::remove(argv[1]);
  auto store = syna::store::try_open(argv[1], syna::options().with_dimensions(64));
  auto results = syna::results::try_make();
  if (!store || !results) return 1;
  const std::vector<float> vector(64, 1.0f);
  const auto inserted = store->try_insert("key", vector);
  if (!inserted || !*inserted) return 1;
  if (store->try_insert("key", std::vector<float>(1)).status() != syna::status::dimension_mismatch) return 1;
  if (!store->try_search(vector, 1, *results) || (*results)[0].key != "key") return 1;
  return store->try_close() ? 0 : 1;
}
