// NumberSymbols: the Symbols of partition numbers and broker ids, made once. Interning takes a lock
// and a lookup by text; a poll names thousands of partitions. Used by the interpreters, one each.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "agent/core/symbol.h"

namespace highwater::collectors {

class NumberSymbols {
 public:
  NumberSymbols() { small_.reserve(kSmall); }
  NumberSymbols(NumberSymbols&&) = default;
  NumberSymbols& operator=(NumberSymbols&&) = default;

  // The reference holds until the next trim().
  const Symbol& of(int32_t number) {
    const auto index = static_cast<size_t>(number);
    if (number < 0 || index >= kSmall) return large(number);
    while (small_.size() <= index)
      small_.push_back(Symbol::number(static_cast<int64_t>(small_.size())));
    return small_[index];
  }

  // Once per poll: forgets rare numbers when there are too many of them.
  void trim() {
    if (large_.size() > kMaxLarge) large_.clear();
  }

 private:
  static constexpr size_t kSmall = 4096;
  static constexpr size_t kMaxLarge = 65'536;

  const Symbol& large(int32_t number) {
    const auto [found, added] = large_.try_emplace(number);
    if (added) found->second = Symbol::number(number);
    return found->second;
  }

  std::vector<Symbol> small_;  // never grows beyond what is reserved: references hold
  std::unordered_map<int32_t, Symbol> large_;
};

}  // namespace highwater::collectors
