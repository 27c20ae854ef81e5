#include "collectors/topics/deleted_topics.h"

#include <algorithm>
#include <array>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const Measure kDeleted{"topic_deleted",
                       "Whether the topic was deleted within the last ten minutes: Kafka listed it "
                       "and no longer does, "
                       "or lists another one of its name; no row for other topics.",
                       Unit::boolean,
                       MeasureType::gauge,
                       {"cluster", "topic"}};
constexpr std::array<const Measure*, 1> kMeasures{&kDeleted};

constexpr Duration kToldFor = std::chrono::minutes(10);
// Then it is 0 for a while, so that the alert ends because the condition did.
constexpr Duration kKeptFor = std::chrono::minutes(20);
constexpr size_t kMostDeleted = 1000;

}  // namespace

std::span<const Measure* const> DeletedTopics::measures() {
  return kMeasures;
}

void DeletedTopics::add_to(Observation& observation, const kafka::ClusterView& view,
                           SteadyTime now) {
  std::erase_if(deleted_, [&](const auto& entry) { return now - entry.second > kKeptFor; });
  // What vanished all at once was hardly deleted: another alert says so.
  if (view.topics_reason == Unknown::known && !view.topics_vanished.stands())
    find_deleted(view, now);
  Column column(kDeleted, deleted_.size());
  for (const auto& [topic, since] : deleted_) {
    keys_.add(view.cluster, topic);
    column.add(now - since <= kToldFor ? 1 : 0);
  }
  observation.tables.push_back(std::move(column).build(keys_.finish()));
}

void DeletedTopics::find_deleted(const kafka::ClusterView& view, SteadyTime now) {
  const auto same = [](const auto& before, const kafka::TopicView& topic) {
    return before.first == topic.name && before.second == topic.id;
  };
  if (std::ranges::equal(listed_, view.topics, same)) return;
  auto topic = view.topics.begin();
  for (const auto& [name, id] : listed_) {
    while (topic != view.topics.end() && topic->name < name) ++topic;
    const bool listed = topic != view.topics.end() && topic->name == name;
    const bool another = listed && !kafka::same_topic(id, topic->id);
    if ((!listed || another) && deleted_.size() < kMostDeleted) deleted_[name] = now;
  }
  listed_.clear();
  for (const kafka::TopicView& one : view.topics) listed_.emplace_back(one.name, one.id);
}

}  // namespace highwater::collectors
