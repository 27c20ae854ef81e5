#include "rules/rehearsal/replay_data.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace highwater::rules {
namespace {

class Reader {
 public:
  Reader(const std::string& path, const Catalogue& catalogue, Diagnostics& diagnostics)
      : path_(path), catalogue_(catalogue), diagnostics_(diagnostics) {}

  std::vector<ReplayData> read();

 private:
  void read_tests(YamlMap& map, const YamlNode& tests);
  void read_scenario(YamlMap& map, const ScenarioSettings& defaults, std::string name);
  void error(const YamlNode& at, std::string what, std::string advice) {
    diagnostics_.push_back({path_, at.line, at.column, std::move(what), std::move(advice)});
  }

  const std::string& path_;
  const Catalogue& catalogue_;
  Diagnostics& diagnostics_;
  std::vector<ReplayData> all_;
};

std::vector<ReplayData> Reader::read() {
  const size_t before = diagnostics_.size();
  const std::optional<YamlNode> root = read_yaml(path_, diagnostics_);
  if (!root) return {};
  YamlMap map(*root, "a file of series", path_, diagnostics_);
  if (!map.valid()) return {};
  const YamlNode* const tests = root->find("tests");
  if (tests != nullptr) {
    read_tests(map, *tests);
  } else {
    read_scenario(map, {}, path_);
    map.finish();
  }
  if (diagnostics_.size() != before) return {};
  return std::move(all_);
}

// What else stands in a test file is none of a replay's business.
void Reader::read_tests(YamlMap& map, const YamlNode& tests) {
  const ScenarioSettings defaults = read_scenario_settings(map, {});
  if (tests.kind != YamlNode::Kind::list) {
    error(tests, "'tests' must be a list of tests", "begin each test with '- name:'");
    return;
  }
  size_t number = 0;
  for (const YamlNode& node : tests.items) {
    YamlMap test(node, "a test", path_, diagnostics_);
    if (!test.valid()) continue;
    ++number;
    const YamlNode* const name = node.find("name");
    read_scenario(test, defaults,
                  fmt::format("{}: {}", path_,
                              name == nullptr ? fmt::format("test {}", number) : name->scalar));
  }
}

void Reader::read_scenario(YamlMap& map, const ScenarioSettings& defaults, std::string name) {
  ReplayData data;
  data.name = std::move(name);
  data.scenario.settings = read_scenario_settings(map, defaults);
  const std::string& cluster = data.scenario.settings.cluster;
  const bool foreign = map.node().find("input_series") != nullptr;
  const SeriesOrigin origin{path_, catalogue_, diagnostics_, foreign};
  const YamlNode* const series = map.require(foreign ? "input_series" : "series");
  if (series == nullptr) return;
  data.scenario.series = read_series(*series, cluster, origin, data.skipped);
  if (const YamlNode* const depends = map.get("depends"))
    data.scenario.depends = read_dependencies(*depends, cluster, origin);
  check_size(data.scenario, data.scenario.length(), *series, origin);
  all_.push_back(std::move(data));
}

}  // namespace

std::vector<ReplayData> read_replay_data(const std::string& path, const Catalogue& catalogue,
                                         Diagnostics& diagnostics) {
  return Reader(path, catalogue, diagnostics).read();
}

}  // namespace highwater::rules
