#include "collectors/groups/stranded_groups.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <string>
#include <vector>

#include "agent/core/utf8.h"
#include "collectors/kafka/offsets_topic.h"

namespace highwater::collectors {
namespace {

constexpr size_t kNamed = 5;
constexpr size_t kLongestName = 60;  // in characters

struct Stranded {
  std::string names;
  size_t count = 0;
};

void add(Stranded& stranded, const std::string& group) {
  if (++stranded.count > kNamed) return;
  if (stranded.count > 1) stranded.names += ", ";
  stranded.names += utf8::first_characters(group, kLongestName);
}

}  // namespace

void note_stranded_groups(Observation& observation, const kafka::ClusterView& view) {
  const kafka::OffsetsTopic offsets(view);
  if (!offsets.any_leaderless()) return;
  std::map<int32_t, Stranded> by_partition;
  for (const kafka::GroupView& group : view.groups) {
    const kafka::PartitionView* const home = offsets.partition_of(group.id.text());
    if (home != nullptr && home->leader < 0 && group.listed == Unknown::no_coordinator)
      add(by_partition[home->index], group.id.text());
  }
  static const std::vector<std::string_view> kPartition{"cluster", "topic", "partition"};
  for (const auto& [partition, stranded] : by_partition) {
    std::string text =
        fmt::format("groups that cannot commit, and whose lag is unknown: {}", stranded.names);
    if (stranded.count > kNamed) text += fmt::format(" and {} more", stranded.count - kNamed);
    const std::array<Symbol, 3> cells{view.cluster, Symbol(kafka::kOffsetsTopic),
                                      Symbol::number(partition)};
    observation.notes.push_back({Entity(kPartition, cells), std::move(text)});
  }
}

}  // namespace highwater::collectors
