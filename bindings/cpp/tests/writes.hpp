/* The operations of bindings/conformance/cases.txt that write batches, update rows and set the user block. */
#ifndef CONFORMANCE_WRITES_HPP
#define CONFORMANCE_WRITES_HPP

#include "reading.hpp"

class writes : public reading {
 protected:
  using reading::reading;

  /* The words of that many lines that follow; the expected words stay. */
  std::vector<words> following(const char* operation, const std::string& count) {
    const words expected = expected_;
    std::vector<words> all;
    for (std::size_t left = std::stoul(count); left > 0; left--) {
      require(is_next(operation), std::string("a line with ") + operation + " is missing");
      all.push_back(words_);
    }
    expected_ = expected;
    return all;
  }

  /* One word of each line, as bytes. */
  static std::vector<std::string> column(const std::vector<words>& given, std::size_t place) {
    std::vector<std::string> all;
    for (const words& line : given) all.push_back(bytes_of(line.at(place)));
    return all;
  }

  static std::vector<std::string_view> views(const std::vector<std::string>& texts) { return {texts.begin(), texts.end()}; }

  void write_batch() {
    syna::store& target = store();
    const words operation = words_;
    const bool is_upsert = operation[2] == "upsert", has_deletions = operation.size() > 4;
    const auto gone = column(following("key", has_deletions ? operation[4] : "0"), 1);
    const auto rows_given = following("row", operation[3]);
    const auto keys = column(rows_given, 1), payloads = column(rows_given, 4);
    std::vector<std::uint64_t> tags;
    std::vector<float> vectors;
    bool has_tags = false, has_payloads = false;
    for (std::size_t i = 0; i < rows_given.size(); i++) {
      const auto vector = vector_of(rows_given[i][2]);
      vectors.insert(vectors.end(), vector.begin(), vector.end());
      tags.push_back(std::stoull(rows_given[i][3]));
      has_tags |= tags.back() != 0;
      has_payloads |= !payloads[i].empty();
    }
    const auto key_views = views(keys), payload_views = views(payloads), gone_views = views(gone);
    syna::batch rows;
    rows.keys = key_views;
    rows.vectors = vectors;
    if (has_tags) rows.tags = tags;
    if (has_payloads) rows.payloads = payload_views;
    rows.deletions = gone_views;
    if (has_deletions) {
      said(target.try_write(rows, is_upsert ? syna::write_mode::upsert : syna::write_mode::insert),
           [](const syna::written& counts) {
             return words{std::to_string(counts.rows), std::to_string(counts.deleted)};
           });
    } else {
      said_number(is_upsert ? target.try_upsert_batch(rows) : target.try_insert_batch(rows));
    }
  }

  void write_stored() {
    syna::store& target = store();
    const words operation = words_;
    const std::map<std::string, syna::element> names{
        {"f32", syna::element::f32}, {"f16", syna::element::f16}, {"i8", syna::element::i8}};
    const auto rows_given = following("row", operation.at(4));
    const auto keys = column(rows_given, 1), payloads = column(rows_given, 4);
    std::vector<std::uint64_t> tags;
    std::string stored;
    bool has_payloads = false;
    for (std::size_t i = 0; i < rows_given.size(); i++) {
      stored += bytes_of(rows_given[i][2]);
      tags.push_back(std::stoull(rows_given[i][3]));
      has_payloads |= !payloads[i].empty();
    }
    const auto key_views = views(keys), payload_views = views(payloads);
    const auto named = names.find(operation[3]);
    syna::batch rows;
    rows.keys = key_views;
    rows.stored = {reinterpret_cast<const std::uint8_t*>(stored.data()), stored.size()};
    rows.stored_element = named != names.end() ? named->second : static_cast<syna::element>(std::stoul(operation[3]));
    rows.tags = tags;
    if (has_payloads) rows.payloads = payload_views;
    said_number(operation[2] == "upsert" ? target.try_upsert_batch(rows) : target.try_insert_batch(rows));
  }

  void erase_batch() {
    syna::store& target = store();
    const auto keys = column(following("key", std::string(words_[2])), 1);
    const auto key_views = views(keys);
    said_number(target.try_erase_batch(key_views));
  }

  void update() {
    syna::store& target = store();
    const std::string what = words_[2];
    const auto rows_given = following("values", std::string(words_[3]));
    const auto keys = column(rows_given, 1), payloads = column(rows_given, 3);
    const auto key_views = views(keys), payload_views = views(payloads);
    std::vector<std::uint64_t> tags;
    for (const words& line : rows_given) tags.push_back(std::stoull(line[2]));
    syna::values given;
    given.keys = key_views;
    if (what == "tags" || what == "both") given.tags = tags;
    if (what == "payloads" || what == "both") given.payloads = payload_views;
    said_number(target.try_update(given));
  }

  void set_payload() {
    const std::string payload = bytes_of(words_[3]);
    const std::vector<std::uint8_t> bytes(payload.begin(), payload.end());
    said(store().try_set_payload(bytes_of(words_[2]), bytes));
  }

  void user_block() {
    said(store().try_user_block(), [&](const syna::user_block& block) {
      const bool is_label = block.label == bytes_of(expected_.at(3));
      return words{std::to_string(block.application_id), std::to_string(block.user_version),
                   is_label ? expected_[3] : "another label"};
    });
  }

  void set_user_block() {
    const auto number = [&](std::size_t place) { return static_cast<std::uint32_t>(std::stoul(words_[place])); };
    said(store().try_set_user_block({number(2), number(3), bytes_of(words_[4])}));
  }
};

#endif
