/* The part of a store that reads rows without a search, and its settings. */
#ifndef SYNA_MMAP_READING_HPP
#define SYNA_MMAP_READING_HPP

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "searching.hpp"

namespace syna {

class reading : public searching {
 public:
  /* The row of a key, without a copy. Its views end when the store is closed. */
  result<row> try_view(std::string_view key) const {
    for (;;) {
      syna_mmap_view raw = SYNA_MMAP_VIEW_INIT;
      detail::call_error why;
      if (syna_mmap_get_view(handle_, key.data(), key.size(), &raw, why.get()) != SYNA_MMAP_OK) return why.take();
      row found;
      found.key = std::string_view(raw.key, raw.key_len);
      if (raw.element == SYNA_MMAP_ELEMENT_F32) {
        found.vector = span<const float>(static_cast<const float*>(raw.vector), dimensions_);
      }
      found.stored = span<const std::uint8_t>(static_cast<const std::uint8_t*>(raw.vector), raw.vector_bytes);
      found.payload = span<const std::uint8_t>(raw.payload, raw.payload_len);
      found.tags = raw.tags;
      found.number = raw.row;
      if (column_count_ == 0) return found;
      /* A view has no values. A compaction in between gives rows other numbers: then it is looked for again. */
      syna_mmap_row with_values;
      bool is_live = false;
      if (syna_mmap_get_row(handle_, raw.row, &with_values, &is_live, nullptr) == SYNA_MMAP_OK &&
          with_values.stored == raw.vector) {
        found.values = row_values(with_values.values, column_count_);
        return found;
      }
    }
  }

  /* The columns, in order. */
  result<std::vector<column>> try_columns() const {
    std::array<syna_mmap_column, SYNA_MMAP_MAX_COLUMNS> raw;
    std::size_t count = 0;
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_columns(handle_, raw.data(), raw.size(), &count, e); },
        [&] {
          std::vector<column> all;
          for (std::size_t i = 0; i < count; i++) all.push_back({raw[i].name, static_cast<column_kind>(raw[i].kind)});
          return all;
        });
  }

  /* The position of a column, which row::values and results::value want. */
  std::optional<std::uint32_t> column_index(std::string_view column) const noexcept {
    std::array<syna_mmap_column, SYNA_MMAP_MAX_COLUMNS> raw;
    std::size_t count = 0;
    if (syna_mmap_columns(handle_, raw.data(), raw.size(), &count, nullptr) != SYNA_MMAP_OK) return std::nullopt;
    for (std::uint32_t i = 0; i < count; i++) {
      if (column == raw[i].name) return i;
    }
    return std::nullopt;
  }

  /* The value of a key in a column. */
  result<value> try_get_value(std::string_view key, std::string_view column) const {
    const auto index = column_index(column);
    if (!index && handle_ != nullptr) return no_column(column);
    value found{};
    return detail::answer(
        [&](syna_mmap_error* e) {
          return syna_mmap_get_value(handle_, key.data(), key.size(), index.value_or(0), &found, e);
        },
        [&] { return found; });
  }

  /* The row number of a key. */
  result<std::uint64_t> try_row_of(std::string_view key) const {
    std::uint64_t number = 0;
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_row_of(handle_, key.data(), key.size(), &number, e); },
        [&] { return number; });
  }

  /* The live row with a number. Its views end when the store is closed. */
  result<row> try_row_at(std::uint64_t number) const {
    syna_mmap_row raw;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_get_row(handle_, number, &raw, nullptr, e); },
                          [&] { return row(raw, dimensions_, column_count_); });
  }

  /* Copies the vectors of many keys into `out`, which has keys.size() x dimensions() floats, and says in `found`, which
   * has keys.size() flags, which keys exist; the places of the others are left as they are. How many exist. */
  result<std::size_t> try_get_batch(span<const std::string_view> keys, span<float> out, span<bool> found) const {
    if (auto wrong = wrong_length(out.size(), keys.size())) return *std::move(wrong);
    if (found.size() != keys.size()) {
      return failure{status::invalid_argument, 0, "pass as many flags as keys"};
    }
    std::string text;
    std::vector<std::uint64_t> offsets{0};
    for (const std::string_view key : keys) {
      text.append(key);
      offsets.push_back(text.size());
    }
    std::size_t existing = 0;
    return detail::answer(
        [&](syna_mmap_error* e) {
          return syna_mmap_get_batch(handle_, text.data(), offsets.data(), keys.size(), out.data(), found.data(),
                                     &existing, e);
        },
        [&] { return existing; });
  }

  /* How many rows meet the conditions; options that are no conditions have no effect. */
  result<std::uint64_t> try_count_where(const search_options& conditions = {}) const {
    std::uint64_t count = 0;
    return where(
        conditions, [&](syna_mmap_error* e) { return syna_mmap_count_where(handle_, &conditions, &count, e); }, count);
  }

  /* Writes the numbers of the rows from `first` on that meet the conditions into `out`, in ascending order. How many;
   * fewer than out.size() are the end. To go on, pass the last one plus one. */
  result<std::size_t> try_rows_where(std::uint64_t first, span<std::uint64_t> out,
                                     const search_options& conditions = {}) const {
    std::size_t count = 0;
    return where(
        conditions,
        [&](syna_mmap_error* e) {
          return syna_mmap_rows_where(handle_, &conditions, first, out.data(), out.size(), &count, e);
        },
        count);
  }

  /* The distance of two vectors, as a search computes it. */
  result<float> try_distance(span<const float> a, span<const float> b) const {
    if (auto wrong = wrong_length(a.size(), 1)) return *std::move(wrong);
    if (auto wrong = wrong_length(b.size(), 1)) return *std::move(wrong);
    float distance = 0;
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_distance(handle_, a.data(), b.data(), &distance, e); },
        [&] { return distance; });
  }

  /* The path that the store was opened by, absolute; empty for a store without a file of its own. */
  result<std::string> try_path() const {
    std::string room;
    for (std::size_t length = 0;;) {
      detail::call_error why;
      if (syna_mmap_path(handle_, room.data(), room.size(), &length, why.get()) != SYNA_MMAP_OK) return why.take();
      const bool is_whole = length < room.size();
      room.resize(is_whole ? length : length + 1);
      if (is_whole) return room;
    }
  }

  /* The options in effect; labels are left out. */
  result<syna::options> try_options() const {
    syna::options found;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_get_options(handle_, &found, e); },
                          [&] { return found; });
  }

  /* Until the store is closed. */
  result<> try_set_ef_search(std::uint32_t ef) {
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_set_ef_search(handle_, ef, e); });
  }
  result<> try_set_checkpoint_interval(std::chrono::seconds interval) {
    const auto secs = static_cast<std::uint32_t>(interval.count());
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_set_checkpoint_interval(handle_, secs, e); });
  }

