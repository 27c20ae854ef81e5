#include "collectors/kafka/lag/log_tail.h"

#include <algorithm>

#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {
namespace {

// Two transactions that ended one right after the other leave two markers. Where transactions were
// seen, several producers may end theirs together, as the writers of one Flink job do.
constexpr int64_t kMarkers = 2;
constexpr int64_t kMarkersOfMany = 8;

}  // namespace

LogTail::Content LogTail::content(int64_t from, int64_t end) const {
  for (const Part& part : parts_) {
    if (from >= end) break;
    if (part.end <= from) continue;
    if (part.from > from) return Content::unknown;
    if (part.record) return Content::record;
    from = part.end;
  }
  return from >= end ? Content::nothing : Content::unknown;
}

int64_t LogTail::skip_nothing(int64_t from) const {
  for (const Part& part : parts_) {
    if (!part.record && part.from <= from && from < part.end) from = part.end;
  }
  return from;
}

int64_t LogTail::known_to(int64_t from) const {
  for (const Part& part : parts_) {
    if (part.from <= from && from < part.end) from = part.end;
  }
  return from;
}

void LogTail::add_nothing(int64_t from, int64_t end) {
  add({from, end, false});
}

void LogTail::add_record(int64_t from, int64_t end) {
  add({from, end, true});
}

void LogTail::add(Part part) {
  if (part.from >= part.end) return;
  // What was seen last counts.
  std::erase_if(parts_, [&](const Part& known) {
    return known.from < part.end && part.from < known.end &&
           (known.from >= part.from || known.record || part.record);
  });
  for (Part& known : parts_) {
    const bool touches = known.from <= part.end && part.from <= known.end;
    if (!touches || known.record || part.record) continue;
    part.from = std::min(part.from, known.from);
    part.end = std::max(part.end, known.end);
    known.end = known.from;
  }
  std::erase_if(parts_, [](const Part& known) { return known.from == known.end; });
  parts_.insert(std::ranges::upper_bound(parts_, part.from, {}, &Part::from), part);
  if (parts_.size() > kMost) parts_.erase(parts_.begin());
}

void LogTail::cut(int64_t end) {
  std::erase_if(parts_, [end](const Part& part) { return part.end > end; });
}

bool may_be_markers(const ClusterView& view, const PartitionView& partition, int64_t from,
                    int64_t end, int64_t now_ms) {
  const bool seen = partition.history && partition.history->has_markers(now_ms);
  if (!seen && !view.may_have_transactions) return false;
  return end - from <= (seen ? kMarkersOfMany : kMarkers);
}

int64_t end_for_reader(const PartitionView& partition, int64_t from) {
  const int64_t stable = partition.last_stable.offset;
  const int64_t end = partition.high_watermark.offset;
  return from < stable ? std::min(stable, end) : end;
}

LogTail::Content tail_content(const PartitionView& partition, int64_t from, int64_t end) {
  if (from >= end) return LogTail::Content::nothing;
  return partition.tail ? partition.tail->content(from, end) : LogTail::Content::unknown;
}

}  // namespace highwater::kafka
