// Nothing that was read is dropped without a word: whatever is added to a file or a query shows in
// the rules, in the losses, or the file is refused.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "agent/catalogue.h"
#include "agent/core/yaml.h"
#include "agent/import/documents.h"
#include "agent/import/query.h"
#include "import_support.h"

namespace highwater::agent {
namespace {

using testing::HasSubstr;

constexpr const char* kSlothFile = R"yaml(
version: prometheus/v1
service: payments
labels: {team: money}
slos:
  - name: Lag
    objective: 99
    description: not too far behind
    labels: {tier: one}
    sli:
      raw: {error_ratio_query: 'avg_over_time((kafka_brokers < bool 3)[{{.window}}:1m])'}
    alerting:
      labels: {channel: money-alerts}
      annotations: {runbook: "https://wiki.example.com/lag", summary: Behind}
      page_alert: {disable: false}
      ticket_alert: {disable: true}
)yaml";

constexpr const char* kSlothResource = R"yaml(
apiVersion: sloth.slok.dev/v1
kind: PrometheusServiceLevel
metadata: {name: x}
spec:
  service: payments
  labels: {team: money}
  slos:
    - name: brokers
      objective: 99.5
      sli:
        events:
          errorQuery: sum_over_time((kafka_brokers < bool 3)[{{.window}}:])
          totalQuery: count_over_time(kafka_brokers[{{.window}}:])
      alerting:
        annotations: {runbook_url: "https://wiki.example.com/x"}
        pageAlert: {disable: true}
)yaml";

constexpr const char* kOpenSloFile = R"yaml(
apiVersion: openslo/v1
kind: SLI
metadata: {name: lag}
spec:
  thresholdMetric:
    metricSource:
      type: Prometheus
      spec: {query: 'max by (group) (kafka_consumergroup_group_max_lag{group=~"pay.*"})'}
---
apiVersion: openslo/v1
kind: SLO
metadata:
  name: Payments Lag
  displayName: Lag of payments
  labels: {team: money}
  annotations: {runbook: "https://wiki.example.com/lag"}
spec:
  service: payments
  indicatorRef: lag
  budgetingMethod: Timeslices
  timeWindow: [{duration: 4w, isRolling: true}]
  objectives:
    - {op: lte, value: 500, target: 0.995}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: brokers, annotations: {runbook_url: under-replicated}}
spec:
  indicator:
    metadata: {name: brokers}
    spec:
      ratioMetric:
        rawType: failure
        raw:
          metricSource:
            spec: {query: 'avg_over_time((kafka_brokers < bool 3)[5m:])'}
  timeWindow: [{duration: 1M, calendar: {startTime: 2024-01-01 00:00:00, timeZone: Europe/Berlin}}]
  objectives:
    - {displayName: one, targetPercent: 99}
    - {displayName: two, target: 0.999}
---
apiVersion: openslo/v1
kind: Service
metadata: {name: payments}
)yaml";

struct File {
  const char* name;
  const char* text;
  Imported (*import)(std::string_view);
};
constexpr File kFiles[] = {{"Sloth", kSlothFile, from_sloth},
                           {"Sloth's resource", kSlothResource, from_sloth},
                           {"OpenSLO", kOpenSloFile, from_openslo}};

// YAML in flow style is JSON with a few more freedoms.
std::string as_text(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "~";
    case YamlNode::Kind::scalar:
      for (const char c : node.scalar) text += c == '\'' ? std::string("''") : std::string(1, c);
      return "'" + text + "'";
    case YamlNode::Kind::list:
      for (const YamlNode& item : node.items) text += (text.empty() ? "" : ", ") + as_text(item);
      return "[" + text + "]";
    case YamlNode::Kind::map:
      for (const auto& [key, value] : node.entries)
        text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", as_text(key), as_text(value));
      return "{" + text + "}";
  }
  return text;
}

std::string as_text(const std::vector<YamlNode>& documents) {
  std::string text;
  for (const YamlNode& document : documents) text += "---\n" + as_text(document) + "\n";
  return text;
}

std::vector<YamlNode> documents_of(const File& file) {
  Diagnostics diagnostics;
  auto documents = read_documents(file.text, "theirs.yaml", diagnostics);
  EXPECT_TRUE(documents);
  return documents.value_or(std::vector<YamlNode>());
}

using Visit = std::function<void(YamlNode&, const std::string& path)>;
void visit(YamlNode& node, const std::string& path, const Visit& each) {
  each(node, path);
  for (size_t i = 0; i < node.items.size(); ++i) visit(node.items[i], path + "[]", each);
  for (auto& [key, value] : node.entries) visit(value, path + "." + key.scalar, each);
}

std::string everything(const Imported& imported) {
  std::string text = imported.yaml;
  for (const std::string& loss : imported.losses) text += loss + "\n";
  return text;
}

