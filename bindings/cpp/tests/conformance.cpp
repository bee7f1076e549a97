/*
 * Replays bindings/conformance/cases.txt, whose README.md describes it.
 *
 *   conformance CASES FOLDER
 */
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>

#include "syna_mmap.hpp"
#include "words.hpp"

namespace {

namespace fs = std::filesystem;
using words = std::vector<std::string>;

class replay {
 public:
  replay(const char* cases, fs::path folder) : cases_(cases), folder_(std::move(folder)) {
    if (!cases_) throw std::runtime_error(std::string(cases) + " cannot be opened; pass the path of cases.txt");
  }

  void run() {
    while (next()) operate();
    std::cout << "conformance: " << case_count_ << " cases, " << check_count_ << " checks\n";
  }

  std::string where() const { return "cases.txt:" + std::to_string(line_number_) + ": " + line_; }

 private:
  /* ---- lines ---- */

  bool next() {
    if (is_kept_) return is_kept_ = false, true;
    do {
      line_number_++;
      if (!std::getline(cases_, line_)) return false;
    } while (line_.empty() || line_[0] == '#');
    std::istringstream all(line_);
    words_.assign(std::istream_iterator<std::string>(all), {});
    const auto arrow = std::find(words_.begin(), words_.end(), "->");
    expected_.assign(arrow == words_.end() ? arrow : arrow + 1, words_.end());
    words_.erase(arrow, words_.end());
    return true;
  }

  bool is_next(const char* operation) {
    if (!next()) return false;
    is_kept_ = words_[0] != operation;
    return !is_kept_;
  }

  static void require(bool is_so, const std::string& what) {
    if (!is_so) throw std::runtime_error(what);
  }

  void said(const words& answer) {
    std::string text;
    for (const auto& word : answer) text += " " + word;
    require(answer == expected_, "came out as" + text);
    check_count_++;
  }
  void said(bool answer) { said(words{answer ? "yes" : "no"}); }
  void said(std::uint64_t number) { said(words{std::to_string(number)}); }

  static std::string short_name(syna::status status) {
    const std::string name = syna::name(status);
    if (name.rfind("SYNA_MMAP_", 0) != 0) return "-";
    return name.substr(name.rfind("SYNA_MMAP_ERR_", 0) == 0 ? 14 : 10);
  }

  /* Compares a status and, after OK, the words that `values` makes of the value. */
  template <class T, class Values>
  void said(const syna::result<T>& answer, Values values) {
    words text{short_name(answer.status())};
    if (answer) {
      for (const std::string& word : values(*answer)) text.push_back(word);
    } else {
      require(!answer.failure().message.empty(), "a failure without a message");
    }
    said(text);
  }
  void said(const syna::result<>& answer) {
    said(answer, [](auto) { return words{}; });
  }
  void said(const syna::result<bool>& answer) {
    said(answer, [](bool is_so) { return words{is_so ? "yes" : "no"}; });
  }
  template <class Number>
  void said_number(const syna::result<Number>& answer) {
    said(answer, [](Number number) { return words{std::to_string(number)}; });
  }

  /* ---- operations ---- */

  syna::store& store() { return stores_.at(words_[1]); }

  void begin_case() {
    stores_.clear();
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    results_ = syna::results();
    case_count_++;
  }

  void set(syna::options& how, const std::string& word) {
    const std::string name = word.substr(0, word.find('=')), value = word.substr(word.find('=') + 1);
    const auto number = [&] { return std::stoull(value); };
    const auto narrow = [&] { return static_cast<std::uint32_t>(number()); };
    if (name == "metric") how.metric = metric_of(value);
    else if (name == "dimensions") how.dimensions = narrow();
    else if (name == "index_threshold") how.index_threshold = number();
    else if (name == "flags") how.with_flags(narrow());
    else if (name == "durability") how.with_durability(static_cast<syna::durability>(narrow()));
    else if (name == "threads") how.threads = narrow();
    else if (name == "hnsw_m") how.hnsw_m = narrow();
    else if (name == "hnsw_ef_search") how.hnsw_ef_search = narrow();
    else throw std::runtime_error("an unknown option: " + word);
  }

  static std::uint32_t metric_of(const std::string& word) {
    using syna::metric;
    static const std::map<std::string, metric> named{{"cosine", metric::cosine},
                                                     {"euclidean", metric::euclidean},
                                                     {"dot_product", metric::dot_product},
                                                     {"from_file", metric::from_file}};
    const auto found = named.find(word);
    return static_cast<std::uint32_t>(found != named.end() ? found->second : static_cast<metric>(std::stoul(word)));
  }

