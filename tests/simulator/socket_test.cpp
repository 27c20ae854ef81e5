// The simulator over real sockets, on stepped time.
#include <gmock/gmock.h>

#include "collectors/kafka/wire/admin.h"
#include "collectors/kafka/wire/metadata.h"
#include "tests/simulator/model/model.h"
#include "tests/simulator/server.h"
#include "tests/simulator/simulator.h"
#include "tests/simulator/socket_client.h"

namespace highwater::simulator {
namespace {

using namespace std::chrono_literals;
using End = SocketClient::End;
using kafka::MetadataRequest;

class Sockets : public ::testing::Test {
 protected:
  void SetUp() override {
    Scenario scenario;
    scenario.topics.push_back({.name = "orders", .partitions = 3, .produce = {10, 1s}});
    SimulatorOptions options;
    options.stepped = true;
    auto started = Simulator::start(scenario, options);
    ASSERT_TRUE(started) << started.error().message;
    simulator_ = std::move(*started);
  }

  void apply(const Fault& fault) {
    const Result<void> done = simulator_->apply(fault);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  }
  std::uint16_t port(std::int32_t broker) { return simulator_->port(broker); }
  static size_t brokers(SocketClient& client) {
    const auto response = client.ask(MetadataRequest{}, 12);
    return response ? response->brokers.size() : 0;
  }

  std::unique_ptr<Simulator> simulator_;
};

TEST_F(Sockets, AnswerOnEveryBrokersPort) {
  for (const std::int32_t broker : {1, 2, 3}) {
    SocketClient client(port(broker));
    const auto response = client.ask(MetadataRequest{}, 12);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->brokers[0].port, port(1));
    EXPECT_EQ(response->brokers[2].port, port(3));
  }
}

TEST_F(Sockets, AnswerPipelinedRequestsInOrder) {
  SocketClient client(port(1));
  for (std::int32_t i = 0; i < 500; ++i) client.send(MetadataRequest{}, 12, i);
  for (std::int32_t i = 0; i < 500; ++i) ASSERT_TRUE(client.answer<MetadataRequest>(12, i)) << i;
}

TEST_F(Sockets, TakeARequestInPieces) {
  SocketClient client(port(1));
  const kafka::Bytes frame = kafka::encode_request(MetadataRequest{}, 12, 5, "test");
  for (const std::byte byte : frame) client.send_bytes({byte});
  EXPECT_TRUE(client.answer<MetadataRequest>(12, 5));
}

TEST_F(Sockets, CloseWithoutAnAnswerOnWhatBrokersRefuse) {
  SocketClient truncated(port(1));
  kafka::Bytes frame = kafka::encode_request(MetadataRequest{}, 12, 5, "test");
  frame.resize(frame.size() - 2);
  frame[3] = static_cast<std::byte>(frame.size() - 4);
  truncated.send_bytes(frame);
  EXPECT_EQ(truncated.wait_for_end(), End::kEnded);
  SocketClient version(port(1));
  version.send(kafka::DescribeConfigsRequest{}, 9, 1);
  EXPECT_EQ(version.wait_for_end(), End::kEnded);
  SocketClient huge(port(1));
  huge.send_bytes({std::byte{0x7f}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}});
  EXPECT_EQ(huge.wait_for_end(), End::kEnded);
  SocketClient negative(port(1));
  negative.send_bytes({std::byte{0xff}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}});
  EXPECT_EQ(negative.wait_for_end(), End::kEnded);
}

TEST_F(Sockets, OfADeadBrokerAreResetAndRefused) {
  SocketClient client(port(2));
  EXPECT_EQ(brokers(client), 3u);
  apply(fault::Die{2});
  EXPECT_EQ(client.wait_for_end(), End::kReset);
  EXPECT_EQ(SocketClient(port(2)).end(), End::kRefused);
  SocketClient other(port(1));
  EXPECT_EQ(brokers(other), 3u);
  simulator_->step(10s);
  EXPECT_EQ(brokers(other), 2u);
}

TEST_F(Sockets, OfAReturnedBrokerAreOnTheSamePort) {
  apply(fault::Die{2});
  simulator_->step(20s);
  apply(fault::Return{2});
  EXPECT_EQ(SocketClient(port(2)).end(), End::kRefused);
  simulator_->step(7s);
  SocketClient client(port(2));
  EXPECT_EQ(brokers(client), 3u);
}

TEST_F(Sockets, OfAHungBrokerConnectAndStaySilent) {
  SocketClient old(port(2));
  EXPECT_EQ(brokers(old), 3u);
  apply(fault::Hang{2});
  SocketClient fresh(port(2));
  EXPECT_EQ(fresh.end(), End::kOpen);
  old.send(MetadataRequest{}, 12, 7);
  fresh.send(MetadataRequest{}, 12, 8);
  EXPECT_EQ(old.wait_for_end(SocketClient::kShortMs), End::kSilent);
  EXPECT_EQ(fresh.wait_for_end(SocketClient::kShortMs), End::kSilent);
  apply(fault::Wake{2});
  EXPECT_TRUE(old.answer<MetadataRequest>(12, 7));
  EXPECT_TRUE(fresh.answer<MetadataRequest>(12, 8));
}

TEST_F(Sockets, OfAHungBrokerThatIsKilledAreReset) {
  SocketClient client(port(2));
  EXPECT_EQ(brokers(client), 3u);
  apply(fault::Hang{2});
  apply(fault::Die{2});
  EXPECT_EQ(client.wait_for_end(), End::kReset);
}

