#include "agent/config/schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/catalogue.h"
#include "agent/config/schema_parts.h"
#include "agent/core/json_schema.h"
#include "collectors/sources/ready_made.h"
#include "exporters/notify/receivers/registry.h"
#include "rules/language/schema.h"

namespace highwater::agent {
namespace {

using namespace schema_parts;
using json_schema::boolean;
using json_schema::described;
using json_schema::duration;
using json_schema::object;

Json oauth() {
  return object(
      {{"token_file", text("The file whose first line is the token; read for each login.")},
       {"token_url", url("The token server (client credentials).")},
       {"client_id", text("Who asks for a token.")},
       {"client_secret", secret(Json{{"type", "string"}, {"minLength", 1}}, "Its secret.")},
       {"assertion_key", text("A private key as PEM that signs who asks, in place of the secret.")},
       {"assertion_key_id", text("Which of the client's public keys belongs to it (kid).")},
       {"assertion_audience", text("Whom it is signed for; by default the token server.")},
       {"scope", text("The scope that is asked for.")},
       {"audience", text("The audience that is asked for.")},
       {"ca_file", text("Certificate authorities of the token server, as PEM.")},
       {"extensions",
        {{"type", "object"},
         {"additionalProperties", {{"type", {"string", "number"}}}},
         {"propertyNames", {{"pattern", "^[A-Za-z]+$"}}},
         {"description", "SASL extensions that are sent to the broker with the token."}}}});
}

Json kerberos() {
  return object(
      {{"keytab", text("A keytab; tickets are got by it, and renewed.")},
       {"principal", text("Who logs in: highwater@EXAMPLE.COM.")},
       {"cache", text("A cache of tickets that somebody else renews: FILE:/run/krb5cc.")},
       {"service", text("The first part of the brokers' principals: kafka by default.")}});
}

Json aws() {
  return object({{"region", text("Like eu-central-1; by default what the broker's name says.")},
                 {"profile", text("A profile of the shared files of Amazon's tools.")},
                 {"role_arn", text("A role to assume.")}});
}

Json security() {
  const Json password{{"type", "string"}, {"minLength", 1}};
  const Json keystore =
      object({{"keystore", text("A PKCS#12 file with certificate, chain and key.")},
              {"password", secret(password, "Its password.")}},
             {"keystore"});
  const Json certificate{
      {"anyOf", {Json{{"type", "string"}, {"minLength", 1}}, keystore}},
      {"description", "The client's certificate with its chain, as PEM, or {keystore, password}."}};
  return object(
      {{"protocol", described({{"enum", {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}}},
                              "As security.protocol of the Java client.")},
       {"ca", text("Certificate authorities, as PEM; without it the system's.")},
       {"certificate", certificate},
       {"key", text("The key of the certificate, as PEM; without it in the same file.")},
       {"key_password", secret(password, "The password of the key.")},
       {"verify", described({{"enum", {"full", "ca", "none"}}},
                            "What of a broker's certificate is verified: full by default.")},
       {"server_name", text("The name for SNI and the verification, when it differs.")},
       {"mechanism", described({{"enum",
                                 {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER",
                                  "GSSAPI", "AWS_MSK_IAM"}}},
                               "As sasl.mechanism of the Java client.")},
       {"username", text("Who logs in by PLAIN or SCRAM.")},
       {"password", secret(password, "The password.")},
       {"oauth", described(oauth(), "Where the token of OAUTHBEARER comes from.")},
       {"kerberos", described(kerberos(), "Whose tickets GSSAPI logs in by.")},
       {"aws", described(aws(), "Whose keys AWS_MSK_IAM logs in by.")}});
}

Json cluster() {
  const Json poll = object({{"brokers", duration("How often the brokers are asked.")},
                            {"partitions", duration("How often the partitions are read.")},
                            {"groups", duration("How often the consumer groups are read.")},
                            {"configs", duration("How often the topics' configuration is read.")}});
  const Json topics =
      object({{"include", texts("Patterns; all topics without them.")},
              {"exclude", texts("Patterns of topics to leave out.")},
              {"internal", boolean("Whether Kafka's own topics are watched like all others.")}});
  const Json groups = object({{"include", texts("Patterns; all groups without them.")},
                              {"exclude", texts("Patterns of groups to leave out.")}});
  const Json canary =
      object({{"topic", text("A topic of its own, which you create: the agent never does.")},
              {"group", text("The group whose commits are measured; highwater-canary by default.")},
              {"every", duration("How often a record is sent to each partition.")}},
             {"topic"});
  const Json scope = described(
      object({{"groups", texts("Consumer groups, by name.")},
              {"topics", texts("Topics, by name; by default those that the groups use.")},
              {"member", object({{"host", from("The address of this pod.")},
                                 {"client_id", from("client.id of its consumers, or its begin.")},
                                 {"instance_id", from("group.instance.id of its consumer.")}})},
              {"session_timeout", duration("session.timeout.ms of the application.")}},
             {"groups"}),
      "A sidecar's: the groups and topics of one application, and nothing else of the cluster.");
  return object({{"name", text("The label `cluster` everywhere.")},
                 {"scope", scope},
                 {"bootstrap", list_of({{"type", "string"}, {"minLength", 1}},
                                       "Brokers to begin with, as host:port.")},
                 {"poll", poll},
                 {"request_timeout", duration("How long a broker has to answer.")},
                 {"topics", topics},
                 {"groups", groups},
                 {"dead_letters", texts("Patterns of dead-letter topics, in place of the usual.")},
                 {"security", described(security(), "How connections are secured.")},
                 {"canary", canary}},
                {"name", "bootstrap"});
}

Json node() {
  return object(
      {{"name",
        text("The label `node`; without it the variable NODE_NAME, or the machine's name.")},
       {"judges", described({{"enum", {"node", "cluster"}}},
                            "node: what is reached from here. cluster: the clusters as well, as "
                            "without `node`.")},
       {"every", duration("How often each broker is probed.")},
       {"cluster", text("To which cluster log_dirs belong; needed when there are several.")},
       {"log_dirs", texts("The folders in which the broker of this node keeps its logs.")}});
}

Json setting_schema(const notify::Setting& setting) {
  using notify::SettingType;
  const Json line{{"type", "string"}, {"minLength", 1}};
  const Json address{{"type", "string"}, {"pattern", "^https?://"}};
  switch (setting.type) {
    case SettingType::address:
      return secret(address, setting.help);
    case SettingType::addresses:
      return list_of(secret(address, setting.help), setting.help);
    case SettingType::secret:
      return secret(line, setting.help);
    case SettingType::secrets:
      return list_of(secret(line, setting.help), setting.help);
    case SettingType::text:
      return described({{"type", {"string", "number"}}}, setting.help);
    case SettingType::path:
      return described(line, setting.help);
    case SettingType::texts:
      return texts(setting.help);
    case SettingType::flag:
      return boolean(setting.help);
    case SettingType::number:
      return described(
          {{"type", "integer"}, {"minimum", setting.lowest}, {"maximum", setting.highest}},
          setting.help);
    case SettingType::choice:
      return described({{"enum", setting.choices}}, setting.help);
    case SettingType::headers:
      return headers(secret(header_text(), "Its value."));
  }
  return {};
}

Json receiver_kind(const notify::ReceiverKind& kind) {
  Json properties = Json::object();
  std::vector<std::string> required;
  for (const notify::Setting& one : kind.settings) {
    properties[one.key] = setting_schema(one);
    if (one.required) required.push_back(one.key);
  }
  const Json schema = described(object(std::move(properties), std::move(required)), kind.help);
  return kind.tls ? with_tls(schema) : schema;
}

Json receiver() {
  Json schema = object(
      {{"name", text("For people, and for the alert when it is not reached.")},
       {"severity",
        described({{"enum", {"info", "ticket", "page"}}}, "The lowest that is sent to it.")},
       {"send_resolved", boolean("Whether it is notified when an incident ends.")},
       {"message",
        described(object({{"title", text("What it is called; one line.")},
                          {"body", text("In place of what it means, the facts and the evidence.")}},
                         {}),
                  fmt::format("Of messages to people. Placeholders: {{{}}}.",
                              fmt::join(notify::placeholder_names(), "}, {")))},
       {"timeout", duration("How long it has to answer.")},
       {"repeat_interval", duration("After what time an open incident is sent again; 0s: never.")}},
      {"name"});
  for (const notify::ReceiverKind* kind : notify::receiver_kinds()) {
    schema["properties"][kind->name] = receiver_kind(*kind);
    schema["oneOf"].push_back({{"required", {kind->name}}});
  }
  return schema;
}

// What a route or a window is about.
Json labels_looked_at() {
  Json properties = Json::object();
  properties["severity"] = texts("info, ticket or page.");
  properties["alertname"] = texts("Patterns of names of rules and SLOs.");
  properties["team"] = texts("Patterns of teams, by owners.");
  properties["cluster"] = texts("Patterns of clusters.");
  properties["broker"] = texts("Patterns of brokers' ids.");
  properties["topic"] = texts("Patterns of topics.");
  properties["group"] = texts("Patterns of consumer groups.");
  properties["labels"] = {{"type", "object"},
                          {"additionalProperties", texts("Patterns.")},
                          {"description", "Patterns of any other label, by its name."}};
  return properties;
}

Json owner() {
  return object({{"team", text("The label `team` of what it owns.")},
                 {"clusters", texts("Patterns; without them in all clusters.")},
                 {"topics", texts("Patterns of topics that it owns.")},
                 {"groups", texts("Patterns of consumer groups that it owns.")}},
                {"team"});
}

Json route(const Json& during) {
  Json properties = labels_looked_at();
  properties["during"] = during;
  properties["to"] = texts("The receivers that are notified; []: none.");
  properties["escalate"] = {
      {"type", "array"},
      {"items", object({{"after", duration("For how long nobody has acknowledged it.")},
                        {"to", texts("The receivers that are notified then as well.")}},
                       {"after", "to"})}};
  properties["repeat_interval"] =
      duration("After what time it is sent again, in place of the receivers' own; 0s: never.");
  properties["group_by"] = texts(
      "Labels: incidents of this route with the same values of them are one notification, pages "
      "aside; []: all of them.");
  properties["group_wait"] = duration("From the first of them until the notification.");
  properties["group_interval"] = duration("From there until a notification of changes.");
  properties["as_evidence"] = boolean(
      "Whether it is about alerts that are evidence of an incident, and about nothing else: its "
      "receivers are notified of the incident that affects them.");
  properties["continue"] = boolean("Whether the lines below are tried as well.");
  return object(std::move(properties), {"to"});
}

Json window(const Json& during) {
  Json properties = labels_looked_at();
  properties["name"] = text("What it is called where it hides something.");
  properties["comment"] = text("Why.");
  properties["from"] = text("Its begin, such as 2026-12-05 22:00.");
  properties["until"] = text("Its end.");
  properties["time_zone"] = text("Of from and until, as IANA names it; UTC by default.");
  properties["during"] = during;
  properties["calendar"] = text(
      "An iCalendar file (.ics) whose events are when; relative to the configuration's folder.");
  properties["budget"] = {
      {"enum", {"count", "exclude"}},
      {"description", "Whether its time counts for the error budgets of what it is about."}};
  return object(std::move(properties), {"name"});
}

Json heartbeat() {
  return with_tls(object(
      {{"name", text("What it is called in log lines and metrics.")},
       {"url", secret(Json{{"type", "string"}, {"pattern", "^https?://"}},
                      "An address that is asked with GET each time.")},
       {"receiver", text("A receiver of the kind alertmanager: an alert that always fires.")},
       {"headers", headers(header_text())},
       {"every", duration("How often it is sent while everything works.")}},
      {}));
}

Json traces() {
  return with_tls(object({{"endpoint", url("An OTLP/HTTP collector.")},
                          {"headers", headers(header_text())},
                          {"sample_ratio", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}}},
                         {"endpoint"}));
}

Json source() {
  const Json basic = object({{"user", text("As whom.")},
                             {"password", text("In the configuration itself.")},
                             {"password_file", text("A file whose first line it is.")}},
                            {"user"});
  return with_tls(
      object({{"name", text("The label `source` of what is said of it.")},
              {"url", url("Where its page is.")},
              {"file", text("A file, or a glob in the last part of a path.")},
              {"cluster", text("To which cluster it belongs; needed when there are several.")},
              {"format", {{"enum", {"prometheus", "json"}}}},
              {"every", duration("How often it is read.")},
              {"timeout", duration("How long it has for everything together.")},
              {"max_age", duration("An older file says nothing any more.")},
              {"limit", bytes("The size of a page, at most, such as 16MiB.")},
              {"basic_auth", basic},
              {"bearer_token_file", text("A file whose first line is the token.")}},
             {"name"}));
}

Json measure() {
  const Json dimensions{
      {"anyOf",
       {{{"type", "object"}, {"additionalProperties", texts("A label, or several.")}},
        {{"type", "array"}, {"items", {{"type", "string"}}}},
        {{"type", "string"}}}},
      {"description",
       "Ours from the source's labels; =text is a constant, @source the "
       "source's name."}};
  const Json filter{{"type", "object"}, {"additionalProperties", texts("Patterns.")}};
  const Json units{{"enum", {"none", "boolean", "seconds", "bytes", "records", "count", "ratio"}}};
  Json entry = object(
      {{"name", text("Its name; a counter's ends in _total.")},
       {"use", described({{"enum", sources::ready_made_names()}}, "A mapping that stands ready.")},
       {"source", texts("Where it is read.")},
       {"metric", texts("Prometheus: its name there, or several.")},
       {"path", described({{"type", "string"}}, "JSON: where it stands, like tasks[].state.")},
       {"type", {{"enum", {"counter", "gauge"}}}},
       {"unit", units},
       {"help", text("One sentence.")},
       {"dimensions", dimensions},
       {"select", filter},
       {"exclude", filter},
       {"values",
        {{"type", "object"},
         {"additionalProperties", {{"type", "number"}}},
         {"description", "What texts are as numbers; * is any other."}}},
       {"scale", described({{"type", "number"}}, "What every value is multiplied with.")},
       {"combine", {{"enum", {"sum", "max", "min"}}}},
       {"expect", described({{"enum", {"none"}}}, "The page may have nothing of it.")}},
      {"source"});
  entry["anyOf"] = {{{"required", {"name"}}}, {{"required", {"use"}}}};
  return entry;
}

}  // namespace