YamlNode scalar(std::string text) {
  YamlNode node;
  node.kind = YamlNode::Kind::scalar;
  node.scalar = std::move(text);
  return node;
}

std::vector<YamlNode> unknown_values() {
  YamlNode null;
  YamlNode list;
  list.kind = YamlNode::Kind::list;
  list.items = {scalar("a"), scalar("b")};
  YamlNode empty;
  empty.kind = YamlNode::Kind::map;
  YamlNode map = empty;
  map.entries.emplace_back(scalar("inner"), scalar("1"));
  return {null, scalar("1"), list, map, empty};
}

TEST(ImportLosses, AFieldThatIsNotKnownIsSaidWhereverItIs) {
  for (const File& file : kFiles) {
    std::vector<YamlNode> documents = documents_of(file);
    for (YamlNode& document : documents) {
      visit(document, "", [&](YamlNode& node, const std::string& path) {
        if (node.kind != YamlNode::Kind::map) return;
        for (YamlNode& value : unknown_values()) {
          // A label without a value is none.
          if (path.ends_with("labels") && value.kind == YamlNode::Kind::null) continue;
          node.entries.emplace_back(scalar("unheard_of"), value);
          const Imported got = file.import(as_text(documents));
          EXPECT_THAT(everything(got), HasSubstr("unheard_of"))
              << file.name << " at " << path << "\n"
              << as_text(documents);
          node.entries.pop_back();
        }
      });
    }
  }
}

TEST(ImportLosses, NoValueIsWithoutEffect) {
  // What only names the thing itself.
  const auto is_a_name = [](const std::string& path) {
    return path == ".metadata.name" || path == ".spec.indicator.metadata.name";
  };
  for (const File& file : kFiles) {
    std::vector<YamlNode> documents = documents_of(file);
    const std::string before = everything(file.import(as_text(documents)));
    for (YamlNode& document : documents) {
      visit(document, "", [&](YamlNode& node, const std::string& path) {
        if (node.kind != YamlNode::Kind::scalar || is_a_name(path)) return;
        // Kinds of documents decide what is read at all.
        if (path == ".apiVersion" || path == ".kind" || path == ".version") return;
        const std::string value = std::exchange(node.scalar, "other than " + node.scalar);
        EXPECT_NE(everything(file.import(as_text(documents))), before)
            << file.name << ": " << path << " = " << value;
        node.scalar = value;
      });
    }
  }
}

TEST(ImportLosses, AValueOfAnotherKindIsSaid) {
  for (const File& file : kFiles) {
    std::vector<YamlNode> documents = documents_of(file);
    const std::string before = everything(file.import(as_text(documents)));
    for (YamlNode& document : documents) {
      visit(document, "", [&](YamlNode& node, const std::string& path) {
        if (path.empty() || path == ".apiVersion" || path == ".kind" || path == ".version") return;
        const YamlNode was = node;
        for (const YamlNode& value : unknown_values()) {
          if (value.kind == was.kind || value.kind == YamlNode::Kind::null) continue;
          if (path.ends_with("metadata.name")) continue;
          node = value;
          EXPECT_NE(everything(file.import(as_text(documents))), before)
              << file.name << ": " << path << " = " << as_text(value);
        }
        node = was;
      });
    }
  }
}

TEST(ImportLosses, AFloodOfUnknownFieldsIsCounted) {
  std::string text = "version: prometheus/v1\nservice: x\n";
  for (int i = 0; i < 1000; ++i) text += fmt::format("unknown{}: 1\n", i);
  const Imported got =
      from_sloth(text + "slos: [{name: a, objective: 99, sli: {plugin: {id: p}}}]\n");
  EXPECT_LT(got.losses.size(), 100U);
  EXPECT_THAT(got.losses, testing::Contains(HasSubstr("950 more fields")));
}

// A query as text again.
std::string as_text(const Query& query) {
  std::string operands;
  for (const Query& operand : query.operands)
    operands += (operands.empty() ? "" : ", ") + as_text(operand);
  std::string matchers;
  for (const LabelMatcher& matcher : query.matchers)
    matchers += fmt::format("{}{}{}\"{}\"", matchers.empty() ? "" : ", ", matcher.label,
                            matcher.kind == LabelMatcher::Kind::equal     ? "="
                            : matcher.kind == LabelMatcher::Kind::matches ? "=~"
                                                                          : "!=",
                            matcher.value);
  std::string modifiers;
  std::string range;
  for (const Modifier& modifier : query.modifiers)
    (modifier.kind == Modifier::Kind::range ? range : modifiers) += " " + modifier.text;
  switch (query.kind) {
    case Query::Kind::number:
      return fmt::format("{}", query.number) + range;
    case Query::Kind::text:
      return "'" + query.name + "'";
    case Query::Kind::selector:
      return query.name + (matchers.empty() ? "" : "{" + matchers + "}") + range;
    case Query::Kind::call:
      return query.name + "(" + operands + ")" + range;
    case Query::Kind::aggregation:
      return query.name + modifiers + " (" + operands + ")" + range;
    case Query::Kind::binary:
      return "(" + as_text(query.operands[0]) + " " + query.name + modifiers + " " +
             as_text(query.operands[1]) + ")" + range;
  }
  return {};
}

