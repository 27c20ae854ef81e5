#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "agent/agent.h"
#include "agent/commands/commands.h"
#include "agent/commands/find_config.h"
#include "agent/config/web_config.h"
#include "agent/load.h"
#include "exporters/dashboards/grafana.h"
#include "exporters/dashboards/scrape.h"

namespace highwater::agent {
namespace {

using dashboards::Threshold;

constexpr std::string_view kAnyCluster = "clusters: [{name: any, bootstrap: [\"localhost:9092\"]}]";

// From where on the rule sees its measure as bad; nothing for a rule that says no such thing.
std::optional<Threshold> threshold_of(const rules::AlertRule& rule) {
  using rules::Comparison;
  if (rule.when.right != nullptr || rule.when.kind != rules::ConditionKind::value)
    return std::nullopt;
  Threshold threshold{rule.when.left, rule.when.threshold, true,
                      rule.severity,  rule.name,           rule.runbook};
  switch (rule.when.comparison) {
    case Comparison::greater:
    case Comparison::greater_or_equal:
      return threshold;
    case Comparison::less:
    case Comparison::less_or_equal:
      threshold.above = false;
      return threshold;
    case Comparison::equal:
      if (rule.when.left->unit != Unit::boolean) return std::nullopt;
      threshold.above = rule.when.threshold == 1;
      threshold.value = 1;
      return threshold;
    case Comparison::not_equal:
      break;
  }
  return std::nullopt;
}

std::optional<Threshold> threshold_of(const rules::SloRule& rule) {
  if (rule.sli.is_events() || rule.sli.is_composite() || rule.sli.good.outside) return std::nullopt;
  const rules::GoodRange& good = rule.sli.good;
  const bool above = std::isfinite(good.high);
  if (!above && !std::isfinite(good.low)) return std::nullopt;
  // A bad moment is not an alert yet: it costs budget.
  return Threshold{rule.sli.first.measure,
                   above ? good.high : good.low,
                   above,
                   Severity::ticket,
                   rule.name,
                   rule.runbook};
}

std::vector<Threshold> thresholds_of(const rules::RuleSet& rules) {
  std::vector<Threshold> thresholds;
  const auto add = [&](const auto& list) {
    for (const auto& rule : list) {
      if (auto threshold = threshold_of(rule)) thresholds.push_back(std::move(*threshold));
    }
  };
  add(rules.alerts);
  add(rules.slos);
  return thresholds;
}

bool write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << text << std::flush;
  if (out) return true;
  std::cerr << fmt::format("{}: cannot be written\n", path.string());
  return false;
}

// Of the first user who only reads, if there is one: Prometheus changes nothing.
dashboards::ScrapeAccess scrape_access(const Config& config) {
  Diagnostics ignored;
  if (config.web_config.empty()) return {};
  const auto web = read_web_config(config.web_config, ignored);
  if (!web) return {};
  dashboards::ScrapeAccess access{.tls = web->tls.has_value(), .token = !web->tokens.empty()};
  const auto reader = std::ranges::find(web->users, http::Role::read, &http::UserLogin::role);
  if (reader != web->users.end()) access.user = reader->name;
  return access;
}

}  // namespace

int generate_dashboards_command(const std::string& folder, const std::string& config_file) {
  Diagnostics diagnostics;
  // Without a file the dashboards are those of any cluster: built-in measures and rules.
  const std::optional<Config> config =
      config_file.empty() ? parse_config(kAnyCluster, "the built-in configuration", diagnostics)
                          : read_config(config_file, diagnostics);
  if (!config) return refused(diagnostics);
  const auto loaded = load(*config, diagnostics);
  if (!loaded) return refused(diagnostics);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const auto files =
      dashboards::make_dashboards(catalogue_with(config->measures), thresholds_of(loaded->rules),
                                  {.agent_url = config->external_url});
  for (const dashboards::File& file : files) {
    if (!write_file(std::filesystem::path(folder) / file.name, file.text)) return 1;
    std::cout << (std::filesystem::path(folder) / file.name).string() << "\n";
  }
  return std::cout ? 0 : 1;
}

int generate_scrape_command(const std::string& config_file, bool service_monitor) {
  Diagnostics diagnostics;
  const auto config = read_found_config(config_file, diagnostics);
  if (!config) return refused(diagnostics);
  if (service_monitor) {
    std::cout << dashboards::service_monitor() << std::flush;
    return std::cout ? 0 : 1;
  }
  const Result<std::string> scrape =
      dashboards::scrape_config(config->external_url, scrape_access(*config));
  if (!scrape) {
    std::cerr << fmt::format("{}: external_url: {}\n", config->file, scrape.error().message);
    return 1;
  }
  std::cout << *scrape << std::flush;
  return std::cout ? 0 : 1;
}

}  // namespace highwater::agent
