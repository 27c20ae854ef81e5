#include <algorithm>
#include <map>

#include "tests/simulator/answers/answer.h"

namespace highwater::simulator {
namespace {

using kafka::ErrorCode;
using kafka::IsolationLevel;
using kafka::ListOffsetsRequest;
using kafka::ListOffsetsResponse;
using kafka::OffsetFetchRequest;
using kafka::OffsetFetchResponse;

constexpr std::int16_t kFirstWithMaxTimestamp = 7;
constexpr std::int64_t kEarliestLocalOffset = -4;  // v8+
constexpr std::int64_t kLastTieredOffset = -5;     // v9+
constexpr std::int64_t kNothing = -1;

bool version_knows(std::int16_t version, std::int64_t timestamp) {
  if (timestamp >= kafka::kEarliestOffset) return true;
  if (timestamp == kafka::kMaxTimestampOffset) return version >= kFirstWithMaxTimestamp;
  if (timestamp == kEarliestLocalOffset) return version >= 8;
  return timestamp == kLastTieredOffset && version >= 9;
}

// Before anything is read: the epoch is checked first, as brokers do.
ErrorCode refusal(const Viewpoint& view, const Topic* topic,
                  const ListOffsetsRequest::Partition& asked) {
  const Partition* partition = topic == nullptr ? nullptr : topic->partition(asked.partition_index);
  if (partition == nullptr) return ErrorCode::kUnknownTopicOrPartition;
  if (partition->has_replica(view.self) && asked.current_leader_epoch >= 0) {
    if (asked.current_leader_epoch > partition->epoch) return ErrorCode::kUnknownLeaderEpoch;
    if (asked.current_leader_epoch < partition->epoch) return ErrorCode::kFencedLeaderEpoch;
  }
  if (partition->leader != view.self) return ErrorCode::kNotLeaderOrFollower;
  if (!version_knows(view.version, asked.timestamp)) return ErrorCode::kUnsupportedVersion;
  return ErrorCode::kNone;
}

ListOffsetsResponse::Partition look_up(const Viewpoint& view, const Topic* topic,
                                       const ListOffsetsRequest::Partition& asked,
                                       bool committed_only) {
  ListOffsetsResponse::Partition answer;
  answer.partition_index = asked.partition_index;
  answer.error_code = refusal(view, topic, asked);
  if (answer.error_code != ErrorCode::kNone) return answer;
  const TopicLog& log = topic->log;
  const std::int32_t index = asked.partition_index;
  const auto found = [&](const std::optional<TopicLog::Record>& record) {
    if (!record) return;
    answer.offset = record->offset;
    answer.timestamp = view.to_unix_ms(record->time);
  };
  if (asked.timestamp == kafka::kLatestOffset) {
    answer.offset = committed_only ? log.last_stable_offset(index, view.now)
                                   : log.high_watermark(index, view.now);
  } else if (asked.timestamp == kafka::kEarliestOffset || asked.timestamp == kEarliestLocalOffset) {
    answer.offset = log.log_start(index, view.now);
  } else if (asked.timestamp == kafka::kMaxTimestampOffset) {
    found(log.newest(index, view.now, committed_only));
  } else if (asked.timestamp >= 0) {
    found(log.first_since(index, view.from_unix_ms(asked.timestamp), view.now, committed_only));
  }
  if (answer.offset != kNothing) answer.leader_epoch = topic->partition(index)->epoch;
  return answer;
}

// Partitions that stand in the request more than once are answered once, with an error.
struct AskedTopic {
  std::vector<ListOffsetsRequest::Partition> once;
  std::vector<std::int32_t> twice;
};

std::map<std::string_view, AskedTopic> merge(const ListOffsetsRequest& request) {
  std::map<std::string_view, AskedTopic> merged;
  for (const ListOffsetsRequest::Topic& topic : request.topics) {
    AskedTopic& asked = merged[topic.name];
    asked.once.insert(asked.once.end(), topic.partitions.begin(), topic.partitions.end());
  }
  for (auto& [name, asked] : merged) {
    std::ranges::stable_sort(asked.once, {}, &ListOffsetsRequest::Partition::partition_index);
    std::vector<ListOffsetsRequest::Partition> once;
    for (size_t i = 0; i < asked.once.size(); ++i) {
      const std::int32_t index = asked.once[i].partition_index;
      const bool again = i > 0 && asked.once[i - 1].partition_index == index;
      const bool more = i + 1 < asked.once.size() && asked.once[i + 1].partition_index == index;
      if (again || more) {
        if (!again) asked.twice.push_back(index);
      } else {
        once.push_back(asked.once[i]);
      }
    }
    asked.once = std::move(once);
  }
  return merged;
}

OffsetFetchResponse::Partition committed_at(const GroupTopic* read, std::int32_t index) {
  OffsetFetchResponse::Partition answer;
  answer.partition_index = index;
  if (read == nullptr || index < 0 || index >= static_cast<std::int32_t>(read->committed.size()))
    return answer;
  const GroupTopic::Committed& committed = read->committed[static_cast<size_t>(index)];
  answer.committed_offset = committed.offset;
  answer.committed_leader_epoch = committed.epoch;
  if (committed.offset >= 0) answer.metadata = "";
  return answer;
}

const GroupTopic* topic_of(const Group* group, std::string_view name) {
  if (group == nullptr || group->spec.type == GroupType::kShare) return nullptr;
  const auto found = std::ranges::find(group->topics, name, &GroupTopic::name);
  return found == group->topics.end() ? nullptr : &*found;
}

// Denied topics are left out without a word.
void fetch_all(const World& world, const Group* group, OffsetFetchResponse::Group& answer) {
  if (group == nullptr || group->spec.type == GroupType::kShare) return;
  for (const GroupTopic& read : group->topics) {
    if (world.topic_denied(read.name)) continue;
    OffsetFetchResponse::Topic topic{read.name, {}};
    for (size_t p = 0; p < read.committed.size(); ++p) {
      if (read.committed[p].offset < 0) continue;
      topic.partitions.push_back(committed_at(&read, static_cast<std::int32_t>(p)));
    }
    if (!topic.partitions.empty()) answer.topics.push_back(std::move(topic));
  }
}

void fetch_named(const World& world, const Group* group,
                 const std::vector<OffsetFetchRequest::Topic>& asked,
                 OffsetFetchResponse::Group& answer) {
  for (const OffsetFetchRequest::Topic& topic : asked) {
    OffsetFetchResponse::Topic found{topic.name, {}};
    const bool denied = world.topic_denied(topic.name);
    const GroupTopic* read = topic_of(group, topic.name);
    for (const std::int32_t index : topic.partition_indexes) {
      found.partitions.push_back(committed_at(denied ? nullptr : read, index));
      if (denied) found.partitions.back().error_code = ErrorCode::kTopicAuthorizationFailed;
    }
    answer.topics.push_back(std::move(found));
  }
}

}  // namespace

ListOffsetsResponse answer(const Viewpoint& view, const ListOffsetsRequest& request) {
  ListOffsetsResponse answer;
  const bool committed_only = request.isolation_level == IsolationLevel::kReadCommitted;
  for (const auto& [name, asked] : merge(request)) {
    ListOffsetsResponse::Topic found{std::string(name), {}};
    const bool denied = view.world.topic_denied(name);
    const Topic* topic = view.world.topic(name);
    const auto refuse = [&](std::int32_t index, ErrorCode error) {
      found.partitions.emplace_back().partition_index = index;
      found.partitions.back().error_code = error;
    };
    found.partitions.reserve(asked.once.size());
    for (const ListOffsetsRequest::Partition& partition : asked.once) {
      if (denied) {
        refuse(partition.partition_index, ErrorCode::kTopicAuthorizationFailed);
      } else {
        found.partitions.push_back(look_up(view, topic, partition, committed_only));
      }
    }
    for (const std::int32_t index : asked.twice) {
      refuse(index, denied ? ErrorCode::kTopicAuthorizationFailed : ErrorCode::kInvalidRequest);
    }
    answer.topics.push_back(std::move(found));
  }
  return answer;
}

OffsetFetchResponse answer(const Viewpoint& view, const OffsetFetchRequest& request) {
  OffsetFetchResponse answer;
  for (const OffsetFetchRequest::Group& asked : request.groups) {
    OffsetFetchResponse::Group& found = answer.groups.emplace_back();
    found.group_id = asked.group_id;
    found.error_code = view.world.group_denied(asked.group_id)
                           ? ErrorCode::kGroupAuthorizationFailed
                           : view.coordinates(asked.group_id);
    if (found.error_code != ErrorCode::kNone) continue;
    const Group* group = view.world.group(asked.group_id);
    if (asked.topics) {
      fetch_named(view.world, group, *asked.topics, found);
    } else {
      fetch_all(view.world, group, found);
    }
  }
  return answer;
}

}  // namespace highwater::simulator
