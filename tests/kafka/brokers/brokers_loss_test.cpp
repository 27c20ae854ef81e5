// What the cluster says beats what our socket says: a loss is a crash only while others list it.
#include <atomic>

#include "tests/kafka/brokers/brokers_world.h"

namespace highwater::kafka {
namespace {

// Brokers whose names can be taken away.
class BrokerLoss : public BrokersWorld {
 protected:
  void watch_by_name(int32_t count) {
    tools_->names = std::make_shared<NameLookup>([this](const std::string&) {
      return names_known_ ? Result<NameLookup::Addresses>({asio::ip::address_v4::loopback()})
                          : fail("the host name has no address");
    });
    have_brokers(count);
    for (auto& broker : listed_) broker.host = "kafka.test";
    tell_all();
    watch();
    ASSERT_TRUE(wait_for([&] { return up() == count; }));
  }

  std::atomic<bool> names_known_ = true;
};

TEST_F(BrokerLoss, IsAStopWhenTheOthersListItNoMoreThoughItsNameIsGone) {
  watch_by_name(3);
  names_known_ = false;
  unlist(3);
  fakes_.at(3)->stop();
  EXPECT_TRUE(wait_for([&] { return !is(3, BrokerStatus::up); }));
  EXPECT_TRUE(is(3, BrokerStatus::stopped)) << status_name(status(3)) << ": " << why(3);
}

TEST_F(BrokerLoss, IsNoStopWhileTheOthersListItThoughItsNameIsGone) {
  watch_by_name(3);
  names_known_ = false;
  fakes_.at(3)->stop();
  EXPECT_TRUE(wait_for([&] { return is(3, BrokerStatus::cut_off); }));
  unlist(3);
  read_metadata();
  names_known_ = true;
  EXPECT_TRUE(wait_for([&] { return is(3, BrokerStatus::crashed); }))
      << "what failed does not become a stop by failing in another way";
}

TEST_F(BrokerLoss, StaysAStopWhenTheNameGoesLater) {
  watch_by_name(3);
  unlist(3);
  fakes_.at(3)->stop();
  ASSERT_TRUE(wait_for([&] { return is(3, BrokerStatus::stopped); }));
  names_known_ = false;
  run_for(3s);
  EXPECT_TRUE(is(3, BrokerStatus::stopped)) << status_name(status(3)) << ": " << why(3);
}

TEST_F(BrokerLoss, OfABrokerThatStoppedIsAFailureOnceItIsListedAgain) {
  watch_by_name(2);
  unlist(2);
  fakes_.at(2)->stop();
  ASSERT_TRUE(wait_for([&] { return is(2, BrokerStatus::stopped); }));
  listed_.push_back({2, "kafka.test", fakes_.at(2)->port(), std::nullopt});
  read_metadata();
  EXPECT_TRUE(is(2, BrokerStatus::stopped)) << "its start takes a moment";
  read_metadata({std::chrono::steady_clock::now() + 6s, {}});
  EXPECT_TRUE(is(2, BrokerStatus::crashed));
}

TEST_F(BrokerLoss, OfAllBrokersAtOnceIsACrash) {
  watch_by_name(2);
  for (const auto& [id, fake] : fakes_) fake->stop();
  EXPECT_TRUE(
      wait_for([&] { return is(1, BrokerStatus::crashed) && is(2, BrokerStatus::crashed); }));
}

TEST_F(BrokerLoss, ABrokerWithoutReplicasThatIsListedNoMoreIsForgottenAfterAWhile) {
  watch_by_name(2);
  unlist(2);
  fakes_.at(2)->stop();
  ASSERT_TRUE(wait_for([&] { return is(2, BrokerStatus::stopped); }));
  // Where it says nothing of replicas nobody is forgotten.
  read_metadata();
  read_metadata({std::chrono::steady_clock::now() + 30min, {}});
  EXPECT_TRUE(view_.brokers.contains(2));
  topics_ = {held_by(1)};
  read_metadata();
  read_metadata({std::chrono::steady_clock::now() + 5min, {}});
  EXPECT_TRUE(view_.brokers.contains(2));
  read_metadata({std::chrono::steady_clock::now() + 20min, {}});
  EXPECT_FALSE(view_.brokers.contains(2));
}

}  // namespace
}  // namespace highwater::kafka
