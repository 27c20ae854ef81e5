#include "exporters/label_cache.h"

#include "exporters/exposition.h"

namespace highwater {

RenderedLabels::RenderedLabels(const KeySet& keys) {
  const auto dimensions = keys.dimensions();
  ends_.reserve(keys.rows() + 1);
  ends_.push_back(0);
  for (size_t i = 0; i < keys.rows(); ++i) {
    const auto cells = keys.row(i);
    for (size_t k = 0; k < cells.size(); ++k) {
      text_ += k == 0 ? '{' : ',';
      text_ += dimensions[k];
      text_ += "=\"";
      append_escaped(text_, cells[k].text());
      text_ += '"';
    }
    text_ += "} ";
    ends_.push_back(static_cast<uint32_t>(text_.size()));
  }
  text_.shrink_to_fit();
}

std::shared_ptr<const RenderedLabels> LabelCache::labels(
    const std::shared_ptr<const KeySet>& keys) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(keys.get());
    if (found != entries_.end() && found->second.keys.lock() == keys) return found->second.labels;
  }
  // Two scrapes at a time may both render; the second one's is kept.
  auto made = std::make_shared<const RenderedLabels>(*keys);
  const std::lock_guard lock(mutex_);
  entries_[keys.get()] = {keys, made};
  return made;
}

void LabelCache::sweep() {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const auto& entry) { return entry.second.keys.expired(); });
}

size_t LabelCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace highwater
