#include "exporters/watch/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/core/plain_text.h"
#include "exporters/json_fields.h"
#include "exporters/status/ago_text.h"
#include "exporters/status/incident_list_text.h"
#include "exporters/status/status_text.h"

namespace highwater::watch {
namespace {

using Json = nlohmann::json;

// An agent that judges does so every second; `/healthz` complains at the same age.
constexpr double kOldestHeartbeat = 10;  // seconds

// Without copying the list, which may be long.
template <class Use>
void for_objects(const Json& json, const char* key, Use use) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return;
  for (const Json& entry : *found) {
    if (entry.is_object()) use(entry);
  }
}

size_t count_of(const Json& json, const char* key) {
  return static_cast<size_t>(std::clamp(number_of(json, key), 0.0, 1e12));
}

void add_incident(const Json& json, Picture& picture) {
  IncidentRow row;
  row.key = fmt::format("{:.0f}", number_of(json, "id"));
  row.json = &json;
  row.severity = text_of(json, "severity");
  row.title = text_of(json, "title");
  row.opened = text_of(json, "opened");
  row.since = ago_text(row.opened, picture.now);
  row.standing = incident_standing(json);
  row.search = in_lower_case(
      fmt::format("{} {} {} {}", row.severity, row.title, text_of(json, "team"), row.standing));
  picture.incidents.push_back(std::move(row));
}

void add_budgets(const Json& cluster, const std::string& name, Picture& picture) {
  for_objects(cluster, "budgets", [&](const Json& json) {
    BudgetRow row;
    row.json = &json;
    row.cluster = name;
    row.slo = text_of(json, "slo");
    row.entity = text_of(json, "entity");
    row.left = known_number(json, "remaining");
    row.coverage = known_number(json, "coverage");
    row.key = row.cluster + "\n" + row.slo + "\n" + row.entity;
    row.search = in_lower_case(row.slo + " " + row.entity + " " + row.cluster);
    picture.budgets.push_back(std::move(row));
  });
  picture.budget_count += count_of(cluster, "budget_count");
}

void add_groups(const Json& cluster, const std::string& name, Picture& picture) {
  for_objects(cluster, "groups", [&](const Json& json) {
    GroupRow row;
    row.json = &json;
    row.cluster = name;
    row.group = text_of(json, "group");
    row.topic = text_of(json, "topic");
    row.lag_seconds = known_number(json, "lag_seconds");
    row.lag_records = known_number(json, "lag_records");
    row.key = row.cluster + "\n" + row.group + "\n" + row.topic;
    row.search = in_lower_case(row.group + " " + row.topic + " " + row.cluster);
    picture.groups.push_back(std::move(row));
  });
  picture.group_count += count_of(cluster, "group_count");
}

void add_unknown(const Json& cluster, const ClusterRow& row, Picture& picture) {
  const auto add = [&](const std::string& what) {
    picture.unknown.push_back(row.name + ": " + what);
  };
  for_objects(cluster, "parts", [&](const Json& part) {
    const std::string name = text_of(part, "name");
    if (is_true(part, "stale")) {
      const std::string age = seconds_text(number_of(part, "age_seconds"));
      add(fmt::format("nothing new of {} for {}", name, age));
    } else if (const std::string why = text_of(part, "unreadable"); !why.empty()) {
      add(fmt::format("nothing of {} can be read: {}", name, why));
    }
  });
  if (const size_t groups = count_of(cluster, "unknown_group_count"); groups > 0)
    add("the lag of " + counted(groups, "group") + " is unknown");
  const auto brokers = static_cast<size_t>(
      std::ranges::count_if(row.brokers, [](const BrokerMark& broker) { return !broker.up; }));
  if (brokers > 0) add("the state of " + counted(brokers, "broker") + " is unknown");
}

void add_cluster(const Json& json, Picture& picture) {
  ClusterRow row;
  row.json = &json;
  row.name = text_of(json, "name");
  row.key = row.name;
  row.search = in_lower_case(row.name);
  row.brokers_up = count_of(json, "brokers_up");
  row.broker_count = count_of(json, "broker_count");
  row.group_count = count_of(json, "group_count");
  for_objects(json, "brokers", [&](const Json& broker) {
    const auto up = broker.find("up");
    const bool known = up != broker.end() && up->is_boolean();
    row.brokers.push_back({text_of(broker, "id"), broker_state(broker),
                           known ? std::optional(up->get<bool>()) : std::nullopt});
  });
  add_unknown(json, row, picture);
  add_budgets(json, row.name, picture);
  add_groups(json, row.name, picture);
  picture.clusters.push_back(std::move(row));
}

}  // namespace

std::string in_lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

Result<PicturePtr> read_picture(std::string_view json) {
  const auto status = std::make_shared<const Json>(Json::parse(json, nullptr, false));
  if (!status->is_object() || !status->contains("ready") || !status->contains("clusters"))
    return fail("what answered is no status of Highwater");
  auto picture = std::make_shared<Picture>();
  picture->status = status;
  picture->version = text_of(*status, "version");
  picture->now = text_of(*status, "now");
  picture->quiet_since = text_of(*status, "quiet_since");
  picture->unsure = why_unsure(*status);
  if (const double age = number_of(*status, "heartbeat_age_seconds"); age > kOldestHeartbeat)
    picture->unknown.push_back("the agent has judged nothing for " + seconds_text(age));
  picture->incident_count = count_of(*status, "incident_count");
  for_objects(*status, "incidents", [&](const Json& one) { add_incident(one, *picture); });
  for_objects(*status, "clusters", [&](const Json& one) { add_cluster(one, *picture); });
  const auto notices = status->find("notices");
  for (const Json& notice : notices != status->end() ? *notices : Json::array()) {
    if (notice.is_string()) picture->notices.push_back(clean(notice.get<std::string>()));
  }
  return picture;
}

size_t row_count(const Picture& picture, Section section) {
  switch (section) {
    case Section::incidents:
      return picture.incidents.size();
    case Section::clusters:
      return picture.clusters.size();
    case Section::budgets:
      return picture.budgets.size();
    case Section::groups:
      return picture.groups.size();
  }
  return 0;
}

const Row& row(const Picture& picture, Section section, size_t index) {
  switch (section) {
    case Section::incidents:
      return picture.incidents.at(index);
    case Section::clusters:
      return picture.clusters.at(index);
    case Section::budgets:
      return picture.budgets.at(index);
    case Section::groups:
      break;
  }
  return picture.groups.at(index);
}

}  // namespace highwater::watch
