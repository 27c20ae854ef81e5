#include "collectors/kafka/poll/refusals.h"

#include <fmt/format.h>

#include "agent/core/utf8.h"

namespace highwater::kafka {
namespace {

constexpr size_t kLongestName = 80;  // in characters

}  // namespace

std::string name_groups(std::string_view first, size_t count) {
  const std::string_view shown = utf8::first_characters(first, kLongestName);
  const std::string_view cut = shown.size() < first.size() ? "..." : "";
  if (count <= 1) return fmt::format("group '{}{}'", shown, cut);
  return fmt::format("group '{}{}' and {} more", shown, cut, count - 1);
}

void Refusals::add(ErrorCode error, std::string_view group) {
  if (error == ErrorCode::kNone) return;
  Groups& groups = by_error_[error];
  if (groups.count > 0 && groups.last == group) return;
  if (groups.count++ == 0) groups.first = group;
  groups.last = group;
}

std::vector<std::string> Refusals::texts(int32_t broker, std::string_view api) const {
  std::vector<std::string> texts;
  for (const auto& [error, groups] : by_error_) {
    texts.push_back(fmt::format("broker {}: {} of {}: {}", broker, api,
                                name_groups(groups.first, groups.count), describe(error)));
  }
  return texts;
}

}  // namespace highwater::kafka
