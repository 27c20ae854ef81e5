#include "agent/config/schema.h"

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/catalogue.h"
#include "collectors/sources/ready_made.h"
#include "rules/language/schema.h"

namespace highwater::agent {
namespace {

using Json = nlohmann::ordered_json;

Json described(Json schema, std::string_view description) {
  schema["description"] = description;
  return schema;
}

Json text(std::string_view description) {
  return {{"type", "string"}, {"minLength", 1}, {"description", description}};
}

Json url(std::string_view description) {
  return {{"type", "string"}, {"pattern", "^https?://"}, {"description", description}};
}

Json boolean(std::string_view description) {
  return {{"type", "boolean"}, {"description", description}};
}

Json duration(std::string_view description) {
  const Json written{{"type", "string"}, {"pattern", "^(0|([0-9]+(ms|[smhdw]))+)$"}};
  return {{"anyOf", {written, {{"const", 0}}}}, {"description", description}};
}

// One of them, or several.
Json list_of(const Json& item, std::string_view description) {
  return {{"anyOf", {item, {{"type", "array"}, {"items", item}}}}, {"description", description}};
}

Json texts(std::string_view description) {
  return list_of({{"type", {"string", "number"}}}, description);
}

Json object(Json properties, std::vector<std::string> required = {}) {
  Json schema{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  schema["additionalProperties"] = false;
  return schema;
}

Json bytes(std::string_view description) {
  return {{"anyOf",
           {{{"type", "string"}, {"pattern", "^[0-9]+([.][0-9]+)? ?([kKMGT]?B|[KMGT]iB)$"}},
            {{"type", "integer"}, {"minimum", 1}}}},
          {"description", description}};
}

Json headers() {
  return {{"type", "object"},
          {"additionalProperties", {{"type", {"string", "number", "boolean"}}}},
          {"description", "Headers to send along."}};
}

Json cluster() {
  const Json poll = object({{"brokers", duration("How often the brokers are asked.")},
                            {"partitions", duration("How often the partitions are read.")},
                            {"groups", duration("How often the consumer groups are read.")},
                            {"configs", duration("How often the topics' configuration is read.")}});
  const Json topics = object({{"include", texts("Patterns; all topics without them.")},
                              {"exclude", texts("Patterns of topics to leave out.")},
                              {"internal", boolean("Whether Kafka's own topics are watched.")}});
  const Json groups = object({{"include", texts("Patterns; all groups without them.")},
                              {"exclude", texts("Patterns of groups to leave out.")}});
  const Json canary =
      object({{"topic", text("A topic of its own, which you create: the agent never does.")},
              {"group", text("The group whose commits are measured; highwater-canary by default.")},
              {"every", duration("How often a record is sent to each partition.")}},
             {"topic"});
  return object({{"name", text("The label `cluster` everywhere.")},
                 {"bootstrap", list_of({{"type", "string"}, {"minLength", 1}},
                                       "Brokers to begin with, as host:port.")},
                 {"poll", poll},
                 {"request_timeout", duration("How long a broker has to answer.")},
                 {"topics", topics},
                 {"groups", groups},
                 {"dead_letters", texts("Patterns of dead-letter topics, in place of the usual.")},
                 {"canary", canary}},
                {"name", "bootstrap"});
}

Json receiver() {
  const Json webhook =
      object({{"url", url("Where notifications are posted.")}, {"headers", headers()}}, {"url"});
  return object({{"name", text("For people, and for the alert when it is not reached.")},
                 {"webhook", webhook},
                 {"severity", described({{"enum", {"info", "ticket", "page"}}},
                                        "The lowest that is sent to it.")},
                 {"send_resolved", boolean("Whether it hears of what has ended.")},
                 {"timeout", duration("How long it has to answer.")},
                 {"repeat_interval", duration("How often it is told of what goes on; 0s: once.")}},
                {"name", "webhook"});
}

Json traces() {
  return object({{"endpoint", url("An OTLP/HTTP collector.")},
                 {"headers", headers()},
                 {"sample_ratio", {{"type", "number"}, {"minimum", 0}, {"maximum", 1}}}},
                {"endpoint"});
}

Json source() {
  const Json basic = object({{"user", text("As whom.")},
                             {"password", text("In the configuration itself.")},
                             {"password_file", text("A file whose first line it is.")}},
                            {"user"});
  return object({{"name", text("The label `source` of what is said of it.")},
                 {"url", url("Where its page is.")},
                 {"file", text("A file, or a glob in the last part of a path.")},
                 {"cluster", text("To which cluster it belongs; needed when there are several.")},
                 {"format", {{"enum", {"prometheus", "json"}}}},
                 {"every", duration("How often it is read.")},
                 {"timeout", duration("How long it has for everything together.")},
                 {"max_age", duration("An older file says nothing any more.")},
                 {"limit", bytes("The size of a page, at most, such as 16MiB.")},
                 {"basic_auth", basic},
                 {"bearer_token_file", text("A file whose first line is the token.")},
                 {"ca_file", text("Certificate authorities, as PEM.")},
                 {"verify", boolean("false accepts any certificate.")}},
                {"name"});
}

Json measure() {
  const Json dimensions{{"anyOf",
                         {{{"type", "object"}, {"additionalProperties", {{"type", "string"}}}},
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
       {"combine", {{"enum", {"sum", "max", "min"}}}}},
      {"source"});
  entry["anyOf"] = {{{"required", {"name"}}}, {{"required", {"use"}}}};
  return entry;
}

}  // namespace

std::string config_schema(std::span<const std::string> runbooks) {
  const Json log = object({{"level", {{"enum", {"debug", "info", "warning", "error"}}}},
                           {"format", {{"enum", {"json", "human"}}}}});
  const Json metrics =
      object({{"per_partition_group_series",
               boolean("false leaves out what exists for each partition of each group.")}});
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
  Json schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
              {"title", "The configuration of Highwater"}};
  schema.update(
      object({{"clusters", {{"type", "array"}, {"minItems", 1}, {"items", cluster()}}},
              {"listen", text("Where the agent is reached, as host:port.")},
              {"external_url", url("The agent's address as people reach it.")},
              {"rules", Json::parse(rules::rule_settings_schema(catalogue(), runbooks))},
              {"sources", {{"type", "array"}, {"items", source()}}},
              {"measures", {{"type", "array"}, {"items", measure()}}},
              {"receivers", {{"type", "array"}, {"items", receiver()}}},
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
