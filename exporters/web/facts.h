// All that is known of one thing: every row of every table that names it. Knows measures and their
// dimensions, and nothing of Kafka. Pure; used by the pages.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/core/observation.h"
#include "agent/core/report.h"
#include "exporters/web/links.h"

namespace highwater::web {

struct Subject {
  Kind kind = Kind::cluster;
  std::string cluster;
  std::string name;  // the cluster's own for a cluster
};

[[nodiscard]] bool is_about(const Entity& entity, const Subject& subject);
// ... or rests on something that is.
[[nodiscard]] bool is_about(const Incident& incident, const Subject& subject);

struct Fact {
  const Table* table = nullptr;
  size_t row = 0;
  bool stale = false;
};

// Measures with the same further dimensions, side by side: of a group its topics, its partitions.
struct Sheet {
  std::vector<std::string_view> dimensions;  // beside the cluster and what the page is about
  std::vector<const Measure*> columns;
  // By the cells of `dimensions`; one fact for each column, without a table where it has no row.
  std::map<std::vector<Symbol>, std::vector<Fact>> rows;
};

struct Facts {
  std::vector<Fact> own;      // about nothing else
  std::vector<Sheet> sheets;  // those with fewer dimensions first
  std::vector<std::string> notes;
  bool found = false;
};

[[nodiscard]] Facts facts_about(const Snapshot& snapshot, SteadyTime now, const Subject& subject);

// Every name of the kind in that cluster, or in all when it is empty: (cluster, name), sorted. With
// `search` in it or in its address, whatever its case; the kind may stand before it: "broker 2".
[[nodiscard]] std::vector<std::pair<Symbol, Symbol>> names_of(const Snapshot& snapshot, Kind kind,
                                                              std::string_view cluster = {},
                                                              std::string_view search = {});

}  // namespace highwater::web
