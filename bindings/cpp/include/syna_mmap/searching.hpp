/* The part of a store that finds. */
#ifndef SYNA_MMAP_SEARCHING_HPP
#define SYNA_MMAP_SEARCHING_HPP

#include <vector>

#include "options.hpp"
#include "results.hpp"
#include "rows.hpp"
#include "upkeep.hpp"

namespace syna {

class searching : public upkeep {
 public:
  /* The nearest k, into results that are used again. */
  result<> try_search(span<const float> query, std::size_t k, results& into, const search_options& how = {}) const {
    return found(query.size(), 1, into, how, [&](syna_mmap_error* e) {
      return syna_mmap_search(handle_, query.data(), k, &how, into.handle_, e);
    });
  }

  /* The k nearest to the vector of a key, which is itself left out: more like this one. */
  result<> try_search_key(std::string_view key, std::size_t k, results& into, const search_options& how = {}) const {
    return found(0, 0, into, how, [&](syna_mmap_error* e) {
      return syna_mmap_search_key(handle_, key.data(), key.size(), k, &how, into.handle_, e);
    });
  }

  /* All within a distance. */
  result<> try_search_range(span<const float> query, float max_distance, results& into,
                            const search_options& how = {}) const {
    return found(query.size(), 1, into, how, [&](syna_mmap_error* e) {
      return syna_mmap_search_range(handle_, query.data(), max_distance, &how, into.handle_, e);
    });
  }

  /* The k nearest of each of `count` queries, one after the other; the store's threads share them. The statuses of the
   * queries: results::query has the hits of those that are OK. */
  result<std::vector<status>> try_search_batch(span<const float> queries, std::size_t count, std::size_t k, results& into,
                                               const search_options& how = {}) const {
    std::vector<syna_mmap_status> raw(count);
    auto ended = found(queries.size(), count, into, how, [&](syna_mmap_error* e) {
      return syna_mmap_search_batch(handle_, queries.data(), count, k, &how, into.handle_, raw.data(), e);
    });
    if (!ended) return std::move(ended).failure();
    std::vector<status> statuses;
    for (const syna_mmap_status one : raw) statuses.push_back(static_cast<status>(one));
    return statuses;
  }

  /* All rows from that number on, as they are now. */
  result<cursor> try_rows(std::uint64_t first = 0) const {
    syna_mmap_cursor* made = nullptr;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_cursor_new(handle_, first, &made, e); },
                          [&] { return cursor(made, dimensions_, column_count_); });
  }

#ifdef __cpp_exceptions
  /* As their try_ namesakes, but failures are thrown as syna::error. */
  void search(span<const float> query, std::size_t k, results& into, const search_options& how = {}) const {
    try_search(query, k, into, how).value();
  }
  results search(span<const float> query, std::size_t k, const search_options& how = {}) const {
    results made;
    search(query, k, made, how);
    return made;
  }
  void search_key(std::string_view key, std::size_t k, results& into, const search_options& how = {}) const {
    try_search_key(key, k, into, how).value();
  }
  void search_range(span<const float> query, float max_distance, results& into, const search_options& how = {}) const {
    try_search_range(query, max_distance, into, how).value();
  }
  std::vector<status> search_batch(span<const float> queries, std::size_t count, std::size_t k, results& into,
                                   const search_options& how = {}) const {
    return try_search_batch(queries, count, k, into, how).value();
  }
  cursor rows(std::uint64_t first = 0) const { return try_rows(first).value(); }
#endif

 protected:
  using upkeep::upkeep;

 private:
  template <class Call>
  result<> found(std::size_t floats, std::size_t rows, results& into, const search_options& how, Call&& call) const {
    into.hits_ = nullptr;
    into.size_ = 0;
    if (auto wrong = wrong_length(floats, rows)) return *std::move(wrong);
    if (how.asked_ != nullptr) how.asked_->begin(dimensions_, column_count_);
    detail::call_error why;
    const bool is_ok = call(why.get()) == SYNA_MMAP_OK;
    if (how.asked_ != nullptr) how.asked_->rethrow();
    if (!is_ok) return why.take();
    into.look_up(dimensions_);
    return done{};
  }
};

}  // namespace syna

#endif
