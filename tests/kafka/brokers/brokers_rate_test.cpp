// Every reaction to what others do has a rate, and every attempt its own time.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <latch>
#include <optional>

#include "collectors/kafka/brokers/quorum_watch.h"
#include "collectors/kafka/client/dial.h"
#include "collectors/kafka/client/token_bucket.h"
#include "collectors/kafka/wire_time.h"
#include "tests/kafka/brokers/brokers_world.h"

namespace highwater::kafka {
namespace {

class BrokerRates : public BrokersWorld {};

TEST_F(BrokerRates, ABrokerThatAnswersAndClosesIsConnectedToAFewTimesASecondAndRefuses) {
  watch_all_up(2);
  Behaviour closes;
  closes.closes = true;
  tell(2, closes);
  const int before = fakes_.at(2)->connections();
  fakes_.at(2)->hang_up();
  EXPECT_TRUE(wait_for([&] { return is(2, BrokerStatus::refuses); }));
  run_for(2s);
  EXPECT_LE(fakes_.at(2)->connections() - before, 20);
  EXPECT_TRUE(is(2, BrokerStatus::refuses));
}

TEST_F(BrokerRates, TheVersionsThatABrokerOffersAreAskedForAgain) {
  longest_back_off_ = 200ms;
  have_brokers(1);
  Behaviour modest;
  modest.newest_metadata = 10;
  tell(1, modest);
  watch();
  ASSERT_TRUE(wait_for([&] { return up() == 1; }));
  EXPECT_EQ(brokers_->version(1, ApiKey::kMetadata), 10);
  modest.newest_metadata = 5;  // not even that any more, once
  tell(1, modest);
  ASSERT_TRUE(wait_for([&] { return !brokers_->version(1, ApiKey::kMetadata); }));
  tell_all();
  EXPECT_TRUE(wait_for([&] { return brokers_->version(1, ApiKey::kMetadata) == 12; }));
  EXPECT_TRUE(is(1, BrokerStatus::up));
}

TEST_F(BrokerRates, NewBrokersWithEveryMetadataCauseABoundedNumberOfConnectionsAndQuestions) {
  watch_all_up(1);
  FakeBroker sink;
  Behaviour other;
  other.cluster_id = "theirs";
  sink.set(other);
  const int asked = fakes_.at(1)->asked(ApiKey::kMetadata);
  const SteadyTime start = std::chrono::steady_clock::now();
  int32_t next = 100;
  while (std::chrono::steady_clock::now() - start < 3s) {
    MetadataResponse metadata;
    metadata.brokers = {fakes_.at(1)->as_listed(1)};
    for (int i = 0; i < 500; ++i) metadata.brokers.push_back(sink.as_listed(next++));
    brokers_->on_metadata(metadata, SystemClock().now());
    run_for(100ms);
  }
  const double seconds = to_seconds(std::chrono::steady_clock::now() - start);
  // The burst, and 20 a second.
  EXPECT_LE(sink.connections(), 100 + 20 * seconds + 20);
  // Probes ten times a second, twenty rounds of an investigation at once and two more a second.
  EXPECT_LE(fakes_.at(1)->asked(ApiKey::kMetadata) - asked, 20 + 12 * seconds + 20);
  EXPECT_LE(view_.brokers.size(), Brokers::kMaxBrokers);
  EXPECT_TRUE(is(1, BrokerStatus::up));
  const SteadyTime stopping = std::chrono::steady_clock::now();
  brokers_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - stopping, 1s);
}

TEST_F(BrokerRates, BootstrapServersAreTriedSideBySide) {
  std::latch ended(1);
  tools_->names = std::make_shared<NameLookup>([&](const std::string&) {
    ended.wait();
    return Result<NameLookup::Addresses>(fail("too late"));
  });
  have_brokers(1);
  const SteadyTime start = std::chrono::steady_clock::now();
  std::vector<BootstrapServer> servers;
  for (int i = 0; i < 20; ++i) servers.push_back({"black-hole-" + std::to_string(i), 9092});
  servers.push_back({"127.0.0.1", fakes_.at(1)->port()});
  watch_servers(std::move(servers));
  EXPECT_TRUE(wait_for([&] { return up() == 1; }));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s) << "one after the other takes 30 s";
  brokers_.reset();
  const SteadyTime stopping = std::chrono::steady_clock::now();
  run_for(10ms);
  EXPECT_LT(std::chrono::steady_clock::now() - stopping, 1s);
  ended.count_down();
}

