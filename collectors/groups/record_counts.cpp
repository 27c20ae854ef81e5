#include "collectors/groups/record_counts.h"

#include <algorithm>

#include "collectors/kafka/lag/time_lag.h"

namespace highwater::collectors {

using kafka::LogTail;

RecordCount unread_records(const kafka::CommittedOffset& commit,
                           const kafka::PartitionView* partition, Unknown reason) {
  if (partition == nullptr || commit.offset < 0) return {kNoValue, reason};
  const int64_t end = partition->high_watermark.offset;
  if (end < 0) return {kNoValue, reason};
  // Commits are read before ends, so this is no matter of timing.
  if (reason == Unknown::known && commit.offset > end) return {kNoValue, Unknown::beyond_end};
  const int64_t from = std::max(commit.offset, partition->log_start.offset);
  const auto offsets = static_cast<double>(std::max<int64_t>(0, end - from));
  const kafka::UnreadSince& unread = commit.unread;
  if (reason != Unknown::known || offsets == 0) return {offsets, reason};
  if (unread.reason == Unknown::may_be_marker) return {offsets, unread.reason};
  const bool markers = unread.reason == Unknown::known && unread.only_markers;
  return {markers ? 0 : offsets, Unknown::known};
}

RecordCount lost_records(const kafka::ClusterView& view, const GroupPartition& seen,
                         SteadyTime now) {
  const kafka::PartitionView& partition = *seen.partition;
  const int64_t from = seen.commit->offset;
  const int64_t start = partition.log_start.offset;
  if (start <= from) return {0, Unknown::known};
  const auto offsets = static_cast<double>(start - from);
  switch (kafka::tail_content(partition, from, start)) {
    case LogTail::Content::nothing:
      return {0, Unknown::known};
    case LogTail::Content::record:
      return {offsets, Unknown::known};
    case LogTail::Content::unknown:
      break;
  }
  // They are gone, and nobody can look any more.
  const bool markers = kafka::may_be_markers(view, partition, from, start, kafka::to_millis(now));
  return {offsets, markers ? Unknown::may_be_marker : Unknown::known};
}

}  // namespace highwater::collectors
