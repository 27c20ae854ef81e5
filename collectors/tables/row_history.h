// RowHistory: what an interpreter remembers about each row of a KeySet. It follows the rows by
// number while the KeySet stays the same, and moves the memory over when it is replaced; what went
// is forgotten. On the interpreter's thread.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "agent/core/table.h"

namespace highwater::collectors {

template <class Memory>
class RowHistory {
 public:
  // One Memory per row of `keys`; a row that was not there before starts with Memory{}.
  std::vector<Memory>& align(const std::shared_ptr<const KeySet>& keys) {
    if (keys == keys_) return memory_;
    std::vector<Memory> moved(keys->rows());
    if (keys_) {
      for (size_t i = 0; i < moved.size(); ++i) {
        if (const auto before = keys_->find(keys->row(i))) moved[i] = std::move(memory_[*before]);
      }
    }
    memory_ = std::move(moved);
    keys_ = keys;
    return memory_;
  }

 private:
  std::shared_ptr<const KeySet> keys_;
  std::vector<Memory> memory_;
};

}  // namespace highwater::collectors
