// A program outside the repository, in C++.
#include <cstdio>
#include <syna_mmap.hpp>

int main() {
  const std::vector<float> vector(64, 1.0f);
  syna::store store("outside.syna", syna::options().with_dimensions(64));
  store.upsert("key", vector);
  std::printf("found %d with %s\n", static_cast<int>(store.search(vector, 1).size()), syna::version());
}
