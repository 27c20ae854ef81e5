#include "tests/simulator/scenario/fault.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace highwater::simulator {
namespace fault {
namespace {

std::string text(const Die& f) {
  return fmt::format("die {}", f.broker);
}
std::string text(const Return& f) {
  return fmt::format("return {}", f.broker);
}
std::string text(const Hang& f) {
  return fmt::format("hang {}", f.broker);
}
std::string text(const Wake& f) {
  return fmt::format("wake {}", f.broker);
}
std::string text(const Stop& f) {
  return fmt::format("stop {}", f.broker);
}
std::string text(const Slow& f) {
  return fmt::format("slow {} by {}", f.broker, format_duration(f.delay));
}
std::string text(const HalfAnswer& f) {
  return fmt::format("half_answer {}, {} times", f.broker, f.times);
}
std::string text(const Garbage& f) {
  return fmt::format("garbage {}, {} times", f.broker, f.times);
}
std::string text(const LeaderChange& f) {
  return fmt::format("leader_change {}-{} to {}", f.topic, f.partition, f.to);
}
std::string text(const PreferredElection&) {
  return "preferred_election";
}
std::string text(const MoveCoordinators&) {
  return "move_coordinators";
}
std::string text(const Loading& f) {
  return fmt::format("loading {} for {}", f.broker, format_duration(f.duration));
}
std::string text(const QuorumLost& f) {
  return f.lost ? "quorum_lost" : "quorum_lost ends";
}
std::string text(const Denied& f) {
  std::string text = "denied:";
  if (f.topics) text += " topics";
  if (f.groups) text += " groups";
  if (f.cluster) text += " cluster";
  if (f.configs) text += " configs";
  if (f.reads) text += " reads";
  if (!f.topic_names.empty()) text += fmt::format(" topics {}", fmt::join(f.topic_names, ", "));
  if (!f.group_names.empty()) text += fmt::format(" groups {}", fmt::join(f.group_names, ", "));
  return text;
}
std::string text(const FallBehind& f) {
  return fmt::format("{} {}", f.behind ? "fall_behind" : "keep_up", f.broker);
}
std::string text(const Reassign& f) {
  return fmt::format("reassign {}-{} to {} in {}", f.topic, f.partition, fmt::join(f.to, ","),
                     format_duration(f.duration));
}
std::string text(const CreateTopic& f) {
  return fmt::format("create_topic {}", f.topic.name);
}
std::string text(const DeleteTopic& f) {
  return fmt::format("delete_topic {}", f.topic);
}
std::string text(const AlterConfig& f) {
  return fmt::format("alter_config {} {}={}", f.topic, f.name, f.value);
}
std::string text(const DeleteRecords& f) {
  return fmt::format("delete_records {}-{} before {}", f.topic, f.partition, f.before);
}
std::string text(const CreateGroup& f) {
  return fmt::format("create_group {}", f.group.name);
}
std::string text(const DeleteGroup& f) {
  return fmt::format("delete_group {}", f.group);
}
std::string text(const Members& f) {
  return fmt::format("members {}: {}", f.group, f.count);
}
std::string text(const Rebalance& f) {
  return fmt::format("rebalance {} for {}", f.group, format_duration(f.duration));
}
std::string text(const ChangeConsume& f) {
  switch (f.consume.mode) {
    case Consume::Mode::kAll:
      return fmt::format("consume {}: all", f.group);
    case Consume::Mode::kRate:
      return fmt::format("consume {}: {}", f.group, format_rate(f.consume.rate));
    case Consume::Mode::kNothing:
      return fmt::format("consume {}: none", f.group);
  }
  return "consume";
}
std::string text(const ChangeProduce& f) {
  return fmt::format("produce {}: {}", f.topic, format_rate(f.rate));
}
std::string text(const OpenTransaction& f) {
  return fmt::format("open_transaction {}-{}", f.topic, f.partition);
}
std::string text(const EndTransaction& f) {
  return fmt::format("end_transaction {}-{}{}", f.topic, f.partition, f.abort ? " abort" : "");
}
std::string text(const Heal& f) {
  return f.broker ? fmt::format("heal {}", *f.broker) : "heal all";
}

}  // namespace
}  // namespace fault

std::string describe(const Fault& fault) {
  return std::visit([](const auto& f) { return fault::text(f); }, fault);
}

}  // namespace highwater::simulator
