// A small world for the tests of the screen: what an agent answers, and the moment it is shown.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "exporters/watch/keys.h"
#include "exporters/watch/screen.h"

namespace highwater::watch {

using Json = nlohmann::json;

inline Json incident(int id, const std::string& severity, const std::string& title,
                     const std::string& opened) {
  return {{"id", id},
          {"severity", severity},
          {"title", title},
          {"opened", opened},
          {"team", "shop"},
          {"silenced_by", Json::array()},
          {"acknowledged", nullptr},
          {"correlation_id", "0af7651916cd43dd8448eb211c80319c"},
          {"headline",
           {{"alertname", "BrokerDown"},
            {"entity", {{"cluster", "prod"}, {"broker", "2"}}},
            {"note", "refuses connections"},
            {"runbook", "broker-down"}}},
          {"cause", {{"entity", {{"cluster", "prod"}, {"broker", "2"}}}}},
          {"evidence",
           {{{"entity", {{"cluster", "prod"}, {"group", "payments"}}},
             {"summary", "payments has no coordinator"}}}},
          {"evidence_count", 1},
          {"impact_text", "1 group affected: payments"}};
}

inline Json group(const std::string& name, const std::string& topic, Json seconds, Json records) {
  return {{"group", name}, {"topic", topic}, {"lag_seconds", seconds}, {"lag_records", records}};
}

inline Json budget(const std::string& slo, const std::string& entity, Json left) {
  return {{"slo", slo}, {"entity", entity}, {"remaining", left}, {"coverage", 0.98}};
}

// Two clusters; a broker of one crashed, and one is unknown.
inline Json status_with_faults() {
  Json acknowledged =
      incident(4, "ticket", "Partitions of audit are skewed (prod)", "2026-11-29T09:00:00.000Z");
  acknowledged["acknowledged"] = "acknowledged by ann until 2026-11-29T14:00:00Z";
  Json brokers = {{{"id", "1"}, {"up", true}, {"status", "up"}},
                  {{"id", "2"}, {"up", false}, {"status", "crashed"}, {"note", "refuses"}},
                  {{"id", "3"}, {"up", nullptr}}};
  Json prod = {{"name", "prod"},
               {"brokers", brokers},
               {"broker_count", 3},
               {"brokers_up", 1},
               {"unknown_group_count", 1},
               {"group_count", 3},
               {"budget_count", 2},
               {"parts",
                {{{"name", "brokers"}, {"stale", false}},
                 {{"name", "topics"},
                  {"stale", false},
                  {"unreadable", "the principal is denied"},
                  {"problems", {"broker 2 did not answer"}},
                  {"problem_count", 1}}}},
               {"groups",
                {group("billing", "orders", 200.0, 1234567), group("payments", "orders", 12.5, 900),
                 group("payments", "refunds", 0, 0), group("audit", "events", nullptr, nullptr)}},
               {"budgets",
                {budget("payments-lag", "group=payments topic=orders", -0.125),
                 budget("consumer-lag", "group=billing topic=orders", 0.5)}}};
  Json staging = {{"name", "staging"},
                  {"brokers", {{{"id", "1"}, {"up", true}, {"status", "up"}}}},
                  {"broker_count", 1},
                  {"brokers_up", 1},
                  {"group_count", 1},
                  {"groups", {group("pay-test", "orders", 1.0, 7)}},
                  {"budgets", {budget("consumer-lag", "", nullptr)}},
                  {"budget_count", 1}};
  return {
      {"version", "1.0.0"},
      {"now", "2026-11-29T12:00:05.250Z"},
      {"ready", true},
      {"heartbeat_age_seconds", 0.5},
      {"incidents",
       {incident(7, "page", "Broker 2 (prod) crashed", "2026-11-29T11:48:00.000Z"), acknowledged}},
      {"incident_count", 2},
      {"clusters", {prod, staging}},
      {"notices", Json::array()}};
}

inline Json quiet_status() {
  Json status = status_with_faults();
  status["incidents"] = Json::array();
  status["incident_count"] = 0;
  status["quiet_since"] = "2026-11-29T09:00:00.000Z";
  Json& prod = status["clusters"][0];
  prod["brokers"] = {{{"id", "1"}, {"up", true}}, {{"id", "2"}, {"up", true}}};
  prod["broker_count"] = 2;
  prod["brokers_up"] = 2;
  prod["unknown_group_count"] = 0;
  prod["parts"] = Json::array();
  return status;
}

inline PicturePtr picture_of(const Json& status) {
  return read_picture(status.dump(-1, ' ', false, Json::error_handler_t::replace)).value();
}

inline Model model_of(const Json& status) {
  Model model;
  model.picture = picture_of(status);
  model.connection.url = "http://127.0.0.1:9877";
  model.connection.interval = std::chrono::seconds(2);
  model.connection.now = WallTime(std::chrono::seconds(1'796'000'000));
  model.connection.answered = model.connection.now;
  return model;
}

// As the command does it: settled, without colours.
inline std::vector<std::string> lines_of(const Model& model, View& view, Size size = {}) {
  settle(view, model.picture);
  const Frame frame = draw(model, view, size, false);
  view.page = frame.page;
  view.most_scroll = frame.most_scroll;
  return frame.lines;
}

inline std::string text_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

inline std::string screen_of(const Model& model, View view = {}, Size size = {}) {
  return text_of(lines_of(model, view, size));
}

// One character each.
inline Wish type(const std::string& text, View& view, const PicturePtr& picture) {
  Wish wish = Wish::nothing;
  for (const char c : text) wish = press({KeyKind::text, std::string(1, c)}, view, picture);
  return wish;
}

}  // namespace highwater::watch
