// Reports by hand for the tests of pages and of the API.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/exporters/report_support.h"

namespace highwater::web {

inline const Measure kTopicPartitions{"topic_partitions",
                                      "How many partitions.",
                                      Unit::count,
                                      MeasureType::gauge,
                                      {"cluster", "topic"}};
inline const Measure kMembers{
    "group_members", "How many members.", Unit::count, MeasureType::gauge, {"cluster", "group"}};

inline Report report_of(std::vector<Observation> observations) {
  Report report;
  report.at = test_now();
  report.snapshot = make_snapshot(std::move(observations));
  return report;
}

inline Report one_group(const std::string& group = "billing", Unknown lag = Unknown::known) {
  std::vector<Row> partitions;
  for (int i = 0; i < 12; ++i)
    partitions.push_back({{"prod", group, "orders", std::to_string(i)}, 5.0 * i, lag});
  return report_of(
      {make_observation("prod", "groups",
                        {make_table(kMembers, {{{"prod", group}, 3}}),
                         make_table(kLagSum, {{{"prod", group, "orders"}, 330, lag}}),
                         make_table(kLagSeconds, {{{"prod", group, "orders"}, 420, lag}}),
                         make_table(kLag, partitions)})});
}

}  // namespace highwater::web
