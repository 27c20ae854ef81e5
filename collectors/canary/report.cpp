#include "collectors/canary/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "agent/core/utf8.h"

namespace highwater::canary {
namespace {

using Json = nlohmann::json;

// More from one tick is nonsense: a probe sends one record per partition and tick.
constexpr size_t kMaxSamples = 1000;
constexpr size_t kMaxText = 500;

Json to_json(Duration duration) {
  return duration.count();
}

Json to_json(const std::vector<Duration>& durations) {
  Json list = Json::array();
  for (const Duration duration : durations) list.push_back(to_json(duration));
  return list;
}

Json to_json(const std::optional<Duration>& duration) {
  return duration ? to_json(*duration) : Json();
}

std::string text_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return {};
  return std::string(utf8::first_bytes(found->get_ref<const std::string&>(), kMaxText));
}

uint64_t count_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

std::optional<Duration> duration_of(const Json& json) {
  if (!json.is_number_integer()) return std::nullopt;
  return Duration(std::max<int64_t>(0, json.get<int64_t>()));
}

std::optional<Duration> duration_of(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found == json.end() ? std::nullopt : duration_of(*found);
}

std::vector<Duration> durations_of(const Json& json, const char* key) {
  std::vector<Duration> durations;
  const auto found = json.find(key);
  if (found == json.end() || !found->is_array()) return durations;
  for (const Json& entry : *found) {
    if (durations.size() == kMaxSamples) break;
    if (const auto duration = duration_of(entry)) durations.push_back(*duration);
  }
  return durations;
}

Result<Json> object_from(std::string_view line) {
  Json json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return fail("not an object of JSON");
  return json;
}

Json write_partition(const PartitionReport& partition) {
  const Counts& counts = partition.counts;
  return {{"partition", partition.partition},
          {"counts",
           {{"sent", counts.sent},
            {"taken", counts.taken},
            {"refused", counts.refused},
            {"received", counts.received},
            {"lost", counts.lost},
            {"duplicated", counts.duplicated}}},
          {"waiting", to_json(partition.waiting)},
          {"unanswered", to_json(partition.unanswered)},
          {"produced", to_json(partition.produced)},
          {"end_to_end", to_json(partition.end_to_end)},
          {"error", partition.error}};
}

PartitionReport read_partition(const Json& json) {
  PartitionReport partition;
  partition.partition = json.value("partition", -1);
  const auto counts = json.find("counts");
  if (counts != json.end() && counts->is_object()) {
    partition.counts = {count_of(*counts, "sent"),    count_of(*counts, "taken"),
                        count_of(*counts, "refused"), count_of(*counts, "received"),
                        count_of(*counts, "lost"),    count_of(*counts, "duplicated")};
  }
  partition.waiting = duration_of(json, "waiting");
  partition.unanswered = duration_of(json, "unanswered");
  partition.produced = durations_of(json, "produced");
  partition.end_to_end = durations_of(json, "end_to_end");
  partition.error = text_of(json, "error");
  return partition;
}

Json write_journey(const Journey& journey) {
  return {{"trace", journey.trace.hex()},        {"send", journey.send.hex()},
          {"receive", journey.receive.hex()},    {"sent", journey.sent.time_since_epoch().count()},
          {"produce", to_json(journey.produce)}, {"end_to_end", to_json(journey.end_to_end)}};
}

Journey read_journey(const Json& json) {
  Journey journey;
  journey.trace = TraceId::from_hex(text_of(json, "trace"));
  journey.send = SpanId::from_hex(text_of(json, "send"));
  journey.receive = SpanId::from_hex(text_of(json, "receive"));
  journey.sent = WallTime(duration_of(json, "sent").value_or(Duration{}));
  journey.produce = duration_of(json, "produce").value_or(Duration{});
  journey.end_to_end = duration_of(json, "end_to_end").value_or(Duration{});
  return journey;
}

}  // namespace

std::string write_settings(const ProbeSettings& settings) {
  return Json{{"servers", settings.servers},
              {"topic", settings.topic},
              {"group", settings.group},
              {"every", to_json(settings.every)},
              {"properties", settings.properties}}
      .dump();
}

Result<ProbeSettings> read_settings(std::string_view line) {
  const Result<Json> json = object_from(line);
  if (!json) return tl::unexpected(json.error());
  ProbeSettings settings;
  settings.servers = text_of(*json, "servers");
  settings.topic = text_of(*json, "topic");
  settings.group = text_of(*json, "group");
  settings.every = duration_of(*json, "every").value_or(Duration{});
  if (const auto found = json->find("properties"); found != json->end() && found->is_array()) {
    for (const Json& property : *found) {
      if (property.is_array() && property.size() == 2 && property[0].is_string() &&
          property[1].is_string())
        settings.properties.emplace_back(property[0].get<std::string>(),
                                         property[1].get<std::string>());
    }
  }
  if (settings.servers.empty() || settings.topic.empty() || settings.group.empty())
    return fail("servers, topic and group must be said");
  if (settings.every < std::chrono::milliseconds(100)) return fail("every: too short");
  return settings;
}

std::string write_report(const ProbeReport& report) {
  Json probed = Json::array();
  for (const PartitionReport& partition : report.probed)
    probed.push_back(write_partition(partition));
  Json journeys = Json::array();
  for (const Journey& journey : report.journeys) journeys.push_back(write_journey(journey));
  return Json{{"sending", report.sending},          {"why", report.why},
              {"partitions", report.partitions},    {"probed", std::move(probed)},
              {"commits", to_json(report.commits)}, {"journeys", std::move(journeys)}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<ProbeReport> read_report(std::string_view line) {
  const Result<Json> json = object_from(line);
  if (!json) return tl::unexpected(json.error());
  ProbeReport report;
  const auto sending = json->find("sending");
  report.sending = sending != json->end() && sending->is_boolean() && sending->get<bool>();
  report.why = text_of(*json, "why");
  report.partitions =
      static_cast<int32_t>(std::min<uint64_t>(count_of(*json, "partitions"), 1U << 30U));
  report.commits = durations_of(*json, "commits");
  const auto probed = json->find("probed");
  if (probed != json->end() && probed->is_array()) {
    for (const Json& entry : *probed) {
      if (report.probed.size() == kMaxPartitions) break;
      const auto number = entry.is_object() ? entry.find("partition") : entry.end();
      if (number == entry.end() || !number->is_number_unsigned()) continue;
      report.probed.push_back(read_partition(entry));
    }
  }
  const auto journeys = json->find("journeys");
  if (journeys != json->end() && journeys->is_array()) {
    for (const Json& entry : *journeys) {
      if (!entry.is_object()) continue;
      const Journey journey = read_journey(entry);
      if (journey.trace.valid() && journey.send.valid() && journey.receive.valid())
        report.journeys.push_back(journey);
    }
  }
  return report;
}

}  // namespace highwater::canary
