#include "agent/core/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "agent/core/utf8.h"

namespace highwater {

struct Pattern::Regex {
  explicit Regex(const std::string& expression, const RE2::Options& options)
      : re(expression, options) {}
  RE2 re;
};

namespace {

// Linear in the length of the name for any number of stars: only the last star is ever revisited.
bool glob_matches(std::string_view glob, std::string_view name) {
  size_t g = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t star_name = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '?') {
      ++g;
      n += utf8::character_length(name.substr(n));
    } else if (g < glob.size() && glob[g] != '*' && glob[g] == name[n]) {
      ++g;
      ++n;
    } else if (g < glob.size() && glob[g] == '*') {
      star = g++;
      star_name = n;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      star_name += utf8::character_length(name.substr(star_name));
      n = star_name;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
  if (text.empty()) return fail("a pattern must not be empty; use \"*\" for everything");
  Pattern pattern;
  pattern.text_ = text;
  if (text.size() >= 2 && text.front() == '/' && text.back() == '/') {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 18);
    auto regex = std::make_shared<Regex>(std::string(text.substr(1, text.size() - 2)), options);
    if (!regex->re.ok())
      return fail(fmt::format("'{}' is not a regular expression: {}", text, regex->re.error()));
    pattern.regex_ = std::move(regex);
  } else {
    pattern.literal_ = text.find_first_of("*?") == std::string_view::npos;
  }
  return pattern;
}

bool Pattern::matches(std::string_view name) const {
  if (regex_) return RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), regex_->re);
  if (literal_) return name == text_;
  return glob_matches(text_, name);
}

bool NameFilter::accepts(std::string_view name) const {
  const auto matches = [&](const Pattern& pattern) { return pattern.matches(name); };
  return (include.empty() || std::ranges::any_of(include, matches)) &&
         std::ranges::none_of(exclude, matches);
}

}  // namespace highwater
