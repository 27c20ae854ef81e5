#include "collectors/cluster/requests.h"

#include <gtest/gtest.h>

#include "collectors/cluster/brokers.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

Observation interpret(const kafka::ClusterView& view) {
  return BrokersInterpreter().interpret(view, {}, at(0));
}

TEST(RequestTables, CountRequestsByBrokerAndApi) {
  kafka::ClusterView view = healthy_cluster();
  view.requests[{1, "Metadata"}].sent = 7;
  view.requests[{2, "ListOffsets"}].sent = 3;
  const Observation observation = interpret(view);
  EXPECT_EQ(cell(observation, "kafka_requests_total", {"1", "Metadata"}), is(7));
  EXPECT_EQ(cell(observation, "kafka_requests_total", {"2", "ListOffsets"}), is(3));
  EXPECT_EQ(table(observation, "kafka_request_errors_total").rows(), 0U);
}

TEST(RequestTables, TellErrorsApart) {
  kafka::ClusterView view = healthy_cluster();
  kafka::RequestCounts& counts = view.requests[{1, "ListOffsets"}];
  counts.sent = 9;
  counts.add_error("timed_out");
  counts.add_error("NOT_LEADER_OR_FOLLOWER");
  counts.add_error("timed_out");
  const Observation observation = interpret(view);
  EXPECT_EQ(cell(observation, "kafka_request_errors_total", {"1", "ListOffsets", "timed_out"}),
            is(2));
  EXPECT_EQ(cell(observation, "kafka_request_errors_total",
                 {"1", "ListOffsets", "NOT_LEADER_OR_FOLLOWER"}),
            is(1));
}

TEST(RequestTables, SumUpWhatQuotasCostByBroker) {
  kafka::ClusterView view = healthy_cluster();
  view.requests[{1, "ListOffsets"}].throttled_ms = 400;
  view.requests[{1, "Metadata"}].throttled_ms = 1100;
  view.requests[{2, "Metadata"}].throttled_ms = 50;
  const Observation observation = interpret(view);
  EXPECT_EQ(cell(observation, "kafka_throttle_seconds_total", {"1"}), is(1.5));
  EXPECT_EQ(cell(observation, "kafka_throttle_seconds_total", {"2"}), is(0.05));
  EXPECT_EQ(cell(observation, "kafka_throttle_seconds_total", {"3"}), is(0));
}

TEST(RequestTables, ForgetBrokersThatAreGone) {
  kafka::ClusterView view = healthy_cluster();
  view.requests[{1, "Metadata"}].sent = 7;
  view.brokers.erase(1);
  EXPECT_EQ(cell(interpret(view), "kafka_requests_total", {"1", "Metadata"}), kNoRow);
}

}  // namespace
}  // namespace highwater::collectors
