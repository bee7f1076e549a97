/* A view of floats or bytes of somebody else: std::span where it is there, and as much of it as is needed where not. */
#ifndef SYNA_MMAP_SPAN_HPP
#define SYNA_MMAP_SPAN_HPP

#include <cstddef>
#include <type_traits>
#if __has_include(<version>)
#include <version>
#endif
#ifdef __cpp_lib_span
#include <span>
#endif

namespace syna {

#ifdef __cpp_lib_span

template <class T>
using span = std::span<T>;

#else

template <class T>
class span {
 public:
  using element_type = T;
  using value_type = std::remove_cv_t<T>;
  using iterator = T*;

  constexpr span() noexcept = default;
  constexpr span(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <std::size_t N>
  constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}
  /* Anything with data() and size(): vectors, arrays, views of other libraries. */
  template <class Container,
            class = std::enable_if_t<
                std::is_convertible_v<decltype(std::declval<Container&>().data()), T*> &&
                std::is_convertible_v<decltype(std::declval<Container&>().size()), std::size_t>>>
  constexpr span(Container&& container) noexcept : data_(container.data()), size_(container.size()) {}

  constexpr T* data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr bool empty() const noexcept { return size_ == 0; }
  constexpr T& operator[](std::size_t i) const { return data_[i]; }
  constexpr T* begin() const noexcept { return data_; }
  constexpr T* end() const noexcept { return data_ + size_; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

#endif

}  // namespace syna

#endif
