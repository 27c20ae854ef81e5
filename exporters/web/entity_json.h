// What is known of clusters, brokers, topics and groups, as JSON: all of a kind, and one of them.
// Numbers are those of /metrics, under the names of their measures. Pure; used by the API.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "agent/core/report.h"
#include "exporters/web/facts.h"

namespace highwater::web {

struct ListQuestion {
  Kind kind = Kind::group;
  std::string cluster{};  // empty: of all
  std::string search{};   // in the name, whatever its case; empty: all
  size_t from = 0;        // so many are left out at the beginning
  size_t limit = 100;
};

// {"groups": [{"cluster", "name", "measures", "unknown"}], "count", "next"}: sorted by cluster and
// name; `next` is the `from` of what follows, or null. `report` has a snapshot.
[[nodiscard]] nlohmann::ordered_json list_json(const Report& report, Now now,
                                               const ListQuestion& question);

struct OneQuestion {
  Subject subject;
  size_t limit = 1000;  // rows of each table
};

// {"cluster", "name", "notes", "incidents", "measures", "unknown", "tables": [{"dimensions",
// "row_count", "rows": [{"labels", "measures", "unknown"}]}]}. Nothing: there is no such thing now.
[[nodiscard]] std::optional<nlohmann::ordered_json> one_json(const Report& report, Now now,
                                                             const OneQuestion& question);

}  // namespace highwater::web