  void open() {
    syna::options how;
    how.with_dimensions(64).with_metric(syna::metric::euclidean);
    how.index_threshold = 0;
    how.checkpoint_interval_secs = 0;
    for (std::size_t i = 3; i < words_.size(); i++) set(how, words_[i]);
    auto opened = syna::store::try_open(folder_ / words_[2], how);
    const std::string name = words_[1];
    said(opened, [](const auto&) { return words{}; });
    if (opened) stores_.insert_or_assign(name, *std::move(opened));
  }

  void write_batch() {
    syna::store& target = store();
    const bool is_upsert = words_[2] == "upsert";
    std::vector<std::string> keys(std::stoul(words_[3])), payloads(keys.size());
    std::vector<std::uint64_t> tags;
    std::vector<float> vectors;
    const words expected = expected_;
    bool has_tags = false, has_payloads = false;
    for (std::size_t i = 0; i < keys.size(); i++) {
      require(is_next("row"), "a row is missing");
      keys[i] = bytes_of(words_[1]);
      const auto vector = vector_of(words_[2]);
      vectors.insert(vectors.end(), vector.begin(), vector.end());
      tags.push_back(std::stoull(words_[3]));
      has_tags |= tags.back() != 0;
      payloads[i] = bytes_of(words_[4]);
      has_payloads |= !payloads[i].empty();
    }
    const std::vector<std::string_view> key_views(keys.begin(), keys.end()), payload_views(payloads.begin(), payloads.end());
    syna::batch rows;
    rows.keys = key_views;
    rows.vectors = vectors;
    if (has_tags) rows.tags = tags;
    if (has_payloads) rows.payloads = payload_views;
    expected_ = expected;
    said_number(is_upsert ? target.try_upsert_batch(rows) : target.try_insert_batch(rows));
  }

  void compare_hits(const syna::store* searched) {
    std::size_t i = 0;
    for (; is_next("hit"); i++, check_count_++) {
      require(i < results_->size(), "no hit");
      const syna::hit hit = (*results_)[i];
      const auto payload = results_->payload(i);
      require(hit.key == bytes_of(words_[1]), "another key");
      require(is_distance(words_[2], hit.distance), "another distance: " + std::to_string(hit.distance));
      require(hit.row == std::stoull(words_[3]), "another row");
      require(results_->tags(i) == std::stoull(words_[4]), "other tags");
      require(std::string(payload.begin(), payload.end()) == bytes_of(words_[5]), "another payload");
      if (searched != nullptr) {
        const auto kept = searched->get(hit.key);
        require(std::equal(kept.begin(), kept.end(), hit.vector.begin(), hit.vector.end()), "another vector");
      }
    }
    require(i == 0 || i == results_->size(), "more hits than lines");
  }

  void search() {
    syna::search_options how;
    for (std::size_t i = 4; i < words_.size(); i++) {
      const std::string name = words_[i].substr(0, words_[i].find('='));
      const std::uint64_t value = std::stoull(words_[i].substr(name.size() + 1));
      if (name == "ef") how.with_ef(static_cast<std::uint32_t>(value));
      else if (name == "exact") how.with_exact();
      else if (name == "deadline_us") how.deadline_us = value;
      else throw std::runtime_error("an unknown option: " + name);
    }
    syna::store& target = store();
    const auto answer = target.try_search(vector_of(words_[2]), std::stoul(words_[3]), *results_, how);
    require(!results_->is_partial(), "partial results");
    said(answer, [&](auto) { return words{std::to_string(results_->size())}; });
    if (answer) compare_hits(&target);
  }

  void get() {
    std::vector<float> vector(store().dimensions() == 0 ? 64 : store().dimensions());
    const auto answer = store().try_get(bytes_of(words_[2]), vector);
    said(answer, [&](auto) {
      const auto wanted = vector_of(expected_.at(1));
      const bool is_same = wanted.size() == vector.size() &&
                           std::memcmp(wanted.data(), vector.data(), wanted.size() * sizeof(float)) == 0;
      return words{is_same ? expected_[1] : "another vector"};
    });
  }

