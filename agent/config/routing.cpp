// `owners:`, `routes:` and `maintenance:`: who hears of what, and when not.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "agent/config/fields.h"
#include "agent/config/sections.h"
#include "rules/calendar.h"
#include "rules/icalendar/parser.h"
#include "rules/language/during_parser.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using rules::LabelPatterns;
using rules::Matcher;
using rules::Owner;
using rules::Route;
using rules::Silence;

constexpr size_t kMostOwners = 500;
constexpr size_t kMostRoutes = 500;
constexpr size_t kMostWindows = 200;
constexpr size_t kMostSteps = 10;  // of an escalation
constexpr size_t kMostGroupLabels = 10;
// Labels that have keys of their own; any other is written below `labels`.
constexpr std::array<const char*, 7> kLabelKeys{"severity", "alertname", "team", "cluster",
                                                "broker",   "topic",     "group"};
constexpr std::string_view kDefaultForm = "add '- {to: [...]}' as the last one";

class RoutingReader {
 public:
  RoutingReader(Config& config, Diagnostics& diagnostics)
      : config_(config), diagnostics_(diagnostics) {
    for (const notify::ReceiverConfig& receiver : config.receivers) {
      receivers_.push_back(receiver.name);
      config.routing.listeners[receiver.name] = {
          receiver.policy.lowest, receiver.policy.send_resolved, receiver.policy.repeat_interval};
    }
  }

  void read(YamlMap& map) {
    each(map, "owners", kMostOwners, [this](const YamlNode& node) { read_owner(node); });
    each(map, "routes", kMostRoutes, [this](const YamlNode& node) { read_route(node); });
    if (const YamlNode* const routes = map.get("routes")) check_default(map, *routes);
    each(map, "maintenance", kMostWindows, [this](const YamlNode& node) { read_window(node); });
  }

 private:
  template <class Read>
  void each(YamlMap& map, const char* key, size_t most, Read read_one) {
    const YamlNode* const list = map.get(key);
    if (list == nullptr) return;
    if (list->kind != YamlNode::Kind::list) {
      map.error(*list, fmt::format("'{}' must be a list", key), "start each line with '- '");
      return;
    }
    if (list->items.size() > most)
      map.error(*list, fmt::format("'{}' has more than {} lines", key, most));
    for (const YamlNode& item : list->items) read_one(item);
  }

  void read_owner(const YamlNode& node) {
    YamlMap map(node, "an owner", config_.file, diagnostics_);
    if (!map.valid()) return;
    Owner owner;
    owner.where = place_of(node);
    if (map.require("team") != nullptr) owner.team = map.text("team").value_or("");
    read_patterns(map, "clusters", owner.clusters);
    read_patterns(map, "topics", owner.topics);
    read_patterns(map, "groups", owner.groups);
    map.finish();
    if (owns_all_ != nullptr)
      map.error(node,
                fmt::format("it never owns anything: line {} owns everything", owns_all_->line),
                "put the line that owns everything last");
    const auto everything = [](const std::vector<Pattern>& patterns) {
      return patterns.empty() ||
             std::ranges::any_of(patterns, [](const Pattern& one) { return one.text() == "*"; });
    };
    if (owns_all_ == nullptr && everything(owner.clusters) && owner.topics.empty() &&
        owner.groups.empty())
      owns_all_ = &node;
    config_.routing.owners.push_back(std::move(owner));
  }

  void read_route(const YamlNode& node) {
    YamlMap map(node, "a route", config_.file, diagnostics_);
    if (!map.valid()) return;
    const size_t before = diagnostics_.size();
    Route route;
    route.where = place_of(node);
    route.matcher = read_matcher(map);
    route.during = rules::read_during(map, config_.file, diagnostics_);
    if (map.require("to") != nullptr) read_receivers_of(map, route.to);
    read_escalation(map, route);
    read_grouping(map, route);
    if (map.get("repeat_interval") != nullptr) {
      Duration interval{};
      read_duration(map, "repeat_interval", Duration::zero(), std::chrono::hours(24 * 7), interval);
      route.repeat_interval = interval;
    }
    route.goes_on = map.boolean("continue").value_or(false);
    read_as_evidence(map, route);
    map.finish();
    if (diagnostics_.size() == before) {
      check_reached(map, route);
      check_heard(map, route);
    }
    // One with mistakes is kept, so that it is not missed, and takes nothing from those below it.
    sound_.push_back(diagnostics_.size() == before);
    config_.routing.routes.push_back(std::move(route));
    lines_.push_back(node.line);
  }

