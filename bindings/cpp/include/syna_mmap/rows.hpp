/* Rows of a store as they lie in its file, walks over them, and conditions on them. */
#ifndef SYNA_MMAP_ROWS_HPP
#define SYNA_MMAP_ROWS_HPP

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <string_view>
#include <utility>

#include "columns.hpp"
#include "error.hpp"
#include "span.hpp"

namespace syna {

/* A stored row. Its views end with the cursor that gave it, with the condition's call, or, of store::view and
 * store::row_at, when the store is closed. */
struct row {
  std::string_view key;
  /* Empty in a store of another element type than f32: use decoded(). */
  span<const float> vector;
  /* The vector as it is stored, in a store of any element type. */
  span<const std::uint8_t> stored;
  span<const std::uint8_t> payload;
  std::uint64_t tags = 0;
  /* Counts up as rows come; a compaction gives new numbers. */
  std::uint64_t number = 0;
  /* The values of the store's columns. */
  row_values values;

  row() = default;
  row(const syna_mmap_row& raw, std::size_t dimensions, std::size_t columns) noexcept
      : key(raw.key, raw.key_len), vector(raw.vector, raw.vector == nullptr ? 0 : dimensions),
        stored(static_cast<const std::uint8_t*>(raw.stored), raw.stored_bytes), payload(raw.payload, raw.payload_len),
        tags(raw.tags), number(raw.row), values(raw.values, columns) {}
};

/* A walk over the rows that were live when it was made, in the order of insertion; for one thread at a time. */
class cursor {
 public:
  cursor(cursor&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), dimensions_(other.dimensions_), columns_(other.columns_),
        rows_(other.rows_),
        count_(std::exchange(other.count_, 0)), next_(other.next_) {}
  cursor& operator=(cursor&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(dimensions_, other.dimensions_);
    std::swap(columns_, other.columns_);
    std::swap(rows_, other.rows_);
    std::swap(count_, other.count_);
    std::swap(next_, other.next_);
    return *this;
  }
  cursor(const cursor&) = delete;
  cursor& operator=(const cursor&) = delete;
  ~cursor() { syna_mmap_cursor_free(handle_); }

  /* The next row in `out`; false at the end. */
  result<bool> try_next(row& out) {
    if (next_ == count_) {
      next_ = count_ = 0;
      detail::call_error why;
      if (syna_mmap_cursor_next(handle_, rows_.data(), rows_.size(), &count_, why.get()) != SYNA_MMAP_OK) {
        return why.take();
      }
      if (count_ == 0) return false;
    }
    out = row(rows_[next_++], dimensions_, columns_);
    return true;
  }

#ifdef __cpp_exceptions
  bool next(row& out) { return try_next(out).value(); }

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = row;
    using difference_type = std::ptrdiff_t;
    using pointer = const row*;
    using reference = const row&;

    iterator() noexcept = default;
    explicit iterator(cursor* of) : of_(of) { ++*this; }
    const row& operator*() const noexcept { return now_; }
    const row* operator->() const noexcept { return &now_; }
    iterator& operator++() {
      if (!of_->next(now_)) of_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(const iterator& other) const noexcept { return of_ == other.of_; }
    bool operator!=(const iterator& other) const noexcept { return of_ != other.of_; }

   private:
    cursor* of_ = nullptr;
    row now_;
  };

  /* What is left, once. */
  iterator begin() { return iterator(this); }
  iterator end() noexcept { return {}; }
#endif

 private:
  friend class searching;
  cursor(syna_mmap_cursor* handle, std::size_t dimensions, std::size_t columns) noexcept
      : handle_(handle), dimensions_(dimensions), columns_(columns) {}

  syna_mmap_cursor* handle_ = nullptr;
  std::size_t dimensions_ = 0, columns_ = 0;
  std::array<syna_mmap_row, 64> rows_;
  std::size_t count_ = 0, next_ = 0;
};

namespace detail {

/* What a search has to know of a condition. */
struct asked {
  /* Of the store that is being searched. */
  std::atomic<std::size_t> dimensions{0}, columns{0};
  std::atomic<bool> has_thrown{false};
  std::exception_ptr thrown = nullptr;

  void begin(std::size_t of_dimensions, std::size_t of_columns) noexcept {
    dimensions.store(of_dimensions, std::memory_order_relaxed);
    columns.store(of_columns, std::memory_order_relaxed);
  }

  void rethrow() {
#ifdef __cpp_exceptions
    if (has_thrown.exchange(false)) std::rethrow_exception(std::exchange(thrown, nullptr));
#endif
  }
};

}  // namespace detail

/* A condition of one's own: any callable that takes a const syna::row & and says whether it may be found. It outlives
 * the searches that are given it by search_options::with_condition. In a batch several threads ask it at once. What it
 * throws comes out of the search. */
template <class Test>
class condition : public detail::asked {
 public:
  explicit condition(Test test) : test_(std::move(test)) {}

  static bool ask(void* context, const syna_mmap_row* raw) {
    auto& self = *static_cast<condition*>(context);
    const row asked_of(*raw, self.dimensions.load(std::memory_order_relaxed),
                       self.columns.load(std::memory_order_relaxed));
#ifdef __cpp_exceptions
    try {
      return self.test_(asked_of);
    } catch (...) {
      // The first one counts; it is read once all threads are done.
      if (!self.has_thrown.exchange(true)) self.thrown = std::current_exception();
      return false;
    }
#else
    return self.test_(asked_of);
#endif
  }

 private:
  Test test_;
};

}  // namespace syna

#endif
