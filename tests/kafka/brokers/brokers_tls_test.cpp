// Brokers behind TLS: who is accepted, who is not, and what is said of it.
#include <unistd.h>

#include <array>
#include <asio/buffer.hpp>
#include <asio/write.hpp>
#include <fstream>
#include <thread>

#include "tests/kafka/brokers/brokers_world.h"
#include "tests/kafka/tls_world.h"

namespace highwater::kafka {
namespace {

class BrokersTls : public BrokersWorld {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_);
    authority_.save(path("ca.pem"));
    settings_.ca = path("ca.pem");
    have_brokers(1);
  }
  void TearDown() override {
    brokers_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // Broker 1 is reached through TLS with that certificate.
  void secure(const CertificateWish& wish, const TestCertificate* clients = nullptr,
              int newest_version = TLS1_3_VERSION) {
    secure_with(TestCertificate(wish, &authority_), clients, newest_version);
  }
  void secure_with(const TestCertificate& own, const TestCertificate* clients = nullptr,
                   int newest_version = TLS1_3_VERSION) {
    relay_ = std::make_unique<TlsRelay>(own, fakes_.at(1)->port(), clients, newest_version);
    listed_[0].port = relay_->port();
    tell_all();
  }
  void watch_tls() {
    tools_->security.tls = std::make_shared<TlsContext>(settings_);
    watch_servers({{"127.0.0.1", listed_[0].port}});
  }
  // Nobody lets us in, and the reason is that.
  void expect_denied(const std::string& why) {
    watch_tls();
    ASSERT_TRUE(wait_for([&] { return !view_.why_denied.empty(); })) << view_.why_unreachable;
    EXPECT_THAT(view_.why_denied, HasSubstr(why));
    EXPECT_FALSE(view_.reachable);
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("highwater-tls-" + std::to_string(getpid()));
  const TestCertificate authority_{{.common_name = "Test CA", .authority = true}};
  const TestCertificate other_authority_{{.common_name = "Other CA", .authority = true}};
  TlsSettings settings_;
  std::unique_ptr<TlsRelay> relay_;
};

TEST_F(BrokersTls, AreUpWhenTheirCertificateIsInOrder) {
  secure({});
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
  EXPECT_EQ(view_.why_denied, "");
  brokers_->refresh_response_times();
  ASSERT_TRUE(view_.brokers.at(1).certificate_expiry);
  const Duration left = *view_.brokers.at(1).certificate_expiry - SystemClock().now().wall;
  EXPECT_NEAR(to_seconds(left), 24 * 3600, 120);
}

TEST_F(BrokersTls, SpeakTls12AsWell) {
  secure({}, nullptr, TLS1_2_VERSION);
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
}

TEST_F(BrokersTls, OfAnOlderTlsAreRefused) {
  secure({}, nullptr, TLS1_1_VERSION);
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return !view_.why_unreachable.empty(); }));
  EXPECT_THAT(view_.why_unreachable, HasSubstr("none of the versions 1.2 and 1.3"));
}

TEST_F(BrokersTls, ResumeTheirSessions) {
  secure({});
  watch_tls();
  ASSERT_TRUE(wait_for([&] { return up() == 1; }));
  ASSERT_TRUE(wait_for([&] { return relay_->handshakes() >= 2; })) << "bootstrap and the link";
  const int before = relay_->resumed();
  run_for(200ms);
  relay_->hang_up();
  EXPECT_TRUE(wait_for([&] { return relay_->resumed() > before && up() == 1; }));
}

TEST_F(BrokersTls, OfAnUnknownAuthorityAreDenied) {
  secure_with(TestCertificate({}, &other_authority_));
  expect_denied("comes from 'CN=Other CA', which is not among " + path("ca.pem"));
}

TEST_F(BrokersTls, ThatSignedThemselvesAreDenied) {
  secure_with(TestCertificate({}));
  expect_denied("is signed by itself");
}

TEST_F(BrokersTls, WithAnExpiredCertificateAreDenied) {
  secure({.begins = -48h, .ends = -2h});
  expect_denied("its certificate expired 20");
}

TEST_F(BrokersTls, WithACertificateOfTheFutureAreDenied) {
  secure({.begins = 1h, .ends = 48h});
  expect_denied("is valid from 20");
}

TEST_F(BrokersTls, OfAnotherNameAreDenied) {
  secure({.names = "DNS:kafka-9.test,IP:10.0.0.9"});
  expect_denied("its certificate is for kafka-9.test, 10.0.0.9, not for '127.0.0.1'");
}

TEST_F(BrokersTls, OfAnotherNameAreUpWhenThatIsTheOneExpected) {
  secure({.names = "DNS:kafka-9.test"});
  settings_.server_name = "kafka-9.test";
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
}

TEST_F(BrokersTls, OfAnotherNameAreUpWhenNamesAreNotVerified) {
  secure({.names = "DNS:kafka-9.test"});
  settings_.verify = VerifyBroker::authority;
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
}

TEST_F(BrokersTls, AreUpWhateverTheyShowWhenNothingIsVerified) {
  secure_with(TestCertificate({.ends = -1h}));
  settings_.verify = VerifyBroker::nothing;
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
}

TEST_F(BrokersTls, ThatWantACertificateSaySo) {
  for (const int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    secure({}, &authority_, version);
    expect_denied("it asks for a client's certificate, and none is configured");
    brokers_.reset();
    view_ = {};
  }
}

