#include "collectors/kafka/poll/topic_list.h"

#include <algorithm>
#include <unordered_set>

#include "collectors/kafka/poll/unknown_reason.h"

namespace highwater::kafka {
namespace {

constexpr int kAbsencesBeforeGone = 2;
// A second broker confirms a contradiction at once, the same one after this long: a broker that
// resumes after a hang answers from its old state for less than a second.
constexpr Duration kConfirmAfter = std::chrono::seconds(2);
// No partition has had that many: an epoch so far ahead was wrong, and correcting it does not mean
// that the topic was replaced.
constexpr int64_t kMostElections = 1'000'000;

// Each replica becomes a row, and rows must be unique.
void drop_repeated(SmallList<int32_t, 4>& brokers) {
  constexpr size_t kFew = 16;
  if (brokers.size() > kFew) {
    std::unordered_set<int32_t> seen;
    brokers.remove_if([&](int32_t broker) { return !seen.insert(broker).second; });
    return;
  }
  for (size_t kept = 1; kept < brokers.size();) {
    const auto end = brokers.begin() + kept;
    if (std::find(brokers.begin(), end, brokers[kept]) == end) {
      ++kept;
      continue;
    }
    std::move(end + 1, brokers.end(), end);
    brokers.resize(brokers.size() - 1);
  }
}

}  // namespace

TopicView* TopicList::find(const std::string& name) {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &topics_[found->second];
}

TopicView* TopicList::find_from(size_t& place, const std::string& name) {
  if (place >= topics_.size() || topics_[place].name.text() != name) {
    const auto found = index_.find(name);
    if (found == index_.end()) return nullptr;
    place = found->second;
  }
  return &topics_[place++];
}

void TopicList::begin_listing(int32_t broker, SteadyTime now) {
  broker_ = broker;
  now_ = now;
  ++response_;
  listed_.assign(topics_.size(), 0);
}

bool TopicList::add_listed(const MetadataResponse::Topic& response) {
  // It is being deleted.
  if (response.error_code == ErrorCode::kUnknownTopicOrPartition) return true;
  const auto place = index_.find(response.name);
  if (place == index_.end()) {
    add(response);
    return true;
  }
  if (listed_[place->second] != 0) return false;
  listed_[place->second] = 1;
  TopicView& known = topics_[place->second];
  absences_.erase(known.name);
  known.reason = reason_of(response.error_code);
  if (known.reason == Unknown::known) merge(known, response);
  return true;
}

void TopicList::add(const MetadataResponse::Topic& response) {
  index_.emplace(response.name, topics_.size());
  listed_.push_back(1);
  TopicView& added = topics_.emplace_back();
  added.name = Symbol(response.name);
  added.reason = reason_of(response.error_code);
  merge(added, response);
}

void TopicList::end_listing() {
  for (size_t place = 0; place < listed_.size(); ++place) {
    if (listed_[place] != 0) continue;
    topics_[place].reason = Unknown::not_asked;
    ++absences_[topics_[place].name];
  }
  std::erase_if(contradictions_,
                [this](const auto& entry) { return entry.second.response != response_; });
  const auto name = [](const TopicView& known) -> const std::string& { return known.name.text(); };
  const bool any_gone = std::exchange(any_gone_, false);
  if (!any_gone && index_.size() == topics_.size() && std::ranges::is_sorted(topics_, {}, name))
    return;
  rebuild_index();
}

void TopicList::drop(const std::string& name) {
  TopicView* const known = find(name);
  if (known == nullptr) return;
  listed_[static_cast<size_t>(known - topics_.data())] = 1;
  absences_.erase(known->name);
  index_.erase(name);
  known->name = Symbol();
  any_gone_ = true;
}

std::vector<std::string> TopicList::absent(size_t most) const {
  std::vector<std::string> names;
  for (const auto& [name, times] : absences_) {
    if (names.size() == most) break;
    names.push_back(name.text());
  }
  return names;
}

void TopicList::add_named(const MetadataResponse::Topic& response, int32_t broker, SteadyTime now) {
  TopicView* const known = find(response.name);
  if (known == nullptr) return;
  const auto absence = absences_.find(known->name);
  if (absence == absences_.end()) return;
  broker_ = broker;
  now_ = now;
  if (response.error_code == ErrorCode::kUnknownTopicOrPartition) {
    if (absence->second < kAbsencesBeforeGone) return;
    absences_.erase(absence);
    known->name = Symbol();
    any_gone_ = true;
    return;
  }
  known->reason = reason_of(response.error_code);
  if (known->reason != Unknown::known) return;
  absences_.erase(absence);
  merge(*known, response);
}

void TopicList::forget_gone() {
  if (std::exchange(any_gone_, false)) rebuild_index();
}

void TopicList::merge(TopicView& known, const MetadataResponse::Topic& response) {
  // A topic of the same name with another id is another topic: nothing of the old one holds for it.
  if (!same_topic(known.id, response.topic_id.bytes) && is_kafka_id(response.topic_id.bytes)) {
    known.config.reset();
    known.config_reason = Unknown::not_asked;
    known.partitions.clear();
  }
  if (is_kafka_id(response.topic_id.bytes)) known.id = response.topic_id.bytes;
  known.internal = response.is_internal;
  went_back_ = 0;
  merge_partitions(known, response);
  if (went_back_ > 0) start_anew_if_replaced(known);
}

// Brokers send partitions in no order, and nearly always the known ones: then nothing is sorted or
// moved.
bool TopicList::merge_in_place(TopicView& known, const MetadataResponse::Topic& response) {
  if (known.partitions.size() != response.partitions.size()) return false;
  seen_.assign(known.partitions.size(), 0);
  for (const auto& read : response.partitions) {
    PartitionView* const partition = find_partition(known.partitions, read.partition_index);
    if (partition == nullptr) return false;
    if (std::exchange(seen_[static_cast<size_t>(partition - known.partitions.data())], 1) != 0)
      return false;
    merge_partition(known, *partition, read);
  }
  return true;
}

void TopicList::merge_partitions(TopicView& known, const MetadataResponse::Topic& response) {
  if (merge_in_place(known, response)) return;
  std::vector<PartitionView> merged;
  merged.reserve(response.partitions.size());
  std::unordered_set<int32_t> seen;
  for (const auto& read : response.partitions) {
    if (read.partition_index < 0 || !seen.insert(read.partition_index).second) continue;
    PartitionView* const before = find_partition(known.partitions, read.partition_index);
    PartitionView& partition =
        merged.emplace_back(before != nullptr ? std::move(*before) : PartitionView{});
    if (before != nullptr) before->index = -1;  // taken
    partition.index = read.partition_index;
    merge_partition(known, partition, read);
  }
  // Kafka never removes a partition: a response that lacks one may be old.
  for (PartitionView& before : known.partitions) {
    if (before.index < 0) continue;
    if (confirmed(known, before.index))
      ++went_back_;
    else
      merged.push_back(std::move(before));
  }
  std::ranges::sort(merged, {}, &PartitionView::index);
  known.partitions = std::move(merged);
}

// What does not come from Metadata stays as it is.
void TopicList::merge_partition(const TopicView& topic, PartitionView& known,
                                const MetadataResponse::Partition& response) {
  // Brokers before 2.5 tell no epoch of a partition that has no leader: nothing went back there.
  const bool untold = response.leader_epoch < 0 && response.leader_id < 0;
  if (!untold && response.leader_epoch < known.leader_epoch) {
    // From a broker that is behind, unless it is confirmed.
    if (!confirmed(topic, known.index)) return;
    if (int64_t{known.leader_epoch} - response.leader_epoch < kMostElections) ++went_back_;
  }
  known.leader = response.leader_id;
  if (!untold) known.leader_epoch = response.leader_epoch;
  if (response.leader_id >= 0) known.last_leader = response.leader_id;
  known.replicas = response.replica_nodes;
  known.isr = response.isr_nodes;
  drop_repeated(known.replicas);
  drop_repeated(known.isr);
}

bool TopicList::confirmed(const TopicView& topic, int32_t partition) {
  Contradiction& found = contradictions_[{topic.name, partition}];
  const bool in_a_row = found.response == response_ || found.response + 1 == response_;
  if (found.broker < 0 || !in_a_row) found = {broker_, now_, response_};
  found.response = response_;
  if (broker_ == found.broker && now_ - found.since < kConfirmAfter) return false;
  contradictions_.erase({topic.name, partition});
  return true;
}

// Of a topic with an id the id says whether it is another one.
void TopicList::start_anew_if_replaced(TopicView& known) {
  if (is_kafka_id(known.id)) return;
  known.id = local_id(++local_ids_);
  known.config.reset();
  known.config_reason = Unknown::not_asked;
  for (PartitionView& partition : known.partitions) {
    PartitionView anew;
    anew.index = partition.index;
    anew.leader = partition.leader;
    anew.last_leader = partition.leader;
    anew.leader_epoch = partition.leader_epoch;
    anew.replicas = partition.replicas;
    anew.isr = partition.isr;
    partition = std::move(anew);
  }
}

void TopicList::rebuild_index() {
  std::erase_if(topics_, [](const TopicView& known) { return known.name.empty(); });
  std::ranges::sort(topics_, {},
                    [](const TopicView& known) -> const std::string& { return known.name.text(); });
  index_.clear();
  index_.reserve(topics_.size());
  for (size_t i = 0; i < topics_.size(); ++i) index_.emplace(topics_[i].name.text(), i);
}

}  // namespace highwater::kafka
