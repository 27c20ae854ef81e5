// How many records lie between two offsets of a log, for a group that reads it. Used by the group
// offsets, on the interpreter's thread.
//
// Offsets are not records. What retention or an operator deleted cannot be read any more: it is no
// lag but a loss. A transaction's marker takes an offset and is given to no reader, so a consumer
// that commits "the last record and one" stands one before the end for ever. Where the log could be
// looked at (collectors/kafka/lag/tail_search.h) markers count as nothing; where not, a few offsets
// that may be markers are unknown.
#pragma once

#include "collectors/groups/group_readings.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {

struct RecordCount {
  double records = kNoValue;
  Unknown reason = Unknown::known;
};

// From the commit to the end of the log. `reason`: why one of them is not known.
[[nodiscard]] RecordCount unread_records(const kafka::CommittedOffset& commit,
                                         const kafka::PartitionView* partition, Unknown reason);

// Between the commit and the start of the log, both of which are known.
[[nodiscard]] RecordCount lost_records(const kafka::ClusterView& view, const GroupPartition& seen,
                                       SteadyTime now);

}  // namespace highwater::collectors
