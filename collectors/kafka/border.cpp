#include "collectors/kafka/border.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "agent/core/utf8.h"

namespace highwater::kafka {
namespace {

constexpr size_t kReadable = 200;  // bytes of a name that is another one inside
// Bytes and offsets beyond this are none: sums of a thousand of them still fit into 64 bits.
constexpr int64_t kLargest = int64_t{1} << 53;

bool is_possible(int64_t number) {
  return number >= 0 && number <= kLargest;
}

bool is_plain(char letter) {
  return letter >= ' ' && letter <= '~';
}

// A sequence of UTF-8 that is no character, but tells a terminal what to do or where text runs.
bool is_control(std::string_view sequence) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(sequence[at]); };
  if (sequence.size() == 1) return !is_plain(sequence[0]);
  if (sequence.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  if (sequence.size() != 3 || byte(0) != 0xe2) return false;
  // U+200B to U+200F, U+2028 to U+202E, U+2066 to U+2069: no width, line ends, direction.
  return (byte(1) == 0x80 &&
          ((byte(2) >= 0x8b && byte(2) <= 0x8f) || (byte(2) >= 0xa8 && byte(2) <= 0xae))) ||
         (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

constexpr std::string_view kNoName = "(no name)";

// Nearly every name: the one inside is the same.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= Border::kLongestName && name != kNoName &&
         std::ranges::all_of(name, is_plain);
}

// Each byte or character that cannot be shown becomes a question mark.
std::string readable(std::string_view text, size_t most) {
  std::string shown;
  while (!text.empty()) {
    const size_t length = utf8::sequence_length(text);
    const std::string_view next = text.substr(0, std::max<size_t>(1, length));
    const bool fit = length > 0 && !is_control(next);
    if (shown.size() + (fit ? next.size() : 1) > most) break;
    if (fit)
      shown += next;
    else
      shown += '?';
    text.remove_prefix(next.size());
  }
  return shown;
}

// FNV-1a: the same in every run, so that a name stays one.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325U;
  for (const char letter : text)
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3U;
  return hash;
}

bool is_topic_name(std::string_view name) {
  return !name.empty() && name.size() <= Border::kLongestTopic &&
         std::ranges::all_of(name, [](char letter) {
           return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                  (letter >= '0' && letter <= '9') || letter == '.' || letter == '_' ||
                  letter == '-';
         });
}

void make_readable(std::string& text) {
  if (text.size() > Border::kLongestName || !std::ranges::all_of(text, is_plain))
    text = readable(text, Border::kLongestName);
}

template <class Group>
void enter_group(Group& group) {
  group.group_id = name_inside(group.group_id);
  make_readable(group.group_state);
  for (auto& member : group.members) {
    make_readable(member.member_id);
    make_readable(member.client_id);
    make_readable(member.client_host);
  }
}

// A partition that is told of twice, or with a number below zero, is no partition. Brokers tell of
// them in no order, and they are numbered without gaps: a place for each is all that is needed.
void tidy_partitions(MetadataResponse::Topic& topic) {
  auto& partitions = topic.partitions;
  std::vector<bool> seen(partitions.size());
  std::unordered_set<int32_t> beyond;
  std::erase_if(partitions, [&](const auto& one) {
    if (one.partition_index < 0) return true;
    const auto place = static_cast<size_t>(one.partition_index);
    if (place >= seen.size()) return !beyond.insert(one.partition_index).second;
    const bool twice = seen[place];
    seen[place] = true;
    return twice;
  });
}

bool is_below_zero(std::int32_t id) {
  return id < 0;
}

// Node ids are never below zero, and -1 is the leader of a partition that has none.
bool has_impossible_ids(const MetadataResponse::Topic& topic) {
  return std::ranges::any_of(topic.partitions, [](const auto& partition) {
    return partition.leader_id < -1 ||
           std::ranges::any_of(partition.replica_nodes, is_below_zero) ||
           std::ranges::any_of(partition.isr_nodes, is_below_zero) ||
           std::ranges::any_of(partition.offline_replicas, is_below_zero);
  });
}

}  // namespace

std::string name_inside(std::string_view true_name) {
  if (true_name.empty()) return std::string(kNoName);
  if (is_plain_name(true_name)) return std::string(true_name);
  if (true_name.size() <= Border::kLongestName && true_name != kNoName &&
      readable(true_name, Border::kLongestName) == true_name)
    return std::string(true_name);
  return fmt::format("{}~{:016x}", readable(true_name, kReadable), hash_of(true_name));
}

void Border::enter(MetadataResponse& answer) {
  for (auto& broker : answer.brokers) {
    make_readable(broker.host);
    if (broker.rack) make_readable(*broker.rack);
  }
  const size_t before = answer.topics.size();
  std::unordered_set<std::string_view> seen;
  seen.reserve(before);
  std::vector<bool> wrong(before);
  for (size_t i = 0; i < before; ++i) {
    const std::string& name = answer.topics[i].name;
    wrong[i] = !is_topic_name(name) || !seen.insert(name).second;
    tidy_partitions(answer.topics[i]);
    // Its rows stay as they were, unknown: nothing of what is said of it can be believed.
    if (has_impossible_ids(answer.topics[i]))
      answer.topics[i].error_code = ErrorCode::kUnknownServerError;
  }
  topics_left_out_ = static_cast<size_t>(std::ranges::count(wrong, true));
  if (topics_left_out_ == 0) return;
  std::vector<MetadataResponse::Topic> fit;
  fit.reserve(before - topics_left_out_);
  for (size_t i = 0; i < before; ++i) {
    if (!wrong[i]) fit.push_back(std::move(answer.topics[i]));
  }
  answer.topics = std::move(fit);
}