TEST(NameLookup, HasADeadlineAndIsNotWaitedForInTheEnd) {
  const auto ended = std::make_shared<std::latch>(1);
  const SteadyTime start = std::chrono::steady_clock::now();
  {
    asio::io_context io;
    const auto names = std::make_shared<NameLookup>([ended](const std::string&) {
      ended->wait();
      return Result<NameLookup::Addresses>(fail("too late"));
    });
    std::string why;
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          const auto found = co_await names->find("black-hole", 200ms);
          why = found ? "" : found.error().what;
        },
        asio::detached);
    io.run();
    EXPECT_THAT(why, HasSubstr("no answer about the host name 'black-hole' within 200 ms"));
    names->close();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  ended->count_down();
}

TEST(NameLookup, FindsLoopbackByItsName) {
  asio::io_context io;
  const auto names = std::make_shared<NameLookup>();
  size_t found = 0;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        const auto addresses = co_await names->find("localhost", 10s);
        found = addresses ? addresses->size() : 0;
      },
      asio::detached);
  io.run();
  EXPECT_GT(found, 0U);
}

// An address that swallows connections: nobody accepts, and the queue is full.
class Swallows {
 public:
  Swallows() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    bind(listener_, plain, size);
    listen(listener_, 0);
    getsockname(listener_, plain, &size);
    endpoint = {asio::ip::address_v4::loopback(), ntohs(address.sin_port)};
    for (int& filler : fillers_) {
      filler = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      (void)!connect(filler, plain, size);
    }
  }
  ~Swallows() {
    for (const int filler : fillers_) close(filler);
    close(listener_);
  }
  asio::ip::tcp::endpoint endpoint;

 private:
  int listener_;
  int fillers_[4];
};

Answer<asio::ip::tcp::socket> dial_now(std::vector<asio::ip::tcp::endpoint> endpoints,
                                       Duration timeout) {
  asio::io_context io;
  std::optional<Answer<asio::ip::tcp::socket>> result;
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        result = co_await dial(std::move(endpoints), "kafka.test:9092", timeout);
        if (*result) (*result)->close();
      },
      asio::detached);
  io.run();
  if (*result) return asio::ip::tcp::socket(io);
  return tl::unexpected<Failure>(result->error());
}

TEST(Dial, AnAddressThatSwallowsConnectionsLeavesTimeForTheNext) {
  const Swallows first;
  const FakeBroker second;
  const SteadyTime start = std::chrono::steady_clock::now();
  const auto connected =
      dial_now({first.endpoint, {asio::ip::address_v4::loopback(), second.port()}}, 10s);
  EXPECT_TRUE(connected) << connected.error().what;
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(Dial, ToAddressesOfWhichOneRefusesIsRefused) {
  const Swallows first;
  uint16_t closed = 0;
  {
    const FakeBroker ended;
    closed = ended.port();
  }
  const auto connected = dial_now({first.endpoint, {asio::ip::address_v4::loopback(), closed}}, 1s);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().kind, FailureKind::refused);
}

TEST(TokenBucket, AllowsABurstAndThenItsRate) {
  TokenBucket bucket(3, 2);
  const SteadyTime start{std::chrono::hours(1)};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(start));
  EXPECT_FALSE(bucket.take(start));
  EXPECT_EQ(bucket.wait(start), 500ms);
  EXPECT_TRUE(bucket.take(start + 500ms));
  EXPECT_FALSE(bucket.take(start + 600ms));
  EXPECT_EQ(bucket.wait(start + std::chrono::hours(1)), 0ms);
}

