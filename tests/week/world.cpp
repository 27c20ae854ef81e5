#include "tests/week/world.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "collectors/kafka/lag/time_lag.h"

namespace highwater::testing {
namespace {

constexpr int32_t kBrokers = 3;
// Monday, 2026-01-05, midnight UTC.
constexpr int64_t kMonday = 1'767'571'200;
// Old enough that commits count as recent and histories as long.
constexpr auto kSteadyStart = hours(100'000);
constexpr Duration kRebalance = seconds(6);
constexpr Duration kHistory = hours(30);

int64_t whole(double offset) {
  return static_cast<int64_t>(std::floor(offset));
}

kafka::OffsetView known(double offset) {
  return {whole(offset), Unknown::known};
}

kafka::PartitionView new_partition(int32_t index, int replicas) {
  kafka::PartitionView partition;
  partition.index = index;
  for (int32_t i = 0; i < replicas; ++i) partition.replicas.push_back(1 + (index + i) % kBrokers);
  partition.isr = partition.replicas;
  partition.leader = partition.last_leader = partition.replicas[0];
  partition.leader_epoch = 1;
  partition.newest_stamp = kafka::kStampUnknown;
  return partition;
}

}  // namespace

World::World(rules::RuleSet rules)
    : start_{SteadyTime(kSteadyStart), WallTime(seconds(kMonday))},
      now_(start_),
      rules_(std::move(rules)) {
  view_.cluster = Symbol("prod");
  view_.cluster_id = "week";
  view_.reachable = view_.ever_reached = true;
  view_.topics_reason = view_.groups_reason = Unknown::known;
  for (int32_t id = 1; id <= kBrokers; ++id) {
    kafka::BrokerView broker;
    broker.id = id;
    broker.host = "kafka-" + std::to_string(id);
    broker.port = 9092;
    broker.status = kafka::BrokerStatus::up;
    broker.since = now_;
    broker.response_time = std::chrono::milliseconds(2);
    broker.listed = true;
    view_.brokers.emplace(id, broker);
  }
  view_.has_quorum = true;
  view_.quorum = {
      Unknown::known, 1, 3, {{1, 0, seconds(0)}, {2, 2, seconds(0)}, {3, 2, seconds(0)}}, {},
      false,          {}};
  start_agent();
}

void World::stop_agent(Stop how) {
  kept_ = how == Stop::told ? agent_.watcher->stop(now_) : agent_.watcher->kept();
  agent_.watcher.reset();
}

World World::without_agent(Stop how) const {
  World other(*this);
  other.kept_ = how == Stop::told ? agent_.watcher->stop(now_) : agent_.watcher->kept();
  return other;
}

void World::start_agent() {
  // The canary's probe is a child of the agent, and begins to count with it; nothing was sent yet.
  if (around_.probe) {
    for (canary::PartitionReport& one : around_.probe->probed) one.counts = {};
  }
  agent_.watcher = std::make_unique<Watcher>(rules_, now_, kept_);
}

void World::add_topic(const std::string& name, int partitions, int replicas, double rate,
                      bool by_day) {
  kafka::TopicView topic;
  topic.name = Symbol(name);
  topic.config.emplace();
  topic.config->min_insync_replicas = replicas > 2 ? 2 : 1;
  topic.config->retention_ms = 7LL * 24 * 3600 * 1000;
  topic.config_reason = Unknown::known;
  for (int32_t index = 0; index < partitions; ++index)
    topic.partitions.push_back(new_partition(index, replicas));
  const auto place = std::lower_bound(
      view_.topics.begin(), view_.topics.end(), topic.name,
      [](const kafka::TopicView& one, const Symbol& given) { return one.name < given; });
  view_.topics.insert(place, topic);
  Log log;
  log.rate = rate;
  log.by_day = by_day;
  log.end.assign(static_cast<size_t>(partitions), 1000);
  log.start.assign(static_cast<size_t>(partitions), 0);
  log.history.resize(static_cast<size_t>(partitions));
  log.grew.resize(static_cast<size_t>(partitions));
  logs_[name] = log;
}

void World::add_partitions(const std::string& name, int partitions) {
  kafka::TopicView& grown = topic(name);
  const auto replicas = static_cast<int>(grown.partitions[0].replicas.size());
  while (static_cast<int>(grown.partitions.size()) < partitions) {
    const auto index = static_cast<int32_t>(grown.partitions.size());
    grown.partitions.push_back(new_partition(index, replicas));
  }
  Log& log = logs_.at(name);
  const auto count = static_cast<size_t>(partitions);
  log.end.resize(count, 0);
  log.start.resize(count, 0);
  log.history.resize(count);
  log.grew.resize(count);
  for (auto& [id, reader] : readers_) {
    if (reader.plan.topic == name) reader.position.resize(count, 0);
  }
}

void World::add_group(GroupPlan plan) {
  kafka::GroupView group;
  group.id = Symbol(plan.name);
  const auto place = std::lower_bound(
      view_.groups.begin(), view_.groups.end(), group.id,
      [](const kafka::GroupView& one, const Symbol& given) { return one.id < given; });
  view_.groups.insert(place, group);
  Reader reader;
  reader.position = logs_.at(plan.topic).end;
  for (int i = 0; i < plan.members; ++i)
    reader.members.push_back(plan.name + "-" + std::to_string(++next_member_));
  const std::string name = plan.name;
  reader.plan = std::move(plan);
  readers_[name] = std::move(reader);
}

void World::delete_topic(const std::string& name) {
  std::erase_if(view_.topics, [&](const auto& topic) { return topic.name.text() == name; });
  logs_.erase(name);
}

void World::delete_group(const std::string& name) {
  std::erase_if(view_.groups, [&](const auto& group) { return group.id.text() == name; });
  readers_.erase(name);
}

kafka::TopicView& World::topic(const std::string& name) {
  return *std::ranges::find_if(view_.topics,
                               [&](const auto& one) { return one.name.text() == name; });
}

void World::pass(Duration duration) {
  const Duration until = time() + duration;
  while (time() < until) step();
}

std::vector<std::string> World::opened() const {
  std::vector<std::string> opened;
  for (const std::string& text : told_) {
    if (text.starts_with("opened ")) opened.push_back(text.substr(7, text.find(' ', 14) - 7));
  }
  std::ranges::sort(opened);
  opened.erase(std::unique(opened.begin(), opened.end()), opened.end());
  return opened;
}

void World::stop_in_order(int32_t broker) {
  view_.brokers.at(broker).status = kafka::BrokerStatus::stopped;
  view_.brokers.at(broker).since = now_;
  view_.brokers.at(broker).listed = false;
  fence(broker);
}

void World::fail(int32_t broker, kafka::BrokerStatus how) {
  view_.brokers.at(broker).status = how;
  view_.brokers.at(broker).since = now_;
  view_.brokers.at(broker).why = "made up";
  view_.brokers.at(broker).contradicted_since = now_.steady;
}

void World::fence(int32_t broker) {
  view_.brokers.at(broker).contradicted_since.reset();
  for (kafka::TopicView& topic : view_.topics) {
    for (kafka::PartitionView& partition : topic.partitions) {
      if (partition.isr.size() > 1)
        partition.isr.remove_if([broker](int32_t replica) { return replica == broker; });
      if (partition.leader != broker) continue;
      const bool alone = partition.isr[0] == broker;
      partition.leader = alone ? -1 : partition.isr[0];
      if (!alone) partition.last_leader = partition.leader;
      ++partition.leader_epoch;
    }
  }
}

void World::bring_back(int32_t broker) {
  kafka::BrokerView& back = view_.brokers.at(broker);
  back.status = kafka::BrokerStatus::up;
  back.since = now_;
  back.listed = true;
  back.contradicted_since.reset();
  for (kafka::TopicView& topic : view_.topics) {
    for (kafka::PartitionView& partition : topic.partitions) {
      const bool holds = std::ranges::find(partition.replicas, broker) != partition.replicas.end();
      const bool in_sync = std::ranges::find(partition.isr, broker) != partition.isr.end();
      if (holds && !in_sync) partition.isr.push_back(broker);
      if (partition.leader < 0 && holds) {
        partition.leader = partition.last_leader = broker;
        ++partition.leader_epoch;
      }
    }
  }
}

void World::elect_preferred() {
  for (kafka::TopicView& topic : view_.topics) {
    for (kafka::PartitionView& partition : topic.partitions) {
      const int32_t preferred = partition.replicas[0];
      const bool in_sync = std::ranges::find(partition.isr, preferred) != partition.isr.end();
      if (partition.leader == preferred || !in_sync) continue;
      partition.leader = partition.last_leader = preferred;
      ++partition.leader_epoch;
    }
  }
}

void World::deploy(const std::string& group) {
  Reader& reader = readers_.at(group);
  for (int member = 0; member < reader.plan.members; ++member)
    reader.restarts.push_back(time() + member * seconds(45));
}

void World::step() {
  now_.steady += kStep;
  now_.wall += kStep;
  write(kStep);
  for (auto& [name, reader] : readers_) read(reader, kStep);
  if (goes_on) goes_on(*this);
  show_topics();
  show_groups();
  if (agent_.watcher != nullptr) judge();
}

double World::load() const {
  const double hour = std::fmod(to_seconds(time()) / 3600, 24);
  const auto day = static_cast<int>(to_seconds(time()) / 86400) % 7;
  const double wave = 0.55 + 0.45 * std::cos((hour - 12) / 24 * 2 * std::numbers::pi);
  return day >= 5 ? wave * 0.6 : wave;
}

void World::write(Duration step) {
  for (auto& [name, log] : logs_) {
    for (size_t i = 0; i < log.end.size(); ++i) {
      const double rate = log.rates.empty() ? log.rate : log.rates[i];
      const kafka::PartitionView& partition = topic(name).partitions[i];
      // Producers wait for a leader, and for enough replicas.
      const bool writable =
          partition.leader >= 0 && !kafka::is_failed(view_.brokers.at(partition.leader).status);
      const double records = writable ? rate * (log.by_day ? load() : 1) * to_seconds(step) : 0;
      log.end[i] += records;
      if (records > 0) log.grew[i] = time();
      auto& history = log.history[i];
      history.emplace_back(time(), log.end[i]);
      while (history.front().first < time() - kHistory) history.pop_front();
    }
  }
}

void World::read(Reader& reader, Duration step) {
  const Log& log = logs_.at(reader.plan.topic);
  const Duration of_day = Duration(time().count() % Duration(hours(24)).count());
  const bool runs = of_day >= reader.plan.runs.first && of_day < reader.plan.runs.second;
  if (reader.plan.runs.second - reader.plan.runs.first < hours(24)) reader.there = runs;
  if (!reader.restarts.empty() && time() >= reader.restarts.front()) {
    reader.restarts.pop_front();
    reader.rebalances_until = time() + kRebalance;
    std::rotate(reader.members.begin(), reader.members.begin() + 1, reader.members.end());
    reader.members.back() = reader.plan.name + "-" + std::to_string(++next_member_);
  }
  if (!reader.there || !reader.reads || time() < reader.rebalances_until) return;
  for (size_t i = 0; i < reader.position.size(); ++i) {
    const double reach = reader.position[i] + reader.plan.capacity * to_seconds(step);
    reader.position[i] = std::max(reader.position[i], std::min(reach, log.end[i] - 1));
  }
}

void World::show_topics() {
  for (kafka::TopicView& topic : view_.topics) {
    const Log& log = logs_.at(topic.name.text());
    for (size_t i = 0; i < topic.partitions.size(); ++i) {
      kafka::PartitionView& partition = topic.partitions[i];
      partition.high_watermark = partition.last_stable = known(log.end[i]);
      partition.log_start = known(log.start[i]);
      partition.newest_stamp = std::chrono::duration_cast<std::chrono::milliseconds>(
                                   start_.wall.time_since_epoch() + log.grew[i])
                                   .count();
      Unknown reason = Unknown::known;
      if (partition.leader < 0)
        reason = Unknown::leaderless;
      else if (kafka::is_failed(view_.brokers.at(partition.leader).status))
        reason = Unknown::broker_unreachable;
      partition.high_watermark.reason = partition.last_stable.reason = partition.log_start.reason =
          reason;
      partition.log_dirs = {};
      for (const int32_t replica : partition.replicas)
        partition.log_dirs.push_back({replica, whole(100 * (log.end[i] - log.start[i]))});
    }
  }
}

void World::show_groups() {
  for (kafka::GroupView& group : view_.groups) show_group(readers_.at(group.id.text()), group);
}

void World::show_group(const Reader& reader, kafka::GroupView& group) {
  const bool rebalances = reader.there && time() < reader.rebalances_until;
  group.state = !reader.there ? "Empty" : rebalances ? "PreparingRebalance" : "Stable";
  group.protocol = "consumer";
  group.type = kafka::GroupType::classic;
  group.coordinator = 1 + static_cast<int32_t>(reader.plan.name.size()) % kBrokers;
  const bool coordinated = view_.brokers.at(group.coordinator).status == kafka::BrokerStatus::up;
  group.listed = coordinated ? Unknown::known : Unknown::broker_unreachable;
  group.committed_reason = group.members_reason = group.listed;
  const Log& log = logs_.at(reader.plan.topic);
  std::vector<kafka::GroupMember> members;
  const size_t partitions = log.end.size();
  for (size_t i = 0; reader.there && i < reader.members.size(); ++i) {
    kafka::GroupMember member;
    member.member_id = member.client_id = reader.members[i];
    std::vector<int32_t> assigned;
    for (size_t partition = i; partition < partitions; partition += reader.members.size())
      assigned.push_back(static_cast<int32_t>(partition));
    if (!rebalances) member.assignment = {{Symbol(reader.plan.topic), assigned}};
    members.push_back(std::move(member));
  }
  group.members = std::move(members);
  kafka::CommittedTopic committed;
  committed.topic = Symbol(reader.plan.topic);
  bool moved = group.committed.empty();
  for (size_t i = 0; i < partitions; ++i) {
    kafka::CommittedOffset offset;
    offset.partition = static_cast<int32_t>(i);
    offset.offset = whole(reader.position[i]);
    offset.unread = unread(log, i, reader.position[i]);
    moved = moved || i >= group.committed[0].partitions.size() ||
            group.committed[0].partitions[i].offset != offset.offset;
    committed.partitions.push_back(offset);
  }
  if (!coordinated) return;
  if (moved) group.last_commit_change = now_.steady;
  group.committed = {std::move(committed)};
  group.committed_at = now_.steady;
}

// By the notes of where the log ended when.
kafka::UnreadSince World::unread(const Log& log, size_t partition, double offset) const {
  kafka::UnreadSince unread;
  unread.reason = Unknown::known;
  unread.good = unread.sure = true;
  const double oldest = std::max(std::floor(offset), std::floor(log.start[partition]));
  if (oldest >= std::floor(log.end[partition])) return unread;
  const auto& history = log.history[partition];
  const auto found = std::ranges::upper_bound(
      history, oldest, {}, [](const auto& entry) { return std::floor(entry.second); });
  const Duration since = found == history.end() ? time() : found->first;
  unread.any = true;
  const kafka::Millis moment = kafka::to_millis(start_.steady + since);
  unread.time = {moment - 1000, moment, moment};
  return unread;
}

void World::judge() {
  kafka::ClusterView distorted;
  if (distort) {
    distorted = view_;
    distort(distorted);
  }
  const kafka::ClusterView& seen = distort ? distorted : view_;
  report_ = agent_.watcher->look(seen, around_, now_);
  if (sees) sees(report_);
  for (const Transition& transition : report_.transitions) {
    const Incident& incident = transition.incident;
    if (incident.severity == Severity::info) continue;
    told_.push_back(std::string(transition_name(transition.kind)) + " " +
                    std::string(severity_name(incident.severity)) + " " + incident.cause.rule +
                    " " + incident.cause.entity.text() + " at " + describe_duration(time()) + ": " +
                    incident.cause.summary);
  }
}

}  // namespace highwater::testing
