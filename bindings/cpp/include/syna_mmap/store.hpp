/* An open store. */
#ifndef SYNA_MMAP_STORE_HPP
#define SYNA_MMAP_STORE_HPP

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "error.hpp"
#include "options.hpp"
#include "results.hpp"
#include "span.hpp"

namespace syna {

/* A row that verify found to be not as it should be. The key ends with the callback. */
struct finding {
  std::string_view key;
  std::uint64_t row = 0;
  /* SYNA_MMAP_PROBLEM_*. */
  std::uint32_t problem = 0;
};

/* What verify tells while it runs. */
struct progress {
  /* nullptr: a report of progress. */
  const syna::finding* finding = nullptr;
  std::uint64_t done = 0, total = 0;
};

/* What salvage brought over, and what it knows to be lost. */
struct salvaged {
  std::uint64_t rows = 0, lost = 0;
};

/* Rows to write. Keys are copied together; vectors, tags and payloads are taken from where they lie. */
struct batch {
  span<const std::string_view> keys;
  /* keys.size() x dimensions, one vector after the other. */
  span<const float> vectors;
  /* One for each key, or none. */
  span<const std::uint64_t> tags;
  /* One for each key, or none. */
  span<const std::string_view> payloads;
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

}  // namespace detail

/* All threads may use it at once; moving or destroying it is for one. Closes the store at its end, without a word
 * about a failure: call close() to hear of it. */
class store {
 public:
  static result<store> try_open(const std::filesystem::path& path, const options& how = {}) {
    if (syna_mmap_abi_version() != SYNA_MMAP_ABI_VERSION) {
      return failure{status::internal, 0, "the library and syna_mmap.h are of different releases; take both from one"};
    }
    const auto name = detail::path_text(path);
    if (!name) return name.failure();
    ::syna_mmap* opened = nullptr;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_open(name->c_str(), &how, &opened, e); },
                          [&] { return store(opened); });
  }

  store(store&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), dimensions_(other.dimensions_) {}
  store& operator=(store&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(dimensions_, other.dimensions_);
    return *this;
  }
  store(const store&) = delete;
  store& operator=(const store&) = delete;
  ~store() { syna_mmap_close(handle_, nullptr); }

  /* Makes a checkpoint and closes. Closing twice is fine. */
  result<> try_close() {
    ::syna_mmap* closing = std::exchange(handle_, nullptr);
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_close(closing, e); });
  }

  result<> try_checkpoint() { return plain(syna_mmap_checkpoint); }
  result<> try_flush() { return plain(syna_mmap_flush); }
  result<> try_build_index() { return plain(syna_mmap_build_index); }
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

  /* How many keys were new; all rows are written or none. */
  result<std::size_t> try_insert_batch(const batch& rows) { return write(rows, SYNA_MMAP_WRITE_INSERT); }
  /* How many different keys; all rows are written or none. */
  result<std::size_t> try_upsert_batch(const batch& rows) { return write(rows, SYNA_MMAP_WRITE_UPSERT); }

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

  /* The nearest k, into results that are used again. */
  result<> try_search(span<const float> query, std::size_t k, results& into, const search_options& how = {}) const {
    into.hits_ = nullptr;
    into.size_ = 0;
    if (auto wrong = wrong_length(query.size(), 1)) return *std::move(wrong);
    detail::call_error why;
    if (syna_mmap_search(handle_, query.data(), k, &how, into.handle_, why.get()) != SYNA_MMAP_OK) {
      return why.take();
    }
    into.look_up(dimensions_);
    return done{};
  }

  /* `tell` is called with each syna::progress and returns false to stop; what it throws comes out of here.
   * Returns how many findings there are. */
  template <class Tell>
  result<std::uint64_t> try_verify(Tell&& tell) const {
    struct context {
      std::remove_reference_t<Tell>* tell;
      std::exception_ptr thrown;
    } shared{&tell, nullptr};
    const syna_mmap_verify_callback relay = [](void* raw, const syna_mmap_finding* found, std::uint64_t done,
                                               std::uint64_t total) -> bool {
      auto& inner = *static_cast<context*>(raw);
      finding seen;
      if (found != nullptr) seen = {{found->key, found->key_len}, found->row, found->problem};
      const progress report{found != nullptr ? &seen : nullptr, done, total};
#ifdef __cpp_exceptions
      try {
        return (*inner.tell)(report);
      } catch (...) {
        inner.thrown = std::current_exception();
        return false;
      }
#else
      return (*inner.tell)(report);
#endif
    };
    std::uint64_t findings = 0;
    auto told = detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_verify(handle_, relay, &shared, &findings, e); },
        [&] { return findings; });
#ifdef __cpp_exceptions
    if (shared.thrown) std::rethrow_exception(shared.thrown);
