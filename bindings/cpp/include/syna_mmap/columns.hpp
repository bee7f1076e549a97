/* Columns: typed numbers that are stored with each row. */
#ifndef SYNA_MMAP_COLUMNS_HPP
#define SYNA_MMAP_COLUMNS_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include "syna_mmap.h"

namespace syna {

/* What the values of a column are. */
enum class column_kind : std::uint32_t {
  i64 = SYNA_MMAP_COLUMN_I64,
  u64 = SYNA_MMAP_COLUMN_U64,
  /* NaN is refused. */
  f64 = SYNA_MMAP_COLUMN_F64,
};

struct column {
  /* UTF-8, 1 to SYNA_MMAP_MAX_COLUMN_NAME_BYTES bytes. */
  std::string name;
  column_kind kind = column_kind::i64;
};

/* A value of a row; the kind of its column says which member it is. */
using value = syna_mmap_value;

/* The values of a row, in the order of the store's columns; a copy. */
class row_values {
 public:
  row_values() noexcept = default;
  row_values(const value* first, std::size_t count) noexcept : size_(first == nullptr ? 0 : count) {
    std::copy_n(first, size_, values_.begin());
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /* Only for i below size(). */
  const value& operator[](std::size_t i) const noexcept { return values_[i]; }
  const value* begin() const noexcept { return values_.data(); }
  const value* end() const noexcept { return values_.data() + size_; }

 private:
  /* Left as it is behind the values. */
  std::array<value, SYNA_MMAP_MAX_COLUMNS> values_;
  std::size_t size_ = 0;
};

/* The values of a column in a batch: anything with data() and size() of 8-byte integers or doubles, or an array of them. Their
 * type is the kind, which must be that of the column. They outlive the call. */
class column_values {
 public:
  template <class Values>
  column_values(std::string_view column, const Values& values) noexcept
      : name_(column), kind_(kind_of<std::decay_t<decltype(*std::data(values))>>()), data_(std::data(values)),
        size_(std::size(values)) {}

  std::string_view name() const noexcept { return name_; }
  column_kind kind() const noexcept { return kind_; }
  const void* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  template <class Element>
  static constexpr column_kind kind_of() noexcept {
    static_assert(std::is_arithmetic_v<Element> && sizeof(Element) == 8,
                  "the values of a column are std::int64_t, std::uint64_t or double");
    if (std::is_floating_point_v<Element>) return column_kind::f64;
    return std::is_signed_v<Element> ? column_kind::i64 : column_kind::u64;
  }

  std::string_view name_;
  column_kind kind_;
  const void* data_;
  std::size_t size_;
};

/* A text as a number for a column of column_kind::u64, to compare for equality: FNV-1a, the same on every platform and in
 * every version. Different texts may have the same number. */
inline std::uint64_t hash64(std::string_view text) noexcept { return syna_mmap_hash64(text.data(), text.size()); }

namespace detail {

/* A column as the library takes it. A name that does not fit, or that contains a NUL, becomes one that the library refuses. */
inline syna_mmap_column raw_of(const column& from) noexcept {
  syna_mmap_column raw{};
  const bool has_nul = from.name.find('\0') != std::string::npos;
  std::memcpy(raw.name, from.name.data(), has_nul ? 0 : std::min(from.name.size(), sizeof raw.name - 1));
  raw.kind = static_cast<std::uint32_t>(from.kind);
  return raw;
}

}  // namespace detail
}  // namespace syna

#endif
