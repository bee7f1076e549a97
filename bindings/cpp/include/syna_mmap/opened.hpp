/* An open store's handle, and how callbacks of C++ are called from C. */
#ifndef SYNA_MMAP_OPENED_HPP
#define SYNA_MMAP_OPENED_HPP

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "error.hpp"

namespace syna {

/* How far a long call is. */
struct progress {
  std::uint64_t done = 0, total = 0;
};

namespace detail {

/* A path as the library takes it: bytes as the system has them, UTF-8 on Windows. */
inline result<std::string> path_text(const std::filesystem::path& path) {
#ifdef _WIN32
  const auto text = path.u8string();
  std::string name(text.begin(), text.end());
#else
  std::string name = path.native();
#endif
  if (name.find('\0') == std::string::npos) return name;
  return failure{status::invalid_argument, 0, "the path has a NUL in it; pass one without"};
}

/* A callable for one call into C, and what it throws meanwhile, which must not get there. */
template <class Tell>
struct relay {
  Tell* tell;
  std::exception_ptr thrown = nullptr;

  template <class... Told>
  bool operator()(const Told&... told) {
#ifdef __cpp_exceptions
    try {
      return (*tell)(told...);
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
#else
    return (*tell)(told...);
#endif
  }

  void rethrow() const {
#ifdef __cpp_exceptions
    if (thrown) std::rethrow_exception(thrown);
#endif
  }

  static bool progress(void* raw, std::uint64_t done, std::uint64_t total) {
    return (*static_cast<relay*>(raw))(syna::progress{done, total});
  }
};

/* Goes on whatever it is told. */
inline bool go_on(const progress&) noexcept { return true; }

/* The handle: moves, and is closed at its end. */
class opened {
 public:
  opened(opened&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), dimensions_(other.dimensions_),
        column_count_(other.column_count_) {}
  opened& operator=(opened&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(dimensions_, other.dimensions_);
    std::swap(column_count_, other.column_count_);
    return *this;
  }
  opened(const opened&) = delete;
  opened& operator=(const opened&) = delete;

  /* The C handle, for what these classes lack; still owned by them. */
  ::syna_mmap* handle() const noexcept { return handle_; }

 protected:
  explicit opened(::syna_mmap* handle) noexcept : handle_(handle), dimensions_(syna_mmap_dimensions(handle)) {
    syna_mmap_columns(handle, nullptr, 0, &column_count_, nullptr);
  }
  ~opened() { syna_mmap_close(handle_, nullptr); }

  result<> plain(syna_mmap_status (*call)(::syna_mmap*, syna_mmap_error*)) {
    return answer([&](syna_mmap_error* e) { return call(handle_, e); });
  }

  /* `call` with a callable that is told of progress and returns false to stop; what it throws comes out of here. */
  template <class Tell, class Call>
  result<> told(Tell& tell, Call&& call) const {
    relay<Tell> shared{&tell};
    auto ended = answer([&](syna_mmap_error* e) { return call(relay<Tell>::progress, &shared, e); });
    shared.rethrow();
    return ended;
  }

  std::optional<failure> wrong_length(std::size_t floats, std::size_t rows) const {
    if (handle_ == nullptr || floats == rows * dimensions_) return std::nullopt;
    return failure{status::dimension_mismatch, 0,
                   "the store has " + std::to_string(dimensions_) + " dimensions and " + std::to_string(rows) +
                       " vectors are needed, so pass " + std::to_string(rows * dimensions_) + " floats, not " +
                       std::to_string(floats)};
  }

  ::syna_mmap* handle_ = nullptr;
  std::size_t dimensions_ = 0;
  std::size_t column_count_ = 0;
};

}  // namespace detail
}  // namespace syna

#endif
