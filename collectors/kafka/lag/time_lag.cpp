#include "collectors/kafka/lag/time_lag.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "collectors/kafka/lag/log_tail.h"

namespace highwater::kafka {
namespace {

// Of all histories together; the more partitions, the coarser each.
constexpr size_t kEntries = size_t{4} * 1024 * 1024 / 16;
constexpr size_t kFewest = 8;
constexpr size_t kMost = 192;
constexpr Millis kCompactionCheck = Millis{10} * 60 * 1000;

// Between the steady and the wall clock.
Millis wall_offset(Now now) {
  const auto wall =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.wall.time_since_epoch()).count();
  return wall - to_millis(now.steady);
}

Unknown why_not(const PartitionView& partition) {
  if (partition.leader < 0) return Unknown::leaderless;
  for (const OffsetView* offset :
       {&partition.high_watermark, &partition.last_stable, &partition.log_start}) {
    if (!offset->known()) return offset->reason;
  }
  return Unknown::known;
}

// Whether a reader of committed records has nothing to read from this offset on.
bool nothing_beyond(const PartitionView& partition, int64_t offset, bool transactional) {
  const int64_t end = partition.high_watermark.offset;
  const int64_t stable = partition.last_stable.offset;
  if (offset >= end || offset == stable) return true;
  return transactional && stable >= end && offset == end - 1;
}

// What was known before stays true unless it cannot be.
AppendTime combine(const AppendTime& before, const AppendTime& now) {
  AppendTime both{std::max(before.earliest, now.earliest), 0, std::min(before.latest, now.latest)};
  if (both.earliest > both.latest) return now;
  const bool finer = now.latest - now.earliest <= before.latest - before.earliest;
  both.likely = std::clamp(finer ? now.likely : before.likely, both.earliest, both.latest);
  return both;
}

OffsetHistory::Target question_of(const TopicView& topic, const PartitionView& partition,
                                  int64_t offset, int round, Now now) {
  const TopicConfig* const config = topic.config ? &*topic.config : nullptr;
  return {.offset = offset,
          .oldest = offset == partition.log_start.offset,
          .compacted = config != nullptr && config->compact,
          .now = to_millis(now.steady),
          .round = round};
}

}  // namespace

void TimeLag::begin(ClusterView& view, SteadyTime ends_asked, Now now) {
  ++polls_;
  targets_.clear();
  for (GroupView& group : view.groups) {
    const bool fresh = group.committed_reason == Unknown::known;
    for (CommittedTopic& committed : group.committed) {
      TopicView* const topic = find_topic_(committed.topic);
      if (topic == nullptr) continue;
      for (CommittedOffset& commit : committed.partitions)
        judge(view, *topic, commit, fresh, ends_asked, now);
    }
  }
  tidy(view, now);
  choose();
}

// Who has waited longest is asked for first.
void TimeLag::choose() {
  std::ranges::sort(targets_, {}, [](const Target& target) {
    return std::tuple(target.known, target.asked_at, std::string_view(target.topic->name.text()),
                      target.partition->index);
  });
  open_.clear();
  const PartitionView* before = nullptr;
  size_t unknown = 0;
  size_t known = 0;
  for (Target& target : targets_) {
    size_t& partitions = target.known ? known : unknown;
    if (target.partition != before) ++partitions;
    before = target.partition;
    if (partitions <= (target.known ? kKnownPerPoll : kUnknownPerPoll)) open_.push_back(&target);
  }
}

void TimeLag::judge(const ClusterView& view, TopicView& topic, CommittedOffset& commit, bool fresh,
                    SteadyTime ends_asked, Now now) {
  UnreadSince& unread = commit.unread;
  PartitionView* const partition = find_partition(topic.partitions, commit.partition);
  if (partition == nullptr || commit.offset < 0) {
    unread = {};
    return;
  }
  const Unknown reason = why_not(*partition);
  const int64_t end = partition->high_watermark.offset;
  const Millis moment = to_millis(now.steady);
  OffsetHistory& history = partition->history.make();
  if (history.empty() && reason == Unknown::known)
    history.saw_end(end, to_millis(ends_asked), moment);
  const int64_t oldest = std::max(commit.offset, partition->log_start.offset);
  history.need(oldest, polls_);
  if (!fresh || commit.reason != Unknown::known) return;
  if (reason != Unknown::known) {
    unread.reason = reason;
    return;
  }
  if (partition->last_stable.offset < end) history.saw_transaction(moment);
  const bool rests = history.rests(moment);
  if (commit.offset > end ||
      nothing_beyond(*partition, oldest, history.has_markers(moment) && !rests)) {
    unread = {};
    unread.reason = commit.offset > end ? Unknown::beyond_end : Unknown::known;
    return;
  }
  const int64_t first = partition->tail ? partition->tail->skip_nothing(oldest) : oldest;
  const int64_t last = end_for_reader(*partition, oldest);
  const LogTail::Content content = tail_content(*partition, first, last);
  if (content == LogTail::Content::nothing) {
    unread = {};
    unread.reason = Unknown::known;
    unread.only_markers = last == end;
    return;
  }
  // While they keep coming, what is left for a moment is young in any case.
  const bool sees_open = oldest > partition->last_stable.offset;
  if (content == LogTail::Content::unknown && rests && !sees_open &&
      may_be_markers(view, *partition, first, last, moment)) {
    unread = {};
    unread.reason = Unknown::may_be_marker;
    return;
  }
  // What was there may be compacted away meanwhile.
  if (topic.config && topic.config->compact && unread.good &&
      history.asked_at() < moment - kCompactionCheck) {
    history.forget_told();
    unread = {};
  }
  // What was lost is not what is asked for any more, and of a new log nothing was known before.
  if (first != commit.offset || history.entries() <= 1) unread = {};
  unread.reason = unread.any ? Unknown::known : Unknown::not_asked;
  if (!unread.good || !unread.sure)
    estimate({&topic, partition, &commit, first, std::nullopt, history.asked_at(), false}, now);
}

