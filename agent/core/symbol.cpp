#include "agent/core/symbol.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace highwater {
namespace {

// Texts by content. An entry whose text has died is dropped when the map has doubled since the last
// sweep, so the cost of sweeping is a constant per new text.
class Pool {
 public:
  std::shared_ptr<const std::string> intern(std::string_view text) {
    const std::lock_guard lock(mutex_);
    if (const auto found = texts_.find(text); found != texts_.end()) {
      if (auto alive = found->second.lock()) return alive;
      texts_.erase(found);
    }
    if (texts_.size() >= sweep_at_) sweep();
    auto made = std::make_shared<const std::string>(text);
    texts_.emplace(*made, made);
    return made;
  }

  size_t live() {
    const std::lock_guard lock(mutex_);
    sweep();
    return texts_.size();
  }

 private:
  void sweep() {
    std::erase_if(texts_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<size_t>(1024, texts_.size() * 2);
  }

  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  std::mutex mutex_;
  // The key is a copy: an entry may outlive the text it names.
  std::unordered_map<std::string, std::weak_ptr<const std::string>, Hash, std::equal_to<>> texts_;
  size_t sweep_at_ = 1024;
};

Pool& pool() {
  static Pool* const instance = new Pool;  // outlives every static Symbol
  return *instance;
}

}  // namespace

Symbol::Symbol(std::string_view text) {
  if (!text.empty()) text_ = pool().intern(text);
}

Symbol Symbol::number(int64_t value) {
  return Symbol(std::to_string(value));
}

const std::string& Symbol::text() const {
  static const std::string kEmpty;
  return text_ ? *text_ : kEmpty;
}

size_t live_symbols() {
  return pool().live();
}

}  // namespace highwater
