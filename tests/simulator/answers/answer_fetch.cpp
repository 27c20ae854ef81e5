// Every offset is a batch of its own, sent without its record: whoever asks here reads headers.
#include "tests/simulator/answers/answer.h"

namespace highwater::simulator {
namespace {

using kafka::BatchHeader;
using kafka::ErrorCode;
using kafka::FetchRequest;
using kafka::FetchResponse;

constexpr std::int64_t kProducer = 4000;

ErrorCode refusal(const Viewpoint& view, const Topic* topic, const FetchRequest::Partition& asked) {
  const Partition* partition = topic == nullptr ? nullptr : topic->partition(asked.partition_index);
  if (partition == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  if (partition->has_replica(view.self) && asked.current_leader_epoch >= 0) {
    if (asked.current_leader_epoch > partition->epoch) return ErrorCode::kUnknownLeaderEpoch;
    if (asked.current_leader_epoch < partition->epoch) return ErrorCode::kFencedLeaderEpoch;
  }
  return partition->leader == view.self ? ErrorCode::kNone : ErrorCode::kNotLeaderOrFollower;
}

void read(const Viewpoint& view, const TopicLog& log, const FetchRequest::Partition& asked,
          bool committed_only, FetchResponse::Partition& answer) {
  const std::int32_t index = asked.partition_index;
  const std::int64_t offset = asked.fetch_offset;
  answer.high_watermark = log.high_watermark(index, view.now);
  answer.last_stable_offset = log.last_stable_offset(index, view.now);
  answer.log_start_offset = log.log_start(index, view.now);
  if (offset < answer.log_start_offset || offset > answer.high_watermark) {
    answer.error_code = ErrorCode::kOffsetOutOfRange;
    return;
  }
  if (committed_only) answer.aborted_transactions.emplace();
  if (offset >= (committed_only ? answer.last_stable_offset : answer.high_watermark)) return;
  const TopicLog::Kind kind = log.kind_at(index, offset);
  BatchHeader batch{offset, offset};
  batch.record_count = 1;
  batch.control = kind == TopicLog::Kind::kMarker;
  batch.transactional = kind != TopicLog::Kind::kRecord;
  if (batch.transactional) batch.producer_id = kProducer;
  if (committed_only && kind == TopicLog::Kind::kAborted)
    answer.aborted_transactions->push_back({kProducer, offset});
  answer.records = kafka::encode_batch_header(batch);
}

}  // namespace

FetchResponse answer(const Viewpoint& view, const FetchRequest& request) {
  FetchResponse answer;
  const bool committed_only = request.isolation_level == kafka::IsolationLevel::kReadCommitted;
  for (const FetchRequest::Topic& asked : request.topics) {
    FetchResponse::Topic& found = answer.topics.emplace_back();
    found.name = asked.name;
    const bool denied = view.world.denied.reads || view.world.topic_denied(asked.name);
    const Topic* topic = view.world.topic(asked.name);
    for (const FetchRequest::Partition& partition : asked.partitions) {
      FetchResponse::Partition& told = found.partitions.emplace_back();
      told.partition_index = partition.partition_index;
      told.error_code =
          denied ? ErrorCode::kTopicAuthorizationFailed : refusal(view, topic, partition);
      if (told.error_code == ErrorCode::kNone)
        read(view, topic->log, partition, committed_only, told);
    }
  }
  return answer;
}

}  // namespace highwater::simulator
