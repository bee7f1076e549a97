/* An open store. */
#ifndef SYNA_MMAP_STORE_HPP
#define SYNA_MMAP_STORE_HPP

#include <string>
#include <string_view>
#include <vector>

#include "writing.hpp"

namespace syna {

/* What salvage brought over, and what it knows to be lost. */
struct salvaged {
  std::uint64_t rows = 0, lost = 0;
};

/* All threads may use it at once; moving or destroying it is for one. Closes the store at its end, without a word
 * about a failure: call close() to hear of it. */
class store : public writing {
 public:
  static result<store> try_open(const std::filesystem::path& path, const syna::options& how = {}) {
    if (syna_mmap_abi_version() != SYNA_MMAP_ABI_VERSION) {
      return failure{status::internal, 0, "the library and syna_mmap.h are of different releases; take both from one"};
    }
    const auto name = detail::path_text(path);
    if (!name) return name.failure();
    ::syna_mmap* opened = nullptr;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_open(name->c_str(), &how, &opened, e); },
                          [&] { return store(opened); });
  }

  /* A store without a file, for tests and caches. */
  static result<store> try_in_memory(const syna::options& how = {}) {
    ::syna_mmap* opened = nullptr;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_open_in_memory(&how, &opened, e); },
                          [&] { return store(opened); });
  }

  /* A store that lies inside a larger file, for reading; `file` may be closed at once. No index: a length of 0. */
  static result<store> try_open_at(int file, std::uint64_t offset, std::uint64_t length, std::uint64_t index_offset = 0,
                                   std::uint64_t index_length = 0, const syna::options& how = {}) {
    ::syna_mmap* opened = nullptr;
    return detail::answer(
        [&](syna_mmap_error* e) {
          return syna_mmap_open_at(file, offset, length, index_offset, index_length, &how, &opened, e);
        },
        [&] { return store(opened); });
  }

  /* A store whose file is in memory, for reading; no index: an empty span. The bytes must stay valid and unchanged until
   * the store is closed and what came from it, results and cursors, is destroyed or searched into again. */
  static result<store> try_open_memory(span<const std::uint8_t> bytes, span<const std::uint8_t> index = {},
                                       const syna::options& how = {}) {
    ::syna_mmap* opened = nullptr;
    return detail::answer(
        [&](syna_mmap_error* e) {
          return syna_mmap_open_memory(bytes.data(), bytes.size(), index.data(), index.size(), &how, &opened, e);
        },
        [&] { return store(opened); });
  }

  /* Makes a checkpoint and closes. Closing twice is fine. */
  result<> try_close() {
    ::syna_mmap* closing = std::exchange(handle_, nullptr);
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_close(closing, e); });
  }

  result<> try_checkpoint() { return plain(syna_mmap_checkpoint); }
  result<> try_flush() { return plain(syna_mmap_flush); }
  result<> try_reserve(std::uint64_t count) {
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_reserve(handle_, count, e); });
  }

  /* Whether the key was new; one that is there is left as it is. */
  result<bool> try_insert(std::string_view key, span<const float> vector) {
    if (auto wrong = wrong_length(vector.size(), 1)) return *std::move(wrong);
    bool inserted = false;
    return detail::answer(
        [&](syna_mmap_error* e) {
          return syna_mmap_insert(handle_, key.data(), key.size(), vector.data(), &inserted, e);
        },
        [&] { return inserted; });
  }

  result<> try_upsert(std::string_view key, span<const float> vector) {
    if (auto wrong = wrong_length(vector.size(), 1)) return *std::move(wrong);
    return detail::answer([&](syna_mmap_error* e) {
      return syna_mmap_upsert(handle_, key.data(), key.size(), vector.data(), e);
    });
  }

  /* One row with its tags and its payload, in the place of the one that is there unless `mode` is
   * SYNA_MMAP_WRITE_INSERT. Whether it was written. */
  result<bool> try_put(std::string_view key, span<const float> vector, std::uint64_t tags,
                       span<const std::uint8_t> payload = {}, std::uint32_t mode = SYNA_MMAP_WRITE_UPSERT) {
    if (auto wrong = wrong_length(vector.size(), 1)) return *std::move(wrong);
    bool written = false;
    return detail::answer(
        [&](syna_mmap_error* e) {
          return syna_mmap_put(handle_, key.data(), key.size(), vector.data(), tags, payload.data(), payload.size(), mode,
                               &written, e);
        },
        [&] { return written; });
  }

  /* Whether the key was there. */
  result<bool> try_erase(std::string_view key) {
    bool deleted = false;
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_delete(handle_, key.data(), key.size(), &deleted, e); },
        [&] { return deleted; });
  }

  /* Copies the vector of a key into `out`, which has dimensions() floats. */
  result<> try_get(std::string_view key, span<float> out) const {
    if (auto wrong = wrong_length(out.size(), 1)) return *std::move(wrong);
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_get(handle_, key.data(), key.size(), out.data(), e); });
  }

  result<std::uint64_t> try_tags(std::string_view key) const {
    std::uint64_t tags = 0;
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_get_tags(handle_, key.data(), key.size(), &tags, e); },
        [&] { return tags; });
  }

  result<std::vector<std::uint8_t>> try_payload(std::string_view key) const {
    std::vector<std::uint8_t> room;
    for (std::size_t length = 0;;) {
      detail::call_error why;
      if (syna_mmap_get_payload(handle_, key.data(), key.size(), room.data(), room.size(), &length, why.get()) !=
          SYNA_MMAP_OK) {
        return why.take();
      }
      const bool is_whole = length <= room.size();
      room.resize(length);
      if (is_whole) return room;
    }
  }

  bool contains(std::string_view key) const noexcept { return syna_mmap_contains(handle_, key.data(), key.size()); }
  std::uint64_t size() const noexcept { return syna_mmap_len(handle_); }
  bool empty() const noexcept { return size() == 0; }
  std::uint32_t dimensions() const noexcept { return syna_mmap_dimensions(handle_); }
  syna::metric metric() const noexcept { return static_cast<syna::metric>(syna_mmap_metric(handle_)); }
  syna::key_kind key_kind() const noexcept { return static_cast<syna::key_kind>(syna_mmap_key_kind(handle_)); }
  /* How the components of vectors are stored. */
  syna::element element() const noexcept { return static_cast<syna::element>(syna_mmap_element(handle_)); }
  /* Bytes of a stored vector. */
  std::size_t vector_bytes() const noexcept { return syna_mmap_vector_bytes(handle_); }
  bool is_dirty() const noexcept { return syna_mmap_is_dirty(handle_); }
  std::uint64_t last_durable_seq() const noexcept { return syna_mmap_last_durable_seq(handle_); }

