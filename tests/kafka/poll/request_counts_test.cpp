#include "collectors/kafka/poll/request_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/groups.h"
#include "collectors/kafka/wire/offsets.h"

namespace highwater::kafka {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(AnswerErrors, AreFoundWhereverTheyStand) {
  ListOffsetsResponse offsets;
  offsets.topics = {
      {"a", {{0, ErrorCode::kNone}, {1, ErrorCode::kNotLeaderOrFollower}}},
      {"b", {{0, ErrorCode::kNotLeaderOrFollower}, {1, ErrorCode::kFencedLeaderEpoch}}}};
  EXPECT_THAT(AnswerErrors(offsets).codes(),
              ElementsAre(ErrorCode::kNotLeaderOrFollower, ErrorCode::kFencedLeaderEpoch));
  ListGroupsResponse groups;
  groups.error_code = ErrorCode::kCoordinatorLoadInProgress;
  EXPECT_THAT(AnswerErrors(groups).codes(), ElementsAre(ErrorCode::kCoordinatorLoadInProgress));
  DescribeConfigsResponse configs;
  configs.results.resize(2);
  configs.results[1].error_code = ErrorCode::kTopicAuthorizationFailed;
  EXPECT_THAT(AnswerErrors(configs).codes(), ElementsAre(ErrorCode::kTopicAuthorizationFailed));
  FindCoordinatorResponse coordinators;
  coordinators.coordinators.resize(1);
  coordinators.coordinators[0].error_code = ErrorCode::kCoordinatorNotAvailable;
  EXPECT_THAT(AnswerErrors(coordinators).codes(), ElementsAre(ErrorCode::kCoordinatorNotAvailable));
}

TEST(AnswerErrors, WhatMetadataSaysOfAPartitionIsNone) {
  MetadataResponse metadata;
  metadata.topics.resize(1);
  metadata.topics[0].partitions.resize(1);
  metadata.topics[0].partitions[0].error_code = ErrorCode::kLeaderNotAvailable;
  EXPECT_THAT(AnswerErrors(metadata).codes(), IsEmpty());
  metadata.topics[0].error_code = ErrorCode::kTopicAuthorizationFailed;
  EXPECT_THAT(AnswerErrors(metadata).codes(), ElementsAre(ErrorCode::kTopicAuthorizationFailed));
}

TEST(RequestCounts, CountEachErrorOnceForARequest) {
  ClusterView view;
  ListGroupsResponse good;
  ListGroupsResponse bad;
  bad.error_code = ErrorCode::kCoordinatorNotAvailable;
  count_request<ListGroupsResponse>(view, 1, "ListGroups", good);
  count_request<ListGroupsResponse>(view, 1, "ListGroups", bad);
  count_request<ListGroupsResponse>(view, 1, "ListGroups",
                                    fail_with(FailureKind::timed_out, "no answer"));
  const RequestCounts& counts = view.requests.at({1, "ListGroups"});
  EXPECT_EQ(counts.sent, 3U);
  EXPECT_THAT(counts.errors,
              ElementsAre(Pair("COORDINATOR_NOT_AVAILABLE", 1), Pair("timed_out", 1)));
}

TEST(RequestCounts, SumUpForHowLongQuotasHeldUsBack) {
  ClusterView view;
  ListGroupsResponse answer;
  for (const int32_t millis : {0, 150, 250}) {
    answer.throttle_time_ms = millis;
    count_request<ListGroupsResponse>(view, 1, "ListGroups", answer);
  }
  EXPECT_EQ(view.requests.at({1, "ListGroups"}).throttled_ms, 400U);
}

TEST(RequestCounts, WhatWasNotSentIsNotCounted) {
  ClusterView view;
  count_request<ListGroupsResponse>(view, 1, "ListGroups",
                                    fail_with(FailureKind::not_usable, "the broker is not up"));
  EXPECT_THAT(view.requests, IsEmpty());
}

}  // namespace
}  // namespace highwater::kafka
