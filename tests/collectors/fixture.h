// What the tests of the interpreters share: a healthy cluster to break, and reading a cell of an
// observation by the name of its measure.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <ostream>
#include <string>
#include <vector>

#include "collectors/interpreter.h"
#include "collectors/registry.h"

namespace highwater::collectors {

// A row's cell: a number, unknown with a reason, or not there at all.
struct Cell {
  bool there = false;
  Unknown reason = Unknown::known;
  double value = 0;  // only compared when it is known

  bool operator==(const Cell& other) const {
    if (there != other.there || reason != other.reason) return false;
    return !there || reason != Unknown::known || value == other.value;
  }
};
std::ostream& operator<<(std::ostream& out, const Cell& cell);

inline const Cell kNoRow{};
[[nodiscard]] inline Cell is(double value) {
  return {true, Unknown::known, value};
}
[[nodiscard]] inline Cell unknown(Unknown reason) {
  return {true, reason, 0};
}

// The cell of {cluster "prod", rest...} in the measure's table.
[[nodiscard]] Cell cell(const Observation& observation, std::string_view measure,
                        std::initializer_list<std::string_view> rest);
[[nodiscard]] const Table& table(const Observation& observation, std::string_view measure);
// Of the row that `cell` found; also where it is unknown.
[[nodiscard]] double last_value(const Observation& observation, std::string_view measure,
                                std::initializer_list<std::string_view> rest);

// "topic=orders partition=0 -> broker=3", sorted; without the cluster.
[[nodiscard]] std::vector<std::string> pairs(const Observation& observation, std::string_view name);
// "" when the entity has no note.
[[nodiscard]] std::string note(const Observation& observation, const Entity& entity);
[[nodiscard]] std::vector<std::string> problems(const Observation& observation);

// Seconds after an arbitrary start, on both clocks.
[[nodiscard]] Now at(double seconds);

// Cluster "prod", reachable, three brokers that are up. Topic "logs" has one partition on broker 3
// alone; topic "orders" has three partitions on all brokers, led by 1, 2 and 3, each with offsets
// 100 to 1000, and min.insync.replicas 2.
[[nodiscard]] kafka::ClusterView healthy_cluster();
[[nodiscard]] kafka::TopicView& topic(kafka::ClusterView& view, std::string_view name);
[[nodiscard]] kafka::PartitionView& orders(kafka::ClusterView& view, size_t partition);
[[nodiscard]] kafka::OffsetView offset(int64_t value);
// The oldest unread record came about `seconds` after the start, at most 2 s earlier or 1 s later;
// 0: nothing is unread.
[[nodiscard]] kafka::UnreadSince unread_since(double seconds);
// Adds a group of type consumer without members, coordinated by `coordinator`, that committed the
// offsets in "orders", partition by partition. What is unread came at -60 s.
kafka::GroupView& add_group(kafka::ClusterView& view, std::string_view id, int32_t coordinator,
                            std::initializer_list<int64_t> committed);
void add_member(kafka::GroupView& group, std::string_view topic, std::vector<int32_t> partitions);
// The broker fails at 0 s; Metadata lists it still.
void crash(kafka::ClusterView& view, int32_t broker);

}  // namespace highwater::collectors
