#include "exporters/metrics/label_cache.h"

#include <algorithm>
#include <span>
#include <utility>

#include "agent/core/entity_text.h"
#include "exporters/metrics/exposition.h"

namespace highwater {
namespace {

constexpr std::string_view kSlo = "slo";
constexpr std::string_view kEntity = "entity";

// Where the cells of the key set name what a budget belongs to, in one text; -1: nowhere. On the
// page these are labels of their own, so that budgets are joined and filtered like other series.
std::ptrdiff_t entity_place(std::span<const std::string_view> dimensions) {
  if (std::ranges::find(dimensions, kSlo) == dimensions.end()) return -1;
  const auto found = std::ranges::find(dimensions, kEntity);
  return found == dimensions.end() ? -1 : found - dimensions.begin();
}

void append_label(std::string& text, std::string_view name, std::string_view value) {
  if (!text.empty() && text.back() != '{') text += ',';
  text += name;
  text += "=\"";
  append_escaped(text, value);
  text += '"';
}

// A label that the row has already is not written twice, which no reader would take.
void append_entity(std::string& text, std::string_view entity,
                   std::span<const std::string_view> dimensions) {
  const auto labels = parse_entity_text(entity);
  if (!labels) return append_label(text, kEntity, entity);
  for (const auto& [name, value] : *labels) {
    const bool taken = std::ranges::find(dimensions, name) != dimensions.end();
    append_label(text, taken ? "entity_" + name : name, value);
  }
}

}  // namespace

RenderedLabels::RenderedLabels(const KeySet& keys) {
  const auto dimensions = keys.dimensions();
  const std::ptrdiff_t entity = entity_place(dimensions);
  ends_.reserve(keys.rows() + 1);
  ends_.push_back(0);
  for (size_t i = 0; i < keys.rows(); ++i) {
    const auto cells = keys.row(i);
    text_ += '{';
    for (size_t k = 0; k < cells.size(); ++k) {
      if (std::cmp_equal(k, entity)) {
        append_entity(text_, cells[k].text(), dimensions);
      } else {
        append_label(text_, dimensions[k], cells[k].text());
      }
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
