// The Metadata phase of a sweep: which brokers, topics and partitions there are, who leads them,
// who is in sync.
#include <fmt/format.h>

#include <algorithm>
#include <asio/use_awaitable.hpp>

#include "collectors/kafka/gather.h"
#include "collectors/kafka/sweep.h"

namespace highwater::kafka {
namespace {

// A topic or group is gone after this many complete listings in a row without it.
constexpr int kAbsencesBeforeGone = 2;
// Fewer than this many names may well all be deleted; more that vanish at once are a fault or a
// denial.
constexpr size_t kSuspiciousFrom = 3;

PartitionView to_view(const MetadataResponse::Partition& read) {
  PartitionView partition;
  partition.index = read.partition_index;
  partition.leader = read.leader_id;
  partition.last_leader = read.leader_id;
  partition.leader_epoch = read.leader_epoch;
  partition.replicas = read.replica_nodes;
  partition.isr = read.isr_nodes;
  return partition;
}

// What the last sweeps knew of the same partition and Metadata does not tell.
void carry_over(PartitionView& partition, PartitionView& before) {
  if (partition.leader_epoch < before.leader_epoch) {
    // Told by a broker that is behind, as one that just woke up is.
    partition.leader = before.leader;
    partition.leader_epoch = before.leader_epoch;
    partition.isr = before.isr;
    partition.replicas = before.replicas;
  }
  partition.last_leader = partition.leader >= 0 ? partition.leader : before.last_leader;
  partition.adding = std::move(before.adding);
  partition.removing = std::move(before.removing);
  partition.log_start = before.log_start;
  partition.high_watermark = before.high_watermark;
  partition.last_stable = before.last_stable;
  partition.log_dirs = std::move(before.log_dirs);
}

}  // namespace

asio::awaitable<bool> Sweep::read_metadata(RunPtr run) {
  std::vector<int32_t> candidates = ready();
  // The broker that answered last goes first: answers of different brokers differ for moments, and
  // flapping helps nobody.
  std::ranges::stable_partition(candidates,
                                [this](int32_t broker) { return broker == metadata_broker_; });
  for (const int32_t broker : candidates) {
    struct Result {
      std::optional<Answer<MetadataResponse>> answer;
    };
    const auto result = std::make_shared<Result>();
    const auto question = [](Sweep* self, RunPtr context, int32_t whom,
                             std::shared_ptr<Result> into) -> asio::awaitable<void> {
      MetadataRequest request;
      into->answer = co_await self->ask(context, whom, std::move(request));
    };
    std::vector<asio::awaitable<void>> questions;
    questions.push_back(question(this, run, broker, result));
    co_await gather(std::move(questions), settings_.patience);
    if (!result->answer) {
      run->problems.push_back({fmt::format("broker {} did not answer Metadata within {}", broker,
                                           describe_duration(settings_.patience)),
                               broker_entity(broker)});
      continue;
    }
    if (!*result->answer) {
      run->problems.push_back(
          {fmt::format("broker {}: Metadata: {}", broker, result->answer->error().what),
           broker_entity(broker)});
      continue;
    }
    const MetadataResponse& metadata = **result->answer;
    metadata_broker_ = broker;
    if (hooks_.metadata) hooks_.metadata(metadata, SystemClock().now());
    merge_topics(*run, metadata);
    run->metadata_read = true;
    co_return true;
  }
  forget_freshness();
  co_return false;
}

void Sweep::forget_freshness() {
  // Nobody could be asked: nothing that was read before speaks for the present.
  view_.topics_reason = Unknown::broker_unreachable;
  view_.groups_reason = Unknown::broker_unreachable;
  for (TopicView& known : view_.topics) {
    known.reason = Unknown::broker_unreachable;
    for (PartitionView& partition : known.partitions) {
      partition.log_start.reason = partition.high_watermark.reason = partition.last_stable.reason =
          Unknown::broker_unreachable;
    }
  }
  for (GroupView& known : view_.groups) {
    known.listed = known.committed_reason = known.members_reason = Unknown::broker_unreachable;
  }
}

void Sweep::merge_topics(SweepRun& run, const MetadataResponse& metadata) {
  const size_t raw = metadata.topics.size();
  if (raw == 0 && raw_topics_ >= kSuspiciousFrom) {
    // Deleting everything at once looks exactly like losing the right to see anything: what was
    // there stays, unknown.
    view_.suspiciously_empty = true;
    view_.why_empty = fmt::format(
        "{} topics were listed before, and now none: rights lost, or everything was deleted",
        raw_topics_);
    view_.topics_reason = Unknown::denied;
    run.problems.push_back({view_.why_empty, {}});
    return;
  }
  if (raw > 0) {
    raw_topics_ = raw;
    view_.suspiciously_empty = false;
    view_.why_empty.clear();
  }

  std::vector<TopicView> merged;
  merged.reserve(view_.topics.size());
  std::vector<bool> seen(view_.topics.size(), false);
  for (const auto& read : metadata.topics) {
    if (read.is_internal && !settings_.internal_topics) continue;
    if (!settings_.topics.accepts(read.name)) continue;
    const auto place = topic_index_.find(read.name);
    TopicView* before = place == topic_index_.end() ? nullptr : &view_.topics[place->second];
    if (before != nullptr) seen[place->second] = true;
    TopicView now;
    now.name = before != nullptr ? before->name : Symbol(read.name);
    now.id = read.topic_id.bytes;
    now.internal = read.is_internal;
    now.reason = reason_of(read.error_code);
    if (now.reason != Unknown::known && before != nullptr) {
      TopicView kept = std::move(*before);
      kept.reason = now.reason;
      merged.push_back(std::move(kept));
      continue;
    }
    // A topic of the same name with another id is another topic: nothing of the old one holds for
    // it.
    const bool same = before != nullptr && (before->id == now.id || now.id == TopicId{});
    if (same) {
      now.config = std::move(before->config);
      now.config_reason = before->config_reason;
    }
    now.partitions.reserve(read.partitions.size());
    for (const auto& partition : read.partitions) {
      now.partitions.push_back(to_view(partition));
      if (!same) continue;
      if (PartitionView* old = find_partition(before->partitions, partition.partition_index))
        carry_over(now.partitions.back(), *old);
    }
    std::ranges::sort(now.partitions, {}, &PartitionView::index);
    topic_absences_.erase(now.name);
    merged.push_back(std::move(now));
  }
  for (size_t i = 0; i < view_.topics.size(); ++i) {
    if (seen[i]) continue;
    TopicView& absent = view_.topics[i];
    if (++topic_absences_[absent.name] >= kAbsencesBeforeGone) {
      topic_absences_.erase(absent.name);
      continue;
    }
    absent.reason = Unknown::not_asked;
    merged.push_back(std::move(absent));
  }
  std::ranges::sort(merged, {},
                    [](const TopicView& known) -> const std::string& { return known.name.text(); });
  view_.topics = std::move(merged);
  view_.topics_reason = Unknown::known;
  topic_index_.clear();
  topic_index_.reserve(view_.topics.size());
  for (size_t i = 0; i < view_.topics.size(); ++i)
    topic_index_.emplace(view_.topics[i].name.text(), i);
}

}  // namespace highwater::kafka
