#include "agent/routing/routing_tests.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "agent/core/incident_group.h"
#include "agent/core/yaml.h"
#include "agent/routing/routed.h"
#include "rules/calendar.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using rules::Escalation;

constexpr size_t kMostTests = 1000;

using NamedValues = std::vector<std::pair<std::string, std::string>>;

std::string group_text(const std::string& receiver, NamedValues labels) {
  std::ranges::sort(labels);
  return fmt::format("{} by {}", receiver, labels.empty() ? "line" : labels_text(labels));
}

class Reader {
 public:
  Reader(const std::string& path, Diagnostics& diagnostics)
      : path_(path), diagnostics_(diagnostics) {}

  std::optional<RoutingTestFile> read();

 private:
  void read_config_of(YamlMap& map);
  template <class ReadRest>
  void read_tests(YamlMap& map, const std::string& key, ReadRest read_rest);
  void read_test(const YamlNode& node, YamlMap& map, RoutingTest& test);
  void read_alert(YamlMap& map, RoutingTest& test);
  void read_route(YamlMap& map, RoutingTest& test);
  void read_escalation(const YamlNode& node, std::vector<Escalation>& steps);
  void read_group(const YamlNode& node, std::vector<std::string>& groups);
  void read_silence(YamlMap& map, RoutingTest& test);
  std::optional<WallTime> read_moment(YamlMap& map, const std::string& key);
  std::optional<std::vector<std::string>> read_receivers(YamlMap& map, const std::string& key);

  const std::string& path_;
  Diagnostics& diagnostics_;
  RoutingTestFile file_;
  std::string zone_ = "UTC";
};

std::optional<RoutingTestFile> Reader::read() {
  const size_t before = diagnostics_.size();
  file_.file = path_;
  const std::optional<YamlNode> root = read_yaml(path_, diagnostics_);
  if (!root) return std::nullopt;
  YamlMap map(*root, "a file of routing tests", path_, diagnostics_);
  if (!map.valid()) return std::nullopt;
  read_config_of(map);
  // What tests say of receivers can only be checked against a configuration.
  if (diagnostics_.size() != before) return std::nullopt;
  read_tests(map, "routes", [this](YamlMap& test, RoutingTest& into) { read_route(test, into); });
  read_tests(map, "silences",
             [this](YamlMap& test, RoutingTest& into) { read_silence(test, into); });
  map.finish();
  if (diagnostics_.size() != before) return std::nullopt;
  return std::move(file_);
}

void Reader::read_config_of(YamlMap& map) {
  if (const auto zone = map.text("zone")) {
    if (rules::is_time_zone(*zone))
      zone_ = *zone;
    else
      map.error(*map.get("zone"), fmt::format("there is no time zone '{}'", *zone),
                "name one as IANA does, like Europe/Berlin or UTC");
  }
  if (map.require("config") == nullptr) return;
  const auto name = map.text("config");
  if (!name) return;
  const auto folder = std::filesystem::path(path_).parent_path();
  if (auto config = read_config((folder / *name).string(), diagnostics_))
    file_.config = std::move(*config);
}

template <class ReadRest>
void Reader::read_tests(YamlMap& map, const std::string& key, ReadRest read_rest) {
  const YamlNode* const list = map.get(key);
  if (list == nullptr) return;
  if (list->kind != YamlNode::Kind::list || list->items.empty()) {
    map.error(*list, fmt::format("'{}' must be a list of tests", key),
              "begin each test with '- name:'");
    return;
  }
  if (file_.tests.size() + list->items.size() > kMostTests) {
    map.error(*list, fmt::format("there are more than {} tests", kMostTests), "split the file");
    return;
  }
  for (const YamlNode& node : list->items) {
    YamlMap test(node, "a test", path_, diagnostics_);
    if (!test.valid()) continue;
    RoutingTest read;
    read_test(node, test, read);
    read_rest(test, read);
    test.finish();
    file_.tests.push_back(std::move(read));
  }
}

void Reader::read_test(const YamlNode& node, YamlMap& map, RoutingTest& test) {
  test.line = node.line;
  test.column = node.column;
  if (map.require("name") != nullptr) test.name = map.text("name").value_or("");
  if (map.require("at") != nullptr) test.at = read_moment(map, "at").value_or(test.at);
  read_alert(map, test);
}

