#include "rules/text.h"

#include <fmt/format.h>

#include <cmath>

namespace highwater::rules {
namespace {

// Beyond this a Duration in nanoseconds would overflow.
constexpr double kLongestSeconds = 9e9;

std::string stand_in(const std::string& name, const Entity& entity,
                     std::span<const StandIn> values) {
  for (const StandIn& value : values) {
    if (value.name == name) return value.text;
  }
  for (const auto& [dimension, label] : entity.labels) {
    if (dimension.text() == name) return label.text();
  }
  return "{" + name + "}";
}

// A note that is empty leaves no dangling "down: " or "down ()" behind.
void tidy_after_empty_note(std::string& text, std::string_view rest, size_t& skip) {
  if (text.ends_with(" (") && rest.starts_with(")")) {
    text.resize(text.size() - 2);
    skip = 1;
    return;
  }
  for (const std::string_view joint : {": ", "; ", ", ", " - "}) {
    const bool ends_there = rest.empty() || rest.front() == '.';
    if (ends_there && text.ends_with(joint)) text.resize(text.size() - joint.size());
  }
}

}  // namespace

Template::Template(std::string_view text) {
  while (!text.empty()) {
    const size_t open = text.find('{');
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    if (open > 0) pieces_.push_back({std::string(text.substr(0, open)), false});
    pieces_.push_back({std::string(text.substr(open + 1, close - open - 1)), true});
    text.remove_prefix(close + 1);
  }
  if (!text.empty()) pieces_.push_back({std::string(text), false});
}

std::string Template::fill(const Entity& entity, std::span<const StandIn> values) const {
  std::string text;
  size_t skip = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const Piece& piece = pieces_[i];
    if (!piece.placeholder) {
      text.append(piece.text, skip);
      skip = 0;
      continue;
    }
    skip = 0;
    const std::string stands = stand_in(piece.text, entity, values);
    text += stands;
    if (piece.text != "note" || !stands.empty()) continue;
    const bool more = i + 1 < pieces_.size();
    if (more && pieces_[i + 1].placeholder) continue;
    tidy_after_empty_note(text, more ? std::string_view(pieces_[i + 1].text) : "", skip);
  }
  return text;
}

std::string format_value(double value, Unit unit) {
  if (std::isnan(value)) return "unknown";
  if (std::isinf(value)) return value > 0 ? "unlimited" : "-unlimited";
  if (unit == Unit::seconds && std::abs(value) < kLongestSeconds)
    return describe_duration(
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value)));
  if (value == std::trunc(value)) return fmt::format("{:.0f}", value + 0.0);
  if (std::abs(value) < 1) return fmt::format("{:.3g}", value);
  std::string text = fmt::format("{:.2f}", value);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace highwater::rules
