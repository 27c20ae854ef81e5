#include "collectors/groups/group_offsets.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collectors/groups/record_counts.h"

namespace highwater::collectors {
namespace {

using kafka::CommittedOffset;
using kafka::GroupView;
using kafka::PartitionView;
using kafka::TopicView;

const std::vector<std::string_view> kPartition{"cluster", "group", "topic", "partition"};
const std::vector<std::string_view> kTopic{"cluster", "group", "topic"};

const Measure kCommitted{"group_committed_offset",
                         "Offset that the group committed for the partition: the next record it "
                         "will read after a restart.",
                         Unit::none, MeasureType::gauge, kPartition};
const Measure kLag{
    "group_lag_records",
    "How many records the group can still read of the partition, from its committed offset, or "
    "from the start of the log where that is later, to the end; transaction markers at "
    "the end are not counted, and it is unknown without a commit or without the end.",
    Unit::records, MeasureType::gauge, kPartition};
const Measure kLost{
    "group_records_lost",
    "How many records were deleted before the group read them: its committed offset lies before "
    "the start of the log, or went past it between two polls of the last ten minutes by far more "
    "than it ever read; 0 where nobody reads for the group any more.",
    Unit::records, MeasureType::gauge, kPartition};
const Measure kLagSum{"group_topic_lag_records",
                      "The group's lag in the topic: the sum over the partitions it committed to; "
                      "unknown while one of these is.",
                      Unit::records, MeasureType::gauge, kTopic};
const Measure kLagMax{"group_lag_records_max",
                      "The group's largest lag in one partition; unknown while that of a partition "
                      "it committed to is.",
                      Unit::records,
                      MeasureType::gauge,
                      {"cluster", "group"}};
const Measure kLagGrowth{"group_lag_growth_records",
                         "By how much the group's lag in the topic grew at least within the last "
                         "two minutes (longer for slow polls), batches of commits aside; 0 for a "
                         "group that nobody uses, unknown until watched for that long.",
                         Unit::records, MeasureType::gauge, kTopic};

constexpr std::array<const Measure*, 6> kMeasures{&kCommitted, &kLag,    &kLost,
                                                  &kLagSum,    &kLagMax, &kLagGrowth};

// The reasons are declared with what explains most first.
Unknown worse(Unknown one, Unknown other) {
  if (one == Unknown::known) return other;
  return other == Unknown::known ? one : std::min(one, other);
}

Unknown offset_reason(const PartitionView* partition, Unknown listed,
                      kafka::OffsetView PartitionView::*offset) {
  if (partition == nullptr) return listed;
  return partition->leader < 0 ? Unknown::leaderless : (partition->*offset).reason;
}

double offset_or_none(int64_t offset) {
  return offset < 0 ? kNoValue : static_cast<double>(offset);
}

bool moved_recently(const std::optional<SteadyTime>& moved, Now now) {
  return moved && now.steady - *moved <= kActiveAfterCommit;
}

}  // namespace

// The columns with one row per group and partition, while they grow.
struct GroupOffsets::Rows {
  Rows(size_t expected, SteadyTime when)
      : now(when),
        committed(kCommitted, expected),
        lag(kLag, expected),
        lost(kLost, expected),
        age(expected) {
    reads.pairs.reserve(expected);
  }
  SteadyTime now;
  Column committed, lag, lost;
  TimeLagColumns age;
  Relation reads{"is read by groups", nullptr, nullptr, {}};
  size_t beyond_end = 0;
  std::string beyond_end_example;
};

std::span<const Measure* const> GroupOffsets::measures() {
  return kMeasures;
}

std::span<const WatchFirst> GroupOffsets::watch_first() {
  static const WatchFirst kWatch[] = {{&kLost, GroupLosses::kSaid}};
  return kWatch;
}

void GroupOffsets::add_to(Observation& observation, const kafka::ClusterView& view,
                          const std::shared_ptr<const KeySet>& groups,
                          std::span<const GroupActivity> activities, NumberSymbols& numbers) {
  topics_.update(view, numbers);
  topic_assigned_.resize(topics_.topics());
  topic_committed_.resize(topics_.topics());
  row_committed_.resize(topics_.keys()->rows());
  topic_run_.resize(topics_.topics());
  runs_.clear();
  partitions_.clear();
  uncommitted_.clear();
  assigned_topics_.clear();
  by_group_.clear();
  partitions_.reserve(keys_.expected_rows());

  Rows rows(keys_.expected_rows(), observation.at.steady);
  for (uint32_t i = 0; i < view.groups.size(); ++i) add_group(view, view.groups[i], i, rows);
  const auto sum_keys = sum_keys_.finish();
  std::vector<Memory>& memory = history_.align(sum_keys);
  judge_runs(memory, activities, observation.at);
  const auto keys = keys_.finish(numbers);
  add_losses(view, rows, keys);
  observation.tables.push_back(std::move(rows.committed).build(keys));
  observation.tables.push_back(std::move(rows.lag).build(keys));
  observation.tables.push_back(std::move(rows.lost).build(keys));
  std::move(rows.age).move_to(observation, keys);
  add_sums(observation, memory, sum_keys);
  add_maxima(observation, view);
  rows.reads.from = groups;
  rows.reads.to = topics_.keys();
  observation.relations.push_back(std::move(rows.reads));
  note_beyond_end(view, observation, rows);
  add_doings(observation, {view, runs_, partitions_, uncommitted_, activities, groups, sum_keys,
                           keys, lag_window_length(observation.cadence)});
}

void GroupOffsets::add_doings(Observation& observation, const GroupReadings& readings) {
  const auto progress = progress_.update(readings, observation.at);
  verdicts_.add_to(observation, readings, progress);
  OffsetResets::add_to(observation, readings, progress);
  retention_.add_to(observation, readings);
  skew_.add_to(observation, readings, progress);
  rates_.add_to(observation, readings, progress);
  GroupCapacity::add_to(observation, readings.view, readings.group_keys, assigned_topics_);
}

void GroupOffsets::add_group(const kafka::ClusterView& view, const GroupView& group,
                             uint32_t group_row, Rows& rows) {
  ++stamp_;
  assigned_topics_.push_back(0);
  GroupRuns runs{static_cast<uint32_t>(runs_.size()), 0, false};
  // Share groups commit no offsets.
  if (group.type != kafka::GroupType::share) {
    runs.any_assigned = note_assigned(group);
    for (const kafka::CommittedTopic& committed : group.committed) {
      if (const auto place = topics_.find(committed.topic))
        add_topic(view, group, committed, *place, group_row, rows);
    }
    add_uncommitted(view, group, group_row, rows);
  }
  runs.end_run = static_cast<uint32_t>(runs_.size());
  by_group_.push_back(runs);
}

void GroupOffsets::add_topic(const kafka::ClusterView& view, const GroupView& group,
                             const kafka::CommittedTopic& committed, const TopicIndex::Place& place,
                             uint32_t group_row, Rows& rows) {
  const TopicView& topic = *place.view;
  const Unknown listed = listing_reason(view, topic);
  GroupTopic run;
  run.group = group_row;
  run.topic = &topic;
  run.first_row = run.end_row = static_cast<uint32_t>(rows.lag.size());
  run.assigned = topic_assigned_[place.topic] == stamp_;
  keys_.begin(view.cluster, group.id, topic.name);
  for (const CommittedOffset& commit : committed.partitions) {
    const auto position = TopicIndex::position(topic, commit.partition);
    // A partition that a complete listing lacks went with an older topic of that name.
    if (!position && listed == Unknown::known) continue;
    keys_.add(commit.partition);
    add_commit(commit, group, position ? &topic.partitions[*position] : nullptr, listed, run, rows);
    ++run.end_row;
    if (!position) continue;
    rows.reads.pairs.emplace_back(group_row, place.first_row + *position);
    row_committed_[place.first_row + *position] = stamp_;
  }
  if (run.first_row == run.end_row) return;
  run.settle();
  topic_committed_[place.topic] = stamp_;
  topic_run_[place.topic] = sum_keys_.add(view.cluster, group.id, topic.name);
  runs_.push_back(run);
  if (rows.beyond_end > 0 && rows.beyond_end_example.empty())
    rows.beyond_end_example = fmt::format("group {}, topic {}", group.id.text(), topic.name.text());
}

void GroupOffsets::add_commit(const CommittedOffset& commit, const GroupView& group,
                              const PartitionView* partition, Unknown listed, GroupTopic& run,
                              Rows& rows) {
  const Unknown none = commit.offset < 0 ? Unknown::no_commit : Unknown::known;
  const Unknown committed =
      first_unknown(offsets_reason(group), first_unknown(commit.reason, none));
  rows.committed.add(offset_or_none(commit.offset), committed);

  const Unknown end_reason = offset_reason(partition, listed, &PartitionView::high_watermark);
  const Unknown start_reason = offset_reason(partition, listed, &PartitionView::log_start);
  // The start of a log only moves on: also an older one counts.
  const bool no_start = partition == nullptr || partition->log_start.offset < 0;
  Unknown asked = first_unknown(committed, end_reason);
  if (no_start) asked = first_unknown(asked, start_reason);
  const auto [lag, reason] = unread_records(commit, partition, asked);
  if (reason == Unknown::beyond_end) {
    ++rows.beyond_end;
    ++run.beyond_end;
  }
  rows.lag.add(lag, reason);
  partitions_.push_back({&commit, partition, reason});
  const bool both = partition != nullptr && partition->log_start.offset >= 0 && commit.offset >= 0;
  const int64_t before_start = both ? partition->log_start.offset - commit.offset : 0;
  rows.lost.add(both ? static_cast<double>(std::max<int64_t>(0, before_start)) : kNoValue,
                first_unknown(committed, start_reason));
  if (committed == Unknown::no_commit) {
    rows.age.add_unknown(committed);
    return;
  }
  rows.age.add(commit, reason, group.committed_at.value_or(rows.now), group.committed_took,
               run.age);
  run.any_commit = true;
  run.reason = worse(run.reason, reason);
  run.committed_known = run.committed_known && committed == Unknown::known;
  run.committed_sum += offset_or_none(commit.offset);
  if (reason == Unknown::may_be_marker) return;
  run.lag_sum += lag;
  run.lag_max = std::max(run.lag_max, lag);
}

// Stamps the topics that the group's members read. True when any member is assigned anything.
bool GroupOffsets::note_assigned(const GroupView& group) {
  assigned_.clear();
  if (!group.members) return false;
  bool any = false;
  for (const kafka::GroupMember& member : *group.members) {
    for (const auto& [name, partitions] : member.assignment) {
      any = any || !partitions.empty();
      const auto place = topics_.find(name);
      if (!place || partitions.empty()) continue;
      if (std::exchange(topic_assigned_[place->topic], stamp_) != stamp_)
        assigned_topics_.back() += place->view->partitions.size();
      for (const int32_t partition : partitions) {
        if (const auto position = TopicIndex::position(*place->view, partition))
          assigned_.push_back({place->topic, *position, place->first_row + *position});
      }
    }
  }
  return any;
}

// Partitions that members read without having committed anything yet.
void GroupOffsets::add_uncommitted(const kafka::ClusterView& view, const GroupView& group,
                                   uint32_t group_row, Rows& rows) {
  std::erase_if(assigned_, [&](const Assigned& one) { return row_committed_[one.row] == stamp_; });
  if (assigned_.empty()) return;
  // Members may assign in any order, and for a moment twice.
  std::sort(assigned_.begin(), assigned_.end(),
            [](const Assigned& one, const Assigned& other) { return one.row < other.row; });
  const Unknown reason = first_unknown(offsets_reason(group), Unknown::no_commit);
  for (const Assigned& one : assigned_) {
    if (row_committed_[one.row] == stamp_) continue;
    row_committed_[one.row] = stamp_;
    const TopicView& topic = view.topics[one.topic];
    keys_.begin(view.cluster, group.id, topic.name);
    const uint32_t row = keys_.add(topic.partitions[one.position].index);
    rows.committed.add(kNoValue, reason);
    rows.lag.add(kNoValue, reason);
    rows.lost.add(kNoValue, reason);
    rows.age.add_unknown(reason);
    rows.reads.pairs.emplace_back(group_row, one.row);
    partitions_.push_back({nullptr, &topic.partitions[one.position], reason});
    if (topic_committed_[one.topic] != stamp_) {
      topic_committed_[one.topic] = stamp_;
      topic_run_[one.topic] = sum_keys_.add(view.cluster, group.id, topic.name);
      GroupTopic run;
      run.group = group_row;
      run.topic = &topic;
      run.first_row = run.end_row = row;
      run.assigned = true;
      run.committed_known = false;
      run.reason = run.age.reason = reason;
      runs_.push_back(run);
    }
    uncommitted_.push_back({row, topic_run_[one.topic]});
  }
}

// Learns from this poll which topics are read for each group. A topic counts as read while its
// group is used, unless what is known of the members or of the commits speaks of other topics only.
void GroupOffsets::judge_runs(std::vector<Memory>& memory,
                              std::span<const GroupActivity> activities, Now now) {
  for (size_t group = 0; group < by_group_.size(); ++group) {
    bool any_moved = false;
    for (uint32_t i = by_group_[group].first_run; i < by_group_[group].end_run; ++i) {
      if (runs_[i].committed_known) {
        const double before = std::exchange(memory[i].committed_sum, runs_[i].committed_sum);
        if (before != runs_[i].committed_sum && !std::isnan(before)) memory[i].moved = now.steady;
      }
      any_moved = any_moved || moved_recently(memory[i].moved, now);
    }
    const GroupActivity& activity = activities[group];
    const bool can_tell = activity.has_members ? by_group_[group].any_assigned : any_moved;
    for (uint32_t i = by_group_[group].first_run; i < by_group_[group].end_run; ++i) {
      runs_[i].read = activity.active &&
                      (!can_tell || runs_[i].assigned || moved_recently(memory[i].moved, now));
    }
  }
}

void GroupOffsets::add_sums(Observation& observation, std::vector<Memory>& memory,
                            const std::shared_ptr<const KeySet>& keys) {
  const Duration window = lag_window_length(observation.cadence);
  Column sum(kLagSum, runs_.size());
  Column growth(kLagGrowth, runs_.size());
  Column age = TimeLagColumns::worst_column(runs_.size());
  for (size_t i = 0; i < runs_.size(); ++i) {
    const GroupTopic& run = runs_[i];
    sum.add(run.any_commit ? run.lag_sum : kNoValue, run.lag_reason());
    const Unknown reason = run.offsets_reason();
    age.add(run.any_commit ? run.age.seconds : kNoValue, run.any_commit ? run.age.reason : reason);
    if (reason != Unknown::known) {
      growth.add(kNoValue, reason);
      continue;
    }
    memory[i].window.add(observation.at.steady, window, run.lag_sum);
    const auto grown = memory[i].window.growth();
    if (!run.read)
      growth.add(0);
    else
      growth.add(grown.value_or(kNoValue), grown ? Unknown::known : Unknown::not_asked);
  }
  observation.tables.push_back(std::move(sum).build(keys));
  observation.tables.push_back(std::move(growth).build(keys));
  observation.tables.push_back(std::move(age).build(keys));
}

void GroupOffsets::add_maxima(Observation& observation, const kafka::ClusterView& view) {
  Column column(kLagMax, max_keys_.expected_rows());
  for (size_t group = 0; group < by_group_.size(); ++group) {
    const GroupRuns& span = by_group_[group];
    if (span.first_run == span.end_run) continue;
    double largest = kNoValue;
    Unknown reason = Unknown::known;
    for (uint32_t i = span.first_run; i < span.end_run; ++i) {
      if (!runs_[i].any_commit) continue;
      largest = std::fmax(largest, runs_[i].lag_max);
      reason = worse(reason, runs_[i].reason);
    }
    if (reason == Unknown::may_be_marker && largest > 0) reason = Unknown::known;
    if (std::isnan(largest)) reason = worse(reason, Unknown::no_commit);
    max_keys_.add(view.cluster, view.groups[group].id);
    column.add(largest, reason);
  }
  observation.tables.push_back(std::move(column).build(max_keys_.finish()));
}

void GroupOffsets::add_losses(const kafka::ClusterView& view, Rows& rows,
                              const std::shared_ptr<const KeySet>& keys) {
  losses_.begin(keys);
  for (const GroupTopic& run : runs_) {
    for (uint32_t row = run.first_row; row < run.end_row; ++row) {
      const GroupPartition& seen = partitions_[row];
      if (!rows.lost.known(row) || seen.commit == nullptr) continue;
      auto [lost, reason] = lost_records(view, seen, rows.now);
      if (seen.partition->high_watermark.known()) {
        const int64_t between = losses_.follow(row, seen, rows.now);
        lost += static_cast<double>(between);
        if (between > 0) reason = Unknown::known;
      }
      // Retention overtaking what nobody reads any more is no loss.
      if (run.read)
        rows.lost.replace(row, lost, reason);
      else
        rows.lost.replace(row, 0);
    }
  }
}

void GroupOffsets::note_beyond_end(const kafka::ClusterView& view, Observation& observation,
                                   const Rows& rows) const {
  if (rows.beyond_end == 0) return;
  observation.problems.push_back(
      {fmt::format("{} committed offsets are beyond the end of their partition, the first of {}",
                   rows.beyond_end, rows.beyond_end_example),
       cluster_entity(view)});
}

}  // namespace highwater::collectors