void collect(Query& query, std::vector<Query*>& nodes) {
  nodes.push_back(&query);
  for (Query& operand : query.operands) collect(operand, nodes);
}

void wrap(Query& query, const std::string& function) {
  Query call;
  call.kind = Query::Kind::call;
  call.name = function;
  call.operands = {query};
  query = call;
}

// Changes the meaning of the query at the node; says how, or "" when it does not fit there.
std::string change(Query& node, size_t way) {
  constexpr const char* kFunctions[] = {"unheard_of",    "absent", "sqrt",  "sort_desc",
                                        "max_over_time", "stddev", "count", "quantile_over_time",
                                        "scalar"};
  if (way < std::size(kFunctions)) {
    wrap(node, kFunctions[way]);
    return kFunctions[way];
  }
  Modifier modifier;
  switch (way - std::size(kFunctions)) {
    case 0:
      modifier.kind = Modifier::Kind::range;
      modifier.text = "[7m]";
      break;
    case 1:
      if (node.kind != Query::Kind::binary) return "";
      modifier.kind = Modifier::Kind::on;
      modifier.text = "on (unheard_of)";
      break;
    case 2:
      if (node.kind != Query::Kind::selector) return "";
      node.matchers.push_back({"unheard_of", LabelMatcher::Kind::equal, "x"});
      return "a matcher";
    case 3:
      if (node.kind != Query::Kind::aggregation) return "";
      modifier.kind = Modifier::Kind::by;
      modifier.text = "by (unheard_of)";
      node.modifiers.clear();
      break;
    case 4:
      if (node.kind != Query::Kind::binary || node.modifiers.empty()) return "";
      node.modifiers.clear();
      return "no bool";
    case 5:
      if (node.kind != Query::Kind::selector) return "";
      node.name += "_unheard_of";
      return "another metric";
    case 6:
      if (node.kind != Query::Kind::number) return "";
      node.number += 7;
      return "another number";
    default:
      return "";
  }
  node.modifiers.push_back(modifier);
  return modifier.text;
}

TEST(ImportLosses, NoPartOfAQueryIsWithoutEffect) {
  const std::vector<std::string> queries = {
      "avg_over_time((sum by (consumergroup, topic) (kafka_consumergroup_lag) > bool "
      "9)[{{.window}}:1m])",
      "1 - avg(avg_over_time(highwater_cluster_reachable[{{.window}}])) or vector(1)",
      "sum(sum_over_time((kafka_brokers < bool 3)[{{.window}}:])) / "
      "sum(count_over_time(kafka_brokers[{{.window}}:]))",
      "1 - min by (topic) (avg_over_time((kafka_topic_partitions{topic=~\"a.*\"} >= bool "
      "3)[{{.window}}:]))",
      "sum(rate(highwater_group_rebalances_total[{{.window}}])) / "
      "sum(rate(highwater_group_members_left_total[{{.window}}]))",
      "avg_over_time((max(clamp_min(kafka_consumergroup_lag{topic!=\"b\"}, 0)) > bool 9 or "
      "vector(0))[{{.window}}:])"};
  std::minstd_rand random(7);
  const auto any = [&](size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random);
  };
  std::vector<std::string> before;
  for (const std::string& query : queries) {
    const Imported got = from_sloth(sloth(raw(query)));
    EXPECT_EQ(got.written, 1U) << everything(got);
    before.push_back(everything(got));
  }
  size_t changed = 0;
  for (int round = 0; round < 1500; ++round) {
    const size_t chosen = any(queries.size());
    Result<Query> query = parse_query(queries[chosen]);
    ASSERT_TRUE(query);
    std::vector<Query*> nodes;
    collect(*query, nodes);
    const std::string what = change(*nodes[any(nodes.size())], any(16));
    if (what.empty()) continue;
    ++changed;
    const std::string text = as_text(*query);
    const Imported got = from_sloth(sloth(raw(text)));
    EXPECT_NE(everything(got), before[chosen]) << what << ": " << text;
    EXPECT_TRUE(got.written == 1 || !got.losses.empty()) << text;
  }
  EXPECT_GT(changed, 500U);
}

}  // namespace
}  // namespace highwater::agent
