#include "rules/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace highwater::rules {
namespace {

// Beyond this a Duration in nanoseconds would overflow.
constexpr double kLongestSeconds = 9e9;

// Stands for the value in a form.
constexpr char kValuePlace = '#';

std::string in_form(const std::string& value, const std::string& form) {
  const size_t place = form.find(kValuePlace);
  if (place != std::string::npos) return form.substr(0, place) + value + form.substr(place + 1);
  return value.empty() ? form : value + " " + form;
}

// Labels that are words of ours, "timed_out", read as words.
std::string label_text(const std::string& dimension, const Symbol& label) {
  std::string text = label.text();
  if (dimension == "reason" || dimension == "finding") std::ranges::replace(text, '_', ' ');
  return text;
}

// These may be empty.
bool may_be_empty(const std::string& name) {
  return name == "note" || name == "budget";
}

// An empty value leaves no dangling "down: " or "down ()" behind.
void tidy_after_nothing(std::string& text, std::string_view rest, size_t& skip) {
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

PlaceholderParts::PlaceholderParts(std::string_view inside) {
  const size_t colon = inside.find(':');
  name = inside.substr(0, colon);
  if (colon == std::string_view::npos) return;
  for (inside.remove_prefix(colon + 1);;) {
    const size_t bar = inside.find('|');
    forms.push_back(inside.substr(0, bar));
    if (bar == std::string_view::npos) return;
    inside.remove_prefix(bar + 1);
  }
}

Template::Template(std::string_view text) {
  while (!text.empty()) {
    const size_t open = text.find('{');
    const size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    if (open > 0) pieces_.push_back({std::string(text.substr(0, open)), false});
    const std::string_view inside = text.substr(open + 1, close - open - 1);
    const PlaceholderParts parts(inside);
    pieces_.push_back({std::string(inside), true, std::string(parts.name),
                       std::vector<std::string>(parts.forms.begin(), parts.forms.end())});
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
    const std::string stands = filled(piece, entity, values);
    text += stands;
    if (!may_be_empty(piece.name) || !stands.empty()) continue;
    const bool more = i + 1 < pieces_.size();
    if (more && pieces_[i + 1].placeholder) continue;
    tidy_after_nothing(text, more ? std::string_view(pieces_[i + 1].text) : "", skip);
  }
  return text;
}

bool Template::asks_for(std::string_view placeholder) const {
  return std::ranges::any_of(
      pieces_, [&](const Piece& piece) { return piece.placeholder && piece.name == placeholder; });
}

std::string Template::filled(const Piece& piece, const Entity& entity,
                             std::span<const StandIn> values) {
  for (const StandIn& value : values) {
    if (value.name != piece.name) continue;
    if (piece.forms.empty()) return value.text;
    if (piece.forms.size() == 1) return value.text.empty() ? piece.forms[0] : value.text;
    if (!value.condition.empty())
      return fmt::format("{{{{ if {} }}}}{}{{{{ else }}}}{}{{{{ end }}}}", value.condition,
                         in_form(value.text, piece.forms[0]), in_form(value.text, piece.forms[1]));
    return in_form(value.text, piece.forms[value.number == 1 ? 0 : 1]);
  }
  for (const auto& [dimension, label] : entity.labels) {
    if (dimension.text() == piece.name) return label_text(piece.name, label);
  }
  return "{" + piece.text + "}";
}

std::string spoken_duration(Duration duration) {
  using std::chrono::hours;
  using std::chrono::minutes;
  const Duration length = duration < Duration::zero() ? -duration : duration;
  Duration step(1);
  if (length >= hours(240))
    step = hours(24);
  else if (length >= hours(10))
    step = hours(1);
  else if (length >= minutes(2))
    step = minutes(1);
  return describe_duration(duration / step.count() * step.count());
}

std::string spoken_value(double value, Unit unit) {
  if (!std::isfinite(value)) return format_value(value, unit);
  if (unit == Unit::seconds && std::abs(value) < kLongestSeconds)
    return spoken_duration(
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value)));
  if (unit == Unit::ratio) {
    const double percent = value * 100;
    if (std::abs(percent) >= 10) return fmt::format("{:.0f} %", percent);
    return fmt::format("{:.2g} %", percent);
  }
  if (unit == Unit::bytes) {
    constexpr std::array<std::string_view, 5> kUnits{"bytes", "KiB", "MiB", "GiB", "TiB"};
    size_t step = 0;
    while (std::abs(value) >= 1024 && step + 1 < kUnits.size()) {
      value /= 1024;
      ++step;
    }
    return fmt::format("{:.{}f} {}", value, step == 0 || std::abs(value) >= 100 ? 0 : 1,
                       kUnits[step]);
  }
  return format_value(value, unit);
}

std::string name_list(std::span<const Symbol> names, size_t count) {
  const size_t shown = std::min(names.size(), kNamesInText);
  std::string text;
  for (size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == shown && shown == count;
    if (i > 0) text += last ? " and " : ", ";
    text += names[i].text();
  }
  if (count > shown) text += fmt::format("{}{} more", shown > 0 ? " and " : "", count - shown);
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

std::string sample_text(const Condition& when, double value) {
  switch (when.kind) {
    case ConditionKind::value:
    case ConditionKind::past:
      break;
    case ConditionKind::rate:
      return format_value(value, Unit::none) + "/s";
    case ConditionKind::ratio:
      return fmt::format("{:.3g}%", value * 100);
  }
  return format_value(value, when.left->unit);
}

}  // namespace highwater::rules
