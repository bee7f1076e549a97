/* The operations of bindings/conformance/cases.txt that read rows without a search, and those on settings. */
#ifndef CONFORMANCE_READING_HPP
#define CONFORMANCE_READING_HPP

#include <chrono>
#include <filesystem>

#include "asking.hpp"

class reading : public asking {
 protected:
  using asking::asking;

  void put() {
    const std::string payload = bytes_of(words_.at(5));
    const syna::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size());
    const std::uint32_t mode = words_.at(6) == "insert" ? SYNA_MMAP_WRITE_INSERT : SYNA_MMAP_WRITE_UPSERT;
    said(store().try_put(bytes_of(words_[2]), vector_of(words_[3]), std::stoull(words_[4]), bytes, mode));
  }

  void view() {
    const std::string key = bytes_of(words_.at(2));
    said(store().try_view(key), [&](const syna::row& row) {
      const bool is_it = row.key == key && is_same(store().get(key), vector_of(expected_.at(1))) &&
                         std::string(row.payload.begin(), row.payload.end()) == bytes_of(expected_.at(3));
      words text{is_it ? expected_[1] : "another row", std::to_string(row.tags), expected_[3],
                 std::to_string(row.number)};
      require(row.vector.empty() == (store().element() != syna::element::f32), "floats in a store of another type");
      if (expected_.size() > 5) {
        const bool is_stored = std::string(row.stored.begin(), row.stored.end()) == bytes_of(expected_.at(6));
        text.push_back(element_name(store().element()));
        text.push_back(is_stored ? expected_[6] : "other bytes");
      } else {
        require(is_same(row.vector, vector_of(expected_.at(1))), "another vector");
      }
      return text;
    });
  }

  static std::string element_name(syna::element element) {
    static const char* const names[] = {"f32", "f16", "i8"};
    return names[static_cast<std::size_t>(element)];
  }

  void hit_vector() {
    const auto found = results_->vector(std::stoul(words_.at(1)));
    const std::string& wanted = expected_.at(0);
    const bool is_it = wanted != "none" && is_same(found, vector_of(wanted));
    said(words{is_it ? wanted : found.empty() ? "none" : "another vector"});
  }

  void hit_stored() {
    const auto found = results_->stored(std::stoul(words_.at(1)));
    const std::string& wanted = expected_.at(0);
    const bool is_it = wanted != "none" && std::string(found.begin(), found.end()) == bytes_of(wanted);
    said(words{is_it ? wanted : found.empty() ? "none" : "other bytes"});
  }

  void row_at() {
    said(store().try_row_at(std::stoull(words_.at(2))), [&](const syna::row& row) {
      return words{row.key == bytes_of(expected_.at(1)) ? expected_[1] : "another key"};
    });
  }

  void get_batch() {
    std::vector<std::string> keys;
    for (std::size_t i = 2; i < words_.size(); i++) keys.push_back(bytes_of(words_[i]));
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const std::size_t width = store().dimensions();
    std::vector<float> vectors(keys.size() * width);
    bool found[8] = {};
    said(store().try_get_batch(views, vectors, syna::span<bool>(found, keys.size())), [&](std::size_t count) {
      words text{std::to_string(count)};
      for (std::size_t i = 0; i < keys.size(); i++) {
        text.push_back(found[i] ? "yes" : "no");
        const syna::span<const float> one(vectors.data() + i * width, width);
        require(!found[i] || is_same(one, store().get(keys[i])), "another vector");
      }
      return text;
    });
  }

  void count_where() {
    const auto how = search_options();
    said_number(store().try_count_where(how));
  }

  void rows_where() {
    const auto how = search_options();
    std::vector<std::uint64_t> rows(std::stoul(words_.at(3)));
    said(store().try_rows_where(std::stoull(words_[2]), rows, how), [&](std::size_t count) {
      words text;
      for (std::size_t i = 0; i < count; i++) text.push_back(std::to_string(rows[i]));
      return text;
    });
  }

  void distance() {
    said(store().try_distance(vector_of(words_.at(2)), vector_of(words_.at(3))), [&](float distance) {
      return words{is_distance(expected_.at(1), distance) ? expected_[1] : std::to_string(distance)};
    });
  }

  void path() {
    said(store().try_path(), [](const std::string& path) {
      return words{path.empty() ? "-" : std::filesystem::path(path).filename().string()};
    });
  }

  void option() {
    said(store().try_options(), [&](const syna::options& all) {
      const std::map<std::string, std::uint32_t> numbers{{"dimensions", all.dimensions},
                                                         {"metric", all.metric},
                                                         {"flags", all.flags},
                                                         {"hnsw_ef_search", all.hnsw_ef_search},
                                                         {"checkpoint_interval_secs", all.checkpoint_interval_secs}};
      return words{std::to_string(numbers.at(words_.at(2)))};
    });
  }

  void set_ef_search() { said(store().try_set_ef_search(static_cast<std::uint32_t>(std::stoul(words_.at(2))))); }
  void set_checkpoint_interval() {
    said(store().try_set_checkpoint_interval(std::chrono::seconds(std::stoll(words_.at(2)))));
  }
};

#endif