#endif
    return told;
  }

  bool contains(std::string_view key) const noexcept { return syna_mmap_contains(handle_, key.data(), key.size()); }
  std::uint64_t size() const noexcept { return syna_mmap_len(handle_); }
  bool empty() const noexcept { return size() == 0; }
  std::uint32_t dimensions() const noexcept { return syna_mmap_dimensions(handle_); }
  syna::metric metric() const noexcept { return static_cast<syna::metric>(syna_mmap_metric(handle_)); }
  bool has_index() const noexcept { return syna_mmap_has_index(handle_); }
  bool is_dirty() const noexcept { return syna_mmap_is_dirty(handle_); }
  std::uint64_t last_durable_seq() const noexcept { return syna_mmap_last_durable_seq(handle_); }
  /* The C handle, for what this class lacks; still owned by it. */
  ::syna_mmap* handle() const noexcept { return handle_; }

#ifdef __cpp_exceptions
  /* As their try_ namesakes, but failures are thrown as syna::error. */
  explicit store(const std::filesystem::path& path, const options& how = {}) : store(try_open(path, how).value()) {}
  void close() { try_close().value(); }
  void checkpoint() { try_checkpoint().value(); }
  void flush() { try_flush().value(); }
  void build_index() { try_build_index().value(); }
  void reserve(std::uint64_t count) { try_reserve(count).value(); }
  bool insert(std::string_view key, span<const float> vector) { return try_insert(key, vector).value(); }
  void upsert(std::string_view key, span<const float> vector) { try_upsert(key, vector).value(); }
  std::size_t insert_batch(const batch& rows) { return try_insert_batch(rows).value(); }
  std::size_t upsert_batch(const batch& rows) { return try_upsert_batch(rows).value(); }
  bool erase(std::string_view key) { return try_erase(key).value(); }
  void get(std::string_view key, span<float> out) const { try_get(key, out).value(); }
  std::vector<float> get(std::string_view key) const {
    std::vector<float> vector(dimensions_);
    get(key, vector);
    return vector;
  }
  std::uint64_t tags(std::string_view key) const { return try_tags(key).value(); }
  std::vector<std::uint8_t> payload(std::string_view key) const { return try_payload(key).value(); }
  void search(span<const float> query, std::size_t k, results& into, const search_options& how = {}) const {
    try_search(query, k, into, how).value();
  }
  results search(span<const float> query, std::size_t k, const search_options& how = {}) const {
    results found;
    search(query, k, found, how);
    return found;
  }
  template <class Tell>
  std::uint64_t verify(Tell&& tell) const {
    return try_verify(std::forward<Tell>(tell)).value();
  }
  std::uint64_t verify() const {
    return verify([](const progress&) { return true; });
  }
#endif

 private:
  explicit store(::syna_mmap* opened) noexcept : handle_(opened), dimensions_(syna_mmap_dimensions(opened)) {}

  result<> plain(syna_mmap_status (*call)(::syna_mmap*, syna_mmap_error*)) {
    return detail::answer([&](syna_mmap_error* e) { return call(handle_, e); });
  }

  std::optional<failure> wrong_length(std::size_t floats, std::size_t rows) const {
    if (handle_ == nullptr || floats == rows * dimensions_) return std::nullopt;
    return failure{status::dimension_mismatch, 0,
                   "the store has " + std::to_string(dimensions_) + " dimensions and " + std::to_string(rows) +
                       " vectors are needed, so pass " + std::to_string(rows * dimensions_) + " floats, not " +
                       std::to_string(floats)};
  }

  /* Texts one after another, and where each begins. */
  struct joined {
    std::string text;
    std::vector<std::uint64_t> offsets{0};
    explicit joined(span<const std::string_view> pieces) {
      offsets.reserve(pieces.size() + 1);
      for (const std::string_view piece : pieces) {
        text.append(piece);
        offsets.push_back(text.size());
      }
    }
  };

  result<std::size_t> write(const batch& rows, std::uint32_t mode) {
    const std::size_t count = rows.keys.size();
    if (auto wrong = wrong_length(rows.vectors.size(), count)) return *std::move(wrong);
    if ((!rows.tags.empty() && rows.tags.size() != count) ||
        (!rows.payloads.empty() && rows.payloads.size() != count)) {
      return failure{status::invalid_argument, 0, "pass as many tags and payloads as keys, or none"};
    }
    const joined keys(rows.keys), payloads(rows.payloads);
    syna_mmap_batch raw{};
    raw.struct_size = sizeof raw;
    raw.keys = keys.text.data();
    raw.key_offsets = keys.offsets.data();
    raw.vectors = rows.vectors.data();
    raw.count = count;
    raw.tags = rows.tags.empty() ? nullptr : rows.tags.data();
    if (!rows.payloads.empty()) {
      raw.payloads = reinterpret_cast<const std::uint8_t*>(payloads.text.data());
      raw.payload_offsets = payloads.offsets.data();
    }
    raw.mode = mode;
    std::size_t written = 0;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_write(handle_, &raw, &written, e); },
                          [&] { return written; });
  }

  ::syna_mmap* handle_ = nullptr;
  std::size_t dimensions_ = 0;
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
