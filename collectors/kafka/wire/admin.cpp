#include "collectors/kafka/wire/admin.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

template <class Codec>
void ApiVersionsRequest::fields(Codec& codec) {
  if (codec.version() >= 3) codec(client_software_name, client_software_version);
}

template <class Codec>
void ApiVersionsResponse::fields(Codec& codec) {
  codec(error_code, api_keys);
  if (codec.version() >= 1) codec(throttle_time_ms);
}

template <class Codec>
void ApiVersionsResponse::tagged(Codec& codec) {
  codec.tag(0, supported_features, {});
  codec.tag(1, finalized_features_epoch, std::int64_t{-1});
  codec.tag(2, finalized_features, {});
  codec.tag(3, zk_migration_ready, false);
}

template <class Codec>
void ApiVersionsResponse::ApiVersion::fields(Codec& codec) {
  codec(api_key, min_version, max_version);
}

template <class Codec>
void ApiVersionsResponse::SupportedFeature::fields(Codec& codec) {
  codec(name, min_version, max_version);
}

template <class Codec>
void ApiVersionsResponse::FinalizedFeature::fields(Codec& codec) {
  codec(name, max_version_level, min_version_level);
}

template <class Codec>
void DescribeConfigsRequest::fields(Codec& codec) {
  codec(resources, include_synonyms);
}

template <class Codec>
void DescribeConfigsRequest::Resource::fields(Codec& codec) {
  codec(resource_type, resource_name, configuration_keys);
}

template <class Codec>
void DescribeConfigsResponse::fields(Codec& codec) {
  codec(throttle_time_ms, results);
}

template <class Codec>
void DescribeConfigsResponse::Resource::fields(Codec& codec) {
  codec(error_code, error_message, resource_type, resource_name, configs);
}

template <class Codec>
void DescribeConfigsResponse::Config::fields(Codec& codec) {
  codec(name, value, read_only, config_source, is_sensitive, synonyms);
}

template <class Codec>
void DescribeConfigsResponse::Synonym::fields(Codec& codec) {
  codec(name, value, source);
}

template <class Codec>
void DescribeLogDirsRequest::fields(Codec& codec) {
  codec(topics);
}

template <class Codec>
void DescribeLogDirsRequest::Topic::fields(Codec& codec) {
  codec(topic, partitions);
}

template <class Codec>
void DescribeLogDirsResponse::fields(Codec& codec) {
  codec(throttle_time_ms);
  if (codec.version() >= 3) codec(error_code);
  codec(results);
}

template <class Codec>
void DescribeLogDirsResponse::LogDir::fields(Codec& codec) {
  codec(error_code, log_dir, topics);
  if (codec.version() >= 4) codec(total_bytes, usable_bytes);
}

template <class Codec>
void DescribeLogDirsResponse::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void DescribeLogDirsResponse::Partition::fields(Codec& codec) {
  codec(partition_index, partition_size, offset_lag, is_future_key);
}

template <class Codec>
void ListPartitionReassignmentsRequest::fields(Codec& codec) {
  codec(timeout_ms, topics);
}

template <class Codec>
void ListPartitionReassignmentsRequest::Topic::fields(Codec& codec) {
  codec(name, partition_indexes);
}

template <class Codec>
void ListPartitionReassignmentsResponse::fields(Codec& codec) {
  codec(throttle_time_ms, error_code, error_message, topics);
}

template <class Codec>
void ListPartitionReassignmentsResponse::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void ListPartitionReassignmentsResponse::Partition::fields(Codec& codec) {
  codec(partition_index, replicas, adding_replicas, removing_replicas);
}

template <class Codec>
void DescribeQuorumRequest::fields(Codec& codec) {
  codec(topics);
}

template <class Codec>
void DescribeQuorumRequest::Topic::fields(Codec& codec) {
  codec(topic_name, partitions);
}

template <class Codec>
void DescribeQuorumRequest::Partition::fields(Codec& codec) {
  codec(partition_index);
}

template <class Codec>
void DescribeQuorumResponse::fields(Codec& codec) {
  codec(error_code, topics);
}

template <class Codec>
void DescribeQuorumResponse::Topic::fields(Codec& codec) {
  codec(topic_name, partitions);
}

template <class Codec>
void DescribeQuorumResponse::Partition::fields(Codec& codec) {
  codec(partition_index, error_code, leader_id, leader_epoch, high_watermark, current_voters,
        observers);
}

template <class Codec>
void DescribeQuorumResponse::ReplicaState::fields(Codec& codec) {
  codec(replica_id, log_end_offset, last_fetch_timestamp, last_caught_up_timestamp);
}

template void ApiVersionsRequest::fields(Reader&);
template void ApiVersionsRequest::fields(Writer&);
template void ApiVersionsResponse::fields(Reader&);
template void ApiVersionsResponse::fields(Writer&);
template void ApiVersionsResponse::tagged(Reader&);
template void ApiVersionsResponse::tagged(Writer&);
template void DescribeConfigsRequest::fields(Reader&);
template void DescribeConfigsRequest::fields(Writer&);
template void DescribeConfigsResponse::fields(Reader&);
template void DescribeConfigsResponse::fields(Writer&);
template void DescribeLogDirsRequest::fields(Reader&);
template void DescribeLogDirsRequest::fields(Writer&);
template void DescribeLogDirsResponse::fields(Reader&);
template void DescribeLogDirsResponse::fields(Writer&);
template void ListPartitionReassignmentsRequest::fields(Reader&);
template void ListPartitionReassignmentsRequest::fields(Writer&);
template void ListPartitionReassignmentsResponse::fields(Reader&);
template void ListPartitionReassignmentsResponse::fields(Writer&);
template void DescribeQuorumRequest::fields(Reader&);
template void DescribeQuorumRequest::fields(Writer&);
template void DescribeQuorumResponse::fields(Reader&);
template void DescribeQuorumResponse::fields(Writer&);

}  // namespace highwater::kafka
