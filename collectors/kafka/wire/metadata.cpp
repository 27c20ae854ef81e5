#include "collectors/kafka/wire/metadata.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

template <class Codec>
void MetadataRequest::fields(Codec& codec) {
  codec(topics, allow_auto_topic_creation);
  if (codec.version() <= 10) codec(include_cluster_authorized_operations);
  codec(include_topic_authorized_operations);
}

template <class Codec>
void MetadataRequest::Topic::fields(Codec& codec) {
  if (codec.version() >= 10) {
    codec(topic_id);
    codec.null_as_empty(name);
  } else {
    codec(name);
  }
}

template <class Codec>
void MetadataResponse::fields(Codec& codec) {
  codec(throttle_time_ms, brokers, cluster_id, controller_id, topics);
  if (codec.version() <= 10) codec(cluster_authorized_operations);
}

template <class Codec>
void MetadataResponse::Broker::fields(Codec& codec) {
  codec(node_id, host, port, rack);
}

template <class Codec>
void MetadataResponse::Topic::fields(Codec& codec) {
  codec(error_code);
  if (codec.version() >= 12) {
    codec.null_as_empty(name);
  } else {
    codec(name);
  }
  if (codec.version() >= 10) codec(topic_id);
  codec(is_internal, partitions, topic_authorized_operations);
}

template <class Codec>
void MetadataResponse::Partition::fields(Codec& codec) {
  codec(error_code, partition_index, leader_id, leader_epoch, replica_nodes, isr_nodes,
        offline_replicas);
}

template <class Codec>
void DescribeClusterRequest::fields(Codec& codec) {
  codec(include_cluster_authorized_operations);
  if (codec.version() >= 1) codec(endpoint_type);
  if (codec.version() >= 2) codec(include_fenced_brokers);
}

template <class Codec>
void DescribeClusterResponse::fields(Codec& codec) {
  codec(throttle_time_ms, error_code, error_message);
  if (codec.version() >= 1) codec(endpoint_type);
  codec(cluster_id, controller_id, brokers, cluster_authorized_operations);
}

template <class Codec>
void DescribeClusterResponse::Broker::fields(Codec& codec) {
  codec(broker_id, host, port, rack);
  if (codec.version() >= 2) codec(is_fenced);
}

template void MetadataRequest::fields(Reader&);
template void MetadataRequest::fields(Writer&);
template void MetadataResponse::fields(Reader&);
template void MetadataResponse::fields(Writer&);
template void DescribeClusterRequest::fields(Reader&);
template void DescribeClusterRequest::fields(Writer&);
template void DescribeClusterResponse::fields(Reader&);
template void DescribeClusterResponse::fields(Writer&);

}  // namespace highwater::kafka
