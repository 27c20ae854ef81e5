#include "tests/collectors/fixture.h"

#include <algorithm>
#include <stdexcept>

#include "collectors/kafka/lag/time_lag.h"

namespace highwater::collectors {
namespace {

const Table* find_table(const Observation& observation, std::string_view measure) {
  for (const Table& table : observation.tables) {
    if (table.measure->name == measure) return &table;
  }
  return nullptr;
}

std::optional<uint32_t> find_row(const Table& table, std::initializer_list<std::string_view> rest) {
  std::vector<Symbol> cells{Symbol("prod")};
  for (const std::string_view text : rest) cells.emplace_back(text);
  return table.keys->find(cells);
}

std::string words(const KeySet& keys, uint32_t row) {
  std::string text;
  for (size_t i = 1; i < keys.dimensions().size(); ++i) {
    if (i > 1) text += ' ';
    text += std::string(keys.dimensions()[i]) + "=" + keys.row(row)[i].text();
  }
  return text;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Cell& cell) {
  if (!cell.there) return out << "no row";
  if (cell.reason != Unknown::known) return out << "unknown: " << unknown_name(cell.reason);
  return out << cell.value;
}

Cell cell(const Observation& observation, std::string_view measure,
          std::initializer_list<std::string_view> rest) {
  const Table* found = find_table(observation, measure);
  if (found == nullptr) return kNoRow;
  const auto row = find_row(*found, rest);
  if (!row) return kNoRow;
  return {true, found->reason(*row), found->values[*row]};
}

const Table& table(const Observation& observation, std::string_view measure) {
  const Table* found = find_table(observation, measure);
  if (found == nullptr) throw std::runtime_error("no table " + std::string(measure));
  return *found;
}

double last_value(const Observation& observation, std::string_view measure,
                  std::initializer_list<std::string_view> rest) {
  const Table& found = table(observation, measure);
  return found.values.at(find_row(found, rest).value());
}

std::vector<std::string> pairs(const Observation& observation, std::string_view name) {
  std::vector<std::string> texts;
  for (const Relation& relation : observation.relations) {
    if (relation.name != name) continue;
    for (const auto& [from, to] : relation.pairs)
      texts.push_back(words(*relation.from, from) + " -> " + words(*relation.to, to));
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::string note(const Observation& observation, const Entity& entity) {
  for (const Note& note : observation.notes) {
    if (note.entity == entity) return note.text;
  }
  return "";
}

std::vector<std::string> problems(const Observation& observation) {
  std::vector<std::string> texts;
  for (const Problem& problem : observation.problems) texts.push_back(problem.what);
  return texts;
}

Now at(double seconds) {
  const Duration passed =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  return {SteadyTime(std::chrono::hours(100)) + passed,
          WallTime(std::chrono::seconds(1'700'000'000)) + passed};
}

kafka::OffsetView offset(int64_t value) {
  return {value, Unknown::known};
}

kafka::ClusterView healthy_cluster() {
  kafka::ClusterView view;
  view.cluster = Symbol("prod");
  view.cluster_id = "abc";
  view.reachable = view.ever_reached = true;
  view.topics_reason = view.groups_reason = Unknown::known;
  for (int32_t id = 1; id <= 3; ++id) {
    kafka::BrokerView broker;
    broker.id = id;
    broker.host = "kafka-" + std::to_string(id);
    broker.port = 9092;
    broker.rack = "rack" + std::to_string(id);
    broker.status = kafka::BrokerStatus::up;
    broker.since = at(-60);
    broker.response_time = std::chrono::milliseconds(2);
    broker.listed = true;
    view.brokers.emplace(id, broker);
  }
  const auto partition = [](int32_t index, int32_t leader, std::vector<int32_t> replicas) {
    kafka::PartitionView made;
    made.index = index;
    made.leader = made.last_leader = leader;
    made.leader_epoch = 5;
    made.replicas = made.isr = std::move(replicas);
    made.log_start = offset(100);
    made.high_watermark = made.last_stable = offset(1000);
    made.newest_stamp = kafka::kStampUnknown;
    return made;
  };
  kafka::TopicConfig config;
  config.retention_ms = 3'600'000;
  kafka::TopicView logs;
  logs.name = Symbol("logs");
  logs.partitions = {partition(0, 3, {3})};
  logs.config = config;
  logs.config_reason = Unknown::known;
  config.min_insync_replicas = 2;
  kafka::TopicView orders;
  orders.name = Symbol("orders");
  orders.partitions = {partition(0, 1, {1, 2, 3}), partition(1, 2, {2, 3, 1}),
                       partition(2, 3, {3, 1, 2})};
  orders.config = config;
  orders.config_reason = Unknown::known;
  view.topics = {logs, orders};
  return view;
}

kafka::TopicView& topic(kafka::ClusterView& view, std::string_view name) {
  return *std::find_if(view.topics.begin(), view.topics.end(),
                       [&](const auto& one) { return one.name.text() == name; });
}

kafka::PartitionView& orders(kafka::ClusterView& view, size_t partition) {
  return topic(view, "orders").partitions.at(partition);
}

kafka::UnreadSince unread_since(double seconds) {
  kafka::UnreadSince unread;
  unread.reason = Unknown::known;
  if (seconds == 0) return unread;
  const kafka::Millis time = kafka::to_millis(at(seconds).steady);
  unread.any = true;
  unread.time = {time - 2000, time, time + 1000};
  return unread;
}

kafka::GroupView& add_group(kafka::ClusterView& view, std::string_view id, int32_t coordinator,
                            std::initializer_list<int64_t> committed) {
  kafka::GroupView group;
  group.id = Symbol(id);
  group.state = "Empty";
  group.protocol = "consumer";
  group.type = kafka::GroupType::consumer;
  group.coordinator = coordinator;
  group.committed_reason = group.members_reason = Unknown::known;
  group.members.emplace();
  if (committed.size() > 0) {
    kafka::CommittedTopic orders{Symbol("orders"), {}};
    for (const int64_t value : committed)
      orders.partitions.push_back({static_cast<int32_t>(orders.partitions.size()), value,
                                   value < 0 ? Unknown::no_commit : Unknown::known,
                                   unread_since(value < 1000 ? -60 : 0)});
    group.committed.push_back(orders);
  }
  view.groups.push_back(group);
  return view.groups.back();
}

void add_member(kafka::GroupView& group, std::string_view topic, std::vector<int32_t> partitions) {
  kafka::GroupMember member;
  member.member_id = "member-" + std::to_string(group.members->size());
  if (!topic.empty()) member.assignment.emplace_back(Symbol(topic), std::move(partitions));
  group.members->push_back(member);
  group.state = "Stable";
}

void crash(kafka::ClusterView& view, int32_t broker) {
  kafka::BrokerView& dead = view.brokers.at(broker);
  dead.status = kafka::BrokerStatus::crashed;
  dead.why = "connection refused";
  dead.since = at(0);
  dead.contradicted_since = at(0).steady;
}

}  // namespace highwater::collectors
