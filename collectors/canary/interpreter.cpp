#include "collectors/canary/interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "collectors/tables/column.h"

namespace highwater::canary {
namespace {

using collectors::add_single_row;
using collectors::Column;
using collectors::kNoValue;

const std::vector<std::string_view> kCluster{"cluster"};
const std::vector<std::string_view> kPartition{"cluster", "topic", "partition"};

const Measure kUp{
    "canary_up",
    "Whether the canary sends: 0 when its topic is missing, the cluster refuses it, or "
    "its process fails.",
    Unit::boolean, MeasureType::gauge, kCluster};
const Measure kP95{
    "canary_end_to_end_p95_seconds",
    "From sending a record to reading it again: the 95th percentile of the last five "
    "minutes over all partitions; records that have not come back yet count with "
    "their age.",
    Unit::seconds, MeasureType::gauge, kCluster};
const Measure kCommit{"canary_commit_seconds", "How long the canary's last commit of offsets took.",
                      Unit::seconds, MeasureType::gauge, kCluster};
const Measure kWritable{
    "canary_partition_writable",
    "Whether the cluster takes the canary's records in this partition: 0 when one "
    "was refused, or has waited for an answer for ten seconds.",
    Unit::boolean, MeasureType::gauge, kPartition};
const Measure kProduce{"canary_produce_seconds",
                       "How long the last record took until all in-sync replicas had it.",
                       Unit::seconds, MeasureType::gauge, kPartition};
const Measure kEndToEnd{"canary_end_to_end_seconds",
                        "How long after it was sent the last record was read again.", Unit::seconds,
                        MeasureType::gauge, kPartition};
const Measure kSent{"canary_records_sent_total", "Records sent.", Unit::records,
                    MeasureType::counter, kPartition};
const Measure kReceived{"canary_records_received_total", "Records read again, each once.",
                        Unit::records, MeasureType::counter, kPartition};
const Measure kRefused{"canary_records_refused_total",
                       "Records that the cluster refused, or did not take within 30 seconds.",
                       Unit::records, MeasureType::counter, kPartition};
const Measure kLost{"canary_records_lost_total",
                    "Records that the cluster had acknowledged and that were not in the log when "
                    "later ones were read.",
                    Unit::records, MeasureType::counter, kPartition};
const Measure kLately{
    "canary_lost_records",
    "How many records the cluster had acknowledged were found to be missing within the last hour.",
    Unit::records, MeasureType::gauge, kPartition};
const Measure kDuplicated{"canary_records_duplicated_total",
                          "How often a record was read that had been read before.", Unit::records,
                          MeasureType::counter, kPartition};

constexpr std::array<const Measure*, 12> kMeasures{&kUp,      &kP95,      &kCommit, &kWritable,
                                                   &kProduce, &kEndToEnd, &kSent,   &kReceived,
                                                   &kRefused, &kLost,     &kLately, &kDuplicated};

const std::vector<double> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
                                  2.5,   5,    10,    30,   60,  120,  300, 600};
const HistogramMeasure kEndToEndLatency{
    "canary_end_to_end_latency_seconds",
    "From sending a record to reading it again, of all records that came back.", Unit::seconds,
    kCluster, kBounds};
const HistogramMeasure kProduceLatency{
    "canary_produce_latency_seconds",
    "How long it took until all in-sync replicas had a record, of all that were acknowledged.",
    Unit::seconds, kCluster, kBounds};
const HistogramMeasure kCommitLatency{"canary_commit_latency_seconds",
                                      "How long the canary's commits of offsets took.",
                                      Unit::seconds, kCluster, kBounds};
constexpr std::array<const HistogramMeasure*, 3> kHistograms{&kEndToEndLatency, &kProduceLatency,
                                                             &kCommitLatency};

constexpr Duration kLossTold = std::chrono::hours(1);
// Losses within so long are forgotten together, so that few times are kept where every record is
// lost.
constexpr Duration kLossesTogether = std::chrono::minutes(1);
constexpr double kPercentile = 0.95;
constexpr size_t kMaxSamples = 50'000;  // five minutes of 100 partitions each second, and some

Counts operator+(const Counts& a, const Counts& b) {
  return {a.sent + b.sent,         a.taken + b.taken, a.refused + b.refused,
          a.received + b.received, a.lost + b.lost,   a.duplicated + b.duplicated};
}

}  // namespace

