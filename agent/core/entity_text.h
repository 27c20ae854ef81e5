// An entity without its cluster as one text, "group=payments topic=orders", and back: how tables
// name what has a dimension set of its own, such as the budgets of SLOs. Values with spaces, equals
// signs or quotes are quoted, so that every text is of one entity. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/table.h"

namespace highwater {

[[nodiscard]] std::string entity_text(const Entity& entity);

// The labels in order; nothing when `text` is not of this form.
using EntityLabels = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::optional<EntityLabels> parse_entity_text(std::string_view text);

}  // namespace highwater
