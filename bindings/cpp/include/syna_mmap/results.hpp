/* What a search found: a range of hits. */
#ifndef SYNA_MMAP_RESULTS_HPP
#define SYNA_MMAP_RESULTS_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include "error.hpp"
#include "options.hpp"
#include "span.hpp"

namespace syna {

/* The floats of a stored vector, for example row::stored, of a store with this element type and these dimensions. Empty if it
 * is no vector of theirs. */
inline std::vector<float> decoded(element type, std::size_t dimensions, span<const std::uint8_t> stored) {
  std::vector<float> floats(dimensions);
  const auto count = static_cast<std::uint32_t>(dimensions);
  if (!syna_mmap_decode_vector(static_cast<std::uint32_t>(type), count, stored.data(), floats.data())) floats.clear();
  return floats;
}

/* One answer. Its views end with the next search into the results that it came from. */
struct hit {
  std::string_view key;
  float distance = 0;
  /* The stored vector. Empty in a store of another element type than f32: see results::vector and results::stored. */
  span<const float> vector;
  std::uint64_t row = 0;
};

/* Reusable results; for one thread at a time. They belong to no store and outlive any. */
class results {
 public:
  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = hit;
    using difference_type = std::ptrdiff_t;
    using pointer = const hit*;
    using reference = hit;

    iterator() noexcept = default;
    iterator(const syna_mmap_hit* at, std::size_t dimensions) noexcept : at_(at), dimensions_(dimensions) {}
    hit operator*() const noexcept {
      return {{at_->key, at_->key_len}, at_->distance, {at_->vector, at_->vector == nullptr ? 0 : dimensions_}, at_->row};
    }
    iterator& operator++() noexcept { return ++at_, *this; }
    iterator operator++(int) noexcept { return {at_++, dimensions_}; }
    bool operator==(const iterator& other) const noexcept { return at_ == other.at_; }
    bool operator!=(const iterator& other) const noexcept { return at_ != other.at_; }

   private:
    const syna_mmap_hit* at_ = nullptr;
    std::size_t dimensions_ = 0;
  };

  static result<results> try_make() {
    syna_mmap_results* made = nullptr;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_results_new(&made, e); },
                          [&] { return results(made); });
  }

#ifdef __cpp_exceptions
  results() : results(try_make().value()) {}
#endif
  results(results&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)),
        hits_(std::exchange(other.hits_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        dimensions_(other.dimensions_) {}
  results& operator=(results&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(hits_, other.hits_);
    std::swap(size_, other.size_);
    std::swap(dimensions_, other.dimensions_);
    return *this;
  }
  results(const results&) = delete;
  results& operator=(const results&) = delete;
  ~results() { syna_mmap_results_free(handle_); }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  iterator begin() const noexcept { return {hits_, dimensions_}; }
  iterator end() const noexcept { return {hits_ + size_, dimensions_}; }
  /* Only for i below size(). */
  hit operator[](std::size_t i) const noexcept { return *iterator(hits_ + i, dimensions_); }

  /* A part of the hits. */
  class part {
   public:
    iterator begin() const noexcept { return {hits_, dimensions_}; }
    iterator end() const noexcept { return {hits_ + size_, dimensions_}; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    /* Where the first of them is among all hits: what tags() and payload() want. */
    std::size_t first() const noexcept { return first_; }
    hit operator[](std::size_t i) const noexcept { return *iterator(hits_ + i, dimensions_); }

   private:
    friend class results;
    const syna_mmap_hit* hits_ = nullptr;
    std::size_t size_ = 0, first_ = 0, dimensions_ = 0;
  };

  /* The hits of one query of the last batch. */
  part query(std::size_t number) const noexcept {
    part of;
    of.hits_ = syna_mmap_results_query_hits(handle_, number, &of.size_);
    of.first_ = of.size_ == 0 ? 0 : static_cast<std::size_t>(of.hits_ - hits_);
    of.dimensions_ = dimensions_;
    return of;
  }
  /* Whether that query came to its deadline or its most visits. */
  bool is_partial(std::size_t query) const noexcept { return syna_mmap_results_query_is_partial(handle_, query); }

  /* Whether the last search came to its deadline or its most visits. */
  bool is_partial() const noexcept { return syna_mmap_results_is_partial(handle_); }
  /* The tags of hit i; 0 where there is no such hit. */
  std::uint64_t tags(std::size_t i) const noexcept { return syna_mmap_results_tags(handle_, i); }
  /* The payload of hit i; empty where there is none. */
  span<const std::uint8_t> payload(std::size_t i) const noexcept {
    std::size_t length = 0;
    const std::uint8_t* data = syna_mmap_results_payload(handle_, i, &length);
    return {data, length};
  }

  /* A copy of the vector of hit i as floats, in a store of any element type; empty where there is no such hit. */
  std::vector<float> vector(std::size_t i) const {
    std::vector<float> components(i < size_ ? dimensions_ : 0);
    copy_vector(i, components);
    return components;
  }
  /* The same into `out`, which has as many floats as the store has dimensions; whether it was copied. */
  bool copy_vector(std::size_t i, span<float> out) const noexcept {
    return i < size_ && out.size() == dimensions_ && syna_mmap_results_vector(handle_, i, out.data());
  }
  /* The vector of hit i as it is stored, in a store of any element type; empty where there is no such hit. */
  span<const std::uint8_t> stored(std::size_t i) const noexcept {
    std::size_t length = 0;
    const void* bytes = syna_mmap_results_stored(handle_, i, &length);
    return {static_cast<const std::uint8_t*>(bytes), length};
  }
  /* The value of hit i in a column, by the column's position; 0 where there is no such hit or column. */
  syna::value value(std::size_t i, std::uint32_t column) const noexcept {
    syna::value found{};
    syna_mmap_results_column(handle_, i, column, &found);
    return found;
  }

  /* The C handle, for what this class lacks; still owned by it. */
  syna_mmap_results* handle() const noexcept { return handle_; }

 private:
  friend class searching;
  explicit results(syna_mmap_results* made) noexcept : handle_(made) {}

  void look_up(std::size_t dimensions) noexcept {
    hits_ = syna_mmap_results_hits(handle_, &size_);
    dimensions_ = dimensions;
  }

  syna_mmap_results* handle_ = nullptr;
  const syna_mmap_hit* hits_ = nullptr;
  std::size_t size_ = 0;
  std::size_t dimensions_ = 0;
};

}  // namespace syna

#endif