void Border::enter(ListGroupsResponse& answer) {
  groups_left_out_ = 0;
  ++listings_;
  if (listings_ % kKeptListings == 0) forget_old_names();
  std::erase_if(answer.groups, [this](ListGroupsResponse::Group& group) {
    make_readable(group.group_state);
    make_readable(group.protocol_type);
    if (is_plain_name(group.group_id)) return false;
    std::string inside = name_inside(group.group_id);
    if (inside == group.group_id) return false;
    const auto known = true_names_.find(inside);
    const bool same = known != true_names_.end() && known->second.text == group.group_id;
    if (same) known->second.seen = listings_;
    const bool room =
        true_names_.size() < kNames && true_name_bytes_ + group.group_id.size() <= kNameBytes;
    if (!same && (known != true_names_.end() || !room)) {
      ++groups_left_out_;
      return true;
    }
    if (!same) {
      true_name_bytes_ += group.group_id.size();
      true_names_.emplace(inside, TrueName{group.group_id, listings_});
    }
    group.group_id = std::move(inside);
    return false;
  });
}

void Border::forget_old_names() {
  std::erase_if(true_names_, [this](const auto& name) {
    const bool old = name.second.seen + kKeptListings < listings_;
    if (old) true_name_bytes_ -= name.second.text.size();
    return old;
  });
}

// Kafka says -1 where no record is meant by the time that was asked for.
void Border::enter(ListOffsetsResponse& answer) const {
  for (auto& topic : answer.topics) {
    for (auto& partition : topic.partitions) {
      if (partition.error_code == ErrorCode::kNone && partition.offset > kLargest)
        partition.error_code = ErrorCode::kUnknownServerError;
    }
  }
}

void Border::enter(OffsetFetchResponse& answer) const {
  for (auto& group : answer.groups) {
    // Below version 8 the answer names no group.
    if (!group.group_id.empty() || answer.groups.size() > 1)
      group.group_id = name_inside(group.group_id);
    // A client may commit any number; so far beyond the end they are all alike.
    for (auto& topic : group.topics) {
      for (auto& partition : topic.partitions)
        partition.committed_offset = std::min(partition.committed_offset, kLargest);
    }
  }
}

void Border::enter(DescribeGroupsResponse& answer) const {
  for (auto& group : answer.groups) enter_group(group);
}
void Border::enter(ConsumerGroupDescribeResponse& answer) const {
  for (auto& group : answer.groups) enter_group(group);
}
void Border::enter(ShareGroupDescribeResponse& answer) const {
  for (auto& group : answer.groups) enter_group(group);
}

void Border::enter(StreamsGroupDescribeResponse& answer) const {
  for (auto& group : answer.groups) enter_group(group);
}

void Border::enter(DescribeClusterResponse& answer) const {
  for (auto& broker : answer.brokers) {
    make_readable(broker.host);
    if (broker.rack) make_readable(*broker.rack);
  }
}

void Border::enter(DescribeLogDirsResponse& answer) const {
  if (answer.results.size() > kLogDirs) answer.results.resize(kLogDirs);
  for (auto& directory : answer.results) {
    make_readable(directory.log_dir);
    if (!is_possible(directory.total_bytes) || !is_possible(directory.usable_bytes) ||
        directory.usable_bytes > directory.total_bytes)
      directory.total_bytes = directory.usable_bytes = -1;
    for (auto& topic : directory.topics)
      std::erase_if(topic.partitions,
                    [](const auto& one) { return !is_possible(one.partition_size); });
  }
}

void Border::enter(ListPartitionReassignmentsResponse& answer) const {
  for (auto& topic : answer.topics) {
    for (auto& partition : topic.partitions) {
      for (auto* const replicas :
           {&partition.replicas, &partition.adding_replicas, &partition.removing_replicas})
        std::erase_if(*replicas, is_below_zero);
    }
  }
}

// Whoever names a leader without an epoch, or an end that no log has, says nothing.
void Border::enter(DescribeQuorumResponse& answer) const {
  const auto make_possible = [](auto& replicas) {
    std::erase_if(replicas, [](const auto& replica) { return is_below_zero(replica.replica_id); });
    for (auto& replica : replicas) {
      if (!is_possible(replica.log_end_offset)) replica.log_end_offset = -1;
    }
  };
  for (auto& topic : answer.topics) {
    for (auto& partition : topic.partitions) {
      const bool possible = partition.leader_epoch >= 0 && partition.leader_id >= -1;
      if (partition.error_code == ErrorCode::kNone && !possible)
        partition.error_code = ErrorCode::kUnknownServerError;
      make_possible(partition.current_voters);
      make_possible(partition.observers);
    }
  }
}

void Border::enter(DescribeTransactionsResponse& answer) const {
  for (auto& transaction : answer.transactions) {
    make_readable(transaction.transactional_id);
    make_readable(transaction.state);
  }
}

void Border::leave(OffsetFetchRequest& request) const {
  for (auto& group : request.groups) leave_name(group.group_id);
}
void Border::leave(DescribeGroupsRequest& request) const {
  for (std::string& name : request.groups) leave_name(name);
}
void Border::leave(ConsumerGroupDescribeRequest& request) const {
  for (std::string& name : request.group_ids) leave_name(name);
}
void Border::leave(ShareGroupDescribeRequest& request) const {
  for (std::string& name : request.group_ids) leave_name(name);
}

void Border::leave(StreamsGroupDescribeRequest& request) const {
  for (std::string& name : request.group_ids) leave_name(name);
}

void Border::leave_name(std::string& name) const {
  if (true_names_.empty()) return;
  if (const auto found = true_names_.find(name); found != true_names_.end())
    name = found->second.text;
}

}  // namespace highwater::kafka