TEST(WireTime, AMomentThatCannotBeIsNone) {
  EXPECT_EQ(moment(1'700'000'000'000), WallTime(std::chrono::seconds(1'700'000'000)));
  for (const int64_t none : {int64_t{0}, int64_t{-1}, int64_t{1} << 61, INT64_MAX, INT64_MIN})
    EXPECT_FALSE(moment(none)) << none;
  EXPECT_EQ(possible_stamp(1'700'000'000'000'000), kLatestMillis);
  EXPECT_EQ(possible_stamp(INT64_MIN), -1);
}

class QuorumTimes : public BrokersWorld {
 protected:
  // Broker 1 leads the voters 1, 2 and 3, which had caught up at these moments.
  static Behaviour caught_up_at(std::vector<int64_t> moments) {
    Behaviour behaviour;
    auto& told = behaviour.quorum.topics.emplace_back().partitions.emplace_back();
    told.leader_id = 1;
    told.leader_epoch = 5;
    for (const int64_t at : moments) {
      auto& voter = told.current_voters.emplace_back();
      voter.replica_id = static_cast<int32_t>(told.current_voters.size());
      voter.last_fetch_timestamp = voter.last_caught_up_timestamp = at;
    }
    return behaviour;
  }
  bool read() {
    bool done = false;
    asio::co_spawn(
        io_,
        [&]() -> asio::awaitable<void> {
          co_await quorum().read();
          done = true;
        },
        asio::detached);
    return wait_for([&] { return done; });
  }
  bool lost() {
    quorum().judge(std::chrono::steady_clock::now());
    return view_.quorum.lost;
  }
  QuorumWatch& quorum() {
    if (!sweep_) sweep_.emplace(*brokers_, SweepSettings{}, view_, Sweep::Hooks{});
    if (!quorum_) quorum_.emplace(*brokers_, *sweep_, view_);
    return *quorum_;
  }

 private:
  std::optional<Sweep> sweep_;
  std::optional<QuorumWatch> quorum_;
};

TEST_F(QuorumTimes, ImpossibleOnesAreUnknown) {
  watch_all_up(1);
  Behaviour behaviour = caught_up_at({1'700'000'000'000, int64_t{1} << 61, 1'700'000'000'000});
  for (auto& voter : behaviour.quorum.topics[0].partitions[0].current_voters) {
    voter.log_end_offset = voter.replica_id == 3 ? INT64_MIN : INT64_MAX;
    voter.last_fetch_timestamp = int64_t{1} << 61;
  }
  tell_all(behaviour);
  ASSERT_TRUE(read());
  ASSERT_EQ(view_.quorum.voters.size(), 3U);
  EXPECT_EQ(view_.quorum.voters[0].caught_up, Duration::zero());
  EXPECT_FALSE(view_.quorum.voters[1].caught_up);
  EXPECT_FALSE(view_.quorum.clock);
}

TEST_F(QuorumTimes, VotersThatRefuseUsAndFollowTheLeaderAreNotDown) {
  watch_all_up(3);
  const int64_t now = 1'700'000'000'000;
  for (const int32_t id : {2, 3}) {
    Behaviour stranger;
    stranger.id = id;
    stranger.cluster_id = "theirs";
    take_over(id, stranger);
  }
  ASSERT_TRUE(
      wait_for([&] { return is(2, BrokerStatus::refuses) && is(3, BrokerStatus::refuses); }));
  tell(1, caught_up_at({now, now - 400, now - 400}));
  ASSERT_TRUE(read());
  EXPECT_FALSE(lost());
  tell(1, caught_up_at({now, now - 6000, now - 6000}));
  ASSERT_TRUE(read());
  EXPECT_TRUE(lost()) << "they do not fetch any more: strangers are at their addresses";
}

}  // namespace
}  // namespace highwater::kafka
