#include "collectors/kafka/wire/offsets.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

template <class Codec>
void ListOffsetsRequest::fields(Codec& codec) {
  codec(replica_id, isolation_level, topics);
}

template <class Codec>
void ListOffsetsRequest::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void ListOffsetsRequest::Partition::fields(Codec& codec) {
  codec(partition_index, current_leader_epoch, timestamp);
}

template <class Codec>
void ListOffsetsResponse::fields(Codec& codec) {
  codec(throttle_time_ms, topics);
}

template <class Codec>
void ListOffsetsResponse::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void ListOffsetsResponse::Partition::fields(Codec& codec) {
  codec(partition_index, error_code, timestamp, offset, leader_epoch);
}

template <class Codec>
void OffsetFetchRequest::fields(Codec& codec) {
  if (codec.version() >= 8) {
    codec(groups);
  } else {
    codec.single(groups, [&](Group& group) { codec(group.group_id, group.topics); });
  }
  if (codec.version() >= 7) codec(require_stable);
}

template <class Codec>
void OffsetFetchRequest::Group::fields(Codec& codec) {
  codec(group_id);
  if (codec.version() >= 9) codec(member_id, member_epoch);
  codec(topics);
}

template <class Codec>
void OffsetFetchRequest::Topic::fields(Codec& codec) {
  codec(name, partition_indexes);
}

template <class Codec>
void OffsetFetchResponse::fields(Codec& codec) {
  codec(throttle_time_ms);
  if (codec.version() >= 8) {
    codec(groups);
  } else {
    codec.single(groups, [&](Group& group) { codec(group.topics, group.error_code); });
  }
}

template <class Codec>
void OffsetFetchResponse::Group::fields(Codec& codec) {
  codec(group_id, topics, error_code);
}

template <class Codec>
void OffsetFetchResponse::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void OffsetFetchResponse::Partition::fields(Codec& codec) {
  codec(partition_index, committed_offset, committed_leader_epoch, metadata, error_code);
}

template <class Codec>
void OffsetCommitRequest::fields(Codec& codec) {
  codec(group_id, generation_id_or_member_epoch, member_id, group_instance_id, topics);
}

template <class Codec>
void OffsetCommitRequest::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void OffsetCommitRequest::Partition::fields(Codec& codec) {
  codec(partition_index, committed_offset, committed_leader_epoch, committed_metadata);
}

template <class Codec>
void OffsetCommitResponse::fields(Codec& codec) {
  codec(throttle_time_ms, topics);
}

template <class Codec>
void OffsetCommitResponse::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void OffsetCommitResponse::Partition::fields(Codec& codec) {
  codec(partition_index, error_code);
}

template void ListOffsetsRequest::fields(Reader&);
template void ListOffsetsRequest::fields(Writer&);
template void ListOffsetsResponse::fields(Reader&);
template void ListOffsetsResponse::fields(Writer&);
template void OffsetFetchRequest::fields(Reader&);
template void OffsetFetchRequest::fields(Writer&);
template void OffsetFetchResponse::fields(Reader&);
template void OffsetFetchResponse::fields(Writer&);
template void OffsetCommitRequest::fields(Reader&);
template void OffsetCommitRequest::fields(Writer&);
template void OffsetCommitResponse::fields(Reader&);
template void OffsetCommitResponse::fields(Writer&);

}  // namespace highwater::kafka
