// Receivers of Alertmanager: each kind, where secrets are, and what is lost.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "import_alertmanager_support.h"

namespace highwater::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kSecret = "s3cr3t-of-theirs";

ImportedConfig with_receiver(const std::string& configs, const std::string& global = "") {
  return from_alertmanager((global.empty() ? "" : "global: {" + global + "}\n") +
                           "route: {receiver: team}\nreceivers: [{name: team, " + configs + "}]\n");
}

struct Row {
  const char* configs;
  const char* ours;
};

TEST(ImportAlertmanagerReceivers, EachKindHasItsSettings) {
  const std::vector<Row> rows{
      {"webhook_configs: [{url: http://s3cr3t-of-theirs/x}]",
       "webhook: {url: {env: TEAM_WEBHOOK_URL}}"},
      {"webhook_configs: [{url_file: /run/url, http_config: {authorization: {credentials_file: "
       "/run/t}}}]",
       R"(webhook: {url: {file: "/run/url"}, bearer_token: {file: "/run/t"}})"},
      {"webhook_configs: [{url_file: /u, http_config: {basic_auth: {username: a, password: "
       "s3cr3t-of-theirs}}}]",
       R"(webhook: {url: {file: "/u"}, headers: {Authorization: {env: TEAM_WEBHOOK_AUTHORIZATION}}})"},
      {"webhook_configs: [{url_file: /u, http_config: {tls_config: {ca_file: /ca, cert_file: /c, "
       "key_file: /k, insecure_skip_verify: true}}}]",
       R"(webhook: {url: {file: "/u"}, ca_file: "/ca", certificate: "/c", key: "/k", verify: false})"},
      {"pagerduty_configs: [{routing_key: s3cr3t-of-theirs}]",
       "pagerduty: {routing_key: {env: TEAM_PAGERDUTY_ROUTING_KEY}}"},
      {"pagerduty_configs: [{routing_key_file: /run/pd, severity: critical}]",
       R"(pagerduty: {routing_key: {file: "/run/pd"}, page_severity: critical, ticket_severity: critical, info_severity: critical})"},
      {"slack_configs: [{api_url: http://h/s3cr3t-of-theirs}]",
       "slack: {url: {env: TEAM_SLACK_API_URL}}"},
      {"slack_configs: [{api_url_file: /run/slack}]", R"(slack: {url: {file: "/run/slack"}})"},
      {"slack_configs: [{api_url: https://slack.com/api/chat.postMessage, channel: \"#c\", "
       "http_config: {authorization: {credentials: s3cr3t-of-theirs}}}]",
       "slack: {token: {env: TEAM_SLACK_TOKEN}, channel: \"#c\"}"},
      {"telegram_configs: [{bot_token: s3cr3t-of-theirs, chat_id: -100, message_thread_id: 7}]",
       "telegram: {token: {env: TEAM_TELEGRAM_BOT_TOKEN}, chat_id: \"-100\", topic_id: 7}"},
      {"discord_configs: [{webhook_url_file: /run/d}]", R"(discord: {url: {file: "/run/d"}})"},
      {"msteamsv2_configs: [{webhook_url_file: /run/t}]", R"(teams: {url: {file: "/run/t"}})"},
      {"email_configs: [{to: \"Ann <a@x.org>, b@x.org\", from: h@x.org, smarthost: \"m:587\", "
       "auth_username: h, auth_password: s3cr3t-of-theirs}]",
       "email: {host: \"m\", port: 587, security: starttls, user: \"h\", password: {env: "
       "TEAM_EMAIL_AUTH_PASSWORD}, from: \"h@x.org\", to: [\"a@x.org\", \"b@x.org\"]}"},
      {"email_configs: [{to: a@x.org, from: h@x.org, smarthost: \"m:25\", require_tls: no}]",
       "email: {host: \"m\", port: 25, security: none, from: \"h@x.org\", to: \"a@x.org\"}"},
      {"email_configs: [{to: a@x.org, from: h@x.org, smarthost: \"m:465\"}]",
       "email: {host: \"m\", port: 465, security: tls, from: \"h@x.org\", to: \"a@x.org\"}"},
  };
  for (const Row& row : rows) {
    const ImportedConfig imported = with_receiver(row.configs);
    EXPECT_THAT(imported.refused, IsEmpty()) << row.configs;
    EXPECT_THAT(imported.losses, IsEmpty()) << row.configs;
    EXPECT_THAT(imported.wrong, IsEmpty()) << imported.yaml;
    EXPECT_THAT(imported.yaml, HasSubstr(fmt::format("    {}\n", row.ours)));
    EXPECT_THAT(imported.yaml, Not(HasSubstr(kSecret))) << row.configs;
  }
}

