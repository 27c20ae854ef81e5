// The page of an SLO's budget for one entity: how much is left and how it went, what each tier
// sees, and the incidents about it. Pure; used by the pages.
#pragma once

#include <optional>
#include <string>

#include "agent/core/explanation.h"
#include "agent/core/report.h"
#include "exporters/history/history.h"

namespace highwater::web {

struct SloQuestion {
  std::string cluster;
  std::string slo;
  std::string entity;  // "group=payments topic=orders", as tables have it; empty: the cluster
  Duration back{};     // how far the curves go
};

// "./slo?cluster=prod&name=lag&entity=..."
[[nodiscard]] std::string slo_url(std::string_view home, const SloQuestion& question);

// `answer` is what the rules say when they are asked; nothing: they are busy. Nothing comes back
// when there is no such budget.
[[nodiscard]] std::optional<std::string> slo_page(const Report& report, Now now,
                                                  const history::History& history,
                                                  const SloQuestion& question,
                                                  const std::optional<ExplainAnswer>& answer);

}  // namespace highwater::web
