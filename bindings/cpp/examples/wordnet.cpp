/*
 * Stores 6,000 entries of WordNet and finds those that are nearest to some glosses.
 *
 *   wordnet [DATA_FOLDER [STORE]]     from the repository: examples/data, and a temporary file
 */
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "syna_mmap.hpp"

namespace {

constexpr std::size_t dimensions = 384, nearest = 3;

std::vector<std::string> lines(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + " cannot be read; pass the folder examples/data");
  std::vector<std::string> all;
  for (std::string line; std::getline(file, line);) all.push_back(line);
  return all;
}

/* IEEE 754 half precision. */
float from_half(unsigned bits) {
  const int exponent = static_cast<int>(bits >> 10 & 31);
  const float fraction = static_cast<float>(bits & 1023);
  const float size = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(fraction + 1024.0f, exponent - 25);
  return bits >> 15 != 0 ? -size : size;
}

/* Rows of half-precision floats, without a header. */
std::vector<float> vectors(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<unsigned char> bytes((std::istreambuf_iterator<char>(file)), {});
  std::vector<float> all(bytes.size() / 2);
  for (std::size_t i = 0; i < all.size(); i++) all[i] = from_half(bytes[2 * i] | bytes[2 * i + 1] << 8u);
  return all;
}

void run(const std::filesystem::path& data, const std::filesystem::path& path) {
  const auto keys = lines(data / "wordnet-keys.txt"), texts = lines(data / "queries.txt");
  const auto rows = vectors(data / "wordnet-384.f16"), queries = vectors(data / "queries-384.f16");
  const std::vector<std::string_view> key_views(keys.begin(), keys.end());

  syna::options how;
  how.with_dimensions(dimensions).index_threshold = 0;
  syna::store store(path, how);
  syna::batch batch;
  batch.keys = key_views;
  batch.vectors = rows;
  store.insert_batch(batch);
  store.build_index();

  syna::results results;
  for (std::size_t i = 0; i < texts.size(); i++) {
    std::printf("%s\n", texts[i].c_str());
    store.search(syna::span<const float>(&queries[i * dimensions], dimensions), nearest, results);
    for (const syna::hit hit : results) {
      std::printf("  %.3f  %.*s\n", hit.distance, static_cast<int>(hit.key.size()), hit.key.data());
    }
  }
  store.close();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto temporary = std::filesystem::temp_directory_path() / "syna-mmap-wordnet-cpp.syna";
    if (argc <= 2) std::filesystem::remove(temporary), std::filesystem::remove(temporary.string() + ".hnsw");
    run(argc > 1 ? argv[1] : "examples/data", argc > 2 ? argv[2] : temporary);
  } catch (const std::exception& why) {
    return std::fprintf(stderr, "wordnet: %s\n", why.what()), 1;
  }
}
