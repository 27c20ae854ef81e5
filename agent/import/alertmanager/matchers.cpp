#include "agent/import/alertmanager/matchers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "agent/core/plain_text.h"

namespace highwater::agent::alertmanager {
namespace {

using Sign = Matcher::Sign;

constexpr std::array<std::string_view, 3> kSeverities{"page", "ticket", "info"};

// Reads one matcher after the other from the front of a text.
class MatcherReader {
 public:
  explicit MatcherReader(std::string_view text) : whole_(text), rest_(trimmed(text)) {
    if (!rest_.starts_with('{')) return;
    rest_.remove_prefix(1);
    if (rest_.ends_with('}')) rest_.remove_suffix(1);
  }

  Result<std::vector<Matcher>> read() {
    std::vector<Matcher> matchers;
    for (rest_ = trimmed(rest_); !rest_.empty(); rest_ = trimmed(rest_)) {
      Matcher matcher;
      const auto label = rest_.starts_with('"') ? quoted_text() : name();
      if (!label || label->empty() || !sign(matcher)) return wrong();
      rest_ = trimmed(rest_);
      const auto value = rest_.starts_with('"') ? quoted_text() : bare_text();
      if (!value) return wrong();
      matcher.label = *label;
      matcher.value = *value;
      matchers.push_back(std::move(matcher));
      rest_ = trimmed(rest_);
      if (rest_.empty()) break;
      if (rest_.front() != ',') return wrong();
      rest_.remove_prefix(1);
    }
    return matchers;
  }

 private:
  [[nodiscard]] tl::unexpected<Error> wrong() const {
    return fail(fmt::format("'{}' is no matcher of Alertmanager", whole_));
  }

  std::optional<std::string> name() {
    const size_t end = std::min(rest_.find_first_of("=!~, \t\""), rest_.size());
    const std::string name(rest_.substr(0, end));
    rest_ = trimmed(rest_.substr(end));
    return name;
  }

  bool sign(Matcher& matcher) {
    rest_ = trimmed(rest_);
    constexpr std::pair<std::string_view, Sign> kSigns[] = {
        {"=~", Sign::like}, {"!~", Sign::unlike}, {"!=", Sign::unequal}, {"=", Sign::equal}};
    for (const auto& [text, sign] : kSigns) {
      if (!rest_.starts_with(text)) continue;
      rest_.remove_prefix(text.size());
      matcher.sign = sign;
      return true;
    }
    return false;
  }

  // A backslash before anything but '"', '\' and 'n' stands for itself: "\d" is one of a regex.
  std::optional<std::string> quoted_text() {
    std::string text;
    for (size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return text;
      }
      if (rest_[i] == '\\' && i + 1 < rest_.size())
        add_escaped(rest_[++i], text);
      else
        text += rest_[i];
    }
    return std::nullopt;
  }

  std::optional<std::string> bare_text() {
    const size_t end = std::min(rest_.find(','), rest_.size());
    const std::string_view raw = trimmed(rest_.substr(0, end));
    rest_.remove_prefix(end);
    if (raw.find('"') != std::string_view::npos) return std::nullopt;
    std::string text;
    for (size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '\\' && i + 1 < raw.size())
        add_escaped(raw[++i], text);
      else
        text += raw[i];
    }
    return text;
  }

  static void add_escaped(char c, std::string& text) {
    if (c == 'n')
      text += '\n';
    else if (c == '"' || c == '\\')
      text += c;
    else
      (text += '\\') += c;
  }

  std::string_view whole_;
  std::string_view rest_;
};

bool is_negative(Sign sign) {
  return sign == Sign::unequal || sign == Sign::unlike;
}

bool is_regex(Sign sign) {
  return sign == Sign::like || sign == Sign::unlike;
}

void want(const std::string& label, const LabelValues& values, Demand& demand) {
  std::string inexact;
  auto both = intersect(demand.wanted, Conditions{{label, values}}, inexact);
  if (!inexact.empty()) demand.inexact = inexact;
  if (both)
    demand.wanted = std::move(*both);
  else
    demand.never = true;
}

// Every alert has one of three severities, so that it can always be said which are meant. One of
// ours stands for all of theirs that become it.
void add_severity(const Matcher& matcher, const LabelValues& values, const SeverityNames& names,
                  Demand& demand) {
  std::vector<std::string> ours;
  for (const std::string_view severity : kSeverities) {
    const bool like = std::ranges::any_of(names, [&](const auto& name) {
      return name.second == severity && values.takes(name.first);
    });
    if (like != is_negative(matcher.sign)) ours.emplace_back(severity);
  }
  if (ours.size() == kSeverities.size()) return;
  if (ours.empty()) {
    demand.never = true;
    demand.why_never =
        fmt::format("no severity of Highwater is like '{}': say which is with --severity NAME=page",
                    matcher.value);
    return;
  }
  want(matcher.label, LabelValues::one_of(std::move(ours)), demand);
}

}  // namespace

Result<std::vector<Matcher>> parse_matchers(std::string_view text) {
  return MatcherReader(text).read();
}

Result<LabelValues> values_of(const Matcher& matcher) {
  Result<LabelValues> values = is_regex(matcher.sign) ? LabelValues::like_regex(matcher.value)
                                                      : LabelValues::one_of({matcher.value});
  if (!values)
    return fail(fmt::format("'{}' of '{}' is no regular expression: {}", matcher.value,
                            matcher.label, values.error().message));
  return values;
}

void add_matcher(const Matcher& matcher, const LabelValues& values, const SeverityNames& severities,
                 Demand& demand) {
  const bool negative = is_negative(matcher.sign);
  if (matcher.label == "severity") return add_severity(matcher, values, severities, demand);
  // A label that is not there is the empty text to Alertmanager. What it is compared with here is
  // never empty: alternatives are without the empty one, and ".+" is anything.
  bool takes_empty = matcher.value.empty() || (!values.is_anything() && values.takes(""));
  if (is_regex(matcher.sign) && !values.names().empty())
    takes_empty = anchored(matcher.value)->matches("");  // like_regex() has read it
  const bool all = is_regex(matcher.sign) && matcher.value == ".*";
  if (all) {
    demand.never = demand.never || negative;
  } else if (matcher.value.empty()) {
    if (negative)
      want(matcher.label, LabelValues::anything(), demand);
    else
      demand.exceptions.push_back({matcher.label, LabelValues::anything()});
  } else if (!negative) {
    if (takes_empty)
      demand.exceptions.push_back({matcher.label, values, true});
    else
      want(matcher.label, values, demand);
  } else {
    if (takes_empty) want(matcher.label, LabelValues::anything(), demand);
    demand.exceptions.push_back({matcher.label, values});
  }
}

}  // namespace highwater::agent::alertmanager
