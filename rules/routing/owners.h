// Owners: which team something belongs to, by the `owners:` of the configuration. The first line
// that matches owns. Values; pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/core/pattern.h"
#include "agent/core/report.h"
#include "rules/routing/matcher.h"

namespace highwater::rules {

// What is in one of its clusters (all without any) and, where it names topics or groups, is about
// one of those.
struct Owner {
  std::string team;
  std::vector<Pattern> clusters;
  std::vector<Pattern> topics;
  std::vector<Pattern> groups;
  std::string where;  // "highwater.yaml:12"
};
using Owners = std::vector<Owner>;

// Null when nobody owns it.
[[nodiscard]] const Owner* owner_of(const Owners& owners, const Labels& labels);

// What a rule says itself in its label `team` goes before the owners; empty: no team.
[[nodiscard]] std::string team_of(const Owners& owners, const Alert& alert);

}  // namespace highwater::rules