  // The steps may stand in any order; they are taken by their time.
  void read_escalation(YamlMap& map, Route& route) {
    const YamlNode* const list = map.get("escalate");
    if (list == nullptr) return;
    if (list->kind != YamlNode::Kind::list || list->items.empty()) {
      map.error(*list, "'escalate' must be a list of steps",
                "write 'escalate: [{after: 10m, to: NAME}]'");
      return;
    }
    if (list->items.size() > kMostSteps)
      map.error(*list, fmt::format("'escalate' has more than {} steps", kMostSteps));
    for (const YamlNode& item : list->items) {
      YamlMap step(item, "a step of 'escalate'", config_.file, diagnostics_);
      if (!step.valid()) continue;
      rules::Escalation& escalation = route.escalate.emplace_back();
      if (step.require("after") != nullptr)
        read_duration(step, "after", std::chrono::minutes(1), std::chrono::hours(24 * 7),
                      escalation.after);
      if (step.require("to") != nullptr) {
        read_receivers_of(step, escalation.to);
        if (escalation.to.empty()) step.error(item, "the step reaches nobody", "name a receiver");
      }
      step.finish();
      for (const std::string& name : escalation.to) {
        if (std::ranges::find(route.to, name) != route.to.end())
          step.error(*item.find("to"), fmt::format("'{}' is notified from the start", name),
                     "name somebody else");
      }
    }
    std::ranges::stable_sort(route.escalate, {}, &rules::Escalation::after);
  }

  void read_as_evidence(YamlMap& map, Route& route) {
    route.as_evidence = map.boolean("as_evidence").value_or(false);
    if (!route.as_evidence) return;
    for (const char* const key : {"escalate", "group_by"}) {
      if (const YamlNode* const node = map.node().find(key))
        map.error(*node, fmt::format("'{}' does not go with 'as_evidence'", key),
                  "the incident is of whoever looks after its cause: write it in the line that "
                  "leads to them");
    }
  }

  void read_grouping(YamlMap& map, Route& route) {
    const YamlNode* const by = map.get("group_by");
    for (const char* const key : {"group_wait", "group_interval"}) {
      const YamlNode* const node = map.get(key);
      if (by == nullptr && node != nullptr)
        map.error(*node, fmt::format("'{}' without 'group_by'", key),
                  "name the labels, such as 'group_by: [cluster]', or write 'group_by: []' to "
                  "group all that comes here");
    }
    if (by == nullptr) return;
    rules::Grouping& group = route.group.emplace();
    group.by = map.texts("group_by");
    if (group.by.size() > kMostGroupLabels)
      map.error(*by, fmt::format("'group_by' has more than {} labels", kMostGroupLabels));
    for (auto name = group.by.begin(); name != group.by.end(); ++name) {
      if (*name == "incident")
        map.error(node_of(*by, *name), "each incident would be a group by itself",
                  "leave out 'group_by'");
      else if (name->empty() || std::find(group.by.begin(), name, *name) != name)
        map.error(node_of(*by, *name), fmt::format("'{}' is no label, or is there twice", *name));
    }
    read_duration(map, "group_wait", Duration::zero(), std::chrono::hours(1), group.wait);
    read_duration(map, "group_interval", std::chrono::minutes(1), std::chrono::hours(24 * 7),
                  group.interval);
    check_grouped(map, *by, route);
  }