std::span<const Measure* const> CanaryInterpreter::measures() {
  return kMeasures;
}

std::span<const WatchFirst> CanaryInterpreter::watch_first() {
  static const WatchFirst kWatch[] = {{&kLately, kLossTold}};
  return kWatch;
}

std::span<const HistogramMeasure* const> CanaryInterpreter::histograms() {
  return kHistograms;
}

CanaryInterpreter::CanaryInterpreter(Symbol cluster, Symbol topic, Duration every)
    : cluster_(std::move(cluster)),
      topic_(std::move(topic)),
      every_(every),
      end_to_end_(kEndToEndLatency, {cluster_}),
      produce_(kProduceLatency, {cluster_}),
      commits_(kCommitLatency, {cluster_}) {}

Observation CanaryInterpreter::interpret(ProbeReport report, Now now) {
  for (auto& [number, partition] : partitions_) partition.in_report = false;
  for (const PartitionReport& partition : report.probed) take(partition, now);
  std::erase_if(partitions_, [](const auto& entry) { return !entry.second.in_report; });
  std::erase_if(waiting_, [&](const auto& entry) { return !partitions_.contains(entry.first); });
  for (const Duration took : report.commits) {
    commit_ = to_seconds(took);
    commits_.add(*commit_);
  }
  for (const Journey& journey : report.journeys) show(journey);
  Observation observation = write(report.sending, report.why, Unknown::known, now);
  if (report.partitions > static_cast<int32_t>(kMaxPartitions)) {
    observation.problems.push_back(
        {fmt::format("topic {} has {} partitions: the canary uses the first {}", topic_.text(),
                     report.partitions, kMaxPartitions),
         Entity(kCluster, std::array{cluster_})});
  }
  add_spans(observation, report.journeys);
  return observation;
}

Observation CanaryInterpreter::failed(const std::string& why, Now now) {
  for (auto& [number, partition] : partitions_) {
    partition.before = partition.before + partition.counts;
    partition.counts = {};
  }
  waiting_.clear();
  return write(false, why, Unknown::failed, now);
}

void CanaryInterpreter::take(const PartitionReport& report, Now now) {
  const auto [found, added] = partitions_.try_emplace(report.partition);
  Partition& partition = found->second;
  if (added) {
    partition.number = Symbol::number(report.partition);
    partition.produce = partition.end_to_end = kNoValue;
  }
  partition.in_report = true;
  if (report.counts.lost > partition.counts.lost) {
    if (partition.losses.empty() || partition.losses.back().first <= now.steady - kLossesTogether)
      partition.losses.emplace_back(now.steady, 0);
    partition.losses.back().second += report.counts.lost - partition.counts.lost;
  }
  while (!partition.losses.empty() && partition.losses.front().first < now.steady - kLossTold)
    partition.losses.pop_front();
  partition.counts = report.counts;
  partition.error = report.error;
  partition.writable = report.error.empty() && report.unanswered.value_or(Duration{}) < kUnwritable;
  for (const Duration took : report.produced) {
    partition.produce = to_seconds(took);
    produce_.add(partition.produce);
  }
  for (const Duration took : report.end_to_end) {
    partition.end_to_end = to_seconds(took);
    end_to_end_.add(partition.end_to_end);
    samples_.push_back({now.steady, partition.end_to_end});
  }
  if (report.waiting)
    waiting_[report.partition] = *report.waiting;
  else
    waiting_.erase(report.partition);
}

void CanaryInterpreter::show(const Journey& journey) {
  end_to_end_.show(
      {journey.trace, to_seconds(journey.end_to_end), journey.sent + journey.end_to_end});
  // A record may come back before its acknowledgement: how long that took is not known then.
  if (journey.produce > Duration::zero())
    produce_.show({journey.trace, to_seconds(journey.produce), journey.sent + journey.produce});
}

