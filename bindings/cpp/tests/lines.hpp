/* The lines of bindings/conformance/cases.txt, and what was said compared with them. */
#ifndef CONFORMANCE_LINES_HPP
#define CONFORMANCE_LINES_HPP

#include <algorithm>
#include <fstream>
#include <iterator>

#include "syna_mmap.hpp"
#include "words.hpp"

using words = std::vector<std::string>;

class lines {
 public:
  explicit lines(const char* cases) : cases_(cases) {
    if (!cases_) throw std::runtime_error(std::string(cases) + " cannot be opened; pass the path of cases.txt");
  }

  std::string where() const { return "cases.txt:" + std::to_string(line_number_) + ": " + line_; }

 protected:
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
  template <class Answer, class Values>
  void said(Answer&& answer, Values values) {
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

  words words_, expected_;
  std::size_t check_count_ = 0;

 private:
  std::ifstream cases_;
  std::string line_;
  std::size_t line_number_ = 0;
  bool is_kept_ = false;
};

#endif
