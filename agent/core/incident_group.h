// IncidentGroup: several incidents that one receiver is told of together, by a line of `routes:`
// with `group_by`. A group is told as an incident of its own, whose `group` it is: with an id that
// no other has, a correlation id, an opening, updates and an end. Values; any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/report.h"

namespace highwater {

// Groups are counted beside incidents, and have ids far above theirs that JavaScript can still
// read.
constexpr uint64_t kFirstGroupId = uint64_t{1} << 52U;
[[nodiscard]] constexpr bool is_group(uint64_t id) {
  return id >= kFirstGroupId;
}
[[nodiscard]] constexpr uint64_t group_number(uint64_t id) {
  return id - kFirstGroupId;
}

// How much a receiver has heard of an incident, or of a group, by its id.
enum class Hearing : uint8_t {
  nothing,
  waits,  // something of it is not delivered
  all,
};

// One of the incidents that are told together.
struct GroupedIncident {
  uint64_t id = 0;
  TraceId correlation;
  std::string rule;  // of the alert that opened it
  Entity entity;
  std::vector<std::pair<std::string, std::string>> labels;  // the rule's own
  std::string title;
  Severity severity = Severity::ticket;
  std::string team;
  std::string runbook;
  WallTime since;
  std::optional<WallTime> ended;  // nothing while it is open
};

constexpr size_t kMaxGrouped = 50;

struct IncidentGroup {
  std::string receiver;
  std::vector<std::pair<std::string, std::string>> labels;  // what its incidents have in common
  std::vector<GroupedIncident> listed;  // at most kMaxGrouped: the open ones first, worst first
  size_t open = 0;
  size_t ended = 0;  // since the receiver heard of the group last
  size_t total = 0;  // of all that were ever in it
  size_t news = 0;   // of the open ones: began or became worse since then

  [[nodiscard]] size_t count() const { return open + ended; }  // of these some may be not listed
};

// "cluster=prod topic=orders"; empty without labels.
[[nodiscard]] std::string labels_text(
    const std::vector<std::pair<std::string, std::string>>& labels);

// The number by which people find the incident: of a group that of the first that is listed.
[[nodiscard]] uint64_t shown_id(const Incident& incident);
// Whether it stands for several incidents; one alone is told as it would be by itself.
[[nodiscard]] bool is_several(const Incident& incident);
// "17", "group 3".
[[nodiscard]] std::string id_text(uint64_t id);

// The incident by itself, with what is known of it in the group.
[[nodiscard]] Incident ungrouped(const GroupedIncident& grouped);

// The durable form. What cannot be read throws a std::exception.
[[nodiscard]] nlohmann::json durable_json(const GroupedIncident& grouped);
[[nodiscard]] GroupedIncident durable_grouped(const nlohmann::json& json);
[[nodiscard]] nlohmann::json durable_json(const IncidentGroup& group);
[[nodiscard]] IncidentGroup durable_group(const nlohmann::json& json);

}  // namespace highwater
