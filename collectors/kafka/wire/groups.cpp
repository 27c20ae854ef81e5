#include "collectors/kafka/wire/groups.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

template <class Codec>
void ListGroupsRequest::fields(Codec& codec) {
  if (codec.version() >= 4) codec(states_filter);
  if (codec.version() >= 5) codec(types_filter);
}

template <class Codec>
void ListGroupsResponse::fields(Codec& codec) {
  codec(throttle_time_ms, error_code, groups);
}

template <class Codec>
void ListGroupsResponse::Group::fields(Codec& codec) {
  codec(group_id, protocol_type);
  if (codec.version() >= 4) codec(group_state);
  if (codec.version() >= 5) codec(group_type);
}

template <class Codec>
void FindCoordinatorRequest::fields(Codec& codec) {
  if (codec.version() >= 4) {
    codec(key_type, coordinator_keys);
  } else {
    codec.single(coordinator_keys, [&](std::string& key) { codec(key); });
    codec(key_type);
  }
}

template <class Codec>
void FindCoordinatorResponse::fields(Codec& codec) {
  codec(throttle_time_ms);
  if (codec.version() >= 4) {
    codec(coordinators);
  } else {
    codec.single(coordinators, [&](Coordinator& found) {
      codec(found.error_code, found.error_message, found.node_id, found.host, found.port);
    });
  }
}

template <class Codec>
void FindCoordinatorResponse::Coordinator::fields(Codec& codec) {
  codec(key, node_id, host, port, error_code, error_message);
}

template <class Codec>
void DescribeGroupsRequest::fields(Codec& codec) {
  codec(groups, include_authorized_operations);
}

template <class Codec>
void DescribeGroupsResponse::fields(Codec& codec) {
  codec(throttle_time_ms, groups);
}

template <class Codec>
void DescribeGroupsResponse::Group::fields(Codec& codec) {
  codec(error_code);
  if (codec.version() >= 6) codec(error_message);
  codec(group_id, group_state, protocol_type, protocol_data, members, authorized_operations);
}

template <class Codec>
void DescribeGroupsResponse::Member::fields(Codec& codec) {
  codec(member_id, group_instance_id, client_id, client_host, member_metadata, member_assignment);
}

template <class Codec>
void GroupAssignment::fields(Codec& codec) {
  codec(topic_partitions);
}

template <class Codec>
void GroupAssignment::TopicPartitions::fields(Codec& codec) {
  codec(topic_id, topic_name, partitions);
}

template <class Codec>
void ConsumerGroupDescribeRequest::fields(Codec& codec) {
  codec(group_ids, include_authorized_operations);
}

template <class Codec>
void ConsumerGroupDescribeResponse::fields(Codec& codec) {
  codec(throttle_time_ms, groups);
}

template <class Codec>
void ConsumerGroupDescribeResponse::Group::fields(Codec& codec) {
  codec(error_code, error_message, group_id, group_state, group_epoch, assignment_epoch,
        assignor_name, members, authorized_operations);
}

template <class Codec>
void ConsumerGroupDescribeResponse::Member::fields(Codec& codec) {
  codec(member_id, instance_id, rack_id, member_epoch, client_id, client_host,
        subscribed_topic_names, subscribed_topic_regex, assignment, target_assignment);
  if (codec.version() >= 1) codec(member_type);
}

template <class Codec>
void ShareGroupDescribeRequest::fields(Codec& codec) {
  codec(group_ids, include_authorized_operations);
}

template <class Codec>
void ShareGroupDescribeResponse::fields(Codec& codec) {
  codec(throttle_time_ms, groups);
}

template <class Codec>
void ShareGroupDescribeResponse::Group::fields(Codec& codec) {
  codec(error_code, error_message, group_id, group_state, group_epoch, assignment_epoch,
        assignor_name, members, authorized_operations);
}

template <class Codec>
void ShareGroupDescribeResponse::Member::fields(Codec& codec) {
  codec(member_id, rack_id, member_epoch, client_id, client_host, subscribed_topic_names,
        assignment);
}

template void ListGroupsRequest::fields(Reader&);
template void ListGroupsRequest::fields(Writer&);
template void ListGroupsResponse::fields(Reader&);
template void ListGroupsResponse::fields(Writer&);
template void FindCoordinatorRequest::fields(Reader&);
template void FindCoordinatorRequest::fields(Writer&);
template void FindCoordinatorResponse::fields(Reader&);
template void FindCoordinatorResponse::fields(Writer&);
template void DescribeGroupsRequest::fields(Reader&);
template void DescribeGroupsRequest::fields(Writer&);
template void DescribeGroupsResponse::fields(Reader&);
template void DescribeGroupsResponse::fields(Writer&);
template void ConsumerGroupDescribeRequest::fields(Reader&);
template void ConsumerGroupDescribeRequest::fields(Writer&);
template void ConsumerGroupDescribeResponse::fields(Reader&);
template void ConsumerGroupDescribeResponse::fields(Writer&);
template void ShareGroupDescribeRequest::fields(Reader&);
template void ShareGroupDescribeRequest::fields(Writer&);
template void ShareGroupDescribeResponse::fields(Reader&);
template void ShareGroupDescribeResponse::fields(Writer&);

}  // namespace highwater::kafka
