/* Statuses, the exception, and the result of a call that does not throw. */
#ifndef SYNA_MMAP_ERROR_HPP
#define SYNA_MMAP_ERROR_HPP

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "syna_mmap.h"

namespace syna {

/* A number that is not here comes from a later library; it is an error like the others. */
enum class status : std::int32_t {
  ok = SYNA_MMAP_OK,
  invalid_argument = SYNA_MMAP_ERR_INVALID_ARGUMENT,
  invalid_dimensions = SYNA_MMAP_ERR_INVALID_DIMENSIONS,
  dimension_mismatch = SYNA_MMAP_ERR_DIMENSION_MISMATCH,
  metric_mismatch = SYNA_MMAP_ERR_METRIC_MISMATCH,
  invalid_vector = SYNA_MMAP_ERR_INVALID_VECTOR,
  invalid_key = SYNA_MMAP_ERR_INVALID_KEY,
  not_found = SYNA_MMAP_ERR_NOT_FOUND,
  locked = SYNA_MMAP_ERR_LOCKED,
  read_only = SYNA_MMAP_ERR_READ_ONLY,
  corrupt = SYNA_MMAP_ERR_CORRUPT,
  unsupported_version = SYNA_MMAP_ERR_UNSUPPORTED_VERSION,
  legacy_format = SYNA_MMAP_ERR_LEGACY_FORMAT,
  io = SYNA_MMAP_ERR_IO,
  no_space = SYNA_MMAP_ERR_NO_SPACE,
  no_memory = SYNA_MMAP_ERR_NO_MEMORY,
  invalid_handle = SYNA_MMAP_ERR_INVALID_HANDLE,
  poisoned = SYNA_MMAP_ERR_POISONED,
  internal = SYNA_MMAP_ERR_INTERNAL,
  cancelled = SYNA_MMAP_ERR_CANCELLED,
  limit = SYNA_MMAP_ERR_LIMIT,
  key_kind_mismatch = SYNA_MMAP_ERR_KEY_KIND_MISMATCH,
  label_mismatch = SYNA_MMAP_ERR_LABEL_MISMATCH,
  element_mismatch = SYNA_MMAP_ERR_ELEMENT_MISMATCH,
  columns_mismatch = SYNA_MMAP_ERR_COLUMNS_MISMATCH,
};

/* The library's version, such as "0.1.0". */
inline const char* version() noexcept { return syna_mmap_version(); }

/* "SYNA_MMAP_ERR_LOCKED"; "(unknown status)" for a number that is none. */
inline const char* name(status s) noexcept { return syna_mmap_status_name(static_cast<syna_mmap_status>(s)); }

/* Why a call failed. */
struct failure {
  syna::status status = syna::status::internal;
  /* The system's own number; 0 where the system was not at fault. */
  std::int32_t os_errno = 0;
  /* One sentence in UTF-8 that says what was wrong and what to do. */
  std::string message;
};

/* A failure as an exception. */
class error : public std::runtime_error {
 public:
  explicit error(const failure& why)
      : std::runtime_error(why.message), status_(why.status), os_errno_(why.os_errno) {}

  syna::status status() const noexcept { return status_; }
  std::int32_t os_errno() const noexcept { return os_errno_; }

 private:
  syna::status status_;
  std::int32_t os_errno_;
};

/* Nothing, as a value. */
struct done {};

/* The value of a call, or why there is none. */
template <class T = done>
class [[nodiscard]] result {
 public:
  result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  result(syna::failure why) : state_(std::in_place_index<1>, std::move(why)) {}

  bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  /* The value. Without one: the failure is thrown (-fno-exceptions: the program ends). */
  T& value() & {
    require();
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    require();
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    require();
    return std::move(*std::get_if<0>(&state_));
  }

  /* Only where there is a value. */
  T& operator*() & noexcept { return *std::get_if<0>(&state_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&state_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() noexcept { return std::get_if<0>(&state_); }
  const T* operator->() const noexcept { return std::get_if<0>(&state_); }

  /* Only where there is none. */
  const syna::failure& failure() const& noexcept { return *std::get_if<1>(&state_); }
  syna::failure&& failure() && noexcept { return std::move(*std::get_if<1>(&state_)); }

  syna::status status() const noexcept { return has_value() ? syna::status::ok : failure().status; }

 private:
  void require() const {
    if (has_value()) return;
#ifdef __cpp_exceptions
    throw error(failure());
#else
    std::abort();
#endif
  }

  std::variant<T, syna::failure> state_;
};

namespace detail {

/* The error struct of one call. Its message is written by a call that fails, and read then only. */
class call_error {
 public:
  call_error() noexcept { raw_.struct_size = sizeof raw_; }
  syna_mmap_error* get() noexcept { return &raw_; }
  failure take() const { return {static_cast<status>(raw_.status), raw_.os_errno, raw_.message}; }

 private:
  syna_mmap_error raw_;
};

/* `call` is given the error struct and answers a status; `value` makes what it gave out. */
template <class Call, class Value>
auto answer(Call&& call, Value&& value) -> result<decltype(value())> {
  call_error why;
  if (call(why.get()) != SYNA_MMAP_OK) return why.take();
  return value();
}

template <class Call>
result<> answer(Call&& call) {
  return answer(std::forward<Call>(call), [] { return done{}; });
}

}  // namespace detail
}  // namespace syna

#endif
