// What a rule's remedy is made of, and the rules' functions. Used within exporters/remedies alone.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/remedies/cluster_facts.h"
#include "exporters/remedies/remedy.h"
#include "exporters/runbooks/placeholders.h"

namespace highwater::remedies {

struct Case {
  const Incident& incident;
  const Alert& alert;  // the incident's headline
  const ClusterFacts& facts;
  const ToolAccess& access;

  [[nodiscard]] std::string label(std::string_view name) const {
    return alert.entity.label(name).text();
  }
  // A command of Kafka's tools. Values fill "{topic}" and its like as words of a shell.
  [[nodiscard]] std::string kafka(std::string_view program, std::string_view arguments,
                                  PlaceholderValues values = {}) const;
};

[[nodiscard]] Remedy no_remedy(std::string why);

// "1 partition", "1,204 records".
[[nodiscard]] std::string counted(double count, std::string_view noun);
// "1, 2 and 3"; of many the first, and how many more there are.
[[nodiscard]] std::string listed(std::span<const std::string> names);
// "broker 2 (10.0.0.2:9092)", "brokers 2 and 3"
[[nodiscard]] std::string brokers_text(const ClusterFacts& facts,
                                       std::span<const std::string> brokers);
// False where a terminal or a page could show something else than what a shell would get, and where
// the name may stand for another one: what cannot be shown enters the agent as
// "ab?~0123456789abcdef".
[[nodiscard]] bool can_be_typed(std::string_view name);

// By subject; registry.cpp says which rule has which.
[[nodiscard]] Remedy start_failed_brokers(const Case& c);
[[nodiscard]] Remedy start_stopped_broker(const Case& c);
[[nodiscard]] Remedy start_controllers(const Case& c);
[[nodiscard]] Remedy bring_leader_back(const Case& c);
[[nodiscard]] Remedy bring_replicas_back(const Case& c);
[[nodiscard]] Remedy repair_log_dir(const Case& c);
[[nodiscard]] Remedy name_largest_topics(const Case& c);
[[nodiscard]] Remedy elect_preferred_leaders(const Case& c);

[[nodiscard]] Remedy restart_stalled_member(const Case& c);
[[nodiscard]] Remedy start_group(const Case& c);
[[nodiscard]] Remedy catch_up(const Case& c);
[[nodiscard]] Remedy reset_offsets_beyond_end(const Case& c);
[[nodiscard]] Remedy reset_lost_offsets(const Case& c);
[[nodiscard]] Remedy lengthen_retention(const Case& c);

[[nodiscard]] Remedy abort_hanging_transaction(const Case& c);
[[nodiscard]] Remedy grant_rights(const Case& c);
[[nodiscard]] Remedy check_file(const Case& c);
[[nodiscard]] Remedy explain_rule(const Case& c);

}  // namespace highwater::remedies
