/* The operations of bindings/conformance/cases.txt that ask a store: searches of every kind, walks, numbers. */
#ifndef CONFORMANCE_ASKING_HPP
#define CONFORMANCE_ASKING_HPP

#include <cstdio>
#include <functional>
#include <map>
#include <optional>

#include "lines.hpp"

class asking : public lines {
 protected:
  using lines::lines;

  syna::store& store() { return stores_.at(words_[1]); }

  /* `first`: where the hits begin among all results. */
  template <class Hits>
  void compare_hits(const Hits& hits, std::size_t first, const syna::store* searched) {
    std::size_t i = 0;
    for (; is_next("hit"); i++, check_count_++) {
      require(i < hits.size(), "no hit");
      const syna::hit hit = hits[i];
      const auto payload = results_->payload(first + i);
      require(hit.key == bytes_of(words_[1]), "another key");
      require(is_distance(words_[2], hit.distance), "another distance: " + std::to_string(hit.distance));
      require(hit.row == std::stoull(words_[3]), "another row");
      require(results_->tags(first + i) == std::stoull(words_[4]), "other tags");
      require(std::string(payload.begin(), payload.end()) == bytes_of(words_[5]), "another payload");
      if (searched != nullptr) check_vector(*searched, hit, first + i);
    }
    require(i == 0 || i == hits.size(), "more hits than lines");
  }

  static bool is_same(syna::span<const float> vector, const std::vector<float>& wanted) {
    return vector.size() == wanted.size() && std::memcmp(vector.data(), wanted.data(), wanted.size() * sizeof(float)) == 0;
  }

  /* Hit number `place` of all results has the vector of its key, in a store of any element type. */
  void check_vector(const syna::store& searched, const syna::hit& hit, std::size_t place) {
    const auto kept = searched.get(hit.key);
    require(is_same(results_->vector(place), kept), "another vector");
    if (searched.element() == syna::element::f32) require(is_same(hit.vector, kept), "another vector");
    else require(hit.vector.empty(), "a view of floats in a store of another type");
  }

