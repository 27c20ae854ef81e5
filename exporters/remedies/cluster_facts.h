// ClusterFacts: what the newest snapshot says of one cluster, asked by the names of measures, so
// that remedies need no collector. What is unknown, or too old to speak for the present, is nothing
// here. Refers to the snapshot, which must outlive it; pure.
#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/observation.h"

namespace highwater {

class ClusterFacts {
 public:
  using Cells = std::initializer_list<std::string_view>;
  struct Row {
    std::span<const Symbol> cells;  // without the cluster
    std::optional<double> value;
    Unknown reason = Unknown::known;

    [[nodiscard]] const std::string& cell(size_t index) const { return cells[index].text(); }
    [[nodiscard]] bool is(double wanted) const { return value && *value == wanted; }
  };

  ClusterFacts(const Snapshot& snapshot, std::string_view cluster, SteadyTime now);

  // `cells` are all of the row's but the cluster.
  [[nodiscard]] std::optional<double> value(std::string_view measure, Cells cells) const;
  // The same, or the last value of one that is unknown now.
  [[nodiscard]] std::optional<double> last_value(std::string_view measure, Cells cells) const;
  [[nodiscard]] bool is(std::string_view measure, Cells cells, double wanted) const {
    return value(measure, cells) == wanted;
  }
  // Every row that begins with these cells.
  void for_each(std::string_view measure, Cells first,
                const std::function<void(const Row&)>& visit) const;
  [[nodiscard]] std::vector<Row> rows(std::string_view measure, Cells first = {}) const;
  // What such a row depends on by a relation: the first cell behind the cluster of each.
  [[nodiscard]] std::vector<std::string> related(std::string_view relation, Cells from) const;
  // "10.0.0.2:9092", as the broker advertises it; empty where it is not known.
  [[nodiscard]] std::string broker_address(std::string_view broker) const;

 private:
  struct Place {
    const Table* table;
    size_t row;
  };
  [[nodiscard]] std::optional<Place> find(std::string_view measure, Cells cells) const;

  Symbol cluster_;
  std::map<std::string_view, const Table*> tables_;
  std::map<std::string_view, const Relation*> relations_;
};

}  // namespace highwater
