// A flattened tree of routes tells whom Alertmanager tells: random trees and alerts, held against
// Alertmanager's own search, which is written here once more.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <regex>

#include "import_alertmanager_support.h"
#include "rules/routing/moment.h"

namespace highwater::agent {
namespace {

using Names = std::set<std::string>;

struct Asked {
  std::string label;
  std::string sign;
  std::string value;
};

struct Route {
  std::string receiver;
  std::vector<Asked> asked;
  bool goes_on = false;
  std::string mute;    // a time interval
  std::string active;  // likewise
  std::vector<Route> routes;
};

// What a route may ask for.
struct Flavour {
  std::vector<std::string> signs;
  std::vector<std::string> regexes;
  bool hours = false;
};

constexpr std::array kReceivers{"r0", "r1", "r2", "r3", "r4", "r5"};
constexpr const char* kHead = R"(receivers: [{name: r0, webhook_configs: [{url: "http://h"}]}
, {name: r1, webhook_configs: [{url: "http://h"}]}, {name: r2, webhook_configs: [{url: "http://h"}]}
, {name: r3, webhook_configs: [{url: "http://h"}]}, {name: r4, webhook_configs: [{url: "http://h"}]}
, {name: r5, webhook_configs: [{url: "http://h"}]}]
time_intervals:
  - {name: weekend, time_intervals: [{weekdays: ["saturday", "sunday"]}]}
  - {name: office, time_intervals: [{weekdays: ["monday:friday"], times: [{start_time: "08:00", end_time: "18:00"}]}]}
route: )";

class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  size_t below(size_t end) { return engine_() % end; }
  template <class List>
  auto one_of(const List& list) {
    return list[below(list.size())];
  }

 private:
  std::mt19937 engine_;
};

Route random_route(Chance& chance, const Flavour& flavour, int depth) {
  Route route;
  route.receiver = chance.one_of(kReceivers);
  route.goes_on = chance.below(3) == 0;
  const std::vector<std::string> labels{"severity", "team", "topic"};
  const std::vector<std::string> severities{"critical", "warning", "info"};
  const std::vector<std::string> names{"a", "b", "payments", "payments-in"};
  for (size_t count = chance.below(3); count > 0; --count) {
    Asked asked{chance.one_of(labels), chance.one_of(flavour.signs), ""};
    const bool severity = asked.label == "severity";
    if (asked.sign.ends_with('~'))
      asked.value = severity ? "critical|warning" : chance.one_of(flavour.regexes);
    else
      asked.value = severity ? chance.one_of(severities) : chance.one_of(names);
    route.asked.push_back(asked);
  }
  if (flavour.hours && chance.below(4) == 0)
    route.mute = chance.below(2) == 0 ? "weekend" : "office";
  if (flavour.hours && chance.below(5) == 0) route.active = "office";
  if (depth > 0) {
    for (size_t count = chance.below(4); count > 0; --count)
      route.routes.push_back(random_route(chance, flavour, depth - 1));
  }
  return route;
}

std::string yaml_of(const Route& route, bool root) {
  std::string text = fmt::format("{{receiver: {}", route.receiver);
  std::string asked;
  for (const Asked& one : route.asked)
    asked +=
        fmt::format("{}'{}{}\"{}\"'", asked.empty() ? "" : ", ", one.label, one.sign, one.value);
  if (!root && !asked.empty()) text += fmt::format(", matchers: [{}]", asked);
  if (!root && route.goes_on) text += ", continue: true";
  if (!root && !route.mute.empty()) text += fmt::format(", mute_time_intervals: [{}]", route.mute);
  if (!root && !route.active.empty())
    text += fmt::format(", active_time_intervals: [{}]", route.active);
  std::string routes;
  for (const Route& child : route.routes)
    routes += (routes.empty() ? "" : ", ") + yaml_of(child, false);
  if (!routes.empty()) text += fmt::format(", routes: [{}]", routes);
  return text + "}";
}

bool is_like(const Asked& asked, const std::map<std::string, std::string>& alert) {
  const auto found = alert.find(asked.label);
  const std::string value = found == alert.end() ? "" : found->second;
  const bool like = asked.sign.ends_with('~') ? std::regex_match(value, std::regex(asked.value))
                                              : value == asked.value;
  return like != asked.sign.starts_with('!');
}

// As Alertmanager searches: the children first, and itself when none of them matches.
std::vector<const Route*> matching(const Route& route,
                                   const std::map<std::string, std::string>& alert, bool root) {
  for (const Asked& asked : route.asked) {
    if (!root && !is_like(asked, alert)) return {};
  }
  std::vector<const Route*> all;
  for (const Route& child : route.routes) {
    const auto more = matching(child, alert, false);
    all.insert(all.end(), more.begin(), more.end());
    if (!more.empty() && !child.goes_on) break;
  }
  if (all.empty()) all.push_back(&route);
  return all;
}

