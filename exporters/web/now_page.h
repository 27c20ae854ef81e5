// The first page, and those of incidents: what is broken and since when, who suffers, what to do,
// and what nobody can know at the moment. Pure; used by the web pages.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "agent/core/explanation.h"
#include "agent/core/report.h"
#include "exporters/changes/ledger.h"
#include "exporters/history/history.h"
#include "exporters/notify/delivery_log.h"
#include "exporters/runbooks/runbooks.h"

namespace highwater::web {

// What pages show beside the report.
struct PageSources {
  const Runbooks& runbooks;
  const history::History& history;
  const changes::Ledger& changes;
  const notify::DeliveryLog& deliveries;
  RemedySource remedies{};  // may be empty
};

// `report` may be null: nothing was judged yet.
[[nodiscard]] std::string now_page(const Report* report, Now now, const PageSources& sources);
// The incident with that number or correlation id, open or ended; nothing when there is none.
struct IncidentQuestion {
  std::string_view which;
  bool may_change = false;  // whoever asks may acknowledge and silence it
  // What the rules say of it when they are asked; nothing: they are busy.
  std::function<std::optional<ExplainAnswer>(const ExplainQuestion&)> explain = {};
};
[[nodiscard]] std::optional<std::string> incident_page(const Report* report, WallTime now,
                                                       const PageSources& sources,
                                                       const IncidentQuestion& question);
// Those that are open, and those that ended within 30 days.
[[nodiscard]] std::string incidents_page(const Report* report, WallTime now);
[[nodiscard]] std::string runbook_list_page(const Runbooks& runbooks);

}  // namespace highwater::web