TEST_F(Sockets, OfAStoppedBrokerEndInOrder) {
  SocketClient client(port(2));
  EXPECT_EQ(brokers(client), 3u);
  apply(fault::Stop{2});
  simulator_->step(2s);
  EXPECT_EQ(brokers(client), 3u);
  simulator_->step(100ms);
  EXPECT_EQ(client.wait_for_end(), End::kEnded);
  EXPECT_EQ(SocketClient(port(2)).end(), End::kRefused);
}

TEST_F(Sockets, OfASlowBrokerHoldEveryAnswerBack) {
  apply(fault::Slow{1, 500ms});
  SocketClient client(port(1));
  client.send(MetadataRequest{}, 12, 1);
  client.send(MetadataRequest{}, 12, 2);
  EXPECT_TRUE(client.receive_frame(SocketClient::kShortMs).empty());
  simulator_->step(500ms);
  EXPECT_TRUE(client.answer<MetadataRequest>(12, 1));
  EXPECT_TRUE(client.receive_frame(SocketClient::kShortMs).empty());
  simulator_->step(500ms);
  EXPECT_TRUE(client.answer<MetadataRequest>(12, 2));
  apply(fault::Slow{1, 0s});
  EXPECT_EQ(brokers(client), 3u);
}

TEST_F(Sockets, CutAnAnswerInTheMiddle) {
  SocketClient whole(port(1));
  whole.send(MetadataRequest{}, 12, 1);
  const size_t length = whole.receive_frame().size() + 4;
  apply(fault::HalfAnswer{1});
  SocketClient client(port(1));
  client.send(MetadataRequest{}, 12, 1);
  EXPECT_EQ(client.receive(length).size(), length / 2);
  EXPECT_EQ(client.end(), End::kEnded);
  SocketClient next(port(1));
  EXPECT_EQ(brokers(next), 3u);
}

TEST_F(Sockets, SendGarbageAsOftenAsAsked) {
  apply(fault::Garbage{1, 2});
  SocketClient client(port(1));
  EXPECT_FALSE(client.ask(MetadataRequest{}, 12));
  EXPECT_FALSE(client.ask(MetadataRequest{}, 12));
  EXPECT_TRUE(client.ask(MetadataRequest{}, 12));
}

TEST_F(Sockets, BlockWhatIsBehindAForwardedRequest) {
  apply(fault::Hang{1});
  SocketClient client(port(2));
  client.send(kafka::DescribeQuorumRequest{}, 1, 1);
  client.send(MetadataRequest{}, 12, 2);
  SocketClient other(port(2));
  EXPECT_EQ(brokers(other), 3u);
  EXPECT_TRUE(client.receive_frame(SocketClient::kShortMs).empty());
  simulator_->step(29s);
  EXPECT_TRUE(client.receive_frame(SocketClient::kShortMs).empty());
  simulator_->step(1s);
  EXPECT_TRUE(client.answer<kafka::DescribeQuorumRequest>(1, 1));
  EXPECT_TRUE(client.answer<MetadataRequest>(12, 2));
}

TEST_F(Sockets, CountWhatTheyAreAsked) {
  SocketClient client(port(1));
  for (int i = 0; i < 3; ++i) client.ask(MetadataRequest{}, 12);
  const Counters counters = simulator_->counters();
  EXPECT_EQ(counters.requests.at(kafka::ApiKey::kMetadata), 3u);
  EXPECT_EQ(counters.total_requests(), 3u);
  EXPECT_EQ(counters.connections.at(1), 1u);
}

TEST_F(Sockets, ServeManyClientsAtOnce) {
  std::vector<std::unique_ptr<SocketClient>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<SocketClient>(port(1 + i % 3)));
  for (auto& client : clients) client->send(MetadataRequest{}, 12, 1);
  for (auto& client : clients) EXPECT_TRUE(client->answer<MetadataRequest>(12, 1));
}

TEST(Simulator, ReportsReadyAndThenItsFaults) {
  Scenario scenario;
  scenario.faults = {{1s, fault::Die{2}}, {2s, fault::Hang{3}}};
  std::vector<std::string> lines;
  SimulatorOptions options;
  options.stepped = true;
  options.on_line = [&](const std::string& line) { lines.push_back(line); };
  auto simulator = Simulator::start(scenario, options);
  ASSERT_TRUE(simulator);
  (*simulator)->step(5s);
  const std::string bootstrap = (*simulator)->bootstrap();
  simulator->reset();
  EXPECT_THAT(lines, ::testing::ElementsAre("ready " + bootstrap, "1.000s die 2", "2.000s hang 3"));
}

TEST(Simulator, RunsOnRealTimeAtAnySpeed) {
  Scenario scenario;
  scenario.faults = {{20s, fault::Die{2}}};
  SimulatorOptions options;
  options.speed = 1000;
  auto simulator = Simulator::start(scenario, options);
  ASSERT_TRUE(simulator);
  SocketClient client((*simulator)->port(2));
  EXPECT_EQ(client.wait_for_end(), End::kReset);
  EXPECT_GE((*simulator)->elapsed(), 20s);
}

TEST(Simulator, SaysWhenAPortIsTaken) {
  auto first = Simulator::start(Scenario{}, {.stepped = true});
  ASSERT_TRUE(first);
  Scenario second;
  second.port_base = (*first)->port(1);
  const auto refused = Simulator::start(second, {.stepped = true});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr("in use"));
}

}  // namespace
}  // namespace highwater::simulator