#ifdef __cpp_exceptions
  /* As their try_ namesakes, but failures are thrown as syna::error. */
  explicit store(const std::filesystem::path& path, const syna::options& how = {}) : store(try_open(path, how).value()) {}
  static store in_memory(const syna::options& how = {}) { return try_in_memory(how).value(); }
  static store open_at(int file, std::uint64_t offset, std::uint64_t length, std::uint64_t index_offset = 0,
                       std::uint64_t index_length = 0, const syna::options& how = {}) {
    return try_open_at(file, offset, length, index_offset, index_length, how).value();
  }
  static store open_memory(span<const std::uint8_t> bytes, span<const std::uint8_t> index = {},
                           const syna::options& how = {}) {
    return try_open_memory(bytes, index, how).value();
  }
  bool put(std::string_view key, span<const float> vector, std::uint64_t tags, span<const std::uint8_t> payload = {},
           std::uint32_t mode = SYNA_MMAP_WRITE_UPSERT) {
    return try_put(key, vector, tags, payload, mode).value();
  }
  void close() { try_close().value(); }
  void checkpoint() { try_checkpoint().value(); }
  void flush() { try_flush().value(); }
  void reserve(std::uint64_t count) { try_reserve(count).value(); }
  bool insert(std::string_view key, span<const float> vector) { return try_insert(key, vector).value(); }
  void upsert(std::string_view key, span<const float> vector) { try_upsert(key, vector).value(); }
  bool erase(std::string_view key) { return try_erase(key).value(); }
  void get(std::string_view key, span<float> out) const { try_get(key, out).value(); }
  std::vector<float> get(std::string_view key) const {
    std::vector<float> vector(dimensions_);
    get(key, vector);
    return vector;
  }
  std::uint64_t tags(std::string_view key) const { return try_tags(key).value(); }
  std::vector<std::uint8_t> payload(std::string_view key) const { return try_payload(key).value(); }
#endif

 private:
  using writing::writing;
};

/* Writes whatever is whole in the damaged file `from` into the new file `to`. */
inline result<salvaged> try_salvage(const std::filesystem::path& from, const std::filesystem::path& to) {
  const auto source = detail::path_text(from), target = detail::path_text(to);
  if (!source) return source.failure();
  if (!target) return target.failure();
  salvaged counts;
  return detail::answer(
      [&](syna_mmap_error* e) {
        return syna_mmap_salvage(source->c_str(), target->c_str(), &counts.rows, &counts.lost, e);
      },
      [&] { return counts; });
}

#ifdef __cpp_exceptions
inline salvaged salvage(const std::filesystem::path& from, const std::filesystem::path& to) {
  return try_salvage(from, to).value();
}
#endif

}  // namespace syna

#endif
