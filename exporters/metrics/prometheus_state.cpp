#include "exporters/metrics/prometheus_state.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "exporters/metrics/prometheus.h"

namespace highwater {

using namespace families;

namespace {

constexpr std::array<Severity, 3> kSeverities{Severity::info, Severity::ticket, Severity::page};

std::string_view state_name(AlertState state) {
  switch (state) {
    case AlertState::pending:
      return "pending";
    case AlertState::firing:
      return "firing";
  }
  return "pending";
}

// True where the collector failed to read what Kafka could have told: of a partition without a
// leader nobody can.
bool is_failure(Unknown reason) {
  return is_fault(reason) && reason != Unknown::leaderless;
}

std::vector<LabelView> collector_labels(const Observation& observation) {
  return {{"cluster", observation.cluster.text()}, {"collector", observation.part}};
}

template <class Value>
void write_per_collector(const Snapshot& snapshot, const OwnFamily& family, Exposition& out,
                         Value value) {
  start_family(family, out);
  for (const auto& [key, observation] : snapshot.observations)
    out.sample(family.name, render_labels(collector_labels(*observation)), value(*observation));
}

using BySeverity = std::array<size_t, kSeverities.size()>;

void write_by_severity(const OwnFamily& family, const BySeverity& counts, Exposition& out) {
  start_family(family, out);
  for (const Severity severity : kSeverities) {
    const std::array<LabelView, 1> labels{{{"severity", severity_name(severity)}}};
    out.sample(family.name, render_labels(labels),
               static_cast<double>(counts[static_cast<size_t>(severity)]));
  }
}

void write_incidents(const Report& report, Exposition& out) {
  BySeverity incidents{};
  BySeverity silenced{};
  for (const Incident& incident : report.incidents) {
    ++incidents[static_cast<size_t>(incident.severity)];
    if (incident.direction != nullptr && !incident.direction->silenced_by.empty())
      ++silenced[static_cast<size_t>(incident.severity)];
  }
  write_by_severity(kIncidents, incidents, out);
  write_by_severity(kIncidentsSilenced, silenced, out);
  start_family(kSilences, out);
  out.sample(kSilences.name, " ", static_cast<double>(report.silences));
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

void write_build_info(const BuildInfo& build, Exposition& out) {
  const std::array<LabelView, 3> labels{
      {{"version", build.version}, {"commit", build.commit}, {"date", build.date}}};
  start_family(kBuildInfo, out);
  out.sample(kBuildInfo.name, render_labels(labels), 1);
}

void write_collectors(const Snapshot& snapshot, SteadyTime now, Exposition& out) {
  write_per_collector(snapshot, kCollectorUp, out, [&](const Observation& observation) {
    return collector_up(observation, now) ? 1.0 : 0.0;
  });
  write_per_collector(snapshot, kCollectorAge, out, [&](const Observation& observation) {
    return std::max(0.0, to_seconds(now - observation.at.steady));
  });
  write_per_collector(snapshot, kCollectorDuration, out,
                      [](const Observation& observation) { return to_seconds(observation.took); });
  write_per_collector(snapshot, kCollectorMissedPolls, out, [](const Observation& observation) {
    return static_cast<double>(observation.missed);
  });
}

void write_alerts(const Report& report, Exposition& out) {
  std::array<std::array<size_t, 2>, kSeverities.size()> alerts{};
  for (const Alert& alert : report.alerts)
    ++alerts[static_cast<size_t>(alert.severity)][static_cast<size_t>(alert.state)];
  start_family(kAlerts, out);
  for (const Severity severity : kSeverities) {
    for (const AlertState state : {AlertState::pending, AlertState::firing}) {
      const std::array<LabelView, 2> labels{
          {{"severity", severity_name(severity)}, {"state", state_name(state)}}};
      const size_t count = alerts[static_cast<size_t>(severity)][static_cast<size_t>(state)];
      out.sample(kAlerts.name, render_labels(labels), static_cast<double>(count));
    }
  }

  write_incidents(report, out);
  if (report.alerts.empty()) return;
  start_family(kAlert, out);
  const size_t listed = std::min(report.alerts.size(), kMaxAlertSeries);
  for (size_t i = 0; i < listed && !out.reader_gone(); ++i)
    out.sample(kAlert.name, alert_labels(report.alerts[i]), 1);
}

}  // namespace highwater
