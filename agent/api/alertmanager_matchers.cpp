#include "agent/api/alertmanager_matchers.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kIncident = "incident";
constexpr std::string_view kMeansMore = ".^$*+?()[]{}|\\";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (kMeansMore.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

// A pattern of ours as a regular expression for the whole value.
std::string expression_of(const std::string& pattern) {
  if (pattern.size() > 1 && pattern.starts_with('/') && pattern.ends_with('/'))
    return ".*(?:" + pattern.substr(1, pattern.size() - 2) + ").*";
  std::string out;
  for (const char c : pattern) {
    if (c == '*')
      out += ".*";
    else if (c == '?')
      out += '.';
    else
      out += escaped(std::string_view(&c, 1));
  }
  return out;
}

// And a value of theirs as a pattern of ours.
std::string pattern_of(const std::string& value, bool regex) {
  if (regex) return "/^(?:" + value + ")$/";
  const bool plain = value.find_first_of("*?") == std::string::npos && !value.starts_with('/');
  return plain ? value : "/^" + escaped(value) + "$/";
}

Json matcher_json(std::string_view name, const std::string& value, bool regex) {
  return {{"name", name}, {"value", value}, {"isRegex", regex}, {"isEqual", true}};
}

}  // namespace

Json alertmanager_matchers(const rules::Silence& silence) {
  std::map<std::string, std::vector<std::string>> by_label;
  for (const std::string& text : silence.matcher.texts()) {
    const size_t sign = text.find('=');
    by_label[text.substr(0, sign)].push_back(text.substr(sign + 1));
  }
  Json matchers = Json::array();
  for (const auto& [name, patterns] : by_label) {
    const auto pattern = Pattern::parse(patterns.front());
    if (patterns.size() == 1 && pattern && !pattern->literal().empty()) {
      matchers.push_back(matcher_json(name, patterns.front(), false));
      continue;
    }
    std::string any;
    for (const std::string& one : patterns) any += (any.empty() ? "" : "|") + expression_of(one);
    matchers.push_back(matcher_json(name, any, true));
  }
  std::string incidents;
  for (const uint64_t id : silence.incidents)
    incidents += (incidents.empty() ? "" : "|") + std::to_string(id);
  if (!incidents.empty())
    matchers.push_back(matcher_json(kIncident, incidents, silence.incidents.size() > 1));
  return matchers;
}

Result<rules::Silence> silence_of_matchers(const Json& matchers) {
  rules::Silence silence;
  std::vector<std::string> texts;
  std::set<std::string> names;
  for (const Json& matcher : matchers) {
    const auto name = matcher.at("name").get<std::string>();
    const auto value = matcher.at("value").get<std::string>();
    if (!matcher.value("isEqual", true))
      return fail(fmt::format("'{}': a silence cannot say what it is not about", name));
    if (!names.insert(name).second)
      return fail(fmt::format("'{}': there is one matcher for each label", name));
    if (value.empty()) return fail(fmt::format("'{}': the value is empty", name));
    texts.push_back(name + "=" + pattern_of(value, matcher.value("isRegex", false)));
  }
  auto matcher = rules::Matcher::parse(texts);
  if (!matcher) return tl::unexpected(matcher.error());
  silence.matcher = std::move(*matcher);
  return silence;
}

bool LabelFilter::accepts(const std::map<std::string, std::string>& labels) const {
  const auto found = labels.find(name);
  // A label that is not there is empty.
  const std::string is = found == labels.end() ? "" : found->second;
  const bool matches = patterns_.empty() ? is.empty() : patterns_.front().matches(is);
  return matches == equal;
}

Result<LabelFilter> parse_label_filter(std::string_view text) {
  const size_t sign = text.find_first_of("=!");
  const auto bad = [&] {
    return fail(fmt::format("'{}' is no filter: write it like alertname=\"Lag\"", text));
  };
  if (sign == std::string_view::npos || sign == 0) return bad();
  LabelFilter filter;
  filter.name = text.substr(0, sign);
  std::string_view rest = text.substr(sign);
  const bool regex = rest.starts_with("=~") || rest.starts_with("!~");
  if (!regex && !rest.starts_with("=") && !rest.starts_with("!=")) return bad();
  filter.equal = rest.front() == '=';
  rest.remove_prefix(regex || !filter.equal ? 2 : 1);
  if (rest.size() > 1 && rest.front() == '"' && rest.back() == '"')
    rest = rest.substr(1, rest.size() - 2);
  filter.value = rest;
  if (filter.value.empty()) return filter;
  auto pattern = Pattern::parse(pattern_of(filter.value, regex));
  if (!pattern) return tl::unexpected(pattern.error());
  filter.patterns_.push_back(std::move(*pattern));
  return filter;
}

}  // namespace highwater::agent
