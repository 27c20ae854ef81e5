#include "tests/simulator/model/log.h"

#include <algorithm>
#include <cassert>

namespace highwater::simulator {

TopicLog::TopicLog(std::int32_t partitions, const Rate& rate, const Past& past)
    : partitions_(static_cast<size_t>(partitions)) {
  if (past.records > 0) {
    ramps_.push_back({-past.idle - past.over, 0, {past.records, past.over}});
    ramps_.push_back({-past.idle, past.records, {}});
  }
  ramps_.push_back({Duration::zero(), past.records, rate});
}

TopicLog::TopicLog(std::int32_t partitions, const Rate& rate, Duration created)
    : ramps_{{created, 0, rate}}, partitions_(static_cast<size_t>(partitions)) {}

void TopicLog::set_rate(const Rate& rate, Duration now) {
  ramps_.push_back({now, topic_count(now), rate});
}

void TopicLog::stall(std::int32_t index, Duration now) {
  Partition& log = partitions_[static_cast<size_t>(index)];
  if (!log.stalled_at) log.stalled_at = log_end(index, now);
}

void TopicLog::resume(std::int32_t index) {
  partitions_[static_cast<size_t>(index)].stalled_at.reset();
}

bool TopicLog::open_transaction(std::int32_t index, std::int64_t records, Duration now) {
  Partition& log = partitions_[static_cast<size_t>(index)];
  if (log.transaction_start) return false;
  log.transaction_start = log_end(index, now);
  log.transaction_began = now;
  for (std::int64_t i = 0; i < records; ++i) log.extras.push_back({log_end(index, now), now});
  return true;
}

bool TopicLog::end_transaction(std::int32_t index, Duration now, bool abort) {
  Partition& log = partitions_[static_cast<size_t>(index)];
  if (!log.transaction_start) return false;
  for (Record& extra : log.extras) {
    const bool its_own = extra.offset >= *log.transaction_start && extra.kind == Kind::kRecord;
    if (abort && its_own) extra.kind = Kind::kAborted;
  }
  log.transaction_start.reset();
  log.extras.push_back({log_end(index, now), now, Kind::kMarker});
  return true;
}

TopicLog::Kind TopicLog::kind_at(std::int32_t index, std::int64_t offset) const {
  const auto& extras = partition(index).extras;
  const auto found = std::ranges::find(extras, offset, &Record::offset);
  return found == extras.end() ? Kind::kRecord : found->kind;
}

std::int64_t TopicLog::after_last_record(std::int32_t index, std::int64_t end) const {
  while (end > 0 && kind_at(index, end - 1) != Kind::kRecord) --end;
  return end;
}

std::optional<Duration> TopicLog::transaction_began(std::int32_t index) const {
  const Partition& log = partition(index);
  return log.transaction_start ? std::optional(log.transaction_began) : std::nullopt;
}

void TopicLog::delete_before(std::int32_t index, std::int64_t offset) {
  Partition& log = partitions_[static_cast<size_t>(index)];
  log.deleted_before = std::max(log.deleted_before, offset);
}

std::int64_t TopicLog::high_watermark(std::int32_t index, Duration now) const {
  const Partition& log = partition(index);
  return log.stalled_at ? *log.stalled_at : log_end(index, now);
}

std::int64_t TopicLog::last_stable_offset(std::int32_t index, Duration now) const {
  const std::int64_t end = high_watermark(index, now);
  const Partition& log = partition(index);
  return log.transaction_start ? std::min(end, *log.transaction_start) : end;
}

std::int64_t TopicLog::log_start(std::int32_t index, Duration now) const {
  const Partition& log = partition(index);
  std::int64_t start = log.deleted_before;
  if (retention_) {
    const std::int64_t expired = share_of(index, topic_count(now - *retention_));
    // An extra right at the boundary belongs to what is kept.
    if (expired > 0) start = std::max(start, offset_of(log, expired - 1) + 1);
  }
  return std::min(start, high_watermark(index, now));
}

std::optional<TopicLog::Record> TopicLog::first_since(std::int32_t index, Duration since,
                                                      Duration now, bool committed_only) const {
  const Partition& log = partition(index);
  const std::int64_t share = share_of(index, topic_count(since - Duration(1)));
  std::int64_t offset = offset_of(log, share);
  const auto extra =
      std::ranges::find_if(log.extras, [&](const Record& e) { return e.time >= since; });
  if (extra != log.extras.end()) offset = std::min(offset, extra->offset);
  offset = std::max(offset, log_start(index, now));
  if (offset >= visible_end(index, now, committed_only)) return std::nullopt;
  return Record{offset, time_at(index, offset)};
}

std::optional<TopicLog::Record> TopicLog::newest(std::int32_t index, Duration now,
                                                 bool committed_only) const {
  const std::int64_t offset = visible_end(index, now, committed_only) - 1;
  if (offset < log_start(index, now)) return std::nullopt;
  return Record{offset, time_at(index, offset)};
}

const TopicLog::Partition& TopicLog::partition(std::int32_t index) const {
  return partitions_[static_cast<size_t>(index)];
}

std::int64_t TopicLog::log_end(std::int32_t index, Duration now) const {
  const Partition& log = partition(index);
  return share_of(index, topic_count(now)) + static_cast<std::int64_t>(log.extras.size());
}

std::int64_t TopicLog::visible_end(std::int32_t index, Duration now, bool committed_only) const {
  return committed_only ? last_stable_offset(index, now) : high_watermark(index, now);
}

std::int64_t TopicLog::topic_count(Duration at) const {
  const auto after = std::ranges::upper_bound(ramps_, at, {}, &Ramp::start);
  return after == ramps_.begin() ? 0 : std::prev(after)->count(at);
}

// Record n of the topic is in partition n mod P.
std::int64_t TopicLog::share_of(std::int32_t index, std::int64_t topic_records) const {
  const auto partitions = static_cast<std::int64_t>(partitions_.size());
  return (topic_records + partitions - 1 - index) / partitions;
}

std::int64_t TopicLog::offset_of(const Partition& log, std::int64_t share) const {
  std::int64_t offset = share;
  for (const Record& extra : log.extras) {
    if (extra.offset > offset) break;
    ++offset;
  }
  return offset;
}

Duration TopicLog::time_at(std::int32_t index, std::int64_t offset) const {
  std::int64_t share = offset;
  for (const Record& extra : partition(index).extras) {
    if (extra.offset == offset) return extra.time;
    if (extra.offset > offset) break;
    --share;
  }
  const std::int64_t record = share * static_cast<std::int64_t>(partitions_.size()) + index;
  const auto after = std::ranges::upper_bound(ramps_, record, {}, &Ramp::first);
  assert(after != ramps_.begin());
  const Ramp& ramp = *std::prev(after);
  return ramp.rate.zero() ? ramp.start : ramp.time_of(record);
}

}  // namespace highwater::simulator
