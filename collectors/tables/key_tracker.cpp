#include "collectors/tables/key_tracker.h"

#include <utility>

namespace highwater::collectors {

KeyTracker::KeyTracker(std::vector<std::string_view> dimensions)
    : dimensions_(std::move(dimensions)),
      keys_(std::make_shared<KeySet>(dimensions_, std::vector<Symbol>{})) {}

std::shared_ptr<const KeySet> KeyTracker::finish() {
  if (!differs_ && rows_ < keys_->rows()) start_anew();
  if (differs_) keys_ = std::make_shared<KeySet>(dimensions_, std::exchange(fresh_, {}));
  rows_ = 0;
  differs_ = false;
  return keys_;
}

void KeyTracker::start_anew() {
  differs_ = true;
  fresh_.reserve((keys_->rows() + 1) * dimensions_.size());
  for (uint32_t i = 0; i < rows_; ++i) {
    const auto row = keys_->row(i);
    fresh_.insert(fresh_.end(), row.begin(), row.end());
  }
}

}  // namespace highwater::collectors
