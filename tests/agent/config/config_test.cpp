#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "agent/config/byte_size.h"
#include "agent/state_path.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kFull = R"(clusters:
  - name: prod
    bootstrap: ["kafka-1:9092", "[::1]:9093"]
    poll: {brokers: 1s, partitions: 2s, groups: 3s, configs: 1m}
    request_timeout: 500ms
    topics: {exclude: ["tmp-*"], internal: true}
    groups: {include: ["/^pay/"]}
    canary: {topic: highwater-canary, every: 2s}
  - name: test
    bootstrap: localhost:9092
listen: 127.0.0.1:9877
external_url: https://highwater.example/
rules: {builtin: true}
receivers:
  - {name: oncall, webhook: {url: "http://127.0.0.1:9099/alerts", headers: {Authorization: "Bearer x"}}, severity: page, repeat_interval: 1h}
traces: {endpoint: "http://127.0.0.1:4318", sample_ratio: 0.5}
log: {level: debug, format: json}
metrics: {detail: full}
memory: 300MiB
state: {path: /var/lib/hw/state.db}
record: {path: /var/lib/hw/recording, keep: 1.5GB}
)";

TEST(Config, EverySectionIsRead) {
  Diagnostics diagnostics;
  const auto config = parse_config(kFull, "highwater.yaml", diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  ASSERT_EQ(config->clusters.size(), 2U);
  const auto& prod = config->clusters[0];
  EXPECT_EQ(prod.name, "prod");
  EXPECT_EQ(prod.bootstrap,
            (std::vector<std::pair<std::string, int32_t>>{{"kafka-1", 9092}, {"::1", 9093}}));
  EXPECT_EQ(prod.poll.groups, 3s);
  EXPECT_EQ(prod.request_timeout, 500ms);
  EXPECT_TRUE(prod.internal_topics);
  EXPECT_FALSE(prod.topics.accepts("tmp-1"));
  EXPECT_TRUE(prod.groups.accepts("payments"));
  EXPECT_FALSE(prod.groups.accepts("orders"));
  EXPECT_EQ(config->clusters[1].bootstrap.front().second, 9092);
  ASSERT_EQ(config->canaries.size(), 1U);
  EXPECT_EQ(config->canaries[0].cluster, "prod");
  EXPECT_EQ(config->canaries[0].probe.servers, "kafka-1:9092,[::1]:9093");
  EXPECT_EQ(config->canaries[0].probe.topic, "highwater-canary");
  EXPECT_EQ(config->canaries[0].probe.group, "highwater-canary");
  EXPECT_EQ(config->canaries[0].probe.every, 2s);
  EXPECT_EQ(config->external_url, "https://highwater.example");
  ASSERT_EQ(config->receivers.size(), 1U);
  EXPECT_EQ(config->receivers[0].policy.lowest, Severity::page);
  EXPECT_EQ(config->receivers[0].policy.repeat_interval, 1h);
  EXPECT_EQ(config->receivers[0].settings.headers("headers").front().second, "Bearer x");
  EXPECT_EQ(config->traces.endpoint, "http://127.0.0.1:4318");
  EXPECT_EQ(config->log_level, LogLevel::debug);
  EXPECT_EQ(config->metrics_detail, MetricsDetail::full);
  EXPECT_EQ(config->memory, 300U << 20);
  EXPECT_EQ(config->state_path, "/var/lib/hw/state.db");
  ASSERT_TRUE(config->record);
  EXPECT_EQ(config->record->path, "/var/lib/hw/recording");
  EXPECT_EQ(config->record->keep, 1'500'000'000U);
}

TEST(Config, ReceiversAndTracesHaveTheirOwnCertificates) {
  Diagnostics diagnostics;
  const auto config = parse_config(R"(clusters: [{name: a, bootstrap: "k:1"}]
receivers:
  - name: r
    webhook: {url: "https://x", ca_file: ca.pem, certificate: client.pem, key: /keys/client.key}
traces: {endpoint: "https://x", verify: false}
)",
                                   "/etc/highwater.yaml", diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  const http::TlsOptions expected{"/etc/ca.pem", true, "/etc/client.pem", "/keys/client.key", {}};
  EXPECT_EQ(config->receivers[0].settings.tls, expected);
  http::TlsOptions unverified;
  unverified.verify = false;
  EXPECT_EQ(config->traces.tls, unverified);
}

TEST(Config, RecordsAHundredMegabytesUnlessToldOtherwise) {
  Diagnostics diagnostics;
  const auto config =
      parse_config("clusters: [{name: a, bootstrap: [\"k:1\"]}]\nrecord: {path: seen/}\n",
                   "/etc/highwater/highwater.yaml", diagnostics);
  ASSERT_TRUE(config) << diagnostics.front().text();
  EXPECT_EQ(config->record->path, "/etc/highwater/seen");
  EXPECT_EQ(config->record->keep, 100'000'000U);
}

TEST(Config, SizesAreReadAsPeopleWriteThem) {
  EXPECT_EQ(parse_bytes("4096"), 4096U);
  EXPECT_EQ(parse_bytes("10 kB"), 10'000U);
  EXPECT_EQ(parse_bytes("100MB"), 100'000'000U);
  EXPECT_EQ(parse_bytes("1.5GiB"), 1'610'612'736U);
  for (const std::string_view text :
       {"", "MB", "-1MB", "1e3MB", "1mb", "1 Mb/s", "nan", "1,5GB", "9999999999TB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

std::optional<std::string> state_path(const std::string& path) {
  Diagnostics diagnostics;
  const auto config =
      parse_config("clusters: [{name: a, bootstrap: [\"k:1\"]}]\nstate: {path: \"" + path + "\"}\n",
                   "/etc/highwater/c.yaml", diagnostics);
  return config ? config->state_path : std::nullopt;
}

TEST(Config, ARelativeStatePathStartsAtTheFilesFolder) {
  EXPECT_EQ(state_path("state/a.db"), "/etc/highwater/state/a.db");
  EXPECT_EQ(state_path("../a.db"), "/etc/a.db");
}

TEST(Config, TheStateMayBeKeptInMemory) {
  EXPECT_EQ(state_path(":memory:"), ":memory:");
}

TEST(Config, WithoutAStatePathNoneIsMadeUp) {
  Diagnostics diagnostics;
  const auto config =
      parse_config("clusters: [{name: a, bootstrap: [\"k:1\"]}]\n", "c.yaml", diagnostics);
  ASSERT_TRUE(config);
  EXPECT_FALSE(config->state_path);
}

std::string default_path(const std::map<std::string, const char*>& environment, bool root = false) {
  return default_state_path(
      [&](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? nullptr : found->second;
      },
      root);
}

TEST(StatePath, SystemdsFolderComesFirst) {
  EXPECT_EQ(default_path({{"STATE_DIRECTORY", "/var/lib/highwater"}, {"XDG_STATE_HOME", "/x"}}),
            "/var/lib/highwater/state.db");
  EXPECT_EQ(default_path({{"STATE_DIRECTORY", "/var/lib/a:/var/lib/b"}}), "/var/lib/a/state.db");
}

TEST(StatePath, ThenTheUsers) {
  EXPECT_EQ(default_path({{"XDG_STATE_HOME", "/x/"}, {"HOME", "/home/u"}}),
            "/x/highwater/state.db");
  EXPECT_EQ(default_path({{"XDG_STATE_HOME", "x"}, {"HOME", "/home/u"}}),
            "/home/u/.local/state/highwater/state.db");
}

TEST(StatePath, RootAndTheHomelessUseTheSystems) {
  EXPECT_EQ(default_path({{"HOME", "/root"}}, true), "/var/lib/highwater/state.db");
  EXPECT_EQ(default_path({}), "/var/lib/highwater/state.db");
  EXPECT_EQ(default_path({{"HOME", "/"}}), "/var/lib/highwater/state.db");
}

TEST(Config, TheExternalUrlIsDerivedFromTheListenAddress) {
  Diagnostics diagnostics;
  const auto config = parse_config(
      "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nlisten: \":8080\"\n", "c.yaml", diagnostics);
  ASSERT_TRUE(config);
  EXPECT_EQ(config->external_url, "http://127.0.0.1:8080");
}

struct Mistake {
  const char* name;
  const char* text;
  int line;
  const char* piece;  // of the diagnostic
};

class ConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsReportedWithItsPlaceAndAdvice) {
  Diagnostics diagnostics;
  EXPECT_FALSE(parse_config(GetParam().text, "c.yaml", diagnostics));
  ASSERT_FALSE(diagnostics.empty());
  std::vector<std::string> texts;
  bool on_line = false;
  for (const auto& diagnostic : diagnostics) {
    texts.push_back(diagnostic.text());
    on_line = on_line || (diagnostic.line == GetParam().line &&
                          diagnostic.text().find(GetParam().piece) != std::string::npos);
  }
  EXPECT_TRUE(on_line) << testing::PrintToString(texts);
}

const Mistake kMistakes[] = {
    {"Empty", "", 1, "the file is empty"},
    {"NoClusters", "listen: 127.0.0.1:1\n", 1, "has no 'clusters'"},
    {"MisspeltTopLevelKey", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceiver: []\n", 2,
     "did you mean 'receivers'?"},
    {"MisspeltClusterKey", "clusters:\n  - name: a\n    boostrap: [\"k:1\"]\n", 3,
     "did you mean 'bootstrap'?"},
    {"PortMissing", "clusters:\n  - name: a\n    bootstrap: [kafka-1]\n", 3,
     "'kafka-1' is not host:port"},
    {"UrlForBroker", "clusters:\n  - name: a\n    bootstrap: [\"kafka://k:1\"]\n", 3,
     "leave the protocol out"},
    {"CanaryWithoutTopic",
     "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    canary: {every: 1s}\n", 4, "topic"},
    {"CanaryTopicThatIsNone",
     "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    canary: {topic: a/b}\n", 4,
     "is not the name of a topic"},
    {"CanaryTooOften",
     "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    canary: {topic: c, every: 1ms}\n", 4,
     "every"},
    {"CommaList", "clusters:\n  - name: a\n    bootstrap: \"a:1,b:2\"\n", 3, "make it a list"},
    {"DurationWithoutUnit",
     "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    poll: {brokers: 5}\n", 4,
     "the unit is missing"},
    {"DurationTooShort",
     "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    poll: {brokers: 1ms}\n", 4,
     "choose between"},
    {"DuplicateKey",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nlisten: \":1\"\nlisten: \":2\"\n", 3,
     "is here twice"},
    {"KeyWithoutCertificate",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    webhook:\n      "
     "url: "
     "\"https://x\"\n      key: client.key\n",
     6, "no 'certificate' that it belongs to"},
    {"SecondDocument", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\n---\nlisten: \":1\"\n", 3,
     "second document"},
    {"Alias", "clusters: [{name: &n a, bootstrap: [\"k:1\"]}]\n", 1, "anchors"},
    {"TwoClustersOneName",
     "clusters:\n  - {name: a, bootstrap: [\"k:1\"]}\n  - {name: a, bootstrap: [\"k:2\"]}\n", 3,
     "two clusters are named 'a'"},
    {"BadReceiverUrl",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - {name: r, webhook: {url: "
     "\"ftp://x\"}}\n",
     3, "'url'"},
    {"ReceiverWithoutUrl",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - {name: r}\n", 3,
     "add one of: webhook"},
    {"ReceiverOfUnknownKind",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - {name: r, webhok: {url: "
     "\"http://x\"}}\n",
     3, "did you mean 'webhook'?"},
    {"ReceiverOfTwoKinds",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "webhook: {url: \"http://x\"}\n    slack: {url: \"http://x\"}\n",
     5, "make two receivers of it"},
    {"PagerDutyKeyOfAnotherLength",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "pagerduty: {routing_key: abc}\n",
     4, "must be 32 characters long"},
    {"SlackWithoutAPlace",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "slack: {token: abc}\n",
     4, "does not say where messages go"},
    {"SlackWithBoth",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "slack: {url: \"http://x\", token: abc, channel: c}\n",
     4, "write either 'url', or 'token'"},
    {"RepeatIntervalOfAlertmanager",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "alertmanager: {urls: \"http://x\"}\n    repeat_interval: 1h\n",
     5, "has no meaning for 'alertmanager'"},
    {"EmptyListOfAddresses",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "alertmanager: {urls: []}\n",
     4, "'urls' is empty"},
    {"SeverityThatPagerDutyHasNot",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "pagerduty: {routing_key: {env: A}, page_severity: high}\n",
     4, "'page_severity' cannot be 'high'"},
    {"SecretThatIsNoKey",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "webhook: {url: \"http://x\", secret: short}\n",
     4, "24 to 64 bytes in base64"},
    {"NtfyWithoutATopic",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "ntfy: {url: \"https://ntfy.example/\"}\n",
     4, "does not end with a topic"},
    {"MailAddressWithAName",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "email: {host: h, from: a@b, to: \"Ann <ann@b>\"}\n",
     4, "is not a mail address"},
    {"PortThatIsNone",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "email: {host: h, port: 70000, from: a@b, to: a@b}\n",
     4, "port"},
    {"UnknownKeyOfAKind",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - name: r\n    "
     "discord: {url: \"http://x\", tkoen: a}\n",
     4, "has no key 'tkoen'"},
    {"BadSeverity",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - {name: r, severity: pages, "
     "webhook: {url: \"http://x\"}}\n",
     3, "did you mean 'page'?"},
    {"BadRegex",
     "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    topics: {exclude: [\"/(/\"]}\n", 4,
     "not a regular expression"},
    {"YesIsNoBoolean",
     "clusters:\n  - name: a\n    bootstrap: [\"k:1\"]\n    topics: {internal: yes}\n", 4,
     "must be true or false"},
    {"NotYaml", "clusters: [{name: a}\n", 2, "not YAML"},
    {"UnclosedQuote", "clusters: [{name: \"a, bootstrap: [k]}]\n", 1, "is not closed"},
    {"HeaderInjection",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nreceivers:\n  - {name: r, webhook: {url: "
     "\"http://x\", headers: {A: \"b\\nC: d\"}}}\n",
     3, "line break"},
    {"TextWhereMapIsMeant", "clusters: prod\n", 1, "must be a list"},
    {"StateIsAFolder", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nstate:\n  path: /tmp\n", 3,
     "is a folder"},
    {"StateOfTheHome",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nstate: {path: \"~/state.db\"}\n", 2,
     "write the whole path"},
    {"StateUrl", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nstate: {path: \"file:///x\"}\n", 2,
     "is a URL"},
    {"StateMisspeltMemory",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nstate: {path: \":mem:\"}\n", 2, ":memory:"},
    {"StateMisspeltKey", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nstate: {pth: /x/y}\n", 2,
     "did you mean 'path'?"},
    {"MemoryOfNoSize", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nmemory: lots\n", 2,
     "'memory': 'lots' is no size"},
    {"TooLittleMemory", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nmemory: 1MiB\n", 2,
     "needs 64MiB at least"},
    {"RecordWithoutPlace", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nrecord: {keep: 1GB}\n", 2,
     "'path'"},
    {"RecordIsAFile", "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nrecord: {path: /etc/passwd}\n",
     2, "is a file"},
    {"RecordKeepsNoSize",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nrecord: {path: /r, keep: 7d}\n", 2,
     "'7d' is no size"},
    {"RecordKeepsTooLittle",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nrecord: {path: /r, keep: 10kB}\n", 2,
     "between 1MB and 10TB"},
    {"UnknownDetailOfMetrics",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nmetrics: {detail: all}\n", 2,
     "one of: standard, full"},
    {"FormerKeyOfMetrics",
     "clusters: [{name: a, bootstrap: [\"k:1\"]}]\nmetrics: {per_partition_group_series: true}\n",
     2, "only 'detail: full'"},
    {"NoValue", "clusters:\n", 1, "'clusters' has no value"},
};
INSTANTIATE_TEST_SUITE_P(All, ConfigMistake, testing::ValuesIn(kMistakes),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Config, AllMistakesAreReportedAtOnce) {
  Diagnostics diagnostics;
  EXPECT_FALSE(
      parse_config("clusters:\n  - name: a\n    boostrap: [\"k:1\"]\n    poll: {brokers: 5}\nlog: "
                   "{level: loud}\n",
                   "c.yaml", diagnostics));
  EXPECT_GE(diagnostics.size(), 4U);
}

}  // namespace
}  // namespace highwater::agent
