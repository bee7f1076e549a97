/* What a store is opened with and searched with: the C structs, filled with their defaults. */
#ifndef SYNA_MMAP_OPTIONS_HPP
#define SYNA_MMAP_OPTIONS_HPP

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "rows.hpp"
#include "syna_mmap.h"

namespace syna {

enum class metric : std::uint32_t {
  cosine = SYNA_MMAP_METRIC_COSINE,
  euclidean = SYNA_MMAP_METRIC_EUCLIDEAN,
  dot_product = SYNA_MMAP_METRIC_DOT_PRODUCT,
  /* For opening only: as in the existing file. */
  from_file = SYNA_MMAP_METRIC_FROM_FILE,
};

enum class durability : std::uint32_t {
  process = SYNA_MMAP_DURABILITY_PROCESS,
  batch = SYNA_MMAP_DURABILITY_BATCH,
};

enum class key_kind : std::uint32_t {
  /* UTF-8. */
  text = SYNA_MMAP_KEYS_TEXT,
  /* Any bytes. */
  bytes = SYNA_MMAP_KEYS_BYTES,
  /* For opening only: as in the existing file. */
  from_file = SYNA_MMAP_KEYS_FROM_FILE,
};

/* How the components of vectors are stored. */
enum class element : std::uint32_t {
  f32 = SYNA_MMAP_ELEMENT_F32,
  f16 = SYNA_MMAP_ELEMENT_F16,
  /* Integers of 1 byte, and one scale a vector. */
  i8 = SYNA_MMAP_ELEMENT_I8,
  /* For opening only: as in the existing file. */
  from_file = SYNA_MMAP_ELEMENT_FROM_FILE,
};

/* syna_mmap_options with the defaults; its members are set by name. */
struct options : syna_mmap_options {
  options() noexcept { syna_mmap_options_init(this, sizeof(syna_mmap_options)); }

  options& with_dimensions(std::uint32_t count) noexcept { return dimensions = count, *this; }
  options& with_metric(syna::metric m) noexcept { return metric = static_cast<std::uint32_t>(m), *this; }
  options& with_durability(syna::durability d) noexcept {
    return durability = static_cast<std::uint32_t>(d), *this;
  }
  /* SYNA_MMAP_OPEN_*, added to those that are set. */
  options& with_flags(std::uint32_t more) noexcept { return flags |= more, *this; }
  options& with_key_kind(syna::key_kind k) noexcept { return key_kind = static_cast<std::uint32_t>(k), *this; }
  options& with_element(syna::element e) noexcept { return element = static_cast<std::uint32_t>(e), *this; }
  /* Of a new file: what the vectors are. The text outlives the opening. */
  options& with_label(const char* text) noexcept { return label = text, *this; }
  /* An existing file with another label is refused. The text outlives the opening. */
  options& with_expected_label(const char* text) noexcept { return expected_label = text, *this; }
  /* Of a new file: its columns, as in {{"year", syna::column_kind::i64}}. An existing file with others is refused. */
  options& with_columns(const std::vector<column>& all) {
    auto raw = std::make_shared<std::vector<syna_mmap_column>>();
    for (const column& one : all) raw->push_back(detail::raw_of(one));
    columns = raw->data();
    column_count = raw->size();
    columns_ = std::move(raw);
    return *this;
  }

 private:
  /* What `columns` points to, shared with copies. */
  std::shared_ptr<const std::vector<syna_mmap_column>> columns_;
};

/* syna_mmap_search_options with the defaults; its members are set by name. */
struct search_options : syna_mmap_search_options {
  search_options() noexcept { syna_mmap_search_options_init(this, sizeof(syna_mmap_search_options)); }

  search_options& with_ef(std::uint32_t count) noexcept { return ef = count, *this; }
  search_options& with_exact() noexcept { return exact = 1, *this; }
  /* From the start of the call. One that is over already counts as a microsecond: 0 would mean none. */
  search_options& with_deadline(std::chrono::microseconds from_start) noexcept {
    return deadline_us = from_start.count() < 1 ? 1 : static_cast<std::uint64_t>(from_start.count()), *this;
  }
  /* Farther rows are left out. */
  search_options& with_max_distance(float most) noexcept {
    return has_max_distance = 1, max_distance = most, *this;
  }
  /* The next page: what follows the last hit of the page before. */
  search_options& with_after(float distance, std::uint64_t row) noexcept {
    return has_after = 1, after_distance = distance, after_row = row, *this;
  }
  /* Conditions: all that are given have to be met. */
  search_options& with_tags(std::uint64_t any, std::uint64_t all = 0, std::uint64_t none = 0) noexcept {
    return tags_any = any, tags_all = all, tags_none = none, *this;
  }
  /* The bytes outlive the search. */
  search_options& with_prefix(std::string_view prefix) noexcept {
    return key_prefix = prefix.data(), key_prefix_len = prefix.size(), *this;
  }
  /* Bit r % 64 of word r / 64 for row r; the words outlive the search. None: no row passes. */
  search_options& with_rows(span<const std::uint64_t> bitmap) noexcept {
    static constexpr std::uint64_t nothing = 0;
    return row_bitmap = bitmap.data() == nullptr ? &nothing : bitmap.data(), row_bitmap_words = bitmap.size(), *this;
  }
  /* It outlives the search. */
  template <class Test>
  search_options& with_condition(condition<Test>& wanted) noexcept {
    return asked_ = &wanted, filter = condition<Test>::ask, filter_context = &wanted, *this;
  }

 private:
  friend class searching;
  friend class reading;
  friend class writing;
  detail::asked* asked_ = nullptr;
};

}  // namespace syna

#endif
