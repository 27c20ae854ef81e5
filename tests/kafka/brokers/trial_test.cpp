// The trial of `check --connect`: each server's steps, and what fails among them.
#include "collectors/kafka/brokers/trial.h"

#include "tests/kafka/brokers/brokers_world.h"

namespace highwater::kafka {
namespace {

class TrialTest : public BrokersWorld {
 protected:
  Trial attempt(const std::vector<int32_t>& through = {1}, Duration limit = 3s) {
    ClusterSettings settings;
    settings.name = "prod";
    settings.security = security_;
    for (const int32_t id : through)
      settings.bootstrap.emplace_back("127.0.0.1", fakes_.at(id)->port());
    const SteadyTime begun = std::chrono::steady_clock::now();
    Trial trial = try_cluster(settings, limit);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, limit + 2s);
    return trial;
  }
  static std::string steps(const TriedServer& server) {
    std::string names;
    for (const TriedStep& step : server.steps) names += (names.empty() ? "" : ", ") + step.name;
    return names;
  }

  SecuritySettings security_;
};

TEST_F(TrialTest, GoesFromTheBootstrapToEveryBroker) {
  have_brokers(3);
  const Trial trial = attempt();
  ASSERT_EQ(trial.servers.size(), 4U);
  EXPECT_EQ(trial.cluster_id, "ours");
  EXPECT_EQ(trial.servers[0].broker, -1);
  for (const TriedServer& server : trial.servers) {
    EXPECT_FALSE(server.failed) << server.address << ": " << server.steps.back().found;
    EXPECT_EQ(steps(server), "connect, ApiVersions, who it is");
  }
  EXPECT_EQ(trial.servers[3].broker, 3);
}

TEST_F(TrialTest, ABrokerThatIsNotThereIsSaidWithItsAdvertisedAddress) {
  have_brokers(2);
  fakes_.at(2)->stop();
  const Trial trial = attempt();
  ASSERT_EQ(trial.servers.size(), 3U);
  EXPECT_TRUE(trial.servers[2].failed);
  EXPECT_THAT(trial.servers[2].steps.back().found, HasSubstr("refused"));
  EXPECT_THAT(trial.servers[2].steps.back().advice, HasSubstr("advertised.listeners"));
}

TEST_F(TrialTest, ABrokerThatHangsEndsInTime) {
  have_brokers(3);
  Behaviour hangs;
  hangs.silent = true;
  tell(2, hangs);
  const Trial trial = attempt();
  ASSERT_EQ(trial.servers.size(), 4U);
  EXPECT_TRUE(trial.servers[2].failed);
  EXPECT_EQ(steps(trial.servers[2]), "connect, ApiVersions, who it is");
  EXPECT_FALSE(trial.servers[3].failed);
}

TEST_F(TrialTest, AServerOfAnotherClusterIsNamed) {
  have_brokers(2);
  Behaviour other;
  other.cluster_id = "theirs";
  tell(2, other);
  const Trial trial = attempt({1, 2});
  EXPECT_FALSE(trial.servers[0].failed);
  EXPECT_TRUE(trial.servers[1].failed);
  EXPECT_THAT(trial.servers[1].steps.back().found, HasSubstr("belongs to cluster 'theirs'"));
  EXPECT_TRUE(trial.servers[3].failed) << "broker 2, at the same address";
}

TEST_F(TrialTest, TheLoginThatIsMissingIsNamed) {
  have_brokers(1);
  Behaviour wants;
  wants.logins = {"SCRAM-SHA-512"};
  tell(1, wants);
  const Trial trial = attempt();
  ASSERT_EQ(trial.servers.size(), 1U);
  EXPECT_THAT(trial.servers[0].steps.back().found,
              HasSubstr("it asks for a login (SASL: SCRAM-SHA-512)"));
  EXPECT_TRUE(trial.rights.empty());
}

TEST_F(TrialTest, ALoginThatIsRefusedIsAStepOfItsOwn) {
  have_brokers(1);
  Behaviour refuses;
  refuses.logins = {"PLAIN"};
  refuses.authenticate = [](const Bytes&) {
    SaslAuthenticateResponse answer;
    answer.error_code = ErrorCode::kSaslAuthenticationFailed;
    answer.error_message = "no";
    return answer;
  };
  tell(1, refuses);
  security_.sasl.emplace();
  security_.sasl->username = "highwater";
  security_.sasl->password = Secret("s3cret");
  const Trial trial = attempt();
  EXPECT_EQ(steps(trial.servers[0]), "connect, ApiVersions, the login");
  EXPECT_THAT(trial.servers[0].steps[1].found, HasSubstr("APIs, Metadata in version 12"));
  EXPECT_THAT(trial.servers[0].steps.back().found,
              HasSubstr("it refuses the login of 'highwater'"));
  EXPECT_THAT(trial.servers[0].steps.back().found, testing::Not(HasSubstr("s3cret")));
}

TEST_F(TrialTest, OfABrokerThatNeverAnswersIsNoSuccess) {
  have_brokers(1);
  Behaviour nothing;
  nothing.banner = "SSH-2.0-OpenSSH_9.2\r\n";
  tell(1, nothing);
  const Trial trial = attempt();
  EXPECT_TRUE(trial.servers[0].failed);
  EXPECT_THAT(trial.servers[0].steps.back().found, HasSubstr("SSH"));
}

}  // namespace
}  // namespace highwater::kafka
