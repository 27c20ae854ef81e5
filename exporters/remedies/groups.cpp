// Remedies of consumer groups. Kafka knows who a group's members are and where they connect from,
// not how they are started; it resets the offsets of a group only while that has no members.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "exporters/remedies/case.h"
#include "exporters/value_text.h"

namespace highwater::remedies {
namespace {

constexpr std::string_view kGroups = "kafka-consumer-groups.sh";
// Of what a broker's volume has in all: below a twentieth of it is a page.
constexpr double kKeptFree = 0.1;

std::string grow_text(double members, double partitions, const std::string& topic) {
  return fmt::format("{} share the {} of {}, and each may have one", counted(members, "member"),
                     counted(partitions, "partition"), topic);
}

struct Reset {
  std::vector<std::string> partitions;
  double read_again = 0;  // records that are there, of those whose number is known
  bool all_known = true;

  void add(const ClusterFacts& facts, const std::string& topic, const std::string& partition) {
    partitions.push_back(partition);
    const auto start = facts.value("partition_log_start_offset", {topic, partition});
    const auto end = facts.value("partition_high_watermark", {topic, partition});
    if (start && end && *end >= *start)
      read_again += *end - *start;
    else
      all_known = false;
  }
};

// To the oldest record there is: the one place from which nothing is left out.
Remedy reset_to_earliest(const Case& c, const Reset& reset, std::string check) {
  const std::string group = c.label("group");
  const std::string topic = c.label("topic");
  const auto members = c.facts.value("group_members", {group});
  if (!members) return no_remedy("whether the group has members now is not known");
  if (*members > 0)
    return {fmt::format("stop the {} of {} first", counted(*members, "member"), group),
            {},
            "Kafka resets the offsets of a group only while it has none; the command is here as "
            "soon as they are gone"};
  std::string names = topic + ":";
  for (const std::string& partition : reset.partitions)
    names += (names.ends_with(':') ? "" : ",") + partition;
  const auto command = [&](std::string_view how) {
    return c.kafka(kGroups,
                   fmt::format("--reset-offsets --to-earliest --group {{group}} --topic {{names}} "
                               "{}",
                               how),
                   {{"group", group}, {"names", names}});
  };
  return {fmt::format("set {} to the oldest record of {} of {}", group,
                      counted(static_cast<double>(reset.partitions.size()), "partition"), topic),
          {command("--dry-run"), command("--execute")},
          std::move(check)};
}

// A limit of the topic, twice as large; nothing: it has none.
struct Limit {
  bool known = false;
  std::optional<double> now;  // in the unit of the measure
};

Limit limit_of(const ClusterFacts& facts, std::string_view measure, const std::string& topic) {
  const auto value = facts.value(measure, {topic});
  if (!value) return {};
  return {true, std::isfinite(*value) ? value : std::nullopt};
}

// Why the brokers have no room for as much again of the topic; empty: they have. Which directory a
// partition is in is not known: the one with the least room counts for all of it.
struct Room {
  std::string why_not;
  std::string text;  // of the broker where it is scarcest
};

Room room_for_as_much_again(const Case& c, const std::string& topic) {
  std::map<std::string, double> needed;
  for (const ClusterFacts::Row& row : c.facts.rows("partition_log_bytes", {topic})) {
    if (!row.value)
      return {fmt::format("how much broker {} holds of {} is not known", row.cell(2), topic), {}};
    needed[row.cell(2)] += *row.value;
  }
  if (needed.empty()) return {"how large the topic is, is not known", {}};
  double scarcest = INFINITY;
  Room room;
  for (const auto& [broker, bytes] : needed) {
    const auto dirs = c.facts.rows("log_dir_usable_bytes", {broker});
    if (dirs.empty()) return {fmt::format("the room on broker {} is not known", broker), {}};
    for (const ClusterFacts::Row& dir : dirs) {
      const auto total = c.facts.value("log_dir_total_bytes", {broker, dir.cell(1)});
      if (!dir.value || !total || *total <= 0)
        return {fmt::format("the room on broker {} is not known", broker), {}};
      const double left = (*dir.value - bytes) / *total;
      const std::string text =
          fmt::format("up to {} more on broker {}, which has {} left",
                      value_text(bytes, Unit::bytes), broker, value_text(*dir.value, Unit::bytes));
      if (left < kKeptFree) return {"twice the retention may need " + text, {}};
      if (left < scarcest) room.text = text;
      scarcest = std::min(scarcest, left);
    }
  }
  return room;
}

}  // namespace

Remedy restart_stalled_member(const Case& c) {
  const std::string group = c.label("group");
  const std::string topic = c.label("topic");
  Remedy remedy{
      {},
      {c.kafka(kGroups, "--describe --group {group} --members --verbose", {{"group", group}})},
      "it only shows who reads which partition"};
  const auto members = c.facts.rows("group_stalled_member_info", {group, topic});
  if (members.empty()) {
    remedy.action = "find the member that has the partition";
    remedy.check += ", which is not known here";
    return remedy;
  }
  const ClusterFacts::Row& member = members.front();
  const std::string& host = member.cell(4);
  remedy.action = fmt::format("restart client {}{}, which reads {}-{}", member.cell(3),
                              host.empty() ? "" : " on " + host, topic, member.cell(2));
  remedy.check +=
      "; a restart helps one that hangs, not one that meets a record it cannot process: its log "
      "says which";
  return remedy;
}

Remedy start_group(const Case& c) {
  const std::string group = c.label("group");
  const auto members = c.facts.value("group_members", {group});
  if (!members) return no_remedy("whether the group has members now is not known");
  if (*members > 0)
    return no_remedy(
        fmt::format("the group has {} again, and reads on", counted(*members, "member")));
  return {fmt::format("start the application of {} again", group),
          {},
          "it has no members; where its application runs, Kafka does not know"};
}

Remedy catch_up(const Case& c) {
  const std::string group = c.label("group");
  const std::string topic = c.label("topic");
  if (c.facts.value("group_stalled_partitions", {group, topic}).value_or(0) > 0)
    return restart_stalled_member(c);
  const auto members = c.facts.value("group_members", {group});
  const auto partitions = c.facts.value("topic_partitions", {topic});
  if (!members || !partitions)
    return no_remedy("how many members share how many partitions is not known");
  if (*members == 0) return start_group(c);
  if (*members < *partitions)
    return {fmt::format("add members to {}", group),
            {},
            fmt::format("{}; how a member is started, Kafka does not know",
                        grow_text(*members, *partitions, topic))};
  return no_remedy(
      fmt::format("{} for {} of {}: more members would have nothing to read, so each has to "
                  "become faster",
                  counted(*members, "member"), counted(*partitions, "partition"), topic));
}

Remedy reset_offsets_beyond_end(const Case& c) {
  Reset reset;
  for (const ClusterFacts::Row& row :
       c.facts.rows("group_lag_records", {c.label("group"), c.label("topic")})) {
    if (row.reason == Unknown::beyond_end) reset.add(c.facts, c.label("topic"), row.cell(2));
  }
  if (reset.partitions.empty())
    return no_remedy("no commit of the group is known to be beyond the end now");
  if (!reset.all_known) return no_remedy("how many records it would read again is not known");
  return reset_to_earliest(
      c, reset,
      fmt::format("the group has no members, and no record is left out: it reads the {} that are "
                  "there, also those it has read before",
                  counted(reset.read_again, "record")));
}

Remedy reset_lost_offsets(const Case& c) {
  Reset reset;
  double lost = 0;
  for (const ClusterFacts::Row& row :
       c.facts.rows("group_records_lost", {c.label("group"), c.label("topic")})) {
    if (row.value.value_or(0) <= 0) continue;
    const auto committed =
        c.facts.value("group_committed_offset", {row.cell(0), row.cell(1), row.cell(2)});
    const auto start = c.facts.value("partition_log_start_offset", {row.cell(1), row.cell(2)});
    // It has gone on behind the gap: to set it back there would read what it has read since.
    if (committed && start && *committed >= *start) continue;
    reset.add(c.facts, row.cell(1), row.cell(2));
    lost += *row.value;
  }
  if (reset.partitions.empty())
    return no_remedy("what was lost cannot be brought back, and the group goes on behind it");
  return reset_to_earliest(
      c, reset,
      fmt::format("safe: the group has no members, and goes on at the oldest record that is "
                  "there; the {} before it are gone already",
                  counted(lost, "record")));
}

Remedy lengthen_retention(const Case& c) {
  const std::string topic = c.label("topic");
  const Limit time = limit_of(c.facts, "topic_retention_seconds", topic);
  const Limit size = limit_of(c.facts, "topic_retention_bytes", topic);
  if (!time.known || !size.known) return no_remedy("how the topic is kept is not known");
  if (!time.now && !size.now) return no_remedy("the topic is kept without a limit now");
  const Room room = room_for_as_much_again(c, topic);
  if (!room.why_not.empty())
    return no_remedy(fmt::format("{}: let the group catch up instead", room.why_not));
  std::string config;
  if (time.now) config = fmt::format("retention.ms={:.0f}", *time.now * 2 * 1000);
  if (size.now)
    config += fmt::format("{}retention.bytes={:.0f}", config.empty() ? "" : ",", *size.now * 2);
  return {fmt::format("keep {} for twice as long, until {} has caught up", topic, c.label("group")),
          {c.kafka("kafka-configs.sh",
                   "--alter --entity-type topics --entity-name {topic} --add-config {config}",
                   {{"topic", topic}, {"config", config}})},
          fmt::format("safe: it takes {}", room.text)};
}

}  // namespace highwater::remedies