void Reader::read_alert(YamlMap& map, RoutingTest& test) {
  const YamlNode* const alert = map.require("alert");
  if (alert == nullptr) return;
  std::vector<std::string> labels;
  for (const auto& [key, value] : alert->entries) {
    if (value.kind != YamlNode::Kind::scalar) {
      map.error(value, fmt::format("the label '{}' must be a text", key.scalar));
      return;
    }
    labels.push_back(key.scalar + "=" + value.scalar);
  }
  auto parsed = rules::parse_labels(labels);
  if (alert->kind != YamlNode::Kind::map || labels.empty())
    map.error(*alert, "'alert' must be the labels of an alert",
              "write 'alert: {alertname: BrokerDown, severity: page, broker: 3}'");
  else if (!parsed)
    map.error(*alert, parsed.error().message);
  else
    test.alert = std::move(*parsed);
}

void Reader::read_route(YamlMap& map, RoutingTest& test) {
  test.team = map.text("team");
  test.hears = read_receivers(map, "hears");
  test.hears_as_evidence = read_receivers(map, "hears_as_evidence");
  if (const YamlNode* const steps = map.get("escalates")) {
    test.escalates.emplace();
    if (steps->kind != YamlNode::Kind::list)
      map.error(*steps, "'escalates' must be a list of steps",
                "write 'escalates: [{after: 10m, to: [NAME]}]', or '[]'");
    for (const YamlNode& step : steps->items) read_escalation(step, *test.escalates);
  }
  if (const YamlNode* const groups = map.get("groups")) {
    test.groups.emplace();
    if (groups->kind != YamlNode::Kind::list)
      map.error(*groups, "'groups' must be a list",
                "write 'groups: [{to: NAME, by: {cluster: prod}}]', or '[]'");
    for (const YamlNode& group : groups->items) read_group(group, *test.groups);
  }
  if (map.get("maintenance") != nullptr) test.maintenance = map.texts("maintenance");
  if (!test.team && !test.hears && !test.hears_as_evidence && !test.escalates && !test.groups &&
      !test.maintenance)
    map.error(map.node(), "the test expects nothing",
              "say what should be: 'hears: [NAME]', 'team', 'hears_as_evidence', 'escalates', "
              "'groups' or 'maintenance'");
}

void Reader::read_escalation(const YamlNode& node, std::vector<Escalation>& steps) {
  YamlMap map(node, "a step of 'escalates'", path_, diagnostics_);
  if (!map.valid()) return;
  Escalation step;
  if (map.require("after") != nullptr) step.after = map.duration("after").value_or(Duration());
  if (map.require("to") != nullptr) step.to = read_receivers(map, "to").value_or(step.to);
  map.finish();
  steps.push_back(std::move(step));
}

void Reader::read_group(const YamlNode& node, std::vector<std::string>& groups) {
  YamlMap map(node, "one of 'groups'", path_, diagnostics_);
  if (!map.valid()) return;
  std::vector<std::string> to;
  if (map.require("to") != nullptr) to = read_receivers(map, "to").value_or(to);
  NamedValues labels;
  if (const YamlNode* const by = map.require("by")) {
    for (const auto& [name, value] : by->entries) labels.emplace_back(name.scalar, value.scalar);
    if (by->kind != YamlNode::Kind::map)
      map.error(*by, "'by' must be labels with their values", "write 'by: {cluster: prod}'");
  }
  map.finish();
  for (const std::string& receiver : to) groups.push_back(group_text(receiver, labels));
}

void Reader::read_silence(YamlMap& map, RoutingTest& test) {
  if (map.require("hides") != nullptr) test.hides = map.boolean("hides").value_or(false);
  const YamlNode* const node = map.require("silence");
  if (node == nullptr) return;
  YamlMap silence(*node, "a silence", path_, diagnostics_);
  if (!silence.valid()) return;
  test.silence.emplace();
  if (silence.require("matchers") != nullptr) {
    auto matcher = rules::Matcher::parse(silence.texts("matchers"));
    if (matcher)
      test.silence->matcher = std::move(*matcher);
    else
      silence.error(*silence.get("matchers"), matcher.error().message);
  }
  test.silence->begins = read_moment(silence, "begins");
  test.silence->ends = read_moment(silence, "ends");
  silence.finish();
}

