// Brokers that want a login: accepted, refused without being stormed, and repeated before it ends.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <atomic>

#include "tests/kafka/brokers/brokers_world.h"

namespace highwater::kafka {
namespace {

std::string text_of(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

SaslAuthenticateResponse accepted(int64_t session_ms = 0) {
  SaslAuthenticateResponse answer;
  answer.session_lifetime_ms = session_ms;
  return answer;
}

SaslAuthenticateResponse refused(std::string why) {
  SaslAuthenticateResponse answer;
  answer.error_code = ErrorCode::kSaslAuthenticationFailed;
  answer.error_message = std::move(why);
  return answer;
}

class BrokersLogin : public BrokersWorld {
 protected:
  void SetUp() override {
    settings_.username = "highwater";
    settings_.password = Secret("s3cret");
    behaviour_.logins = {"PLAIN", "SCRAM-SHA-512"};
    behaviour_.authenticate = [this](const Bytes& message) {
      ++attempts_;
      return text_of(message) == password_message() ? accepted(session_ms_)
                                                    : refused("Invalid username or password");
    };
  }
  void TearDown() override { brokers_.reset(); }

  std::string password_message() {
    const std::string password = right_ ? "s3cret" : "other";
    return std::string("\0highwater\0", 11) + password;
  }
  void watch_with_login(int32_t count) {
    have_brokers(count);
    tell_all(behaviour_);
    tools_->security.login = std::make_shared<Login>(settings_, AskHttp());
    watch();
  }

  SaslSettings settings_;
  Behaviour behaviour_;
  std::atomic<bool> right_ = true;  // the password that we have
  std::atomic<int> attempts_ = 0;
  std::atomic<int64_t> session_ms_ = 0;
};

TEST_F(BrokersLogin, AreUpWhenTheyAcceptIt) {
  watch_with_login(3);
  EXPECT_TRUE(wait_for([&] { return up() == 3; })) << view_.why_unreachable;
  EXPECT_EQ(view_.why_denied, "");
}

TEST_F(BrokersLogin, ThatRefuseItAreDeniedAndNotStormed) {
  right_ = false;
  watch_with_login(3);
  ASSERT_TRUE(wait_for([&] { return !view_.why_denied.empty(); }));
  EXPECT_THAT(view_.why_denied,
              HasSubstr("SASL/PLAIN: it refuses the login of 'highwater': Invalid "
                        "username or password"));
  EXPECT_THAT(view_.why_denied, testing::Not(HasSubstr("s3cret")));
  run_for(4s);
  EXPECT_EQ(attempts_, 1) << "a password that was refused is not tried again at once";
  right_ = true;
  EXPECT_TRUE(wait_for([&] { return up() == 3; }, 15s)) << "after ten seconds it is";
}

TEST_F(BrokersLogin, WithoutTheMechanismNameThoseTheyHave) {
  settings_.mechanism = Mechanism::scram_sha_256;
  watch_with_login(1);
  ASSERT_TRUE(wait_for([&] { return !view_.why_denied.empty(); }));
  EXPECT_THAT(view_.why_denied, HasSubstr("SASL/SCRAM-SHA-256: it is not among what the broker has "
                                          "enabled on this listener: PLAIN, SCRAM-SHA-512"));
}

TEST_F(BrokersLogin, AreNotAskedWithoutTheSecret) {
  settings_.password = Secret::in_file("/nonexistent/password");
  watch_with_login(1);
  ASSERT_TRUE(wait_for([&] { return !view_.why_denied.empty(); }));
  EXPECT_THAT(view_.why_denied, HasSubstr("the secret in /nonexistent/password cannot be read"));
  EXPECT_EQ(attempts_, 0);
}

// A broker ends the connection at the first request after the session; the login comes before.
TEST_F(BrokersLogin, RepeatItBeforeTheSessionEnds) {
  session_ms_ = 800;
  watch_with_login(2);
  ASSERT_TRUE(wait_for([&] { return up() == 2; }));
  const int connections = fakes_.at(2)->connections();
  const int attempts = attempts_;
  for (int i = 0; i < 40; ++i) {
    run_for(100ms);
    ASSERT_EQ(up(), 2) << why(1) << why(2);
  }
  EXPECT_EQ(fakes_.at(2)->connections(), connections) << "on the open connection";
  EXPECT_GE(attempts_ - attempts, 8);
}

TEST_F(BrokersLogin, AreDeniedWhenTheRepetitionIsRefused) {
  session_ms_ = 800;
  watch_with_login(2);
  ASSERT_TRUE(wait_for([&] { return up() == 2; }));
  right_ = false;
  EXPECT_TRUE(wait_for([&] { return is(1, BrokerStatus::denied) && is(2, BrokerStatus::denied); }));
  EXPECT_FALSE(view_.reachable);
  EXPECT_THAT(view_.why_denied, HasSubstr("it refuses the login"));
}

// Requests that come while a login is repeated wait for its end: anything else on the wire
// meanwhile would end the connection.
TEST_F(BrokersLogin, SendNothingElseMeanwhile) {
  session_ms_ = 400;
  watch_with_login(1);
  ASSERT_TRUE(wait_for([&] { return up() == 1; }));
  const int connections = fakes_.at(1)->connections();
  int answers = 0;
  const auto ask = [](Brokers* brokers, int* count) -> asio::awaitable<void> {
    MetadataRequest request = brokers_only();
    const auto answer = co_await brokers->ask(1, std::move(request));
    if (answer) ++*count;
  };
  for (int i = 0; i < 300; ++i) {
    asio::co_spawn(io_, ask(brokers_.get(), &answers), asio::detached);
    run_for(5ms);
  }
  EXPECT_TRUE(wait_for([&] { return answers == 300; })) << answers;
  EXPECT_EQ(fakes_.at(1)->connections(), connections);
}

TEST_F(BrokersLogin, ThatWantNoneSaySo) {
  behaviour_.logins.clear();
  watch_with_login(1);
  ASSERT_TRUE(
      wait_for([&] { return !view_.why_denied.empty() || !view_.why_unreachable.empty(); }));
  EXPECT_FALSE(view_.reachable);
}

}  // namespace
}  // namespace highwater::kafka
