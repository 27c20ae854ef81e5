// Asks a model as a client would ask a broker, without sockets: for tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "collectors/kafka/wire/api.h"
#include "tests/simulator/model/model.h"

namespace highwater::simulator {

using namespace std::chrono_literals;

inline constexpr WallTime kStart{std::chrono::seconds(1'700'000'000)};
inline constexpr std::int64_t kStartMs = 1'700'000'000'000;

inline Scenario scenario_of(const std::string& yaml) {
  Diagnostics diagnostics;
  std::optional<Scenario> scenario = parse_scenario(yaml, "test.yaml", diagnostics);
  for (const Diagnostic& diagnostic : diagnostics) ADD_FAILURE() << diagnostic.text();
  return scenario.value_or(Scenario{});
}

class ModelAsker {
 public:
  explicit ModelAsker(const std::string& yaml) : model_(scenario_of(yaml), kStart) {}

  Model& operator*() { return model_; }
  Model* operator->() { return &model_; }
  void apply(const Fault& fault) {
    const Result<void> done = model_.apply(fault);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  }

  template <class Request>
  Reply raw(std::int32_t broker, const Request& request, std::int16_t version) {
    const kafka::Bytes frame = kafka::encode_request(request, version, 7, "test");
    return model_.reply(broker, std::span(frame).subspan(kafka::kFrameLengthSize));
  }

  // In the highest version that brokers and wire code share, unless told otherwise.
  template <class Request>
  typename Request::Response ask(std::int32_t broker, const Request& request = {},
                                 std::optional<std::int16_t> version = std::nullopt) {
    const std::int16_t used = version.value_or(kafka::implemented(Request::kApiKey)->max_version);
    const Reply reply = raw(broker, request, used);
    EXPECT_EQ(reply.kind, Reply::Kind::kAnswer);
    if (reply.kind != Reply::Kind::kAnswer) return {};
    const auto header = kafka::decode_response_header(
        std::span(reply.frame).subspan(kafka::kFrameLengthSize), Request::kApiKey, used);
    EXPECT_TRUE(header);
    EXPECT_EQ(header->correlation_id, 7);
    auto response = kafka::decode_response<typename Request::Response>(header->body, used);
    EXPECT_TRUE(response) << (response ? "" : response.error().message);
    return response ? *response : typename Request::Response{};
  }

  std::vector<std::int32_t> listed_brokers(std::int32_t asked) {
    std::vector<std::int32_t> ids;
    for (const auto& broker : ask<kafka::MetadataRequest>(asked).brokers)
      ids.push_back(broker.node_id);
    return ids;
  }

  kafka::MetadataResponse::Partition partition(std::int32_t asked, const std::string& topic,
                                               std::int32_t index) {
    kafka::MetadataRequest request;
    request.topics.emplace().push_back({{}, topic});
    for (const auto& found : ask(asked, request).topics) {
      for (const auto& candidate : found.partitions) {
        if (candidate.partition_index == index) return candidate;
      }
    }
    ADD_FAILURE() << "Metadata has no " << topic << "-" << index;
    return {};
  }

  kafka::ListOffsetsResponse::Partition offset(
      std::int32_t asked, const std::string& topic, std::int32_t index, std::int64_t timestamp,
      std::int32_t epoch = -1,
      kafka::IsolationLevel isolation = kafka::IsolationLevel::kReadUncommitted,
      std::int16_t version = 9) {
    kafka::ListOffsetsRequest request;
    request.isolation_level = isolation;
    request.topics.push_back({topic, {{index, epoch, timestamp}}});
    const kafka::ListOffsetsResponse response = ask(asked, request, version);
    if (response.topics.size() == 1 && response.topics[0].partitions.size() == 1)
      return response.topics[0].partitions[0];
    ADD_FAILURE() << "ListOffsets does not answer for one partition";
    return {};
  }

  kafka::OffsetFetchResponse::Group committed(std::int32_t asked, const std::string& group) {
    kafka::OffsetFetchRequest request;
    request.groups.push_back({group, std::nullopt, -1, std::nullopt});
    const kafka::OffsetFetchResponse response = ask(asked, request);
    return response.groups.empty() ? kafka::OffsetFetchResponse::Group{} : response.groups[0];
  }

  std::vector<std::string> listed_groups(std::int32_t asked) {
    std::vector<std::string> names;
    for (const auto& group : ask<kafka::ListGroupsRequest>(asked).groups)
      names.push_back(group.group_id);
    return names;
  }

  // Who coordinates a group, by the truth.
  std::int32_t coordinator(const std::string& group) {
    return model_.world().home_of(group)->leader;
  }

 private:
  Model model_;
};

}  // namespace highwater::simulator