TEST_F(BrokersTls, AcceptOurCertificateWhateverFormItHas) {
  secure({}, &authority_);
  const TestCertificate own({.common_name = "highwater"}, &authority_);
  own.save(path("own.pem"));
  own.save_key(path("own.key"), "keypass");
  own.save_keystore(path("own.p12"), "storepass");
  settings_.certificate = path("own.pem");
  settings_.key = path("own.key");
  settings_.key_password = Secret("keypass");
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
  brokers_.reset();
  view_ = {};
  settings_ = {};
  settings_.ca = path("ca.pem");
  settings_.keystore = path("own.p12");
  settings_.keystore_password = Secret("storepass");
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
  brokers_->refresh_security();
  EXPECT_TRUE(view_.own_certificate_expiry);
}

TEST_F(BrokersTls, RefuseACertificateOfAnotherAuthority) {
  secure({}, &authority_);
  const TestCertificate own({.common_name = "highwater"}, &other_authority_);
  own.save(path("own.pem"));
  own.save_key(path("own.key"));
  settings_.certificate = path("own.pem");
  settings_.key = path("own.key");
  expect_denied("it refuses our certificate 'CN=highwater', valid until 20");
}

TEST_F(BrokersTls, AreNotAskedWithFilesThatCannotBeUsed) {
  secure({});
  TestCertificate({}, &authority_).save(path("own.pem"));
  TestCertificate({}, &authority_).save_key(path("other.key"));
  const auto expect_after = [this](auto change, const std::string& why) {
    settings_ = {};
    settings_.ca = path("ca.pem");
    change(settings_);
    expect_denied(why);
    brokers_.reset();
    view_ = {};
  };
  expect_after([&](TlsSettings& tls) { tls.ca = path("none.pem"); },
               "ca " + path("none.pem") + " cannot be read: No such file");
  expect_after([&](TlsSettings& tls) { tls.ca = path("other.key"); },
               "holds no certificate in PEM form");
  expect_after(
      [&](TlsSettings& tls) {
        tls.certificate = path("own.pem");
        tls.key = path("other.key");
      },
      "the key does not belong to the certificate");
  expect_after([&](TlsSettings& tls) { tls.certificate = path("own.pem"); },
               "holds no key in PEM form");
  expect_after([&](TlsSettings& tls) { tls.keystore = path("ca.pem"); }, "is no PKCS#12 file");
  expect_after(
      [](TlsSettings& tls) { tls.key_password = Secret::in_environment("HIGHWATER_NO_SUCH"); },
      "the environment has no variable");
}

TEST_F(BrokersTls, AreAcceptedOnceTheRightAuthorityIsInTheFile) {
  secure_with(TestCertificate({}, &other_authority_));
  expect_denied("'CN=Other CA'");
  other_authority_.save(path("ca.pem"));
  EXPECT_TRUE(wait_for([&] { return up() == 1; })) << view_.why_unreachable;
  EXPECT_EQ(view_.why_denied, "");
}

TEST_F(BrokersTls, StayUpWhenAFileIsReplacedByAWrongOne) {
  secure({});
  watch_tls();
  ASSERT_TRUE(wait_for([&] { return up() == 1; }));
  std::ofstream(path("ca.pem")) << "nothing of use\n";
  const int before = relay_->handshakes();
  relay_->hang_up();
  EXPECT_TRUE(wait_for([&] { return relay_->handshakes() > before && up() == 1; }));
  brokers_->refresh_security();
  EXPECT_THAT(view_.credentials_problem, HasSubstr("holds no certificate in PEM form"));
  authority_.save(path("ca.pem"));
  relay_->hang_up();
  EXPECT_TRUE(wait_for([&] {
    brokers_->refresh_security();
    return view_.credentials_problem.empty();
  }));
}

TEST_F(BrokersTls, ThatAreAskedInPlainSaySo) {
  secure({});
  watch_servers({{"127.0.0.1", relay_->port()}});
  ASSERT_TRUE(wait_for([&] { return !view_.why_unreachable.empty(); }));
  EXPECT_THAT(view_.why_unreachable, HasSubstr("as a listener with TLS does"));
}

TEST_F(BrokersTls, ThatSpeakSomethingElseAreNotTls) {
  asio::io_context io;
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  std::jthread server([&](const std::stop_token& stop) {
    while (true) {
      std::error_code error;
      asio::ip::tcp::socket peer = acceptor.accept(error);
      if (stop.stop_requested()) return;
      std::array<char, 1024> request{};
      peer.read_some(asio::buffer(request), error);
      asio::write(peer, asio::buffer("HTTP/1.1 400 Bad Request\r\n\r\n", 28), error);
    }
  });
  listed_[0].port = acceptor.local_endpoint().port();
  watch_tls();
  EXPECT_TRUE(wait_for([&] { return !view_.why_unreachable.empty(); }));
  EXPECT_THAT(view_.why_unreachable, HasSubstr("TLS: what it answers is not TLS"));
  brokers_.reset();
  server.request_stop();
  asio::ip::tcp::socket wake(io);
  wake.connect(acceptor.local_endpoint());
}

// The fake broker waits for the rest of what it takes for a frame.
TEST_F(BrokersTls, ThatDoNotAnswerTheHandshakeHang) {
  secure({});
  watch_tls();
  ASSERT_TRUE(wait_for([&] { return up() == 1; }));
  listed_[0].port = fakes_.at(1)->port();
  tell_all();
  read_metadata();
  ASSERT_TRUE(wait_for([&] { return is(1, BrokerStatus::hung); })) << why(1);
  EXPECT_THAT(why(1), HasSubstr("no answer to the TLS handshake within 1 s"));
}

}  // namespace
}  // namespace highwater::kafka