  /* What the words with `=` say of a search; it points to members. */
  syna::search_options search_options() {
    syna::search_options how;
    for (const std::string& word : words_) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) continue;
      const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
      const auto number = [&] { return std::stoull(value); };
      if (name == "ef") how.with_ef(static_cast<std::uint32_t>(number()));
      else if (name == "exact") how.with_exact();
      else if (name == "approximate") how.approximate = static_cast<std::uint32_t>(number());
      else if (name == "deadline_us") how.deadline_us = number();
      else if (name == "max_visits") how.max_visits = number();
      else if (name == "tags_any") how.tags_any = number();
      else if (name == "tags_all") how.tags_all = number();
      else if (name == "tags_none") how.tags_none = number();
      else if (name == "max_distance") how.with_max_distance(std::stof(value));
      else if (name == "after") how.with_after(distance_of(value), std::stoull(value.substr(9)));
      else if (name == "prefix") how.with_prefix(prefix_ = bytes_of(value));
      else if (name == "rows") how.with_rows(bitmap_ = bitmap_of(value));
      else if (name == "ends") {
        ending_ = bytes_of(value);
        how.with_condition(ends_so_);
      } else throw std::runtime_error("an unknown option: " + name);
    }
    return how;
  }

  static std::vector<std::uint64_t> bitmap_of(const std::string& numbers) {
    std::vector<std::uint64_t> bitmap;
    std::istringstream all(numbers);
    for (std::string one; std::getline(all, one, ',');) {
      const std::size_t row = std::stoul(one);
      bitmap.resize(std::max(bitmap.size(), row / 64 + 1));
      bitmap[row / 64] |= std::uint64_t{1} << row % 64;
    }
    return bitmap;
  }

  template <class T>
  void said_search(const syna::result<T>& answer, const syna::store& target) {
    said(answer, [&](const auto&) {
      words found{std::to_string(results_->size())};
      if (results_->is_partial()) found.push_back("partial");
      return found;
    });
    if (answer) compare_hits(*results_, 0, &target);
  }

  void search() {
    syna::store& target = store();
    const auto how = search_options();
    said_search(target.try_search(vector_of(words_[2]), std::stoul(words_[3]), *results_, how), target);
  }

  void search_key() {
    syna::store& target = store();
    const auto how = search_options();
    said_search(target.try_search_key(bytes_of(words_[2]), std::stoul(words_[3]), *results_, how), target);
  }

  void search_range() {
    syna::store& target = store();
    const auto how = search_options();
    said_search(target.try_search_range(vector_of(words_[2]), std::stof(words_[3]), *results_, how), target);
  }

  void search_batch() {
    syna::store& target = store();
    const auto how = search_options();
    std::vector<float> queries;
    std::size_t count = 0;
    for (std::size_t i = 3; i < words_.size() && words_[i].find('=') == std::string::npos; i++, count++) {
      const auto one = vector_of(words_[i]);
      queries.insert(queries.end(), one.begin(), one.end());
    }
    auto answer = target.try_search_batch(queries, count, std::stoul(words_[2]), *results_, how);
    if (answer) statuses_ = *answer;
    said_search(answer, target);
  }

  void query() {
    const std::size_t number = std::stoul(words_[1]);
    const auto part = results_->query(number);
    words text{short_name(statuses_.at(number))};
    if (statuses_[number] == syna::status::ok) text.push_back(std::to_string(part.size()));
    said(text);
    if (statuses_[number] == syna::status::ok) compare_hits(part, part.first(), nullptr);
    else require(part.empty(), "hits of a query that was refused");
  }

  void iterate() {
    syna::store& target = store();
    auto walk = target.try_rows(std::stoull(words_[2]));
    std::vector<syna::row> rows;
    said(walk, [&](auto& cursor) {
      for (const syna::row& row : cursor) rows.push_back(row);
      return words{std::to_string(rows.size())};
    });
    std::size_t i = 0;
    for (; is_next("entry"); i++, check_count_++) {
      require(i < rows.size(), "no entry");
      const auto wanted = vector_of(words_[2]);
      const auto kept = target.element() == syna::element::f32 ? wanted : target.get(rows[i].key);
      require(rows[i].stored.size() == target.vector_bytes(), "stored bytes of another length");
      require(target.element() == syna::element::f32 ? is_same(rows[i].vector, wanted) : rows[i].vector.empty(),
              "another vector");
      require(is_same(kept, wanted), "another vector");
      require(rows[i].key == bytes_of(words_[1]), "another key");
      require(rows[i].tags == std::stoull(words_[3]), "other tags");
      require(std::string(rows[i].payload.begin(), rows[i].payload.end()) == bytes_of(words_[4]), "another payload");
      require(rows[i].number == std::stoull(words_[5]), "another row");
    }
    require(i == 0 || i == rows.size(), "more rows than lines");
  }

  void stats() {
    said(store().try_stats(), [&](const syna_mmap_stats& all) {
      const std::map<std::string, std::uint64_t> numbers{{"rows", all.rows},
                                                         {"live_rows", all.live_rows},
                                                         {"deleted_rows", all.deleted_rows},
                                                         {"indexed_rows", all.indexed_rows},
                                                         {"last_seq", all.last_seq}};
      words text;
      for (std::size_t i = 2; i < words_.size(); i++) text.push_back(std::to_string(numbers.at(words_[i])));
      return text;
    });
  }

  void recall() {
    said(store().try_check_recall(std::stoul(words_[2]), std::stoul(words_[3]), 0, 1), [](double recall) {
      char text[24];
      std::snprintf(text, sizeof text, "%.3f", recall);
      return words{text};
    });
  }

  std::map<std::string, syna::store> stores_;
  std::optional<syna::results> results_;

 private:
  /* Of the search before. */
  std::vector<syna::status> statuses_;
  std::string prefix_, ending_;
  std::vector<std::uint64_t> bitmap_;
  std::function<bool(const syna::row&)> is_wanted_ = [this](const syna::row& row) {
    return row.key.size() >= ending_.size() && row.key.substr(row.key.size() - ending_.size()) == ending_;
  };
  syna::condition<std::function<bool(const syna::row&)>> ends_so_{is_wanted_};
};

#endif
