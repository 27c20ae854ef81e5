// Matchers as Alertmanager's API has them, and ours: one pattern or several for a label against one
// value or a regular expression that must match all of it. Pure; any thread.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/pattern.h"
#include "agent/core/result.h"
#include "rules/routing/silences.h"

namespace highwater::agent {

// [{"name", "value", "isRegex", "isEqual"}]
[[nodiscard]] nlohmann::ordered_json alertmanager_matchers(const rules::Silence& silence);
// The way back. What is of another type than it should be throws.
[[nodiscard]] Result<rules::Silence> silence_of_matchers(const nlohmann::ordered_json& matchers);

// A filter of a question: alertname="Lag", cluster=~"prod|test", severity!="info".
struct LabelFilter {
  std::string name;
  bool equal = true;
  std::string value;  // as it is written

  [[nodiscard]] bool accepts(const std::map<std::string, std::string>& labels) const;

 private:
  friend Result<LabelFilter> parse_label_filter(std::string_view text);
  std::vector<Pattern> patterns_;
};
[[nodiscard]] Result<LabelFilter> parse_label_filter(std::string_view text);

}  // namespace highwater::agent
