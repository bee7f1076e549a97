/* The part of a store that writes many rows at once, updates them, and has the user block. */
#ifndef SYNA_MMAP_WRITING_HPP
#define SYNA_MMAP_WRITING_HPP

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "reading.hpp"

namespace syna {

/* Rows to write and keys to delete. Keys are copied together; vectors, tags and payloads are taken from where they lie. */
struct batch {
  span<const std::string_view> keys;
  /* keys.size() x dimensions, one vector after the other. */
  span<const float> vectors;
  /* One for each key, or none. */
  span<const std::uint64_t> tags;
  /* One for each key, or none. */
  span<const std::string_view> payloads;
  /* Keys to delete before the rows are written. */
  span<const std::string_view> deletions = {};
  /* Instead of `vectors`: keys.size() x vector_bytes() bytes of the type `stored_element`, which are stored as they are.
   * It is the element type of the store. */
  span<const std::uint8_t> stored = {};
  syna::element stored_element = syna::element::f32;
  /* Values for columns, as in {{"year", years}}. Columns that are left out are 0. */
  std::vector<column_values> columns = {};
};

/* New tags, payloads and values of existing keys. */
struct values {
  span<const std::string_view> keys;
  /* One for each key, or none: tags stay as they are. */
  span<const std::uint64_t> tags;
  /* One for each key, or none: payloads stay as they are. An empty one removes the old one. */
  span<const std::string_view> payloads;
  /* Columns that are left out stay as they are. */
  std::vector<column_values> columns = {};
};

enum class write_mode : std::uint32_t {
  /* A key that exists is left as it is. */
  insert = SYNA_MMAP_WRITE_INSERT,
  /* A key that exists gets the new row. */
  upsert = SYNA_MMAP_WRITE_UPSERT,
};

/* What a batch has done. */
struct written {
  /* Of an insert: how many keys were new. Of an upsert: how many different keys there were. */
  std::size_t rows = 0;
  /* How many of the keys to delete existed. */
  std::size_t deleted = 0;
};

/* Values that an application stores in the file for itself. */
struct user_block {
  std::uint32_t application_id = 0, user_version = 0;
  /* What the vectors are: UTF-8, at most SYNA_MMAP_MAX_LABEL_BYTES. */
  std::string label;
};

class writing : public reading {
 public:
  /* Deletes, then writes the rows: all of it or nothing. */
  result<written> try_write(const batch& all, write_mode mode = write_mode::insert) {
    const std::size_t count = all.keys.size();
    const bool is_stored = !all.stored.empty() || all.stored_element != syna::element::f32;
    if (auto wrong = is_stored ? wrong_stored(all) : wrong_length(all.vectors.size(), count)) return *std::move(wrong);
    if (auto wrong = wrong_counts(count, all.tags.size(), all.payloads.size())) return *std::move(wrong);
    const joined keys(all.keys), payloads(all.payloads), deletions(all.deletions);
    written counts;
    syna_mmap_batch raw = raw_of(keys, count, all.tags, payloads);
    raw.vectors = is_stored ? static_cast<const void*>(all.stored.data()) : all.vectors.data();
    raw.vectors_element = static_cast<std::uint32_t>(all.stored_element);
    raw.mode = static_cast<std::uint32_t>(mode);
    raw.delete_keys = deletions.text.data();
    raw.delete_key_offsets = deletions.offsets.data();
    raw.delete_count = all.deletions.size();
    raw.out_deleted = &counts.deleted;
    raw_columns columns;
    if (auto wrong = columns.fill(*this, all.columns, count)) return *std::move(wrong);
    columns.put_into(raw);
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_write(handle_, &raw, &counts.rows, e); },
                          [&] { return counts; });
  }
  /* How many keys were new. */
  result<std::size_t> try_insert_batch(const batch& all) { return rows_of(try_write(all, write_mode::insert)); }
  /* How many different keys. */
  result<std::size_t> try_upsert_batch(const batch& all) { return rows_of(try_write(all, write_mode::upsert)); }

  /* Deletes many keys, all or none; how many existed. */
  result<std::size_t> try_erase_batch(span<const std::string_view> gone) {
    const joined keys(gone);
    std::size_t deleted = 0;
    return detail::answer(
        [&](syna_mmap_error* e) {
          return syna_mmap_delete_batch(handle_, keys.text.data(), keys.offsets.data(), gone.size(), &deleted, e);
        },
        [&] { return deleted; });
  }

  /* Deletes all rows that meet the conditions, all or none; how many. Without conditions: all rows. */
  result<std::size_t> try_erase_where(const search_options& conditions) {
    if (conditions.asked_ != nullptr) conditions.asked_->begin(dimensions_, column_count_);
    std::size_t deleted = 0;
    auto ended = detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_delete_where(handle_, &conditions, &deleted, e); },
        [&] { return deleted; });
    if (conditions.asked_ != nullptr) conditions.asked_->rethrow();
    return ended;
  }

  /* Sets tags, payloads and values of existing keys, all or none; how many exist. Others are ignored. */
  result<std::size_t> try_update(const values& given) {
    const std::size_t count = given.keys.size();
    if (auto wrong = wrong_counts(count, given.tags.size(), given.payloads.size())) return *std::move(wrong);
    const joined keys(given.keys), payloads(given.payloads);
    syna_mmap_batch raw = raw_of(keys, count, given.tags, payloads);
    /* No keys need no values. */
    if (count == 0) raw.payload_offsets = payloads.offsets.data();
    raw_columns columns;
    if (auto wrong = columns.fill(*this, given.columns, count)) return *std::move(wrong);
    columns.put_into(raw);
    std::size_t updated = 0;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_update(handle_, &raw, &updated, e); },
                          [&] { return updated; });
  }

  result<> try_set_tags(std::string_view key, std::uint64_t tags) {
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_set_tags(handle_, key.data(), key.size(), tags, e); });
  }

  /* An empty payload removes the old one. */
  result<> try_set_payload(std::string_view key, span<const std::uint8_t> payload) {
    return detail::answer([&](syna_mmap_error* e) {
      return syna_mmap_set_payload(handle_, key.data(), key.size(), payload.data(), payload.size(), e);
    });
  }

  result<syna::user_block> try_user_block() const {
    syna_mmap_user_block raw = SYNA_MMAP_USER_BLOCK_INIT;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_get_user_block(handle_, &raw, e); },
                          [&] { return syna::user_block{raw.application_id, raw.user_version, raw.label}; });
  }

  /* Also makes all writes so far safe from a power cut. */
  result<> try_set_user_block(const syna::user_block& block) {
    syna_mmap_user_block raw = SYNA_MMAP_USER_BLOCK_INIT;
    if (block.label.size() > SYNA_MMAP_MAX_LABEL_BYTES || block.label.find('\0') != std::string::npos) {
      return failure{status::invalid_argument, 0,
                     "the label has " + std::to_string(block.label.size()) +
                         " bytes; pass one of at most 64, without NUL bytes"};
    }
    raw.application_id = block.application_id;
    raw.user_version = block.user_version;
    std::memcpy(raw.label, block.label.data(), block.label.size());
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_set_user_block(handle_, &raw, e); });
  }