TEST(ImportAlertmanagerReceivers, DefaultsOfAllAreTakenFromGlobal) {
  const ImportedConfig imported = with_receiver(
      "slack_configs: [{send_resolved: true}, {}], email_configs: [{to: a@x.org}]",
      "slack_api_url: http://h/s3cr3t-of-theirs, smtp_smarthost: 'm:25', smtp_from: h@x.org, "
      "smtp_require_tls: false, opsgenie_api_url: http://o, resolve_timeout: 5m");
  EXPECT_THAT(imported.wrong, IsEmpty());
  EXPECT_THAT(imported.losses, IsEmpty());
  EXPECT_THAT(imported.yaml,
              HasSubstr("- name: team-slack  # line 3\n    slack: {url: {env: SLACK_API_URL}}\n    "
                        "severity: info\n  - name: team-slack-2"));
  EXPECT_THAT(imported.yaml, HasSubstr("- name: team-email"));
  EXPECT_THAT(imported.yaml, HasSubstr("#   SLACK_API_URL: 'slack_api_url' of line 1\n"));
  EXPECT_THAT(imported.yaml, Not(HasSubstr(kSecret)));
  EXPECT_THAT(hearers(imported, {"severity=info"}),
              ElementsAre("team-email", "team-slack", "team-slack-2"));
  ASSERT_TRUE(imported.config);
  EXPECT_TRUE(imported.config->receivers[0].policy.send_resolved);
  EXPECT_FALSE(imported.config->receivers[1].policy.send_resolved);
}

TEST(ImportAlertmanagerReceivers, OneOfSeveralKindsMayBeLost) {
  const ImportedConfig imported = with_receiver(
      "pagerduty_configs: [{routing_key_file: /k}], opsgenie_configs: [{api_key: "
      "s3cr3t-of-theirs}], "
      "sns_configs: [{topic_arn: x}]");
  EXPECT_THAT(
      imported.losses,
      ElementsAre(
          HasSubstr(
              "theirs.yml:2: receiver 'team': Highwater has no receiver of the kind 'opsgenie'"),
          HasSubstr("of the kind 'sns'")));
  EXPECT_THAT(imported.wrong, IsEmpty());
  EXPECT_THAT(hearers(imported, {"severity=page"}), ElementsAre("team"));
}

TEST(ImportAlertmanagerReceivers, WhatCannotBeTakenOverIsSaid) {
  const std::vector<Row> rows{
      {"slack_configs: [{api_url_file: /u, channel: \"#c\"}]", "the channel '#c' of Slack"},
      {"slack_configs: [{api_url_file: /u, title: Hello}]", "texts and looks of messages"},
      {"pagerduty_configs: [{service_key: s3cr3t-of-theirs}]", "PagerDuty's Events v1"},
      {"msteams_configs: [{webhook_url: http://s3cr3t-of-theirs}]", "a connector of Office 365"},
      {"email_configs: [{to: '{{ .x }}', from: a@x.org, smarthost: 'm:25'}]",
       "with a template for it"},
      {"webhook_configs: [{url_file: /u, http_config: {proxy_url: http://p}}]",
       "http_config: 'proxy_url' was not taken over"},
      {"webhook_configs: [{url_file: /u, http_config: {oauth2: {client_id: x}}}]",
       "http_config: 'oauth2' was not taken over"},
      {"webhook_configs: [{url_file: u}]", "a path is relative"},
      {"webhook_configs: [{url_file: /u, timeout: 2m}]", "a timeout of 2m: 60s is the longest"},
      {"webhook_configs: [{url_file: /u, unheard_of: 1}]",
       "'webhook_configs[0].unheard_of' was not taken over"},
      {"unheard_of: 1, webhook_configs: [{url_file: /u}]",
       "receiver 'team': 'unheard_of' was not taken over"},
  };
  for (const Row& row : rows) {
    const ImportedConfig imported = with_receiver(row.configs);
    EXPECT_THAT(imported.losses, Contains(HasSubstr(row.ours))) << row.configs;
    EXPECT_THAT(imported.yaml, Not(HasSubstr(kSecret))) << row.configs;
  }
}

