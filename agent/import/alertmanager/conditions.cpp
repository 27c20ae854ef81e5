#include "agent/import/alertmanager/conditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace highwater::agent::alertmanager {
namespace {

constexpr std::string_view kMeta = "\\.+*?()|[]{}^$";
constexpr size_t kMostNames = 100;  // patterns of one label in a line of `routes:`

// The text that a regex without any operator matches; nothing for other regexes.
std::optional<std::string> plain_text(std::string_view regex) {
  std::string text;
  for (size_t i = 0; i < regex.size(); ++i) {
    const bool escaped = regex[i] == '\\' && i + 1 < regex.size() &&
                         (kMeta.find(regex[i + 1]) != std::string_view::npos ||
                          std::string_view("-/_ ").find(regex[i + 1]) != std::string_view::npos);
    if (escaped)
      ++i;
    else if (kMeta.find(regex[i]) != std::string_view::npos)
      return std::nullopt;
    text += regex[i];
  }
  return text;
}

// "a|b|c", also in parentheses; nothing unless each of them is plain text.
std::optional<std::vector<std::string>> alternatives(std::string_view regex) {
  if (regex.size() > 2 && regex.front() == '(' && regex.find(')') == regex.size() - 1)
    regex = regex.substr(regex.starts_with("(?:") ? 3 : 1,
                         regex.size() - (regex.starts_with("(?:") ? 4 : 2));
  std::vector<std::string> names;
  while (true) {
    const size_t end = std::min(regex.find('|'), regex.size());
    const std::optional<std::string> name = plain_text(regex.substr(0, end));
    if (!name || (end > 0 && regex[end - 1] == '\\')) return std::nullopt;
    if (!name->empty() && std::ranges::find(names, *name) == names.end()) names.push_back(*name);
    if (end == regex.size()) break;
    regex.remove_prefix(end + 1);
  }
  if (names.empty() || names.size() > kMostNames) return std::nullopt;
  return names;
}

bool is_glob_text(std::string_view text) {
  return text.find_first_of("*?") == std::string_view::npos;
}

// "payments-.*", ".*-test", ".*lag.*"
std::optional<std::string> glob_of(std::string_view regex) {
  const bool open_begin = regex.starts_with(".*");
  if (open_begin) regex.remove_prefix(2);
  const bool open_end = regex.ends_with(".*") && !regex.ends_with("\\.*");
  if (open_end) regex.remove_suffix(2);
  const std::optional<std::string> text = plain_text(regex);
  if (!text || text->empty() || !is_glob_text(*text) || (!open_begin && !open_end))
    return std::nullopt;
  if (!open_begin && text->starts_with('/')) return std::nullopt;
  return fmt::format("{}{}{}", open_begin ? "*" : "", *text, open_end ? "*" : "");
}

// A value as a pattern that nothing else is like.
std::string pattern_of(const std::string& name) {
  if (is_glob_text(name) && !(name.size() > 1 && name.front() == '/' && name.back() == '/'))
    return name;
  std::string regex;
  for (const char c : name) {
    if (kMeta.find(c) != std::string_view::npos) regex += '\\';
    regex += c;
  }
  return fmt::format("/^{}$/", regex);
}

}  // namespace

LabelValues LabelValues::one_of(std::vector<std::string> names) {
  LabelValues values;
  values.names_ = std::move(names);
  return values;
}

Result<Pattern> anchored(std::string_view regex) {
  return Pattern::parse(fmt::format("/^(?:{})$/", regex));
}

LabelValues LabelValues::like(std::string_view pattern) {
  LabelValues values;
  values.pattern_ = *Pattern::parse(pattern);
  return values;
}

LabelValues LabelValues::anything() {
  return like("*");
}

Result<LabelValues> LabelValues::like_regex(std::string_view regex) {
  // First of all: what follows takes it for one, and so do the callers.
  Result<Pattern> pattern = anchored(regex);
  if (!pattern) return tl::unexpected(pattern.error());
  if (regex == ".*" || regex == ".+") return anything();
  if (auto names = alternatives(regex)) return one_of(std::move(*names));
  // Between slashes it would be a regular expression of ours.
  const auto glob = glob_of(regex);
  if (glob && !glob->starts_with('/')) return like(*glob);
  LabelValues values;
  values.pattern_ = std::move(*pattern);
  return values;
}

bool LabelValues::takes(std::string_view value) const {
  return pattern_ ? pattern_->matches(value) : std::ranges::find(names_, value) != names_.end();
}

std::vector<std::string> LabelValues::patterns() const {
  if (pattern_) return {pattern_->text()};
  std::vector<std::string> patterns;
  for (const std::string& name : names_) patterns.push_back(pattern_of(name));
  return patterns;
}

std::optional<std::string_view> LabelValues::prefix() const {
  if (!pattern_) return std::nullopt;
  const std::string_view text = pattern_->text();
  const bool is_prefix =
      !text.starts_with('/') && text.find_first_of("*?") == text.size() - 1 && text.back() == '*';
  return is_prefix ? std::optional(text.substr(0, text.size() - 1)) : std::nullopt;
}

bool LabelValues::implies(const LabelValues& wide) const {
  if (wide.is_anything()) return true;
  if (!pattern_)
    return std::ranges::all_of(names_, [&](const std::string& name) { return wide.takes(name); });
  if (!wide.pattern_) return false;
  if (pattern_->text() == wide.pattern_->text()) return true;
  const auto mine = prefix();
  const auto theirs = wide.prefix();
  return mine && theirs && mine->starts_with(*theirs);
}

std::optional<LabelValues> LabelValues::intersect(const LabelValues& other, bool& exact) const {
  const bool filters = !pattern_ || !other.pattern_;
  if (filters) {
    const LabelValues& listed = pattern_ ? other : *this;
    const LabelValues& test = pattern_ ? *this : other;
    std::vector<std::string> names;
    std::ranges::copy_if(listed.names_, std::back_inserter(names),
                         [&](const std::string& name) { return test.takes(name); });
    if (names.empty()) return std::nullopt;
    return one_of(std::move(names));
  }
  if (implies(other)) return *this;
  if (other.implies(*this)) return other;
  if (prefix() && other.prefix()) return std::nullopt;
  exact = false;
  return other;
}

bool implies(const Conditions& narrow, const Conditions& wide) {
  return std::ranges::all_of(wide, [&](const auto& wanted) {
    const auto known = narrow.find(wanted.first);
    return known != narrow.end() && known->second.implies(wanted.second);
  });
}

std::optional<Conditions> intersect(const Conditions& first, const Conditions& second,
                                    std::string& inexact) {
  Conditions both = first;
  for (const auto& [label, values] : second) {
    const auto [place, added] = both.emplace(label, values);
    if (added) continue;
    bool exact = true;
    std::optional<LabelValues> met = place->second.intersect(values, exact);
    if (!met) return std::nullopt;
    if (!exact && inexact.empty()) inexact = label;
    place->second = std::move(*met);
  }
  return both;
}

bool apart(const Conditions& first, const Conditions& second) {
  std::string ignored;
  return !intersect(first, second, ignored);
}

}  // namespace highwater::agent::alertmanager
