// Alertmanager's matchers, and what of them a line of `routes:` can ask. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/result.h"
#include "agent/import/alertmanager/conditions.h"

namespace highwater::agent::alertmanager {

struct Matcher {
  enum class Sign : uint8_t { equal, unequal, like, unlike };
  std::string label;
  Sign sign = Sign::equal;
  std::string value;
};

// `severity="critical", team=~"a|b"`, also in braces.
[[nodiscard]] Result<std::vector<Matcher>> parse_matchers(std::string_view text);

// Their severity and ours, which is page, ticket or info.
using SeverityNames = std::vector<std::pair<std::string, std::string>>;

// Does not match when the label is like the values; with `unlike` when it is there and is not.
struct Exception {
  std::string label;
  LabelValues values;
  bool unlike = false;
};

// What a route asks of an alert.
struct Demand {
  Conditions wanted;
  std::vector<Exception> exceptions;
  bool never = false;     // no alert can fulfil it
  std::string why_never;  // for people
  std::string inexact;    // a label for which its patterns could not be joined
};

// What its label is compared with. Fails when that is no regular expression.
[[nodiscard]] Result<LabelValues> values_of(const Matcher& matcher);
// Adds a matcher to it. A label that is not there is empty in Alertmanager.
void add_matcher(const Matcher& matcher, const LabelValues& values, const SeverityNames& severities,
                 Demand& demand);

}  // namespace highwater::agent::alertmanager
