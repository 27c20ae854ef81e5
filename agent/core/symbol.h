// Symbol: an interned, immutable string, compared and hashed by address. Names of clusters, topics,
// groups and partitions are Symbols everywhere, so a row costs pointers, not strings. Any thread
// may intern, copy and read.
//
// A Symbol keeps its text alive; text nobody refers to any more is forgotten by its table, so
// groups that come and go do not make the agent grow.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace highwater {

class Symbol {
 public:
  Symbol() = default;                                 // the empty symbol: text() is ""
  explicit Symbol(std::string_view text);             // interns; takes a short lock
  [[nodiscard]] static Symbol number(int64_t value);  // the decimal digits

  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] bool empty() const { return text_ == nullptr; }
  [[nodiscard]] size_t hash() const { return std::hash<const void*>{}(text_.get()); }

  bool operator==(const Symbol& other) const { return text_ == other.text_; }
  // By text, so that order is the same on every run.
  bool operator<(const Symbol& other) const {
    return text_ != other.text_ && text() < other.text();
  }

 private:
  std::shared_ptr<const std::string> text_;
};

// How many distinct texts are alive now; for self-monitoring and tests.
[[nodiscard]] size_t live_symbols();

}  // namespace highwater

template <>
struct std::hash<highwater::Symbol> {
  size_t operator()(const highwater::Symbol& symbol) const { return symbol.hash(); }
};