  void check_grouped(YamlMap& map, const YamlNode& by, const Route& route) {
    const LabelPatterns* const severity = route.matcher.find("severity");
    const auto takes = [&](const char* name) {
      return severity == nullptr || severity->matches({{"severity", name}});
    };
    if (!takes("ticket") && !takes("info"))
      map.error(by, "nothing is grouped here: a page is sent on its own, at once",
                "leave out 'group_by'");
    for (const std::string& name : route.to) {
      const auto found = std::ranges::find(config_.receivers, name, &notify::ReceiverConfig::name);
      if (found == config_.receivers.end() || !found->kind->rhythm) continue;
      map.error(
          by,
          fmt::format("'{}' is of the kind '{}', which groups by itself", name, found->kind->name),
          "say 'group_by' there, and leave it out here");
    }
  }

  void read_receivers_of(YamlMap& map, std::vector<std::string>& receivers) {
    const YamlNode* const to = map.get("to");
    for (const std::string& name : map.texts("to")) {
      if (std::ranges::find(receivers_, name) == receivers_.end()) {
        map.error(node_of(*to, name), fmt::format("there is no receiver '{}'", name),
                  receivers_.empty() ? "there are none: write them under 'receivers'"
                                     : did_you_mean(name, receivers_));
      } else if (std::ranges::find(receivers, name) != receivers.end()) {
        map.error(node_of(*to, name), fmt::format("the receiver '{}' is there twice", name),
                  "once is enough");
      }
      receivers.push_back(name);
    }
  }

  static const YamlNode& node_of(const YamlNode& list, const std::string& text) {
    const auto found = std::ranges::find(list.items, text, &YamlNode::scalar);
    return found == list.items.end() ? list : *found;
  }

  Matcher read_matcher(YamlMap& map) {
    Matcher matcher;
    for (const char* const key : kLabelKeys) add_label(map, key, matcher);
    const YamlNode* const labels = map.get("labels");
    if (labels == nullptr) return matcher;
    YamlMap others(*labels, "'labels'", config_.file, diagnostics_);
    if (!others.valid()) return matcher;
    for (const auto& [key, value] : labels->entries) {
      if (std::ranges::find(kLabelKeys, key.scalar) != kLabelKeys.end())
        others.error(key, fmt::format("'{}' has a key of its own", key.scalar),
                     "write it beside 'labels'");
      add_label(others, key.scalar, matcher);
    }
    return matcher;
  }

  void add_label(YamlMap& map, const std::string& key, Matcher& matcher) {
    const YamlNode* const node = map.get(key);
    if (node == nullptr) return;
    const size_t before = diagnostics_.size();
    const std::vector<std::string> texts = map.texts(key);
    if (diagnostics_.size() != before) return;
    Result<LabelPatterns> label = rules::make_label_patterns(key, texts);
    if (label)
      matcher.add(std::move(*label));
    else
      map.error(*node, label.error().message);
  }

  // Whether one above it takes all that it could match.
  void check_reached(YamlMap& map, const Route& route) {
    for (size_t i = 0; i < config_.routing.routes.size(); ++i) {
      const Route& above = config_.routing.routes[i];
      if (!sound_[i] || above.goes_on || above.during != nullptr ||
          above.as_evidence != route.as_evidence || !above.matcher.covers(route.matcher))
        continue;
      map.error(map.node(),
                fmt::format("it never matches: line {} takes everything that it could", lines_[i]),
                "put it above that line, or say 'continue: true' there");
      return;
    }
  }

  void check_heard(YamlMap& map, const Route& route) {
    if (!route.to.empty()) return;
    const YamlNode& to = *map.node().find("to");
    const LabelPatterns* const severity = route.matcher.find("severity");
    const bool pages = severity == nullptr || severity->matches({{"severity", "page"}});
    if (route.goes_on)
      map.error(to, "a line that reaches nobody and goes on does nothing", "remove it");
    else if (pages && !route.as_evidence)
      map.error(to, "a page that comes here reaches nobody",
                "name a receiver, or restrict the line with 'severity: [info, ticket]'");
  }

  void check_default(YamlMap& map, const YamlNode& routes) {
    if (routes.kind != YamlNode::Kind::list) return;
    const auto takes_all = [](const Route& route) { return route.takes_all(); };
    if (std::ranges::any_of(config_.routing.routes, takes_all)) return;
    map.error(routes, "'routes' has no line for what no other matches: it would reach nobody",
              std::string(kDefaultForm));
  }

