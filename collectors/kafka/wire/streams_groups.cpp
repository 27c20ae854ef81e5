#include "collectors/kafka/wire/streams_groups.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

template <class Codec>
void StreamsGroupDescribeRequest::fields(Codec& codec) {
  codec(group_ids, include_authorized_operations);
}

template <class Codec>
void StreamsGroupDescribeResponse::fields(Codec& codec) {
  codec(throttle_time_ms, groups);
}

template <class Codec>
void StreamsGroupDescribeResponse::Group::fields(Codec& codec) {
  codec(error_code, error_message, group_id, group_state, group_epoch, assignment_epoch, topology,
        members, authorized_operations);
}

template <class Codec>
void StreamsGroupDescribeResponse::Topology::fields(Codec& codec) {
  codec(epoch, subtopologies);
}

template <class Codec>
void StreamsGroupDescribeResponse::Subtopology::fields(Codec& codec) {
  codec(subtopology_id, source_topics, repartition_sink_topics, state_changelog_topics,
        repartition_source_topics);
}

template <class Codec>
void StreamsGroupDescribeResponse::TopicInfo::fields(Codec& codec) {
  codec(name, partitions, replication_factor, topic_configs);
}

template <class Codec>
void StreamsGroupDescribeResponse::KeyValue::fields(Codec& codec) {
  codec(key, value);
}

template <class Codec>
void StreamsGroupDescribeResponse::Member::fields(Codec& codec) {
  codec(member_id, member_epoch, instance_id, rack_id, client_id, client_host, topology_epoch,
        process_id, user_endpoint, client_tags, task_offsets, task_end_offsets, assignment,
        target_assignment, is_classic);
}

template <class Codec>
void StreamsGroupDescribeResponse::Endpoint::fields(Codec& codec) {
  codec(host, port);
}

template <class Codec>
void StreamsGroupDescribeResponse::TaskOffset::fields(Codec& codec) {
  codec(subtopology_id, partition, offset);
}

template <class Codec>
void StreamsGroupDescribeResponse::Assignment::fields(Codec& codec) {
  codec(active_tasks, standby_tasks, warmup_tasks);
}

template <class Codec>
void StreamsGroupDescribeResponse::TaskIds::fields(Codec& codec) {
  codec(subtopology_id, partitions);
}

template void StreamsGroupDescribeRequest::fields(Reader&);
template void StreamsGroupDescribeRequest::fields(Writer&);
template void StreamsGroupDescribeResponse::fields(Reader&);
template void StreamsGroupDescribeResponse::fields(Writer&);

}  // namespace highwater::kafka
