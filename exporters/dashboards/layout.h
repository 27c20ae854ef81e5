// What the dashboards show: which panels, in which order, made of which measures. Data only; units,
// help, thresholds and runbooks come from the catalogue and the rules. Used by grafana.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "agent/core/report.h"

namespace highwater::dashboards {

enum class PanelKind : uint8_t {
  stat,      // one number
  graph,     // over time
  timeline,  // states over time: 0 and 1
  table,     // the newest samples as rows
  matrix,    // the newest samples that are yes or no: a row for each `node`, a column for each
             // `broker`
};

// PromQL in which `@group_members` stands for the metric of that measure, or family of the metrics
// page, with the matchers of the dashboard's variables that are among its labels;
// `@slo_burn_rate{window="1h"}` adds one.
struct Query {
  std::string_view expression;
  std::string_view legend;  // with {{label}}; of a table: unused
};

// Of a panel that no rule gives thresholds: from where on it is bad, and how bad.
struct BadFrom {
  double value = 0;
  Severity severity = Severity::ticket;
};

struct Panel {
  std::string_view title;
  PanelKind kind = PanelKind::graph;
  // What the panel is about: gives unit, description, thresholds and runbook. Empty for what is no
  // measure of the catalogue: then `unit` and `description` say it.
  std::string_view measure;
  std::vector<Query> queries = {};
  std::string_view unit = {};         // Grafana's, e.g. "short"; empty: the measure's
  std::string_view description = {};  // empty: the measure's help
  int width = 8;                      // of 24
  int height = 7;
  std::optional<BadFrom> bad_from = {};
};

struct Row {
  std::string_view title;
  std::vector<Panel> panels;
};

struct Dashboard {
  std::string_view name;  // of its file, after "highwater-"; its uid as well
  std::string_view title;
  std::string_view description;
  std::vector<std::string_view> variables;  // of kVariables, in order
  std::vector<Row> rows;
};

// A choice at the top of a dashboard, among the values of the label of that name.
struct Variable {
  std::string_view name;
  std::string_view title;
  std::string_view measure;  // or family, whose rows are offered
};
// The agent of which a series is, by the label that the scrape adds: a variable of all dashboards.
inline constexpr std::string_view kInstance = "instance";
inline constexpr Variable kVariables[] = {
    {kInstance, "Agent", "build_info"},  {"cluster", "Cluster", "cluster_reachable"},
    {"broker", "Broker", "broker_up"},   {"topic", "Topic", "topic_partitions"},
    {"group", "Group", "group_members"}, {"slo", "SLO", "slo_objective_ratio"},
};

[[nodiscard]] std::vector<Dashboard> all_dashboards();
// In the order of the navigation.
[[nodiscard]] Dashboard overview_dashboard();
[[nodiscard]] Dashboard brokers_dashboard();
[[nodiscard]] Dashboard topics_dashboard();
[[nodiscard]] Dashboard groups_dashboard();
[[nodiscard]] Dashboard slos_dashboard();
[[nodiscard]] Dashboard canary_dashboard();
[[nodiscard]] Dashboard agent_dashboard();

}  // namespace highwater::dashboards