struct When {
  const char* at;
  bool weekend;
  bool office;
};
constexpr std::array kMoments{When{"2026-06-01 12:00", false, true},
                              When{"2026-06-01 18:00", false, false},
                              When{"2026-06-06 12:00", true, false}};

bool is_muted(const Route& route, const When& when) {
  return (route.mute == "weekend" && when.weekend) || (route.mute == "office" && when.office) ||
         (route.active == "office" && !when.office);
}

struct Tried {
  size_t trees = 0;
  size_t too_large = 0;
  size_t inexact = 0;
};

void compare_all(const Route& root, const Config& config, const std::string& yaml,
                 const std::string& ours, bool hours) {
  const std::vector<std::string> names{"", "a", "b", "c", "payments", "payments-in", "x-payments"};
  for (const auto& [theirs, severity] :
       {std::pair("critical", "page"), {"warning", "ticket"}, {"info", "info"}}) {
    for (const std::string& team : names) {
      for (const std::string& topic : names) {
        std::map<std::string, std::string> alert{{"severity", theirs}};
        rules::Labels labels{{"severity", severity}, {"cluster", "kafka"}};
        if (!team.empty()) labels["team"] = alert["team"] = team;
        if (!topic.empty()) labels["topic"] = alert["topic"] = topic;
        for (const When& when : kMoments) {
          Names expected;
          for (const Route* one : matching(root, alert, true)) {
            if (one == &root || !is_muted(*one, when)) expected.insert(one->receiver);
          }
          const Names got = hearers(config, labels, *rules::parse_moment(when.at));
          const bool page = std::string_view(severity) == "page";
          // Pages always reach somebody: those that would be muted may go on to others.
          if (hours && page) {
            for (const std::string& name : expected)
              ASSERT_TRUE(got.contains(name)) << yaml << ours;
          } else {
            ASSERT_EQ(got, expected) << yaml << "\n"
                                     << ours << "severity=" << severity << " team=" << team
                                     << " topic=" << topic << " at " << when.at;
          }
          if (!hours) break;
        }
      }
    }
  }
}

Tried try_trees(const Flavour& flavour, unsigned seed, int trees) {
  Tried tried;
  for (int i = 0; i < trees && !testing::Test::HasFailure(); ++i) {
    Chance chance(seed + static_cast<unsigned>(i));
    const Route root = random_route(chance, flavour, 1 + i % 3);
    const std::string yaml = kHead + yaml_of(root, true) + "\n";
    const ImportedConfig imported = from_alertmanager(yaml);
    ++tried.trees;
    if (!imported.refused.empty()) {
      EXPECT_NE(imported.refused.front().find("more than 500 lines"), std::string::npos)
          << imported.refused.front();
      ++tried.too_large;
      continue;
    }
    if (std::ranges::any_of(imported.losses, [](const std::string& loss) {
          return loss.find("two patterns") != std::string::npos;
        })) {
      ++tried.inexact;
      continue;
    }
    EXPECT_TRUE(imported.config) << yaml << imported.yaml << imported.wrong.front();
    if (imported.config) compare_all(root, *imported.config, yaml, imported.yaml, flavour.hours);
  }
  return tried;
}

const std::vector<std::string> kSimple{"a|b", "pay.*", "payments-.*", ".+", "payments"};

TEST(ImportAlertmanagerProperty, TreesWithoutNegationTellTheSame) {
  const Tried tried = try_trees({{"=", "=~"}, kSimple}, 1000, 150);
  EXPECT_EQ(tried.inexact, 0U);
  EXPECT_LT(tried.too_large, tried.trees / 20);
}

TEST(ImportAlertmanagerProperty, TreesWithNegationTellTheSame) {
  std::vector<std::string> regexes = kSimple;
  regexes.insert(regexes.end(), {".*", "a?", "(b|)"});
  const Tried tried = try_trees({{"=", "=~", "!=", "!~"}, regexes}, 5000, 200);
  EXPECT_LT(tried.too_large, tried.trees / 10);
  EXPECT_LT(tried.inexact, tried.trees / 2);
}

TEST(ImportAlertmanagerProperty, MutedRoutesTellTheSameInTheirHours) {
  const Tried tried = try_trees({{"=", "=~"}, kSimple, true}, 9000, 150);
  EXPECT_EQ(tried.inexact, 0U);
  EXPECT_LT(tried.too_large, tried.trees / 20);
}

}  // namespace
}  // namespace highwater::agent
