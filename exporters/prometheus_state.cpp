#include "exporters/prometheus_state.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "exporters/prometheus.h"

namespace highwater {
namespace {

constexpr std::array<Severity, 3> kSeverities{Severity::info, Severity::ticket, Severity::page};
using Counts = std::array<size_t, kUnknownReasons>;

std::string_view state_name(AlertState state) {
  switch (state) {
    case AlertState::pending:
      return "pending";
    case AlertState::firing:
      return "firing";
  }
  return "pending";
}

// True where the collector failed to read what Kafka could have told.
bool is_failure(Unknown reason) {
  switch (reason) {
    case Unknown::broker_unreachable:
    case Unknown::timed_out:
    case Unknown::no_coordinator:
    case Unknown::coordinator_loading:
    case Unknown::denied:
    case Unknown::contradicted:
    case Unknown::failed:
      return true;
    case Unknown::known:
    case Unknown::leaderless:
    case Unknown::no_commit:
    case Unknown::beyond_end:
    case Unknown::unsupported:
    case Unknown::not_asked:
      return false;
  }
  return false;
}

Counts count_unknown(const Observation& observation, SteadyTime now) {
  Counts counts{};
  const bool stale = is_stale(observation, now);
  for (const Table& table : observation.tables) {
    if (stale) {
      counts[static_cast<size_t>(Unknown::not_asked)] += table.rows();
      continue;
    }
    for (size_t row = 0; row < table.rows(); ++row) {
      // A number that is none has no sample either.
      const bool nonsense = table.known(row) && std::isnan(table.values[row]);
      ++counts[static_cast<size_t>(nonsense ? Unknown::failed : table.reason(row))];
    }
  }
  return counts;
}

std::vector<LabelView> collector_labels(const Observation& observation) {
  return {{"cluster", observation.cluster.text()}, {"collector", observation.part}};
}

template <class Value>
void write_per_collector(const Snapshot& snapshot, std::string_view name, std::string_view help,
                         FamilyType type, std::string_view unit, Exposition& out, Value value) {
  out.family(name, help, type, unit);
  for (const auto& [key, observation] : snapshot.observations)
    out.sample(name, render_labels(collector_labels(*observation)), value(*observation));
}

std::string alert_labels(const Alert& alert) {
  std::vector<LabelView> labels{{"alertname", alert.rule},
                                {"severity", severity_name(alert.severity)},
                                {"state", state_name(alert.state)}};
  const auto add = [&](std::string_view name, std::string_view value) {
    const bool taken = std::any_of(labels.begin(), labels.end(),
                                   [&](const LabelView& label) { return label.first == name; });
    if (!taken && is_label_name(name)) labels.emplace_back(name, value);
  };
  for (const auto& [name, value] : alert.entity.labels) add(name.text(), value.text());
  for (const auto& [name, value] : alert.labels) add(name, value);
  return render_labels(labels);
}

}  // namespace

bool collector_up(const Observation& observation, SteadyTime now) {
  if (is_stale(observation, now)) return false;
  return std::none_of(observation.tables.begin(), observation.tables.end(), [](const Table& table) {
    return table.rows() > 0 && !table.unknown.empty() &&
           std::all_of(table.unknown.begin(), table.unknown.end(), is_failure);
  });
}

void write_build_info(std::string_view version, Exposition& out) {
  const std::array<LabelView, 1> labels{{{"version", version}}};
  out.family("highwater_build_info", "The version of the agent; always 1.", FamilyType::gauge);
  out.sample("highwater_build_info", render_labels(labels), 1);
}

void write_collectors(const Snapshot& snapshot, SteadyTime now, Exposition& out) {
  constexpr std::string_view kUnknownRows = "highwater_unknown_rows";
  out.family(kUnknownRows,
             "How many rows of the collector have no sample, by reason; all of them count as "
             "not_asked when its newest observation is too old.",
             FamilyType::gauge);
  for (const auto& [key, observation] : snapshot.observations) {
    const Counts counts = count_unknown(*observation, now);
    for (size_t reason = 1; reason < counts.size(); ++reason) {
      auto labels = collector_labels(*observation);
      labels.emplace_back("reason", unknown_name(static_cast<Unknown>(reason)));
      out.sample(kUnknownRows, render_labels(labels), static_cast<double>(counts[reason]));
    }
  }
  write_per_collector(snapshot, "highwater_collector_up",
                      "Whether the collector sees what it is there for: 0 when its newest "
                      "observation is too old, or one of its measures could not be read at all.",
                      FamilyType::gauge, {}, out, [&](const Observation& observation) {
                        return collector_up(observation, now) ? 1.0 : 0.0;
                      });
  write_per_collector(snapshot, "highwater_collector_age_seconds",
                      "Age of the collector's newest observation.", FamilyType::gauge, "seconds",
                      out, [&](const Observation& observation) {
                        return std::max(0.0, to_seconds(now - observation.at.steady));
                      });
  write_per_collector(snapshot, "highwater_collector_duration_seconds",
                      "How long the collector's newest observation took to read.",
                      FamilyType::gauge, "seconds", out,
                      [](const Observation& observation) { return to_seconds(observation.took); });
  write_per_collector(snapshot, "highwater_collector_missed_polls_total",
                      "How many polls were skipped because earlier ones had not ended in time.",
                      FamilyType::counter, {}, out, [](const Observation& observation) {
                        return static_cast<double>(observation.missed);
                      });
}

void write_alerts(const Report& report, Exposition& out) {
  std::array<std::array<size_t, 2>, kSeverities.size()> alerts{};
  for (const Alert& alert : report.alerts)
    ++alerts[static_cast<size_t>(alert.severity)][static_cast<size_t>(alert.state)];
  out.family("highwater_alerts",
             "How many alerts are pending or firing, those beyond the listed ones included.",
             FamilyType::gauge);
  for (const Severity severity : kSeverities) {
    for (const AlertState state : {AlertState::pending, AlertState::firing}) {
      const std::array<LabelView, 2> labels{
          {{"severity", severity_name(severity)}, {"state", state_name(state)}}};
      const size_t count = alerts[static_cast<size_t>(severity)][static_cast<size_t>(state)];
      out.sample("highwater_alerts", render_labels(labels), static_cast<double>(count));
    }
  }

  std::array<size_t, kSeverities.size()> incidents{};
  for (const Incident& incident : report.incidents)
    ++incidents[static_cast<size_t>(incident.severity)];
  out.family("highwater_incidents", "How many incidents are open.", FamilyType::gauge);
  for (const Severity severity : kSeverities) {
    const std::array<LabelView, 1> labels{{{"severity", severity_name(severity)}}};
    out.sample("highwater_incidents", render_labels(labels),
               static_cast<double>(incidents[static_cast<size_t>(severity)]));
  }

  if (report.alerts.empty()) return;
  out.family("highwater_alert",
             "An alert that is pending or firing, with the labels of what it is about; always 1.",
             FamilyType::gauge);
  const size_t listed = std::min(report.alerts.size(), kMaxAlertSeries);
  for (size_t i = 0; i < listed && !out.reader_gone(); ++i)
    out.sample("highwater_alert", alert_labels(report.alerts[i]), 1);
}

}  // namespace highwater
