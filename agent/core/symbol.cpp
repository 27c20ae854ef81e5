#include "agent/core/symbol.h"

#include <algorithm>
#include <mutex>
#include <unordered_set>

namespace highwater {

// Texts by content. One that has died is dropped when there are twice as many as after the last
// sweep, so the cost of sweeping is a constant per new text.
class SymbolPool {
 public:
  using Entry = Symbol::Entry;

  // Counts the Symbol that it is for.
  const Entry* intern(std::string_view text) {
    const std::lock_guard lock(mutex_);
    auto found = texts_.find(text);
    if (found == texts_.end()) {
      if (texts_.size() >= sweep_at_) sweep();
      found = texts_.emplace(text).first;
    }
    found->symbols.fetch_add(1, std::memory_order_relaxed);
    return &*found;
  }

  size_t live() {
    const std::lock_guard lock(mutex_);
    sweep();
    return texts_.size();
  }

 private:
  void sweep() {
    std::erase_if(texts_, [](const Entry& entry) {
      return entry.symbols.load(std::memory_order_acquire) == 0;
    });
    sweep_at_ = std::max<size_t>(1024, texts_.size() * 2);
  }

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    size_t operator()(const Entry& entry) const { return operator()(entry.text); }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry& one, const Entry& other) const { return one.text == other.text; }
    bool operator()(std::string_view text, const Entry& entry) const { return text == entry.text; }
    bool operator()(const Entry& entry, std::string_view text) const { return text == entry.text; }
  };

  std::mutex mutex_;
  std::unordered_set<Entry, Hash, Equal> texts_;
  size_t sweep_at_ = 1024;
};

namespace {

SymbolPool& pool() {
  static SymbolPool* const instance = new SymbolPool;  // outlives every static Symbol
  return *instance;
}

}  // namespace

Symbol::Symbol(std::string_view text) {
  if (!text.empty()) entry_ = pool().intern(text);
}

Symbol Symbol::number(int64_t value) {
  return Symbol(std::to_string(value));
}

const std::string& Symbol::text() const {
  static const std::string kEmpty;
  return entry_ != nullptr ? entry_->text : kEmpty;
}

size_t live_symbols() {
  return pool().live();
}

}  // namespace highwater
