// FakeAdmin: brokers with canned responses, for tests of the sweep.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "collectors/kafka/admin.h"

namespace highwater::kafka {

class FakeAdmin final : public KafkaAdmin {
 public:
  MetadataResponse metadata;
  ListOffsetsResponse offsets;
  ListGroupsResponse groups;
  OffsetFetchResponse committed;
  ListOffsetsResponse newest;                 // for the greatest timestamp
  std::optional<ListOffsetsResponse> stable;  // for the last stable offset; nothing: `offsets`
  std::optional<ListOffsetsResponse> starts;  // of the logs; nothing: `offsets`
  int16_t offsets_version = 9;
  std::vector<size_t> newest_asked;                      // partitions, by request
  std::optional<ListTransactionsResponse> transactions;  // nothing: too old to tell
  DescribeTransactionsResponse described;
  int transactions_asked = 0;
  std::vector<std::string> described_ids;
  std::vector<FetchRequest> fetched;
  FetchResponse::Partition batch;  // for every offset

  std::vector<int32_t> brokers{1};
  std::map<int32_t, ListGroupsResponse> groups_of;      // by broker; others say `groups`
  std::map<int32_t, OffsetFetchResponse> committed_of;  // by broker; others say `committed`
  std::optional<DescribeGroupsResponse> members;
  std::vector<std::pair<int32_t, std::vector<std::string>>> members_asked;  // broker, groups
  std::optional<FindCoordinatorResponse> coordinator;
  int coordinators_asked = 0;
  int groups_asked = 0;                                // listings
  int configs_asked = 0;                               // of topics, log directories
  std::set<std::string> hidden;                        // topics that are denied by name
  std::vector<int32_t> metadata_asked;                 // brokers
  std::vector<std::vector<std::string>> topics_asked;  // by name

  std::vector<int32_t> usable() const override { return brokers; }
  std::optional<int16_t> version(int32_t, ApiKey) const override { return offsets_version; }
  Reply<MetadataRequest> ask(int32_t broker, MetadataRequest request) override {
    metadata_asked.push_back(broker);
    if (!request.topics) co_return metadata;
    co_return by_name(*request.topics);
  }
  Reply<ListOffsetsRequest> ask(int32_t, ListOffsetsRequest request) override {
    if (stable && request.isolation_level == IsolationLevel::kReadCommitted) co_return *stable;
    const int64_t timestamp = request.topics.at(0).partitions.at(0).timestamp;
    if (starts && timestamp == kEarliestOffset) co_return *starts;
    if (timestamp != kMaxTimestampOffset) co_return offsets;
    newest_asked.push_back(request.topics[0].partitions.size());
    co_return newest;
  }
  Reply<FetchRequest> ask(int32_t, FetchRequest request) override {
    fetched.push_back(request);
    FetchResponse response;
    batch.partition_index = request.topics.at(0).partitions.at(0).partition_index;
    response.topics.push_back({request.topics[0].name, {batch}});
    co_return response;
  }
  Reply<ListGroupsRequest> ask(int32_t broker, ListGroupsRequest) override {
    ++groups_asked;
    const auto own = groups_of.find(broker);
    co_return own == groups_of.end() ? groups : own->second;
  }
  Reply<OffsetFetchRequest> ask(int32_t broker, OffsetFetchRequest) override {
    const auto own = committed_of.find(broker);
    co_return own == committed_of.end() ? committed : own->second;
  }
  Reply<DescribeClusterRequest> ask(int32_t, DescribeClusterRequest) override { return none(); }
  Reply<DescribeGroupsRequest> ask(int32_t broker, DescribeGroupsRequest request) override {
    members_asked.emplace_back(broker, std::move(request.groups));
    if (!members) co_return fail_with(FailureKind::unsupported, "not part of this test");
    co_return *members;
  }
  Reply<ConsumerGroupDescribeRequest> ask(int32_t, ConsumerGroupDescribeRequest) override {
    return none();
  }
  Reply<ShareGroupDescribeRequest> ask(int32_t, ShareGroupDescribeRequest) override {
    return none();
  }
  Reply<StreamsGroupDescribeRequest> ask(int32_t, StreamsGroupDescribeRequest) override {
    return none();
  }
  Reply<FindCoordinatorRequest> ask(int32_t, FindCoordinatorRequest) override {
    ++coordinators_asked;
    if (!coordinator) co_return fail_with(FailureKind::unsupported, "not part of this test");
    co_return *coordinator;
  }
  Reply<DescribeConfigsRequest> ask(int32_t, DescribeConfigsRequest) override {
    ++configs_asked;
    return none();
  }
  Reply<DescribeLogDirsRequest> ask(int32_t, DescribeLogDirsRequest) override {
    ++configs_asked;
    return none();
  }
  Reply<ListPartitionReassignmentsRequest> ask(int32_t,
                                               ListPartitionReassignmentsRequest) override {
    return none();
  }
  Reply<ListTransactionsRequest> ask(int32_t, ListTransactionsRequest) override {
    ++transactions_asked;
    if (!transactions) co_return fail_with(FailureKind::unsupported, "too old");
    co_return *transactions;
  }
  Reply<DescribeTransactionsRequest> ask(int32_t, DescribeTransactionsRequest request) override {
    described_ids = std::move(request.transactional_ids);
    co_return described;
  }
  Reply<DescribeQuorumRequest> ask(int32_t, DescribeQuorumRequest) override { return none(); }

 private:
  MetadataResponse by_name(const std::vector<MetadataRequest::Topic>& asked) {
    MetadataResponse answer;
    answer.brokers = metadata.brokers;
    topics_asked.emplace_back();
    for (const auto& topic : asked) {
      topics_asked.back().push_back(topic.name);
      const auto found =
          std::ranges::find(metadata.topics, topic.name, &MetadataResponse::Topic::name);
      if (found != metadata.topics.end()) {
        answer.topics.push_back(*found);
        continue;
      }
      MetadataResponse::Topic& refused = answer.topics.emplace_back();
      refused.name = topic.name;
      refused.error_code = hidden.contains(topic.name) ? ErrorCode::kTopicAuthorizationFailed
                                                       : ErrorCode::kUnknownTopicOrPartition;
    }
    return answer;
  }

  struct None {
    template <class Response>
    operator asio::awaitable<Answer<Response>>() const {
      return refuse<Response>();
    }
    template <class Response>
    static asio::awaitable<Answer<Response>> refuse() {
      co_return fail_with(FailureKind::unsupported, "not part of this test");
    }
  };
  static None none() { return {}; }
};

}  // namespace highwater::kafka