#ifdef __cpp_exceptions
  /* As their try_ namesakes, but failures are thrown as syna::error. */
  written write(const batch& all, write_mode mode = write_mode::insert) { return try_write(all, mode).value(); }
  std::size_t insert_batch(const batch& all) { return try_insert_batch(all).value(); }
  std::size_t upsert_batch(const batch& all) { return try_upsert_batch(all).value(); }
  std::size_t erase_batch(span<const std::string_view> gone) { return try_erase_batch(gone).value(); }
  std::size_t erase_where(const search_options& conditions) { return try_erase_where(conditions).value(); }
  std::size_t update(const values& given) { return try_update(given).value(); }
  void set_tags(std::string_view key, std::uint64_t tags) { try_set_tags(key, tags).value(); }
  void set_payload(std::string_view key, span<const std::uint8_t> payload) { try_set_payload(key, payload).value(); }
  syna::user_block user_block() const { return try_user_block().value(); }
  void set_user_block(const syna::user_block& block) { try_set_user_block(block).value(); }
#endif

 protected:
  using reading::reading;

 private:
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

  /* The values of columns as the library takes them. */
  class raw_columns {
   public:
    /* What is wrong with the values, if anything is. */
    std::optional<failure> fill(const writing& store, const std::vector<column_values>& given, std::size_t rows) {
      for (const column_values& values : given) {
        const auto index = store.column_index(values.name());
        if (!index && store.handle_ != nullptr) return no_column(values.name());
        if (values.size() != rows) {
          return failure{status::invalid_argument, 0,
                         "column '" + std::string(values.name()) + "' has " + std::to_string(values.size()) +
                             " values; pass " + std::to_string(rows) + ", one for each key"};
        }
        all_.push_back({index.value_or(0), static_cast<std::uint32_t>(values.kind()), values.data()});
      }
      return std::nullopt;
    }
    void put_into(syna_mmap_batch& raw) const noexcept {
      raw.columns = all_.data();
      raw.column_count = all_.size();
    }

   private:
    std::vector<syna_mmap_column_values> all_;
  };

  /* A type that is not the store's is left to the library, which reads nothing then. */
  std::optional<failure> wrong_stored(const batch& all) const {
    if (!all.vectors.empty()) {
      return failure{status::invalid_argument, 0, "a batch has `vectors` or `stored`; pass one of them"};
    }
    const bool is_floats = all.stored_element == syna::element::f32;
    const bool is_own = static_cast<std::uint32_t>(all.stored_element) == syna_mmap_element(handle_);
    const std::size_t each = is_floats ? dimensions_ * sizeof(float) : syna_mmap_vector_bytes(handle_);
    const std::size_t wanted = all.keys.size() * each;
    if (handle_ == nullptr || (!is_floats && !is_own) || all.stored.size() == wanted) return std::nullopt;
    return failure{status::dimension_mismatch, 0,
                   std::to_string(all.keys.size()) + " stored vectors are needed, so pass " + std::to_string(wanted) +
                       " bytes, not " + std::to_string(all.stored.size())};
  }

  static std::optional<failure> wrong_counts(std::size_t count, std::size_t tags, std::size_t payloads) {
    if ((tags == 0 || tags == count) && (payloads == 0 || payloads == count)) return std::nullopt;
    return failure{status::invalid_argument, 0, "pass as many tags and payloads as keys, or none"};
  }

  /* `payloads` without any: none are passed. */
  static syna_mmap_batch raw_of(const joined& keys, std::size_t count, span<const std::uint64_t> tags,
                                const joined& payloads) noexcept {
    syna_mmap_batch raw = SYNA_MMAP_BATCH_INIT;
    raw.keys = keys.text.data();
    raw.key_offsets = keys.offsets.data();
    raw.count = count;
    raw.tags = tags.empty() ? nullptr : tags.data();
    if (payloads.offsets.size() > 1) {
      raw.payloads = reinterpret_cast<const std::uint8_t*>(payloads.text.data());
      raw.payload_offsets = payloads.offsets.data();
    }
    return raw;
  }

  static result<std::size_t> rows_of(result<written> all) {
    if (!all) return std::move(all).failure();
    return all->rows;
  }
};

}  // namespace syna

#endif
