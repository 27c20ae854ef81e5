// Who answers is checked: strangers contribute nothing, and what they are is said.
#include <fmt/format.h>

#include "tests/kafka/brokers/brokers_world.h"

namespace highwater::kafka {
namespace {

class BrokerIdentity : public BrokersWorld {};

Behaviour other_cluster(int32_t id) {
  Behaviour behaviour;
  behaviour.id = id;
  behaviour.cluster_id = "theirs";
  behaviour.brokers = {{7, "127.0.0.1", 1, std::nullopt}};
  return behaviour;
}

TEST_F(BrokerIdentity, ABrokerOfAnotherClusterAtTheAddressRefuses) {
  watch_all_up(2);
  take_over(2, other_cluster(2));
  EXPECT_TRUE(wait_for([&] { return is(2, BrokerStatus::refuses); }));
  EXPECT_THAT(why(2), HasSubstr("belongs to cluster 'theirs'"));
  EXPECT_THAT(brokers_->usable(), testing::ElementsAre(1));
}

TEST_F(BrokerIdentity, AClusterOfWhichOnlyStrangersAnswerIsUnreachable) {
  watch_all_up(2);
  take_over(1, other_cluster(1));
  take_over(2, other_cluster(2));
  EXPECT_TRUE(wait_for([&] {
    return !view_.reachable && view_.why_unreachable.find("'theirs'") != std::string::npos;
  }));
  EXPECT_EQ(view_.cluster_id, "ours");
  EXPECT_FALSE(view_.brokers.contains(7));
}

TEST_F(BrokerIdentity, OfBootstrapServersThatDifferTheMajorityIsTheCluster) {
  have_brokers(2);
  FakeBroker stranger;
  stranger.set(other_cluster(1));
  watch_servers({{"127.0.0.1", stranger.port()},
                 {"127.0.0.1", fakes_.at(1)->port()},
                 {"127.0.0.1", fakes_.at(2)->port()}});
  EXPECT_TRUE(wait_for([&] { return up() == 2; }));
  EXPECT_THAT(view_.misdirected,
              testing::ElementsAre(HasSubstr(
                  fmt::format("127.0.0.1:{} belongs to cluster 'theirs'", stranger.port()))));
}

TEST_F(BrokerIdentity, AnotherBrokerOfTheClusterAtTheAddressIsNamed) {
  watch_all_up(2);
  Behaviour third;
  third.id = 3;
  third.brokers = listed_;
  take_over(2, third);
  EXPECT_TRUE(wait_for([&] { return is(2, BrokerStatus::refuses); }));
  EXPECT_THAT(why(2), HasSubstr("broker 3 answers at the address of broker 2"));
}

TEST_F(BrokerIdentity, ABrokerThatWasReplacedAtItsAddressHasStopped) {
  watch_all_up(2);
  unlist(2);
  Behaviour third;
  third.id = 3;
  third.brokers = listed_;
  take_over(2, third);
  EXPECT_TRUE(wait_for([&] { return is(2, BrokerStatus::stopped); }));
}

TEST_F(BrokerIdentity, BrokersThatShareAnAddressAreNamedAndTheOneThatAnswersIsUsed) {
  have_brokers(1);
  listed_.push_back(fakes_.at(1)->as_listed(2));
  listed_.push_back(fakes_.at(1)->as_listed(3));
  tell_all();
  watch();
  const std::string shared = fmt::format(
      "brokers 1, 2 and 3 advertise the same address, 127.0.0.1:{}", fakes_.at(1)->port());
  EXPECT_TRUE(wait_for([&] {
    return is(1, BrokerStatus::up) && is(2, BrokerStatus::refuses) && is(3, BrokerStatus::refuses);
  }));
  EXPECT_THAT(view_.misdirected, testing::ElementsAre(shared));
  EXPECT_THAT(why(2), HasSubstr(shared));
  EXPECT_THAT(why(2), HasSubstr("broker 1 answers at the address of broker 2"));
}

TEST_F(BrokerIdentity, OfBrokersThatShareAnAddressNoneIsUsedWhenItsIdCannotBeRead) {
  have_brokers(1);
  listed_.push_back(fakes_.at(1)->as_listed(2));
  Behaviour denied;
  denied.configs_denied = true;
  tell_all(denied);
  watch();
  EXPECT_TRUE(
      wait_for([&] { return is(1, BrokerStatus::refuses) && is(2, BrokerStatus::refuses); }));
}

TEST_F(BrokerIdentity, ABrokerWhoseIdCannotBeReadIsUsedWhereNothingSpeaksAgainstIt) {
  have_brokers(2);
  Behaviour denied;
  denied.configs_denied = true;
  tell_all(denied);
  watch();
  EXPECT_TRUE(wait_for([&] { return up() == 2; }));
}

// What else may be at the address of a broker that worked.
struct Impostor {
  const char* name;
  Behaviour behaviour;
  BrokerStatus status;
  const char* why;
};
Behaviour with(void (*change)(Behaviour&)) {
  Behaviour behaviour;
  change(behaviour);
  return behaviour;
}
class Impostors : public BrokersWorld, public testing::WithParamInterface<Impostor> {};

TEST_P(Impostors, AreCalledWhatTheyAre) {
  watch_all_up(2);
  tell(2, GetParam().behaviour);
  fakes_.at(2)->hang_up();
  EXPECT_TRUE(wait_for([&] { return is(2, GetParam().status); })) << status_name(status(2));
  EXPECT_THAT(why(2), HasSubstr(GetParam().why));
  EXPECT_THAT(brokers_->usable(), testing::ElementsAre(1));
}
INSTANTIATE_TEST_SUITE_P(
    Of, Impostors,
    testing::Values(
        Impostor{"OnlyApiVersions", with([](Behaviour& b) { b.only_api_versions = true; }),
                 BrokerStatus::refuses, "closes the connection at any other request"},
        Impostor{"Login", with([](Behaviour& b) {
                   b.logins = {"SCRAM-SHA-512", "PLAIN"};
                 }),
                 BrokerStatus::refuses, "it asks for a login (SASL: SCRAM-SHA-512, PLAIN)"},
        Impostor{"Silence", with([](Behaviour& b) { b.silent = true; }), BrokerStatus::hung,
                 "it answers ApiVersions and nothing else"},
        Impostor{"Tls", with([](Behaviour& b) { b.banner = std::string("\x15\3\3\0\2\2\x50", 7); }),
                 BrokerStatus::refuses, "it speaks TLS"},
        Impostor{"Http", with([](Behaviour& b) { b.banner = "HTTP/1.1 400 Bad Request\r\n\r\n"; }),
                 BrokerStatus::refuses, "it speaks HTTP"},
        Impostor{"Ssh", with([](Behaviour& b) { b.banner = "SSH-2.0-OpenSSH_9.2\r\n"; }),
                 BrokerStatus::refuses, "it speaks SSH"},
        Impostor{"Text", with([](Behaviour& b) { b.banner = "220 mail.example ready\r\n"; }),
                 BrokerStatus::refuses, "it answers with the text '220 ...'"},
        Impostor{"Controller", with([](Behaviour& b) { b.controller = true; }),
                 BrokerStatus::refuses, "the port of a KRaft controller"},
        Impostor{"OldBroker", with([](Behaviour& b) { b.newest_metadata = 5; }),
                 BrokerStatus::refuses, "older than Kafka 2.4"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST_F(BrokerIdentity, AnAddressThatNeverWorkedIsCalledAdvertised) {
  have_brokers(2);
  fakes_.at(2)->stop();
  watch();
  EXPECT_TRUE(wait_for([&] { return is(2, BrokerStatus::crashed); }));
  EXPECT_THAT(why(2), HasSubstr("advertised.listeners"));
}

TEST_F(BrokerIdentity, APortThatIsNoneIsNotConnectedTo) {
  have_brokers(1);
  listed_.push_back({2, "127.0.0.1", 65536 + fakes_.at(1)->port(), std::nullopt});
  tell_all();
  watch();
  EXPECT_TRUE(wait_for([&] { return is(2, BrokerStatus::cut_off); }));
  EXPECT_THAT(why(2), HasSubstr("no such port"));
}

}  // namespace
}  // namespace highwater::kafka
