/* The words of bindings/conformance/cases.txt, whose README.md describes them. */
#ifndef CONFORMANCE_WORDS_HPP
#define CONFORMANCE_WORDS_HPP

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/* `a*3+%00` and the like. */
inline std::string bytes_of(const std::string& word) {
  std::string whole;
  if (word == "-") return whole;
  std::istringstream pieces(word);
  for (std::string piece; std::getline(pieces, piece, '+');) {
    const std::size_t star = piece.find('*');
    const std::size_t times = star == std::string::npos ? 1 : std::stoul(piece.substr(star + 1));
    std::string once;
    for (std::size_t i = 0; i < std::min(star, piece.size()); i++) {
      if (piece[i] == '%') {
        once.push_back(static_cast<char>(std::stoi(piece.substr(i + 1, 2), nullptr, 16)));
        i += 2;
      } else {
        once.push_back(piece[i]);
      }
    }
    for (std::size_t i = 0; i < times; i++) whole += once;
  }
  return whole;
}

/* SplitMix64. */
inline std::uint64_t scrambled(std::uint64_t n) {
  n += 0x9E3779B97F4A7C15u;
  n = (n ^ (n >> 30)) * 0xBF58476D1CE4E5B9u;
  n = (n ^ (n >> 27)) * 0x94D049BB133111EBu;
  return n ^ (n >> 31);
}

inline std::vector<float> vector_of(std::string word) {
  std::size_t count = 64;
  if (const std::size_t colon = word.find(':'); colon != std::string::npos) {
    count = std::stoul(word.substr(0, colon));
    word.erase(0, colon + 1);
  }
  std::vector<float> vector(count);
  const std::string rest = word.substr(1);
  switch (word[0]) {
    case 'v': {
      std::istringstream parts(rest);
      std::size_t i = 0;
      for (std::string part; std::getline(parts, part, ',');) vector.at(i++) = std::strtof(part.c_str(), nullptr);
      break;
    }
    case 's':
      for (std::size_t i = 0; i < count; i++) {
        vector[i] = static_cast<float>(scrambled(std::stoull(rest) * count + i) >> 40) / 8388608.0f - 1.0f;
      }
      break;
    case 'n': vector.at(std::stoul(rest)) = std::numeric_limits<float>::quiet_NaN(); break;
    case 'i': vector.at(std::stoul(rest)) = std::numeric_limits<float>::infinity(); break;
    case 'j': vector.at(std::stoul(rest)) = -std::numeric_limits<float>::infinity(); break;
    default: throw std::runtime_error("a vector begins with v, s, n, i or j: " + word);
  }
  return vector;
}

/* The float with these bits. */
inline float distance_of(const std::string& word) {
  const auto bits = static_cast<std::uint32_t>(std::stoul(word, nullptr, 16));
  float distance;
  std::memcpy(&distance, &bits, sizeof distance);
  return distance;
}

/* Whether a distance is the one that the word stands for. */
inline bool is_distance(const std::string& word, float distance) {
  if (word[0] == '~') return std::fabs(distance - std::strtof(word.c_str() + 1, nullptr)) <= 0.00001f;
  std::uint32_t bits;
  std::memcpy(&bits, &distance, sizeof bits);
  return bits == std::stoul(word, nullptr, 16);
}

#endif