  void verify(bool is_stopped) {
    static const char* const problems[] = {"", "DAMAGED_VECTOR", "HIDDEN", "UNREACHABLE"};
    std::vector<words> found;
    said_number(store().try_verify([&](const syna::progress& told) {
      if (const auto* f = told.finding) {
        found.push_back({std::string(f->key), std::to_string(f->row), problems[f->problem]});
      }
      return !is_stopped;
    }));
    std::size_t i = 0;
    for (; is_next("finding"); i++, check_count_++) {
      require(found.at(i) == words{bytes_of(words_[1]), words_[2], words_[3]}, "another finding");
    }
    require(is_stopped || i == found.size(), "more findings than lines");
  }

  void write_file(const std::string& name, const std::string& content) {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }

  void replace() {
    std::ifstream file(folder_ / words_[1], std::ios::binary);
    std::string content((std::istreambuf_iterator<char>(file)), {});
    const std::string old = bytes_of(words_[2]);
    const std::size_t place = content.find(old);
    require(place != std::string::npos, "not in the file");
    write_file(words_[1], content.replace(place, old.size(), bytes_of(words_[3])));
  }

  void limit_file_bytes() {
    static std::optional<rlimit> before;
    rlimit limit{};
    if (!before) getrlimit(RLIMIT_FSIZE, &before.emplace());
    limit = *before;
    if (words_[1] != "0") limit.rlim_cur = std::stoul(words_[1]);
    require(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &limit) == 0, "refused");
  }

  void salvage() {
    said(syna::try_salvage(folder_ / words_[1], folder_ / words_[2]), [](const auto& counts) {
      return words{std::to_string(counts.rows), std::to_string(counts.lost)};
    });
  }

  void operate() {
    static const char* const metrics[] = {"cosine", "euclidean", "dot_product"};
    const auto key = [&] { return bytes_of(words_.at(2)); };
    const auto vector = [&] { return vector_of(words_.at(3)); };
    const std::map<std::string, std::function<void()>> operations{
        {"case", [&] { begin_case(); }},
        {"open", [&] { open(); }},
        {"close", [&] { said(store().try_close()); }},
        {"checkpoint", [&] { said(store().try_checkpoint()); }},
        {"flush", [&] { said(store().try_flush()); }},
        {"build_index", [&] { said(store().try_build_index()); }},
        {"reserve", [&] { said(store().try_reserve(std::stoull(words_[2]))); }},
        {"insert", [&] { said(store().try_insert(key(), vector())); }},
        {"upsert", [&] { said(store().try_upsert(key(), vector())); }},
        {"batch", [&] { write_batch(); }},
        {"delete", [&] { said(store().try_erase(key())); }},
        {"get", [&] { get(); }},
        {"tags", [&] { said_number(store().try_tags(key())); }},
        {"payload",
         [&] {
           said(store().try_payload(key()), [&](const auto& payload) {
             const bool is_same = std::string(payload.begin(), payload.end()) == bytes_of(expected_.at(1));
             return words{is_same ? expected_[1] : "another payload"};
           });
         }},
        {"contains", [&] { said(store().contains(key())); }},
        {"has_index", [&] { said(store().has_index()); }},
        {"is_dirty", [&] { said(store().is_dirty()); }},
        {"len", [&] { said(store().size()); }},
        {"dimensions", [&] { said(std::uint64_t{store().dimensions()}); }},
        {"last_durable_seq", [&] { said(store().last_durable_seq()); }},
        {"metric", [&] { said(words{metrics[static_cast<std::size_t>(store().metric())]}); }},
        {"search", [&] { search(); }},
        {"hits", [&] { said(std::uint64_t{results_->size()}), compare_hits(nullptr); }},
        {"verify", [&] { verify(false); }},
        {"verify_stop", [&] { verify(true); }},
        {"salvage", [&] { salvage(); }},
        {"status", [&] { said(words{short_name(static_cast<syna::status>(std::stol(words_[1])))}); }},
        {"file", [&] { write_file(words_[1], key()); }},
        {"replace", [&] { replace(); }},
        {"limit_file_bytes", [&] { limit_file_bytes(); }},
    };
    const auto found = operations.find(words_[0]);
    require(found != operations.end(), "an unknown operation");
    found->second();
  }

  std::ifstream cases_;
  fs::path folder_;
  std::string line_;
  words words_, expected_;
  std::size_t line_number_ = 0, case_count_ = 0, check_count_ = 0;
  bool is_kept_ = false;
  std::map<std::string, syna::store> stores_;
  std::optional<syna::results> results_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::cerr << "usage: conformance CASES FOLDER\n", 2;
  replay all(argv[1], argv[2]);
  try {
    all.run();
  } catch (const std::exception& why) {
    return std::cerr << all.where() << ": " << why.what() << "\n", 1;
  }
}