std::string config_schema(std::span<const std::string> runbooks) {
  const Json log = object({{"level", {{"enum", {"debug", "info", "warning", "error"}}}},
                           {"format", {{"enum", {"json", "human"}}}}});
  const Json metrics = object(
      {{"detail", described({{"enum", {"standard", "full"}}},
                            "full: also a series for each partition and for helper measures.")}});
  const Json state =
      object({{"path", text("The file that keeps alerts and budgets, or :memory:.")}}, {"path"});
  const Json record = object(
      {{"path", text("The folder in which what the rules see is kept, for highwater replay.")},
       {"keep", described({{"anyOf",
                            {{{"type", "string"},
                              {"pattern", "^[0-9]+([.][0-9]+)? ?([kKMGT]?B|[KMGT]iB)$"}},
                             {{"type", "integer"}, {"minimum", 1000000}}}}},
                          "Its size, such as 100MB or 1GiB; the oldest goes first.")}},
      {"path"});
  const Json during = Json::parse(rules::during_schema());
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "The configuration of Highwater"}};
  schema.update(object(
      {{"clusters", {{"type", "array"}, {"minItems", 1}, {"items", cluster()}}},
       {"identity",
        {{"type", "object"},
         {"additionalProperties", from("Its value.")},
         {"description",
          "Who notifies: annotations of each notification, like {pod: {env: POD_NAME}}."}}},
       {"listen", text("Where the agent is reached, as host:port.")},
       {"web_config", text("A file with TLS and logins of the agent's own server.")},
       {"watch_config",
        boolean("Whether the configuration is read again when it or a rule file changes.")},
       {"allowed_hosts", texts("Names under which it may also be asked on loopback.")},
       {"memory", text("How much memory the agent may take, such as 256MiB.")},
       {"external_url", url("The agent's address as people reach it.")},
       {"node", described(node(), "The agent watches from one node, as a DaemonSet runs it.")},
       {"rules", Json::parse(rules::rule_settings_schema(catalogue(), runbooks))},
       {"sources", {{"type", "array"}, {"items", source()}}},
       {"measures", {{"type", "array"}, {"items", measure()}}},
       {"receivers", {{"type", "array"}, {"items", receiver()}}},
       {"owners", {{"type", "array"}, {"items", owner()}}},
       {"routes", {{"type", "array"}, {"items", route(during)}}},
       {"maintenance", {{"type", "array"}, {"items", window(during)}}},
       {"heartbeat", {{"anyOf", {heartbeat(), {{"type", "array"}, {"items", heartbeat()}}}}}},
       {"traces", traces()},
       {"log", log},
       {"metrics", metrics},
       {"state", state},
       {"record", record},
       {"runbooks", texts("Directories of runbooks beside the built-in ones; theirs win.")}},
      {"clusters"}));
  return schema.dump(2) + "\n";
}

}  // namespace highwater::agent
