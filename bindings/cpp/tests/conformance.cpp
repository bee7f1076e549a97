/*
 * Replays bindings/conformance/cases.txt, whose README.md describes it.
 *
 *   conformance CASES FOLDER
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <list>
#include <map>
#include <optional>

#include "writes.hpp"

namespace {

namespace fs = std::filesystem;

class replay : writes {
 public:
  replay(const char* cases, fs::path folder) : writes(cases), folder_(std::move(folder)) {}

  using lines::where;

  void run() {
    while (next()) operate();
    std::cout << "conformance: " << case_count_ << " cases, " << check_count_ << " checks\n";
  }

 private:
  /* ---- operations ---- */

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
    if (name == "metric") {
      how.metric = number_of(value, {{"cosine", SYNA_MMAP_METRIC_COSINE},
                                     {"euclidean", SYNA_MMAP_METRIC_EUCLIDEAN},
                                     {"dot_product", SYNA_MMAP_METRIC_DOT_PRODUCT},
                                     {"from_file", SYNA_MMAP_METRIC_FROM_FILE}});
    } else if (name == "key_kind") {
      how.with_key_kind(static_cast<syna::key_kind>(number_of(
          value, {{"text", SYNA_MMAP_KEYS_TEXT}, {"bytes", SYNA_MMAP_KEYS_BYTES}, {"from_file", SYNA_MMAP_KEYS_FROM_FILE}})));
    } else if (name == "element") {
      how.with_element(static_cast<syna::element>(number_of(value, {{"f32", SYNA_MMAP_ELEMENT_F32},
                                                                    {"f16", SYNA_MMAP_ELEMENT_F16},
                                                                    {"i8", SYNA_MMAP_ELEMENT_I8},
                                                                    {"from_file", SYNA_MMAP_ELEMENT_FROM_FILE}})));
    } else if (name == "label") how.with_label((label_ = bytes_of(value)).c_str());
    else if (name == "expected_label") how.with_expected_label((expected_label_ = bytes_of(value)).c_str());
    else if (name == "application_id") how.application_id = narrow();
    else if (name == "user_version") how.user_version = narrow();
    else if (name == "dimensions") how.dimensions = narrow();
    else if (name == "index_threshold") how.index_threshold = number();
    else if (name == "flags") how.with_flags(narrow());
    else if (name == "durability") how.with_durability(static_cast<syna::durability>(narrow()));
    else if (name == "threads") how.threads = narrow();
    else if (name == "hnsw_m") how.hnsw_m = narrow();
    else if (name == "hnsw_ef_search") how.hnsw_ef_search = narrow();
    else if (name == "index_profile") how.index_profile = narrow();
    else if (name == "index_worker") how.index_worker = narrow();
    else if (name == "most_unindexed_rows") how.most_unindexed_rows = number();
    else if (name == "fixed_ef") how.fixed_ef = narrow();
    else throw std::runtime_error("an unknown option: " + word);
  }

  /* The number of a metric, a kind of keys or an element type, which is a number or a name. */
  static std::uint32_t number_of(const std::string& word, const std::map<std::string, std::uint32_t>& names) {
    const auto found = names.find(word);
    return found != names.end() ? found->second : static_cast<std::uint32_t>(std::stoul(word));
  }

  void open() {
    syna::options how;
    how.with_dimensions(64).with_metric(syna::metric::euclidean);
    how.index_threshold = 0;
    how.checkpoint_interval_secs = 0;
    for (std::size_t i = 3; i < words_.size(); i++) set(how, words_[i]);
    keep(syna::store::try_open(folder_ / words_[2], how));
  }

  void keep(syna::result<syna::store> opened) {
    const std::string name = words_[1];
    said(opened, [](const auto&) { return words{}; });
    if (opened) stores_.insert_or_assign(name, *std::move(opened));
  }

  void open_in_memory() {
    syna::options how;
    how.with_dimensions(64).with_metric(syna::metric::euclidean);
    how.index_threshold = 0;
    for (std::size_t i = 2; i < words_.size(); i++) set(how, words_[i]);
    keep(syna::store::try_in_memory(how));
  }

  static syna::options as_in_file() {
    syna::options how;
    how.with_dimensions(0).with_metric(syna::metric::from_file).with_key_kind(syna::key_kind::from_file);
    return how.with_element(syna::element::from_file);
  }

  void open_at() {
    const syna::options how = as_in_file();
    const int file = ::open((folder_ / words_[2]).c_str(), O_RDONLY);
    keep(syna::store::try_open_at(file, std::stoull(words_[3]), fs::file_size(folder_ / words_[4]), 0, 0, how));
    ::close(file);
  }

  void open_memory() {
    const syna::options how = as_in_file();
    std::ifstream from(folder_ / words_[2], std::ios::binary);
    /* The bytes live as long as the stores. */
    const std::string& bytes = given_.emplace_back((std::istreambuf_iterator<char>(from)), std::istreambuf_iterator<char>());
    keep(syna::store::try_open_memory({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, {}, how));
  }

  void pack() {
    std::ifstream from(folder_ / words_[2], std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(from)), {});
    write_file(words_[1], std::string(std::stoul(words_[3]), '\0') + content);
  }

  void compact_steps() {
    auto step = store().try_compact_step(std::chrono::microseconds(0));
    while (step && !*step) step = store().try_compact_step(std::chrono::microseconds(0));
    said(step, [](bool) { return words{}; });
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
    said_number(store().try_verify([&](const syna::verifying& told) {
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
        {"batch_stored", [&] { write_stored(); }},
        {"delete", [&] { said(store().try_erase(key())); }},
        {"delete_batch", [&] { erase_batch(); }},
        {"delete_where", [&] { said_number(store().try_erase_where(search_options())); }},
        {"update", [&] { update(); }},
        {"set_tags", [&] { said(store().try_set_tags(key(), std::stoull(words_[3]))); }},
        {"set_payload", [&] { set_payload(); }},
        {"user_block", [&] { user_block(); }},
        {"set_user_block", [&] { set_user_block(); }},
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
        {"key_kind", [&] { said(words{store().key_kind() == syna::key_kind::bytes ? "bytes" : "text"}); }},
        {"element", [&] { said(words{element_name(store().element())}); }},
        {"vector_bytes", [&] { said(std::uint64_t{store().vector_bytes()}); }},
        {"hit_vector", [&] { hit_vector(); }},
        {"hit_stored", [&] { hit_stored(); }},
        {"search", [&] { search(); }},
        {"search_key", [&] { search_key(); }},
        {"search_range", [&] { search_range(); }},
        {"search_batch", [&] { search_batch(); }},
        {"query", [&] { query(); }},
        {"hits", [&] { said(std::uint64_t{results_->size()}), compare_hits(*results_, 0, nullptr); }},
        {"iterate", [&] { iterate(); }},
        {"stats", [&] { stats(); }},
        {"recall", [&] { recall(); }},
        {"index_step", [&] { said_number(store().try_index_step(std::chrono::microseconds(std::stoll(words_[2])))); }},
        {"build_stop", [&] { said(store().try_build_index([](const syna::progress&) { return false; })); }},
        {"compact", [&] { said(store().try_compact()); }},
        {"compact_stop", [&] { said(store().try_compact([](const syna::progress&) { return false; })); }},
        {"compact_steps", [&] { compact_steps(); }},
        {"interrupt", [&] { said(store().try_interrupt()); }},
        {"compact_cancel", [&] { said(store().try_compact_cancel()); }},
        {"refresh", [&] { said(store().try_refresh()); }},
        {"snapshot", [&] { said(store().try_snapshot_to(folder_ / words_[2])); }},
        {"open_in_memory", [&] { open_in_memory(); }},
        {"open_at", [&] { open_at(); }},
        {"open_memory", [&] { open_memory(); }},
        {"put", [&] { put(); }},
        {"view", [&] { view(); }},
        {"row_of", [&] { said_number(store().try_row_of(key())); }},
        {"row_at", [&] { row_at(); }},
        {"get_batch", [&] { get_batch(); }},
        {"count_where", [&] { count_where(); }},
        {"rows_where", [&] { rows_where(); }},
        {"distance", [&] { distance(); }},
        {"path", [&] { path(); }},
        {"option", [&] { option(); }},
        {"set_ef_search", [&] { set_ef_search(); }},
        {"set_checkpoint_interval", [&] { set_checkpoint_interval(); }},
        {"pack", [&] { pack(); }},
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

  fs::path folder_;
  std::list<std::string> given_;
  /* What options point to. */
  std::string label_, expected_label_;
  std::size_t case_count_ = 0;
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
