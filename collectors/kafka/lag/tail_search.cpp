#include "collectors/kafka/lag/tail_search.h"

#include <algorithm>

#include "collectors/kafka/lag/time_lag.h"

namespace highwater::kafka {
namespace {

// A right that was granted is noticed within this time. Each try is a line in an audit log.
constexpr Duration kDeniedFor = std::chrono::minutes(30);
// The first batch comes whole, however small the limit.
constexpr int64_t kLargestBatch = int64_t{4} << 20;

bool is_aborted(const FetchResponse::Partition& response, const BatchHeader& batch) {
  if (!batch.transactional || !response.aborted_transactions) return false;
  return std::ranges::any_of(*response.aborted_transactions, [&](const auto& aborted) {
    return aborted.producer_id == batch.producer_id && aborted.first_offset <= batch.last_offset;
  });
}

}  // namespace

std::optional<BatchContent> content_of_batch(const FetchResponse::Partition& response,
                                             int64_t offset) {
  // A reader of committed records is given nothing from here on.
  if (response.records.empty())
    return response.last_stable_offset > offset
               ? std::optional(BatchContent{response.last_stable_offset})
               : std::nullopt;
  const auto batch = decode_batch_header(response.records);
  if (!batch || batch->last_offset < offset || batch->last_offset >= response.high_watermark)
    return std::nullopt;
  const bool none = batch->control || batch->record_count == 0 || is_aborted(response, *batch);
  return BatchContent{batch->last_offset + 1, !none};
}

void TailSearch::begin(const ClusterView& view, Now now) {
  targets_.clear();
  tried_again_.clear();
  std::erase_if(denied_,
                [now](const auto& denied) { return now.steady - denied.second > kDeniedFor * 4; });
  if (!view.may_have_transactions) return;
  for (const GroupView& group : view.groups) {
    if (group.committed_reason != Unknown::known) continue;
    for (const CommittedTopic& committed : group.committed) {
      TopicView* const topic = find_topic_(committed.topic);
      if (topic == nullptr) continue;
      for (const CommittedOffset& commit : committed.partitions) {
        PartitionView* const partition = find_partition(topic->partitions, commit.partition);
        if (partition == nullptr || commit.reason != Unknown::known) continue;
        if (partition->tail && partition->high_watermark.known())
          partition->tail->cut(partition->high_watermark.offset);
        const int64_t from = std::max(commit.offset, partition->log_start.offset);
        if (worth_asking(*topic, *partition, from, now))
          targets_.push_back({topic, partition, from, end_for_reader(*partition, from)});
      }
    }
  }
  if (targets_.empty()) return;
  first_ %= targets_.size();
  std::ranges::rotate(targets_, targets_.begin() + static_cast<std::ptrdiff_t>(first_));
}

bool TailSearch::worth_asking(const TopicView& topic, const PartitionView& partition, int64_t from,
                              Now now) {
  const bool known = partition.leader >= 0 && partition.high_watermark.known() &&
                     partition.last_stable.known() && partition.log_start.known();
  if (!known || from < 0) return false;
  const int64_t end = end_for_reader(partition, from);
  // An open transaction is no marker yet.
  const bool open = partition.last_stable.offset < partition.high_watermark.offset;
  if (from >= end || end - from > kLongest || (open && from >= partition.last_stable.offset))
    return false;
  if (partition.history && !partition.history->rests(to_millis(now.steady))) return false;
  if (topic.config && topic.config->max_message_bytes > kLargestBatch) return false;
  return tail_content(partition, from, end) == LogTail::Content::unknown;
}

std::vector<TailSearch::Question> TailSearch::questions(std::span<const int32_t> askable,
                                                        size_t most, Now now) {
  std::vector<Question> questions;
  std::vector<int32_t> asked;
  const auto may_try = [&](const Symbol& topic) {
    const auto denied = denied_.find(topic);
    if (denied == denied_.end()) return true;
    if (now.steady - denied->second < kDeniedFor || tried_again_.size() >= kDeniedAtOnce)
      return false;
    // Until the answer says otherwise it is denied still.
    denied->second = now.steady;
    tried_again_.push_back(topic);
    return true;
  };
  for (const Target& target : targets_) {
    if (questions.size() >= most) break;
    if (target.failed ||
        tail_content(*target.partition, target.from, target.end) != LogTail::Content::unknown)
      continue;
    const int32_t leader = target.partition->leader;
    if (!std::ranges::binary_search(askable, leader) ||
        std::ranges::find(asked, leader) != asked.end() || !may_try(target.topic->name))
      continue;
    asked.push_back(leader);
    const auto& tail = target.partition->tail;
    questions.push_back(
        {target.topic, target.partition, tail ? tail->known_to(target.from) : target.from});
  }
  first_ += questions.size();
  return questions;
}

void TailSearch::answer(const Question& question, const FetchResponse::Partition& response,
                        Now now) {
  const auto give_up = [&] {
    for (Target& target : targets_) {
      if (target.partition == question.partition) target.failed = true;
    }
  };
  const Symbol& topic = question.topic->name;
  if (response.error_code == ErrorCode::kTopicAuthorizationFailed) {
    denied_[topic] = now.steady;
    return give_up();
  }
  denied_.erase(topic);
  const auto content = response.error_code == ErrorCode::kNone
                           ? content_of_batch(response, question.offset)
                           : std::nullopt;
  if (!content) return give_up();
  LogTail& tail = question.partition->tail.make();
  if (content->record)
    tail.add_record(question.offset, content->end);
  else
    tail.add_nothing(question.offset, content->end);
}

}  // namespace highwater::kafka