#ifdef __cpp_exceptions
  /* As their try_ namesakes, but failures are thrown as syna::error. */
  row view(std::string_view key) const { return try_view(key).value(); }
  std::vector<column> columns() const { return try_columns().value(); }
  value get_value(std::string_view key, std::string_view column) const { return try_get_value(key, column).value(); }
  std::uint64_t row_of(std::string_view key) const { return try_row_of(key).value(); }
  row row_at(std::uint64_t number) const { return try_row_at(number).value(); }
  std::size_t get_batch(span<const std::string_view> keys, span<float> out, span<bool> found) const {
    return try_get_batch(keys, out, found).value();
  }
  std::uint64_t count_where(const search_options& conditions = {}) const { return try_count_where(conditions).value(); }
  std::size_t rows_where(std::uint64_t first, span<std::uint64_t> out, const search_options& conditions = {}) const {
    return try_rows_where(first, out, conditions).value();
  }
  float distance(span<const float> a, span<const float> b) const { return try_distance(a, b).value(); }
  std::string path() const { return try_path().value(); }
  syna::options options() const { return try_options().value(); }
  void set_ef_search(std::uint32_t ef) { try_set_ef_search(ef).value(); }
  void set_checkpoint_interval(std::chrono::seconds interval) { try_set_checkpoint_interval(interval).value(); }
#endif

 protected:
  using searching::searching;

  static failure no_column(std::string_view column) {
    return {status::invalid_argument, 0, "the store has no column '" + std::string(column) + "'; columns() lists them"};
  }

 private:
  template <class Call, class Count>
  result<Count> where(const search_options& conditions, Call&& call, const Count& count) const {
    if (conditions.asked_ != nullptr) conditions.asked_->begin(dimensions_, column_count_);
    detail::call_error why;
    const bool is_ok = call(why.get()) == SYNA_MMAP_OK;
    if (conditions.asked_ != nullptr) conditions.asked_->rethrow();
    if (!is_ok) return why.take();
    return count;
  }
};

}  // namespace syna

#endif