void TimeLag::estimate(Target target, Now now) {
  UnreadSince& unread = target.commit->unread;
  const OffsetHistory& history = *target.partition->history;
  const auto known =
      history.estimate(question_of(*target.topic, *target.partition, target.offset, 0, now));
  if (known.reason == Unknown::contradicted && !unread.sure) unread = {};
  if (known.reason == Unknown::known) {
    unread.time = unread.any ? combine(unread.time, known.time) : known.time;
    unread.any = true;
    unread.good = unread.good || known.good;
    unread.sure = unread.sure || known.sure;
  }
  unread.reason = unread.any ? Unknown::known : known.reason;
  if (!known.ask) return;
  target.ask = known.ask;
  target.known = unread.reason == Unknown::known;
  targets_.push_back(target);
}

// Histories of partitions that nobody reads go; the others share what memory there is.
void TimeLag::tidy(ClusterView& view, Now now) {
  const size_t limit = std::clamp(kEntries / std::max<size_t>(1, histories_), kFewest, kMost);
  histories_ = bytes_ = 0;
  for (TopicView& topic : view.topics) {
    for (PartitionView& partition : topic.partitions) {
      if (!partition.history) continue;
      OffsetHistory& history = *partition.history;
      if (!history.needed_in(polls_)) {
        partition.history.reset();
        continue;
      }
      history.limit_entries(limit);
      history.forget_needless(to_millis(now.steady));
      ++histories_;
      bytes_ += history.bytes();
    }
  }
}

std::vector<TimeLag::Question> TimeLag::questions(int round, std::span<const int32_t> askable,
                                                  size_t leaders, Now now) {
  std::vector<Question> questions;
  std::vector<int32_t> asked;
  const auto may_ask = [&](int32_t leader) {
    if (std::ranges::find(asked, leader) != asked.end()) return true;
    if (asked.size() >= leaders || !std::ranges::binary_search(askable, leader)) return false;
    asked.push_back(leader);
    return true;
  };
  const Millis wall = wall_offset(now);
  std::erase_if(open_, [&](Target* target) {
    OffsetHistory& history = *target->partition->history;
    if (history.waits()) return false;
    if (round > 0) {
      target->ask =
          history
              .estimate(question_of(*target->topic, *target->partition, target->offset, round, now))
              .ask;
    }
    if (!target->ask) return true;
    if (!may_ask(target->partition->leader)) return false;
    const bool beginning = *target->ask == OffsetHistory::kBeginning;
    const int64_t stamp = beginning ? 0 : std::max<int64_t>(0, *target->ask + wall);
    questions.push_back({target->topic, target->partition, *target->ask, stamp});
    history.ask(*target->ask, to_millis(now.steady));
    return false;
  });
  return questions;
}

void TimeLag::answer(const TopicView& topic, PartitionView& partition, int64_t offset,
                     int64_t stamp, Now now) {
  if (!partition.history || !partition.history->waits()) return;
  std::optional<OffsetHistory::Record> record;
  if (offset >= 0 && stamp >= 0) record = {offset, stamp - wall_offset(now)};
  // Records of the oldest format have no stamps.
  if (offset >= 0 && stamp < 0) return partition.history->fail();
  const bool compacted = topic.config && topic.config->compact;
  partition.history->told(record, to_millis(now.steady), compacted);
}

void TimeLag::finish(Now now) {
  std::vector<Target> asked;
  asked.swap(targets_);
  open_.clear();
  for (const Target& target : asked) {
    OffsetHistory& history = *target.partition->history;
    if (history.asked_at() == target.asked_at) continue;  // its turn comes later
    history.fail();
    estimate(target, now);
    const auto known =
        history.estimate(question_of(*target.topic, *target.partition, target.offset, 0, now));
    if (known.reason == Unknown::known && known.good && known.by_history)
      history.note_check(*known.by_history, known.time.likely, to_millis(now.steady));
  }
  targets_.clear();
}

}  // namespace highwater::kafka