std::optional<WallTime> Reader::read_moment(YamlMap& map, const std::string& key) {
  const auto text = map.text(key);
  if (!text) return std::nullopt;
  const auto moment = rules::parse_moment(*text, zone_);
  if (moment) return *moment;
  map.error(*map.get(key), fmt::format("'{}': {}", key, moment.error().message));
  return std::nullopt;
}

std::optional<std::vector<std::string>> Reader::read_receivers(YamlMap& map,
                                                               const std::string& key) {
  const YamlNode* const node = map.get(key);
  if (node == nullptr) return std::nullopt;
  std::vector<std::string> names = map.texts(key);
  for (const std::string& name : names) {
    const auto& receivers = file_.config.receivers;
    if (std::ranges::find(receivers, name, &notify::ReceiverConfig::name) == receivers.end())
      map.error(*node, fmt::format("{} has no receiver '{}'", file_.config.file, name));
  }
  std::ranges::sort(names);
  return names;
}

std::string list_text(const std::vector<std::string>& names) {
  return names.empty() ? "nobody" : fmt::format("{}", fmt::join(names, ", "));
}

std::string steps_text(const std::vector<Escalation>& steps) {
  std::string text;
  for (const Escalation& step : steps)
    text += fmt::format("{}after {} to {}", text.empty() ? "" : ", ", format_duration(step.after),
                        list_text(step.to));
  return text.empty() ? "never" : text;
}

void compare(std::vector<std::string>& lines, std::string_view what, const std::string& expected,
             const std::string& was) {
  if (expected == was) return;
  lines.push_back(fmt::format("expected: {} {}", what, expected));
  lines.push_back(fmt::format("but was:  {} {}", what, was));
}

}  // namespace

bool holds_routing_tests(const std::string& path) {
  Diagnostics ignored;
  const auto root = read_yaml(path, ignored);
  return root && root->kind == YamlNode::Kind::map &&
         (root->find("routes") != nullptr || root->find("silences") != nullptr);
}

std::optional<RoutingTestFile> read_routing_tests(const std::string& path,
                                                  Diagnostics& diagnostics) {
  return Reader(path, diagnostics).read();
}

std::vector<std::string> run_routing_test(const Config& config, const RoutingTest& test) {
  const RoutedAlert alert = route_alert(config, test.alert, test.at);
  std::vector<std::string> lines;
  if (test.silence) {
    const auto text = [](bool hidden) { return hidden ? "hidden" : "sent"; };
    compare(lines, "the alert is", text(test.hides),
            text(test.silence->active(test.at) && rules::covers(*test.silence, alert.labels, 0)));
    return lines;
  }
  if (test.team) {
    const auto team = alert.labels.find("team");
    compare(lines, "it belongs to", test.team->empty() ? "nobody" : *test.team,
            team == alert.labels.end() ? "nobody" : team->second);
  }
  const auto names_of = [](const std::vector<Hearer>& hearers) {
    std::vector<std::string> names;
    for (const Hearer& hearer : hearers) names.push_back(hearer.receiver);
    std::ranges::sort(names);
    return list_text(names);
  };
  if (test.hears) compare(lines, "it notifies", list_text(*test.hears), names_of(alert.hearers));
  if (test.hears_as_evidence)
    compare(lines, "as evidence it notifies", list_text(*test.hears_as_evidence),
            names_of(alert.as_evidence));
  if (test.escalates) {
    std::vector<Escalation> steps;
    for (const rules::NextStep& next : alert.routed.next) {
      steps.push_back(next.step);
      std::ranges::sort(steps.back().to);
    }
    compare(lines, "it escalates", steps_text(*test.escalates), steps_text(steps));
  }
  if (test.groups) {
    std::vector<std::string> groups;
    for (const Hearer& hearer : alert.hearers) {
      if (hearer.group) groups.push_back(group_text(hearer.receiver, hearer.group->labels));
    }
    const auto text = [](std::vector<std::string> names) {
      std::ranges::sort(names);
      return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
    };
    compare(lines, "it is grouped:", text(*test.groups), text(groups));
  }
  if (test.maintenance) {
    std::vector<std::string> windows;
    for (const rules::Silence* const window : alert.maintenance) windows.push_back(window->name);
    const auto text = [](std::vector<std::string> names) {
      std::ranges::sort(names);
      return names.empty() ? "nothing" : list_text(names);
    };
    compare(lines, "it is hidden by", text(*test.maintenance), text(windows));
  }
  return lines;
}

}  // namespace highwater::agent
