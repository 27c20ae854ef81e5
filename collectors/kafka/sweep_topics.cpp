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

// What is known of a partition besides what Metadata tells stays.
void merge_partition(PartitionView& known, const MetadataResponse::Partition& told) {
  // Told by a broker that is behind, as one that just woke up is.
  if (told.leader_epoch < known.leader_epoch) return;
  known.leader = told.leader_id;
  known.leader_epoch = told.leader_epoch;
  if (told.leader_id >= 0) known.last_leader = told.leader_id;
  known.replicas = told.replica_nodes;
  known.isr = told.isr_nodes;
}

// Brokers tell partitions in no order, and nearly always those that are known: then nothing is
// sorted and nothing moved.
bool merge_in_place(std::vector<PartitionView>& known,
                    const std::vector<MetadataResponse::Partition>& told) {
  if (known.size() != told.size()) return false;
  for (const auto& read : told) {
    PartitionView* const partition = find_partition(known, read.partition_index);
    if (partition == nullptr) return false;
    merge_partition(*partition, read);
  }
  return true;
}

void merge_partitions(std::vector<PartitionView>& known,
                      const std::vector<MetadataResponse::Partition>& told) {
  if (merge_in_place(known, told)) return;
  std::vector<PartitionView> merged;
  merged.reserve(told.size());
  for (const auto& read : told) {
    PartitionView* const before = find_partition(known, read.partition_index);
    PartitionView& partition =
        merged.emplace_back(before != nullptr ? std::move(*before) : PartitionView{});
    partition.index = read.partition_index;
    merge_partition(partition, read);
  }
  std::ranges::sort(merged, {}, &PartitionView::index);
  known = std::move(merged);
}

void merge_topic(TopicView& known, const MetadataResponse::Topic& told) {
  // A topic of the same name with another id is another topic: nothing of the old one holds for it.
  if (known.id != told.topic_id.bytes && told.topic_id.bytes != TopicId{}) {
    known.config.reset();
    known.config_reason = Unknown::not_asked;
    known.partitions.clear();
  }
  known.id = told.topic_id.bytes;
  known.internal = told.is_internal;
  merge_partitions(known.partitions, told.partitions);
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

  const size_t count_before = view_.topics.size();
  std::vector<bool> listed(count_before, false);
  for (const auto& read : metadata.topics) {
    if (read.is_internal && !settings_.internal_topics) continue;
    const auto place = topic_index_.find(read.name);
    if (place == topic_index_.end()) {
      if (settings_.topics.accepts(read.name)) add_topic(read);
      continue;
    }
    listed[place->second] = true;
    TopicView& known = view_.topics[place->second];
    known.reason = reason_of(read.error_code);
    if (known.reason != Unknown::known) continue;
    merge_topic(known, read);
    topic_absences_.erase(known.name);
  }
  const bool any_gone = note_absent_topics(listed);
  view_.topics_reason = Unknown::known;
  if (any_gone || view_.topics.size() != count_before) index_topics();
}

void Sweep::add_topic(const MetadataResponse::Topic& told) {
  TopicView& added = view_.topics.emplace_back();
  added.name = Symbol(told.name);
  added.reason = reason_of(told.error_code);
  merge_topic(added, told);
  topic_absences_.erase(added.name);
}

// Of the topics that were there before. True when one is gone, and its place empty.
bool Sweep::note_absent_topics(const std::vector<bool>& listed) {
  bool any_gone = false;
  for (size_t i = 0; i < listed.size(); ++i) {
    if (listed[i]) continue;
    TopicView& absent = view_.topics[i];
    absent.reason = Unknown::not_asked;
    if (++topic_absences_[absent.name] < kAbsencesBeforeGone) continue;
    topic_absences_.erase(absent.name);
    absent.name = Symbol();
    any_gone = true;
  }
  return any_gone;
}

void Sweep::index_topics() {
  std::erase_if(view_.topics, [](const TopicView& known) { return known.name.empty(); });
  std::ranges::sort(view_.topics, {},
                    [](const TopicView& known) -> const std::string& { return known.name.text(); });
  topic_index_.clear();
  topic_index_.reserve(view_.topics.size());
  for (size_t i = 0; i < view_.topics.size(); ++i)
    topic_index_.emplace(view_.topics[i].name.text(), i);
}

}  // namespace highwater::kafka
