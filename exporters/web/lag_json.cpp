#include "exporters/web/lag_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace highwater::web {
namespace {

using Json = nlohmann::ordered_json;

// Adds the group's rows of a table with the dimensions cluster, group, topic.
void add_rows(const Table& table, bool stale, const LagQuestion& question, LagAnswer& answer) {
  for (size_t row = 0; row < table.rows(); ++row) {
    const auto cells = table.keys->row(row);
    if (cells[1].text() != question.group) continue;
    if (!question.topic.empty() && cells[2].text() != question.topic) continue;
    if (answer.kind == LagAnswer::Kind::not_found) answer.kind = LagAnswer::Kind::known;
    const double value = table.values[row];
    if (stale || !table.known(row) || !std::isfinite(value)) {
      answer.kind = LagAnswer::Kind::unknown;
      answer.reason =
          table.known(row) ? std::string("stale") : std::string(unknown_name(table.reason(row)));
    } else {
      answer.lag = question.seconds ? std::max(answer.lag, value) : answer.lag + value;
    }
  }
}

}  // namespace

LagAnswer find_lag(const Snapshot& snapshot, SteadyTime now, const LagQuestion& question) {
  const std::string_view measure =
      question.seconds ? "group_lag_seconds_max" : "group_topic_lag_records";
  LagAnswer found;
  for (const auto& [part, observation] : snapshot.observations) {
    const std::string& cluster = part.first.text();
    if (!question.cluster.empty() && cluster != question.cluster) continue;
    LagAnswer answer;
    answer.cluster = cluster;
    answer.at = observation->at.wall;
    for (const Table& table : observation->tables) {
      if (table.measure->name == measure)
        add_rows(table, is_stale(*observation, now), question, answer);
    }
    if (answer.kind == LagAnswer::Kind::not_found) continue;
    if (found.kind != LagAnswer::Kind::not_found) {
      found.kind = LagAnswer::Kind::ambiguous;
      return found;
    }
    found = std::move(answer);
  }
  return found;
}

Json lag_json(const LagQuestion& question, const LagAnswer& answer) {
  const std::string what = question.topic.empty() ? fmt::format("group '{}'", question.group)
                                                  : fmt::format("group '{}' on topic '{}'",
                                                                question.group, question.topic);
  switch (answer.kind) {
    case LagAnswer::Kind::known:
      return {{"lag", answer.lag},
              {"unit", question.seconds ? "seconds" : "records"},
              {"cluster", answer.cluster},
              {"group", question.group},
              {"topic", question.topic.empty() ? Json() : Json(question.topic)},
              {"at", format_time(answer.at)}};
    case LagAnswer::Kind::unknown:
      return {{"error", fmt::format("the lag of {} is unknown: {}", what, answer.reason)},
              {"unknown", answer.reason}};
    case LagAnswer::Kind::not_found:
      return {{"error", fmt::format("nothing is known of {}", what)}};
    case LagAnswer::Kind::ambiguous:
      return {
          {"error", fmt::format("several clusters have {}: say which with cluster=NAME", what)}};
  }
  return {};
}

}  // namespace highwater::web
