// Symbol: an interned, immutable string, compared and hashed by address. Names of clusters, topics,
// groups and partitions are Symbols everywhere, so a row costs pointers, not strings. Any thread
// may intern, copy and read.
//
// A Symbol is one pointer to a text that counts its Symbols. Text nobody refers to any more is
// forgotten by its table, so groups that come and go do not make the agent grow.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace highwater {

class Symbol {
 public:
  Symbol() = default;                                 // the empty symbol: text() is ""
  explicit Symbol(std::string_view text);             // interns; takes a short lock
  [[nodiscard]] static Symbol number(int64_t value);  // the decimal digits

  Symbol(const Symbol& other) : entry_(other.entry_) {
    if (entry_ != nullptr) entry_->symbols.fetch_add(1, std::memory_order_relaxed);
  }
  Symbol(Symbol&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  Symbol& operator=(Symbol other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~Symbol() {
    if (entry_ != nullptr) entry_->symbols.fetch_sub(1, std::memory_order_release);
  }

  [[nodiscard]] const std::string& text() const;
  [[nodiscard]] bool empty() const { return entry_ == nullptr; }
  [[nodiscard]] size_t hash() const { return std::hash<const void*>{}(entry_); }

  bool operator==(const Symbol& other) const { return entry_ == other.entry_; }
  // By text, so that order is the same on every run.
  bool operator<(const Symbol& other) const {
    return entry_ != other.entry_ && text() < other.text();
  }

 private:
  friend class SymbolPool;
  // Owned by the pool, which alone may free it, and only while `symbols` is 0: then nobody can copy
  // one, and the next has to be interned.
  struct Entry {
    explicit Entry(std::string_view of) : text(of) {}
    const std::string text;
    mutable std::atomic<size_t> symbols{0};
  };

  const Entry* entry_ = nullptr;
};

// How many distinct texts are alive now; for self-monitoring and tests.
[[nodiscard]] size_t live_symbols();

}  // namespace highwater

template <>
struct std::hash<highwater::Symbol> {
  size_t operator()(const highwater::Symbol& symbol) const { return symbol.hash(); }
};
