// The time window of an SLO of OpenSLO. Used by its importer; pure, any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/import/fields.h"
#include "rules/slo/slo_rule.h"

namespace highwater::agent {

struct OpenSloWindow {
  std::optional<rules::SloWindow> window;  // nothing: it cannot be said, and a loss says why
  std::vector<std::pair<const YamlNode*, std::string>> losses;
};

[[nodiscard]] OpenSloWindow read_openslo_window(const YamlNode& spec, Fields& fields);

}  // namespace highwater::agent
