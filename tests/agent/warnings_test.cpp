// What `check` says of a configuration that is allowed and cannot do what was meant.
#include "agent/warnings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "agent/load.h"

namespace highwater::agent {
namespace {

constexpr std::string_view kHead = "clusters:\n  - {name: prod, bootstrap: \"kafka-1:9092\"}\n";

class Warnings : public testing::Test {
 protected:
  Warnings() {
    std::string pattern = (std::filesystem::temp_directory_path() / "warnings-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~Warnings() override { std::filesystem::remove_all(folder_); }

  // Without the folder's name.
  std::vector<std::string> of(const std::string& body, const std::string& rules = {}) {
    std::string text = std::string(kHead) + body;
    if (!rules.empty()) {
      std::ofstream(folder_ / "rules.yaml") << rules;
      text += "rules: {files: [rules.yaml]}\n";
    }
    Diagnostics diagnostics;
    const auto config = parse_config(text, (folder_ / "hw.yaml").string(), diagnostics);
    const auto loaded = config ? load(*config, diagnostics) : std::nullopt;
    std::vector<std::string> texts;
    if (loaded) diagnostics = warnings_of(*config, loaded->rules);
    EXPECT_TRUE(loaded);
    for (Diagnostic& diagnostic : diagnostics) {
      diagnostic.file = std::filesystem::path(diagnostic.file).filename().string();
      texts.push_back(diagnostic.text());
    }
    return texts;
  }

  static std::string alert(const std::string& when, const std::string& select) {
    return "alerts:\n  - name: Own\n    when: " + when + "\n    select: " + select +
           "\n    severity: ticket\n    runbook: lag-growing\n    summary: Own.\n";
  }

  // Of one cluster with that security.
  static std::vector<std::string> of_security(const std::string& security) {
    Diagnostics diagnostics;
    const auto config = parse_config("clusters:\n  - name: prod\n    bootstrap: [\"k:1\"]\n"
                                     "    canary: {topic: c}\n    security: " +
                                         security + "\n",
                                     "hw.yaml", diagnostics);
    EXPECT_TRUE(config) << diagnostics.front().text();
    const auto loaded = load(*config, diagnostics);
    std::vector<std::string> texts;
    for (const Diagnostic& warning : warnings_of(*config, loaded->rules))
      texts.push_back(warning.text());
    return texts;
  }

  std::filesystem::path folder_;
};

constexpr const char* kPayments =
    "sources: [{name: app, url: \"http://h/metrics\"}]\nmeasures:\n"
    "  - {name: app_depth, source: app, metric: depth, dimensions: {group: =payments, q: queue}}\n";

TEST_F(Warnings, OfSecurityThatProtectsNothing) {
  EXPECT_THAT(of_security("{protocol: SSL}"), testing::IsEmpty());
  EXPECT_THAT(of_security("{protocol: SSL, verify: none}"),
              testing::ElementsAre(testing::HasSubstr("brokers are not verified")));
  EXPECT_THAT(of_security("{protocol: SASL_PLAINTEXT, mechanism: PLAIN, username: u, "
                          "password: {env: P}}"),
              testing::ElementsAre(testing::HasSubstr("the password goes over the network")));
}

TEST_F(Warnings, ConnectTellsNoStatusUnlessItIsAskedTo) {
  EXPECT_THAT(
      of("sources: [{name: c, url: \"http://c:8083/connectors\"}]\n"
         "measures: [{use: connect-rest, source: c}]\n"),
      testing::ElementsAre(
          "hw.yaml: the source 'c' has no '*.status.tasks[].state': Connect reports no status "
          "at its address: write it like http://connect:8083/connectors?expand=status"));
  EXPECT_THAT(of("sources: [{name: c, url: \"http://c:8083/connectors?expand=status\"}]\n"
                 "measures: [{use: connect-rest, source: c}]\n"),
              testing::IsEmpty());
}

TEST_F(Warnings, ASelectOfWhatCannotBeIsSaid) {
  EXPECT_THAT(of(kPayments, alert("app_depth > 1", "{group: \"paymnets*\"}")),
              testing::ElementsAre("rules.yaml:2:1: Own judges nothing: no group of 'app_depth' is "
                                   "like 'paymnets*': did you mean 'payments'?"));
  EXPECT_THAT(of("", alert("group_topic_lag_records > 1", "{cluster: prdo}")),
              testing::ElementsAre("rules.yaml:2:1: Own judges nothing: no cluster of "
                                   "'group_topic_lag_records' is like 'prdo': did you mean 'prod'?"));
  EXPECT_THAT(of(kPayments, alert("app_depth > 1", "{q: anything, group: payments}")),
              testing::IsEmpty());
}

TEST_F(Warnings, AnErrorRateThatNothingFillsIsSaid) {
  EXPECT_THAT(of("", "slos:\n  - use: error-rate\n"),
              testing::ElementsAre(testing::HasSubstr("no entry of 'measures' fills")));
  EXPECT_THAT(of("", "slos:\n  - {use: error-rate, expect: none}\n"), testing::IsEmpty());
}

TEST_F(Warnings, RoutesThatNameNobodyAndReceiversThatHearNothing) {
  const std::string receivers =
      "receivers:\n  - {name: slack, command: {path: /bin/true}}\n"
      "  - {name: mail, command: {path: /bin/true}}\n";
  EXPECT_THAT(of(receivers), testing::IsEmpty());
  EXPECT_THAT(of(receivers + "owners: [{team: shop, topics: orders}]\n"
                             "routes:\n"
                             "  - {team: shop, alertname: BrokerDown, cluster: prod, to: mail}\n"
                             "  - {to: slack}\n"),
              testing::IsEmpty());
  EXPECT_THAT(of(receivers + "owners: [{team: shop, topics: orders}]\n"
                             "routes:\n"
                             "  - {team: shpo, to: slack}\n"
                             "  - {alertname: [BrokerDwn, \"Lag*\"], to: slack}\n"
                             "  - {cluster: test, to: slack}\n"
                             "  - {to: slack}\n"),
              testing::ElementsAre("hw.yaml: no route leads to the receiver 'mail': it is never notified: "
                          "name it in a line of 'routes', or remove it",
                          "hw.yaml:8:1: no team is called 'shpo': did you mean 'shop'?",
                          "hw.yaml:9:1: no rule or SLO is called 'BrokerDwn': did you mean 'BrokerDown'?",
                          "hw.yaml:10:1: no cluster is called 'test'"));
}

TEST_F(Warnings, RoutesAndMaintenanceByALabelThatNoAlertHasAreSaid) {
  const std::string receivers = "receivers: [{name: slack, command: {path: /bin/true}}]\n";
  EXPECT_THAT(of(receivers + "routes:\n"
                             "  - {labels: {brokr: \"2\"}, to: slack}\n"
                             "  - {severity: ticket, to: slack, group_by: [cluster, topc]}\n"
                             "  - {to: slack}\n"
                             "maintenance:\n"
                             "  - {name: night, labels: {rock: a}, until: 2030-01-01}\n"),
              testing::ElementsAre("hw.yaml:5:1: no alert has a label 'brokr': did you mean 'broker'?",
                                   "hw.yaml:6:1: no alert has a label 'topc': did you mean 'topic'?",
                                   "hw.yaml:9:1: no alert has a label 'rock': did you mean 'rack'?"));
}

TEST_F(Warnings, LabelsOfMeasuresAndRulesOfOnesOwnAreKnown) {
  const std::string body = std::string(kPayments) +
                           "receivers: [{name: slack, command: {path: /bin/true}}]\n"
                           "routes:\n"
                           "  - {labels: {q: high, service: shop, incident: \"3\"}, to: slack}\n"
                           "  - {to: slack}\n";
  const std::string rule = alert("app_depth > 1", "{q: anything}");
  EXPECT_THAT(of(body, rule + "    labels: {service: shop}\n"), testing::IsEmpty());
  EXPECT_THAT(of(body, rule), testing::ElementsAre("hw.yaml:8:1: no alert has a label 'service'"));
}

}  // namespace
}  // namespace highwater::agent
