// What of the groups survives a restart.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "rules/routing/groups.h"

namespace highwater::rules {
namespace {

using Json = nlohmann::json;

// Which id comes next; all others are keys of one group.
constexpr std::string_view kNextKey = "next";

Json time_json(WallTime time) {
  return time.time_since_epoch().count();
}

WallTime time_of(const Json& json) {
  return WallTime(Duration(json.get<int64_t>()));
}

// The steady clock begins anew with each start.
Json moment_json(const std::optional<Now>& moment) {
  return moment ? time_json(moment->wall) : Json();
}

std::optional<Now> moment_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return Now{{}, time_of(json)};
}

Duration duration_of(const Json& json) {
  return Duration(json.get<int64_t>());
}

Json severity_json(const std::optional<Severity>& severity) {
  return severity ? Json(static_cast<int>(*severity)) : Json();
}

std::optional<Severity> severity_of(const Json& json) {
  if (json.is_null()) return std::nullopt;
  const int severity = json.get<int>();
  if (severity < 0 || severity > static_cast<int>(Severity::page))
    throw std::invalid_argument("no severity");
  return static_cast<Severity>(severity);
}

}  // namespace

std::string Groups::encode(const Key& key, const Group& group) {
  Json members = Json::array();
  for (const auto& [id, member] : group.members)
    members.push_back({{"shown", durable_json(member.shown)},
                       {"told", severity_json(member.told)},
                       {"hidden", member.hidden},
                       {"back", member.back}});
  Json ended = Json::array();
  for (const Ended& one : group.ended)
    ended.push_back({{"shown", durable_json(one.shown)}, {"told", one.told}});
  const Json json{{"line", key.line},
                  {"receiver", key.receiver},
                  {"labels", key.labels},
                  {"id", group.id},
                  {"correlation", group.correlation.hex()},
                  {"since", time_json(group.since)},
                  {"news_at", moment_json(group.news_at)},
                  {"told_at", moment_json(group.told_at)},
                  {"opened", group.opened},
                  {"sequence", group.sequence},
                  {"wait", group.wait.count()},
                  {"interval", group.interval.count()},
                  {"repeat", group.repeat.count()},
                  {"members", std::move(members)},
                  {"ended", std::move(ended)},
                  {"more_ended", group.more_ended},
                  {"more_ended_told", group.more_ended_told},
                  {"total", group.total}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::pair<Groups::Key, Groups::Group>> Groups::decode(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Key key;
    json.at("line").get_to(key.line);
    json.at("receiver").get_to(key.receiver);
    json.at("labels").get_to(key.labels);
    Group group;
    json.at("id").get_to(group.id);
    group.correlation = TraceId::from_hex(json.at("correlation").get<std::string>());
    if (!is_group(group.id) || !group.correlation.valid()) return fail("it has no id");
    group.since = time_of(json.at("since"));
    group.news_at = moment_of(json.at("news_at"));
    group.told_at = moment_of(json.at("told_at"));
    group.anchored = false;
    json.at("opened").get_to(group.opened);
    json.at("sequence").get_to(group.sequence);
    group.wait = duration_of(json.at("wait"));
    group.interval = duration_of(json.at("interval"));
    group.repeat = duration_of(json.at("repeat"));
    for (const Json& one : json.at("members")) {
      Member member;
      member.shown = durable_grouped(one.at("shown"));
      member.told = severity_of(one.at("told"));
      one.at("hidden").get_to(member.hidden);
      one.at("back").get_to(member.back);
      const uint64_t id = member.shown.id;
      group.members.emplace(id, std::move(member));
    }
    for (const Json& one : json.at("ended"))
      group.ended.push_back({durable_grouped(one.at("shown")), one.at("told").get<bool>()});
    json.at("more_ended").get_to(group.more_ended);
    json.at("more_ended_told").get_to(group.more_ended_told);
    json.at("total").get_to(group.total);
    return std::pair(std::move(key), std::move(group));
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

void Groups::add_records(std::vector<StateRecord>& records) const {
  if (next_ > kFirstGroupId + 1)
    records.push_back({std::string(kGroupKind), std::string(kNextKey), std::to_string(next_)});
  for (const auto& [key, group] : groups_)
    records.push_back(
        {std::string(kGroupKind), fmt::format("{:020}", group.id), encode(key, group)});
}

std::vector<std::string> Groups::restore(std::span<const StateRecord> records) {
  std::vector<std::string> problems;
  for (const StateRecord& record : records) {
    if (record.kind != kGroupKind) continue;
    if (record.key == kNextKey) {
      const Json next = Json::parse(record.value, nullptr, false);
      if (next.is_number_unsigned()) next_ = std::max(next_, next.get<uint64_t>());
      continue;
    }
    auto read = decode(record.value);
    if (!read) {
      problems.push_back(fmt::format("a group of incidents: {}", read.error().message));
      continue;
    }
    next_ = std::max(next_, read->second.id + 1);
    groups_.insert(std::move(*read));
  }
  ++version_;
  return problems;
}

}  // namespace highwater::rules
