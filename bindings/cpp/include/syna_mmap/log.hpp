/* What the library has to say besides its answers. */
#ifndef SYNA_MMAP_LOG_HPP
#define SYNA_MMAP_LOG_HPP

#include <cstdint>
#include <string_view>

#include "error.hpp"

namespace syna {

/* Has `tell` hear what the library has to say, of all stores of the process: a level, SYNA_MMAP_LOG_*, and a line of text.
 * Told are `most_level` and the levels with lower numbers, by any thread. It must not throw, nor call the library.
 * nullptr: nobody hears it any more. */
inline result<> try_log_to(std::uint32_t most_level, void (*tell)(std::uint32_t level, std::string_view text) noexcept) {
  const syna_mmap_log_callback relay = [](void* context, std::uint32_t level, const char* text, std::size_t length) {
    reinterpret_cast<void (*)(std::uint32_t, std::string_view) noexcept>(context)(level, {text, length});
  };
  return detail::answer([&](syna_mmap_error* e) {
    return syna_mmap_set_log(most_level, tell != nullptr ? relay : nullptr, reinterpret_cast<void*>(tell), e);
  });
}

#ifdef __cpp_exceptions
inline void log_to(std::uint32_t most_level, void (*tell)(std::uint32_t level, std::string_view text) noexcept) {
  try_log_to(most_level, tell).value();
}
#endif

}  // namespace syna

#endif
