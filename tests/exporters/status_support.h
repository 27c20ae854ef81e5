// A cluster of three brokers with many groups, for the tests of the status.
#pragma once

#include <string>
#include <vector>

#include "tests/exporters/report_support.h"

namespace highwater {

inline const Measure kActive{
    "group_active", "Help.", Unit::boolean, MeasureType::gauge, {"cluster", "group"}};

inline Report two_brokers() {
  Observation brokers = make_observation(
      "prod", "brokers",
      {make_table(
           kBrokerUp,
           {{{"prod", "10"}, 1}, {{"prod", "9"}, 0}, {{"prod", "11"}, 0, Unknown::not_asked}}),
       make_table(kBrokerStatus, {{{"prod", "10", "up"}, 1}, {{"prod", "9", "crashed"}, 1}}),
       make_table(kBrokerStatusSince, {{{"prod", "9"}, 1700000000}})});
  brokers.notes = {{make_entity({{"cluster", "prod"}, {"broker", "9"}}), "refuses connections"},
                   {make_entity({{"cluster", "prod"}, {"broker", "9"}, {"topic", "t"}}), "other"}};
  brokers.problems = {{"broker 9 did not answer Metadata", {}}};
  std::vector<Row> rows;
  for (int i = 0; i < 30; ++i) rows.push_back({{"prod", "g" + std::to_string(i), "t"}, i * 1.0});
  rows.push_back({{"prod", "blind", "t"}, 1e9, Unknown::no_coordinator});
  Report report;
  report.at = test_now();
  report.snapshot =
      make_snapshot({brokers, make_observation("prod", "groups", {make_table(kLagSum, rows)})});
  return report;
}

}  // namespace highwater
