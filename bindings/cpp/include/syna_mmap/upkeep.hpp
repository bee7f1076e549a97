/* The part of a store that keeps it in order: its index, its space, its health. */
#ifndef SYNA_MMAP_UPKEEP_HPP
#define SYNA_MMAP_UPKEEP_HPP

#include <chrono>
#include <string_view>

#include "opened.hpp"

namespace syna {

/* A problem that verify found. Key and message end with the callback. For SYNA_MMAP_PROBLEM_IGNORED_INDEX, a problem of the
   store, the key is empty and row is UINT64_MAX. */
struct finding {
  std::string_view key;
  std::uint64_t row = 0;
  /* SYNA_MMAP_PROBLEM_*. */
  std::uint32_t problem = 0;
  /* The problem as a sentence. */
  std::string_view message;
};

/* What verify tells while it runs. */
struct verifying : progress {
  /* nullptr: a report of progress. */
  const syna::finding* finding = nullptr;
};

class upkeep : public detail::opened {
 public:
  bool has_index() const noexcept { return syna_mmap_has_index(handle_); }

  /* The store in numbers. */
  result<syna_mmap_stats> try_stats() const {
    syna_mmap_stats numbers{};
    numbers.struct_size = sizeof numbers;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_get_stats(handle_, &numbers, e); },
                          [&] { return numbers; });
  }

  result<> try_build_index() { return plain(syna_mmap_build_index); }
  /* `tell` is called with syna::progress and returns false to stop; what it throws comes out of here. The same below. */
  template <class Tell>
  result<> try_build_index(Tell&& tell) {
    return told(tell, [&](auto call, void* context, syna_mmap_error* e) {
      return syna_mmap_build_index_with(handle_, call, context, e);
    });
  }

  /* Takes rows into the index for about that long; how many are left. */
  result<std::uint64_t> try_index_step(std::chrono::microseconds budget) {
    std::uint64_t left = 0;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_index_step(handle_, micros(budget), &left, e); },
                          [&] { return left; });
  }

  /* Gives back the disk space of deleted rows; rows get new numbers. */
  template <class Tell = bool (*)(const progress&)>
  result<> try_compact(Tell&& tell = detail::go_on) {
    return told(tell, [&](auto call, void* context, syna_mmap_error* e) {
      return syna_mmap_compact(handle_, call, context, e);
    });
  }

  /* A part of that, for about so long; whether it is done. */
  result<bool> try_compact_step(std::chrono::microseconds budget) {
    bool is_done = false;
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_compact_step(handle_, micros(budget), &is_done, e); },
        [&] { return is_done; });
  }

  /* Ends the long calls that other threads have on the store, soon: they answer cancelled. Searches have deadlines. */
  result<> try_interrupt() { return plain(syna_mmap_interrupt); }

  result<> try_compact_cancel() { return plain(syna_mmap_compact_cancel); }

  /* The live rows of this moment in a new file: a backup. */
  template <class Tell = bool (*)(const progress&)>
  result<> try_snapshot_to(const std::filesystem::path& path, Tell&& tell = detail::go_on) const {
    const auto name = detail::path_text(path);
    if (!name) return name.failure();
    return told(tell, [&](auto call, void* context, syna_mmap_error* e) {
      return syna_mmap_snapshot_to(handle_, name->c_str(), call, context, e);
    });
  }

  /* Moves a store that was opened read-only on to its file's newest state; whether that is another one. */
  result<bool> try_refresh() {
    bool has_changed = false;
    return detail::answer([&](syna_mmap_error* e) { return syna_mmap_refresh(handle_, &has_changed, e); },
                          [&] { return has_changed; });
  }

  /* Which share of the nearest the index finds, measured on that many stored vectors. */
  result<double> try_check_recall(std::size_t samples, std::size_t k, std::uint32_t ef = 0, std::uint64_t seed = 0) const {
    double recall = 0;
    return detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_check_recall(handle_, samples, k, ef, seed, &recall, e); },
        [&] { return recall; });
  }

  /* `tell` is called with each syna::verifying. Returns how many findings there are. */
  template <class Tell>
  result<std::uint64_t> try_verify(Tell&& tell) const {
    using relay = detail::relay<std::remove_reference_t<Tell>>;
    relay shared{&tell};
    const syna_mmap_verify_callback call = [](void* raw, const syna_mmap_finding* found, std::uint64_t done,
                                              std::uint64_t total) -> bool {
      finding seen;
      if (found != nullptr) seen = {{found->key, found->key_len}, found->row, found->problem, found->message};
      verifying report;
      report.done = done;
      report.total = total;
      report.finding = found != nullptr ? &seen : nullptr;
      return (*static_cast<relay*>(raw))(report);
    };
    std::uint64_t findings = 0;
    auto ended = detail::answer(
        [&](syna_mmap_error* e) { return syna_mmap_verify(handle_, call, &shared, &findings, e); },
        [&] { return findings; });
    shared.rethrow();
    return ended;
  }

#ifdef __cpp_exceptions
  /* As their try_ namesakes, but failures are thrown as syna::error. */
  syna_mmap_stats stats() const { return try_stats().value(); }
  void build_index() { try_build_index().value(); }
  template <class Tell>
  void build_index(Tell&& tell) {
    try_build_index(std::forward<Tell>(tell)).value();
  }
  std::uint64_t index_step(std::chrono::microseconds budget) { return try_index_step(budget).value(); }
  template <class Tell = bool (*)(const progress&)>
  void compact(Tell&& tell = detail::go_on) {
    try_compact(std::forward<Tell>(tell)).value();
  }
  bool compact_step(std::chrono::microseconds budget) { return try_compact_step(budget).value(); }
  void interrupt() { try_interrupt().value(); }
  void compact_cancel() { try_compact_cancel().value(); }
  template <class Tell = bool (*)(const progress&)>
  void snapshot_to(const std::filesystem::path& path, Tell&& tell = detail::go_on) const {
    try_snapshot_to(path, std::forward<Tell>(tell)).value();
  }
  bool refresh() { return try_refresh().value(); }
  double check_recall(std::size_t samples, std::size_t k, std::uint32_t ef = 0, std::uint64_t seed = 0) const {
    return try_check_recall(samples, k, ef, seed).value();
  }
  template <class Tell>
  std::uint64_t verify(Tell&& tell) const {
    return try_verify(std::forward<Tell>(tell)).value();
  }
  std::uint64_t verify() const {
    return verify([](const verifying&) { return true; });
  }
#endif

 protected:
  using opened::opened;

 private:
  static std::uint64_t micros(std::chrono::microseconds budget) noexcept {
    return budget.count() < 0 ? 0 : static_cast<std::uint64_t>(budget.count());
  }
};

}  // namespace syna

#endif