Observation CanaryInterpreter::write(bool up, const std::string& why, Unknown reason, Now now) {
  while (!samples_.empty() &&
         (samples_.front().at < now.steady - kWindow || samples_.size() > kMaxSamples))
    samples_.pop_front();
  Observation observation;
  observation.cluster = cluster_;
  observation.part = kCanaryPart;
  observation.at = now;
  observation.cadence = every_;
  cluster_keys_.add(cluster_);
  const auto cluster = cluster_keys_.finish();
  add_single_row(observation, kUp, cluster, up ? 1 : 0);
  const double p95 = percentile();
  add_single_row(observation, kP95, cluster, p95, std::isnan(p95) ? Unknown::not_asked : reason);
  add_single_row(observation, kCommit, cluster, commit_.value_or(kNoValue),
                 commit_ ? reason : Unknown::not_asked);
  add_partitions(observation, reason);
  observation.histograms = {end_to_end_, produce_, commits_};
  if (!why.empty()) {
    const Entity entity(kCluster, std::array{cluster_});
    observation.notes.push_back({entity, why});
    observation.problems.push_back({fmt::format("canary: {}", why), entity});
  }
  return observation;
}

void CanaryInterpreter::add_partitions(Observation& observation, Unknown reason) {
  const size_t rows = partitions_.size();
  Column writable(kWritable, rows);
  Column produce(kProduce, rows);
  Column end_to_end(kEndToEnd, rows);
  Column lately(kLately, rows);
  struct Total {
    Column column;
    uint64_t Counts::*count;
  };
  std::array<Total, 5> totals{{{Column(kSent, rows), &Counts::sent},
                               {Column(kReceived, rows), &Counts::received},
                               {Column(kRefused, rows), &Counts::refused},
                               {Column(kLost, rows), &Counts::lost},
                               {Column(kDuplicated, rows), &Counts::duplicated}}};
  for (const auto& [number, partition] : partitions_) {
    keys_.add(cluster_, topic_, partition.number);
    writable.add(partition.writable ? 1 : 0, reason);
    const auto add = [&](Column& column, double value) {
      column.add(value, std::isnan(value) ? Unknown::not_asked : reason);
    };
    add(produce, partition.produce);
    add(end_to_end, partition.end_to_end);
    uint64_t lost = 0;
    for (const auto& [when, count] : partition.losses) lost += count;
    lately.add(static_cast<double>(lost), reason);
    const Counts sum = partition.before + partition.counts;
    for (Total& total : totals) total.column.add(static_cast<double>(sum.*total.count));
    if (!partition.error.empty())
      observation.notes.push_back(
          {Entity(kPartition, std::array{cluster_, topic_, partition.number}), partition.error});
  }
  const auto keys = keys_.finish();
  for (Column* column : {&writable, &produce, &end_to_end, &lately})
    observation.tables.push_back(std::move(*column).build(keys));
  for (Total& total : totals) observation.tables.push_back(std::move(total.column).build(keys));
}

double CanaryInterpreter::percentile() const {
  std::vector<double> all;
  all.reserve(samples_.size() + waiting_.size());
  for (const Sample& sample : samples_) all.push_back(sample.seconds);
  // While a record waits no others are sent behind it for long: those that would have been sent in
  // each tick count as well, or one blocked partition would hardly be seen.
  for (const auto& [partition, age] : waiting_) {
    const Duration oldest_counted = age > kWindow ? age - kWindow : Duration{};
    for (Duration each = age; each > oldest_counted; each -= every_)
      all.push_back(to_seconds(each));
  }
  if (all.empty()) return kNoValue;
  const auto place = static_cast<ptrdiff_t>(kPercentile * static_cast<double>(all.size() - 1));
  std::nth_element(all.begin(), all.begin() + place, all.end());
  return all[static_cast<size_t>(place)];
}

void CanaryInterpreter::add_spans(Observation& observation,
                                  const std::vector<Journey>& journeys) const {
  for (const Journey& journey : journeys) {
    Span send;
    send.trace = journey.trace;
    send.id = journey.send;
    send.name = "canary.send";
    send.kind = SpanKind::producer;
    send.start = journey.sent;
    send.duration = journey.produce;
    send.attributes = {{"messaging.system", "kafka"},
                       {"messaging.destination.name", topic_.text()},
                       {"highwater.cluster", cluster_.text()}};
    Span receive = send;
    receive.id = journey.receive;
    receive.parent = journey.send;
    receive.name = "canary.receive";
    receive.kind = SpanKind::consumer;
    receive.duration = journey.end_to_end;
    observation.spans.push_back(std::move(send));
    observation.spans.push_back(std::move(receive));
  }
}

}  // namespace highwater::canary
