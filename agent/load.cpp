#include "agent/load.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "agent/catalogue.h"
#include "agent/sidecar.h"

namespace highwater::agent {
namespace {

// Of what SLOs judge; configurations are polled far less often, but change as rarely.
Duration slowest_poll(const Config& config) {
  Duration slowest{};
  for (const kafka::ClusterSettings& cluster : config.clusters) {
    const kafka::PollCadence& poll = cluster.poll;
    slowest = std::max({slowest, poll.brokers, poll.partitions, poll.groups});
  }
  return slowest;
}

// One that does not is a mistake that reading the configuration has found.
bool folders_exist(const std::vector<std::filesystem::path>& folders) {
  return std::ranges::all_of(folders, [](const std::filesystem::path& folder) {
    std::error_code ignored;
    return std::filesystem::is_directory(folder, ignored);
  });
}

}  // namespace

std::optional<Loaded> load(const Config& config, Diagnostics& diagnostics) {
  const size_t before = diagnostics.size();
  Result<Runbooks> runbooks = Runbooks::load(config.runbook_directories);
  if (!runbooks && folders_exist(config.runbook_directories))
    diagnostics.push_back({config.file, 0, 0, "'runbooks': " + runbooks.error().message, ""});
  // Without the runbooks, that one mistake is enough: not one more for each rule.
  const auto exists = [&](std::string_view name) { return !runbooks || runbooks->exists(name); };
  rules::RuleSettings settings = config.rules;
  settings.sample_every = slowest_poll(config);
  rules::RuleSet rules =
      rules::load_rules(settings, catalogue_with(config.measures), exists, diagnostics);
  if (diagnostics.size() != before) return std::nullopt;
  rules.watch_first = watch_first();
  rules.owners = config.routing.owners;
  rules.exclusions = exclusions_of(config);
  return Loaded{std::move(*runbooks), for_sidecar(std::move(rules), config)};
}

rules::ExclusionsPtr exclusions_of(const Config& config) {
  std::vector<rules::Silence> excluding;
  for (const rules::Silence& window : config.routing.maintenance) {
    if (window.excludes_budget) excluding.push_back(window);
  }
  if (excluding.empty()) return nullptr;
  return std::make_shared<const rules::Exclusions>(std::move(excluding), config.routing.owners);
}

std::optional<Catalogue> load_catalogue(const std::string& config_file, Diagnostics& diagnostics) {
  if (config_file.empty()) return catalogue();
  const auto config = read_config(config_file, diagnostics);
  if (!config) return std::nullopt;
  return catalogue_with(config->measures);
}

}  // namespace highwater::agent