  void read_window(const YamlNode& node) {
    YamlMap map(node, "a maintenance window", config_.file, diagnostics_);
    if (!map.valid()) return;
    Silence window;
    window.where = place_of(node);
    if (map.require("name") != nullptr) window.name = map.text("name").value_or("");
    if (!window.name.empty() && !windows_.insert(window.name).second)
      map.error(*node.find("name"), fmt::format("two windows are named '{}'", window.name),
                "give each its own name");
    window.comment = map.text("comment").value_or("");
    window.matcher = read_matcher(map);
    window.during = rules::read_during(map, config_.file, diagnostics_);
    const std::string zone = read_zone(map);
    if (map.get("calendar") != nullptr) read_calendar_of(map, zone, window);
    window.begins = read_moment(map, "from", zone);
    window.ends = read_moment(map, "until", zone);
    read_budget(map, window);
    map.finish();
    if (window.matcher.matches_all())
      map.error(node, "it does not say what it is about", "name it, or write 'cluster: \"*\"'");
    if (node.find("during") == nullptr && node.find("until") == nullptr &&
        node.find("calendar") == nullptr)
      map.error(node, "it never ends",
                "say 'until', or with 'during' or 'calendar' when it recurs");
    if (window.begins && window.ends && *window.ends <= *window.begins)
      map.error(*node.find("until"), "it ends before it begins");
    config_.routing.maintenance.push_back(std::move(window));
  }

  void read_calendar_of(YamlMap& map, const std::string& zone, Silence& window) {
    const auto path = map.text("calendar");
    if (!path) return;
    const YamlNode* const during = map.node().find("during");
    if (during != nullptr)
      map.error(*during, "'during' does not go with 'calendar'", "write two windows");
    config_.calendars.push_back(from_folder_of(config_.file, *path));
    window.calendar = rules::icalendar::read_calendar(config_.calendars.back(), zone, diagnostics_);
  }

  static void read_budget(YamlMap& map, Silence& window) {
    const auto budget = map.text("budget");
    if (!budget) return;
    const std::vector<std::string> choices{"count", "exclude"};
    if (std::ranges::find(choices, *budget) == choices.end())
      map.error(*map.node().find("budget"), fmt::format("'budget' cannot be '{}'", *budget),
                did_you_mean(*budget, choices));
    window.excludes_budget = *budget == "exclude";
    const YamlNode* const severity = map.node().find("severity");
    if (window.excludes_budget && severity != nullptr)
      map.error(*severity, "'severity' does not go with 'budget: exclude': a budget has none",
                "leave out one of them");
  }

  std::string read_zone(YamlMap& map) {
    const std::string zone = map.text("time_zone").value_or("UTC");
    if (rules::is_time_zone(zone)) return zone;
    map.error(*map.node().find("time_zone"), fmt::format("there is no time zone '{}'", zone),
              "name one as IANA does, like Europe/Berlin or UTC");
    return "UTC";
  }

  static std::optional<WallTime> read_moment(YamlMap& map, const char* key,
                                             const std::string& zone) {
    const auto text = map.text(key);
    if (!text) return std::nullopt;
    const Result<WallTime> moment = rules::parse_moment(*text, zone);
    if (moment) return *moment;
    map.error(*map.node().find(key), fmt::format("'{}': {}", key, moment.error().message));
    return std::nullopt;
  }

  [[nodiscard]] std::string place_of(const YamlNode& node) const {
    return fmt::format("{}:{}", std::filesystem::path(config_.file).filename().string(), node.line);
  }

  Config& config_;
  Diagnostics& diagnostics_;
  std::vector<std::string> receivers_;
  const YamlNode* owns_all_ = nullptr;
  std::vector<int> lines_;   // of the routes
  std::vector<bool> sound_;  // whether they have no mistake
  std::set<std::string> windows_;
};

}  // namespace

void read_routing(YamlMap& map, Config& config, Diagnostics& diagnostics) {
  RoutingReader(config, diagnostics).read(map);
}

}  // namespace highwater::agent