TEST(ImportAlertmanagerReceivers, WhatAlertmanagerWritesOutByItselfIsNoLoss) {
  const ImportedConfig imported = with_receiver(R"(slack_configs: [{
    http_config: {follow_redirects: true, enable_http2: true}, api_url: <secret>,
    username: '{{ template "slack.default.username" . }}', short_fields: false,
    color: '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}'}])");
  EXPECT_THAT(imported.losses, IsEmpty());
}

TEST(ImportAlertmanagerReceivers, EachSecretIsAVariableOfItsOwn) {
  const ImportedConfig imported =
      with_receiver("webhook_configs: [{url: http://h/a}, {url: http://h/b}]");
  EXPECT_THAT(imported.yaml, HasSubstr("webhook: {url: {env: TEAM_WEBHOOK_URL}}"));
  EXPECT_THAT(imported.yaml, HasSubstr("webhook: {url: {env: TEAM_WEBHOOK_URL_2}}"));
}

TEST(ImportAlertmanagerReceivers, NamesAreKeptWhateverIsInThem) {
  const std::string name = R"("yes: [a] # b\n\x01")";
  const ImportedConfig imported =
      from_alertmanager("route: {receiver: " + name + "}\nreceivers: [{name: " + name +
                        ", webhook_configs: [{url_file: /u}]}]\n");
  EXPECT_THAT(imported.wrong, IsEmpty()) << imported.yaml;
  EXPECT_THAT(hearers(imported, {"severity=page"}), ElementsAre("yes: [a] # b\n\x01"));
}

// Whatever a file holds, none of it gets out of the comments and texts of ours.
TEST(ImportAlertmanagerReceivers, ADamagedFileIsRefusedOrReadableAndTellsNoSecret) {
  const std::string whole =
      R"(global: {smtp_from: a@x.org, smtp_smarthost: "m:25", slack_api_url: "s3cr3t-of-theirs"}
route:
  receiver: "a\nb"
  repeat_interval: 2h
  routes:
    - {receiver: c, matchers: ['team=~"x|y.*"', 'topic!="t"'], continue: true, mute_time_intervals: [w]}
    - {receiver: d, match_re: {env: "[a-c]+"}}
receivers:
  - name: "a\nb"
    email_configs: [{to: b@x.org, auth_username: u, auth_password: "s3cr3t-of-theirs"}]
    telegram_configs: [{bot_token: "s3cr3t-of-theirs", chat_id: 5, message_thread_id: 3}]
  - {name: c, slack_configs: [{channel: "#c"}], "odd\nkind_configs": [{x: y}]}
  - {name: d, "odd\nkind_configs": [{x: y}]}
time_intervals: [{name: w, time_intervals: [{weekdays: ["monday:friday"], times: [{start_time: "08:00", end_time: "18:00"}]}]}]
)";
  const std::string bytes =
      " \n\"'{}[],:#-*&!|>%@\\\x01\xff"
      "a0";
  unsigned seed = 77;
  const auto below = [&](size_t end) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % end;
  };
  size_t read = 0;
  for (int i = 0; i < 400; ++i) {
    std::string text = whole;
    for (size_t count = i == 0 ? 0 : 1 + below(3); count > 0; --count)
      text[below(text.size())] = bytes[below(bytes.size())];
    const ImportedConfig imported = from_alertmanager(text);
    // A byte of the secret itself may be the one that changed.
    EXPECT_THAT(imported.yaml, Not(HasSubstr(kSecret)));
    if (!imported.refused.empty()) continue;
    ++read;
    for (const std::string& wrong : imported.wrong)
      EXPECT_THAT(wrong, Not(HasSubstr("YAML"))) << text << imported.yaml;
    if (i == 0) {
      EXPECT_THAT(imported.wrong, IsEmpty()) << imported.yaml;
    }
  }
  EXPECT_GT(read, 40U);
}

TEST(ImportAlertmanagerReceivers, MoreThanAConfigurationHoldsIsRefused) {
  std::string configs = "webhook_configs: [";
  for (int i = 0; i < 51; ++i) configs += "{url_file: /u}, ";
  EXPECT_THAT(with_receiver(configs + "]").refused,
              ElementsAre(HasSubstr("more than 50 receivers")));
}

}  // namespace
}  // namespace highwater::agent
