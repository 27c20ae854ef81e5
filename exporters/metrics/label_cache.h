// The rendered labels of every row, kept from scrape to scrape: rows change their numbers all the
// time, their names hardly ever. Any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/core/table.h"

namespace highwater {

// One text for all rows, cut at offsets: thousands of small strings would cost several times as
// much.
class RenderedLabels {
 public:
  explicit RenderedLabels(const KeySet& keys);
  [[nodiscard]] std::string_view row(size_t index) const {
    return std::string_view(text_).substr(ends_[index], ends_[index + 1] - ends_[index]);
  }

 private:
  std::string text_;
  std::vector<uint32_t> ends_;  // of row i - 1, so that row i begins there
};

class LabelCache {
 public:
  [[nodiscard]] std::shared_ptr<const RenderedLabels> labels(
      const std::shared_ptr<const KeySet>& keys);
  // Forgets what belongs to key sets that nobody uses any more.
  void sweep();
  [[nodiscard]] size_t size() const;

 private:
  struct Entry {
    std::weak_ptr<const KeySet> keys;  // tells a new key set at an old address
    std::shared_ptr<const RenderedLabels> labels;
  };
  mutable std::mutex mutex_;
  std::unordered_map<const KeySet*, Entry> entries_;
};

}  // namespace highwater
