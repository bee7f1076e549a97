/* Prints how many ns one search call takes, in a store of one row, with results that are used again: overhead STORE */
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "syna_mmap.hpp"

int main(int argc, char** argv) {
  constexpr int calls = 200000, rounds = 7;
  if (argc != 2) return 2;
  syna::store store(argv[1], syna::options().with_dimensions(64).with_metric(syna::metric::euclidean));
  std::vector<float> query(64);
  query[0] = 1.0f;
  store.insert("key", query);
  syna::results results;
  double best = 1e9;
  for (int round = 0; round < rounds; round++) {
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; i++) store.search(query, 1, results);
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
    best = std::min(best, took.count() / calls);
  }
  std::printf("ns_per_search: %.0f\n", best);
}
