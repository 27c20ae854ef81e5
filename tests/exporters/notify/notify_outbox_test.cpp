#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <nlohmann/json.hpp>

#include "exporters/notify/notifier.h"
#include "exporters/notify/receivers/registry.h"
#include "exporters/push/incident_span.h"
#include "tests/exporters/http/http_support.h"
#include "tests/exporters/notify/notify_samples.h"
#include "tests/exporters/notify/push_receiver.h"

namespace highwater::notify {
namespace {

using nlohmann::json;
using samples::broker_down;
using samples::transition;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing_support::PushReceiver;
using testing_support::Received;
using testing_support::Reply;
using enum TransitionKind;

PushReceiver::Handler always(int status) {
  return [status](const Received&, size_t) {
    return Reply{.status = status, .headers = {}, .body = {}};
  };
}

json body_of(const Received& request) {
  return json::parse(request.body);
}

class NotifierTest : public testing::Test {
 protected:
  Notifier make(const std::vector<ReceiverConfig>& receivers, const Transport& transport = {}) {
    return Notifier(
        make_receivers(receivers,
                       {.external_url = "http://watch", .cluster = {}, .transport = transport},
                       log_),
        {.chance = [] { return 0.0; }}, clock_, log_, [this](Span span) {
          {
            const std::lock_guard lock(mutex_);
            spans_.push_back(std::move(span));
          }
          changed_.notify_all();
        });
  }
  ReportPtr report(std::vector<Transition> transitions) {
    auto made = std::make_shared<Report>();
    made->at = clock_.now();
    made->transitions = std::move(transitions);
    return made;
  }
  std::vector<Span> wait_for_spans(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, std::chrono::steady_clock::now() + seconds(20),
                        [&] { return spans_.size() >= count; });
    return spans_;
  }
  std::string log_text() {
    const std::lock_guard lock(mutex_);
    return log_text_;
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Span> spans_;
  std::string log_text_;
  Log log_{clock_, LogLevel::debug, LogForm::json, [this](std::string_view line) {
             const std::lock_guard lock(mutex_);
             log_text_ += line;
             return true;
           }};
};

ReceiverConfig receiver(const std::string& name, const std::string& url) {
  ReceiverConfig config;
  config.name = name;
  config.kind = find_receiver_kind("webhook");
  config.settings.set("url", Secret(url));
  return config;
}

std::string attribute(const Span& span, const std::string& name) {
  for (const auto& [key, value] : span.attributes) {
    if (key == name) return value;
  }
  return "none";
}

TEST_F(NotifierTest, PostsThePayloadWithItsHeaders) {
  PushReceiver server(always(200));
  ReceiverConfig config = receiver("oncall", server.url("/alerts?key=1"));
  config.settings.set("headers", SecretHeaders{{"Authorization", "Bearer s3cret"}});
  Notifier notifier = make({config});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  const auto received = server.wait_for(1);
  const auto spans = wait_for_spans(1);
  ASSERT_EQ(received.size(), 1);
  const Received& request = received[0];
  EXPECT_EQ(request.target, "/alerts?key=1");
  EXPECT_EQ(request.headers.at("content-type"), "application/json");
  EXPECT_EQ(request.headers.at("authorization"), "Bearer s3cret");
  EXPECT_EQ(request.headers.at("user-agent"), "highwater/" HIGHWATER_VERSION);
  EXPECT_EQ(request.headers.at("idempotency-key"), "7-1-ab000000000000000000000000000007");
  EXPECT_EQ(request.headers.at("traceparent"),
            "00-ab000000000000000000000000000007-" + spans.at(0).id.hex() + "-01");
  EXPECT_EQ(body_of(request)["receiver"], "oncall");
  EXPECT_EQ(body_of(request)["alerts"][0]["annotations"]["correlation_id"],
            "ab000000000000000000000000000007");
}

TEST_F(NotifierTest, MakesASpanOfEachAttemptInTheTraceOfTheIncident) {
  PushReceiver server([](const Received&, size_t index) {
    return Reply{.status = index == 0 ? 503 : 200, .headers = {}, .body = "overloaded"};
  });
  Notifier notifier = make({receiver("oncall", server.url("/"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  const auto spans = wait_for_spans(2);
  ASSERT_EQ(spans.size(), 2);
  for (const Span& span : spans) {
    EXPECT_EQ(span.name, "notify.deliver");
    EXPECT_EQ(span.kind, SpanKind::client);
    EXPECT_EQ(span.trace, samples::correlation(7));
    EXPECT_EQ(span.parent, incident_span(samples::correlation(7)));
    EXPECT_EQ(attribute(span, "receiver"), "oncall");
    EXPECT_EQ(attribute(span, "highwater.incident"), "7");
    EXPECT_GT(span.duration, Duration::zero());
  }
  EXPECT_EQ(spans[0].error, "HTTP 503: overloaded");
  EXPECT_EQ(attribute(spans[0], "http.response.status_code"), "503");
  EXPECT_EQ(attribute(spans[0], "attempt"), "1");
  EXPECT_EQ(spans[1].error, "");
  EXPECT_EQ(attribute(spans[1], "attempt"), "2");
}

TEST_F(NotifierTest, TriesAgainAfterA503AndSaysSoInStats) {
  PushReceiver server([](const Received&, size_t index) {
    return Reply{.status = index == 0 ? 503 : 200, .headers = {}, .body = {}};
  });
  Notifier notifier = make({receiver("oncall", server.url("/"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  const auto received = server.wait_for(2);
  ASSERT_EQ(received.size(), 2);
  EXPECT_EQ(received[0].headers.at("idempotency-key"), received[1].headers.at("idempotency-key"));
  EXPECT_GE(received[1].at - received[0].at, milliseconds(240));
  wait_for_spans(2);
  const ReceiverStats stats = notifier.stats().at(0);
  EXPECT_EQ(stats.name, "oncall");
  EXPECT_EQ(stats.sent, 1);
  EXPECT_EQ(stats.failed_attempts, 1);
  EXPECT_EQ(stats.pending, 0);
  EXPECT_EQ(stats.last_error, "");
  EXPECT_TRUE(stats.last_success.has_value());
  EXPECT_THAT(log_text(), HasSubstr("accepts notifications again"));
}

class SloppyReceiver : public NotifierTest, public testing::WithParamInterface<const char*> {};

TEST_P(SloppyReceiver, HasHeardOfItOnceItsStatusLineSays2xx) {
  std::atomic<int> requests{0};
  http::ScriptedServer server([&](http::ScriptedServer::Peer& peer) {
    ++requests;
    peer.read_until("}]}");
    peer.send(GetParam());
    (void)peer.wait_closed();
  });
  Notifier notifier = make({receiver("oncall", server.url("/alerts"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  const auto spans = wait_for_spans(1);
  ASSERT_EQ(spans.size(), 1);
  EXPECT_EQ(spans[0].error, "");
  EXPECT_EQ(notifier.stats()[0].sent, 1);
  EXPECT_EQ(notifier.stats()[0].pending, 0);
  notifier.stop(seconds(1));
  EXPECT_EQ(requests, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, SloppyReceiver,
    testing::Values("HTTP/1.1 200 OK\nContent-Length: 2\n\nok",              // bare line feeds
                    "HTTP/1.1 200 OK\r\n\r\nok",                             // no length, left open
                    "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nok",      // too short
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"  // a trailer
                    "2\r\nok\r\n0\r\nX: y\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"  // no last chunk
                    "2\r\nok\r\n",
                    "HTTP/1.1 205 Reset Content\r\n\r\n"));  // left open

TEST_F(NotifierTest, SaysWhereARedirectLeads) {
  PushReceiver server([](const Received&, size_t) {
    return Reply{.status = 301,
                 .headers = "Location: https://hooks.test/alerts/K3Y9SECRET\r\n",
                 .body = "<html>Moved</html>"};
  });
  Notifier notifier = make({receiver("oncall", server.url("/alerts/K3Y9SECRET"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  (void)wait_for_spans(1);
  const ReceiverStats stats = notifier.stats()[0];
  EXPECT_EQ(stats.last_error, "HTTP 301: moved to https://hooks.test/alerts/***: use that address");
  EXPECT_TRUE(stats.misconfigured);
  EXPECT_EQ(server.count(), 1);
}

TEST_F(NotifierTest, SaysAtTheStartThatCertificatesCannotBeRead) {
  ReceiverConfig config = receiver("oncall", "https://127.0.0.1:1/");
  config.settings.tls.ca_file = "/nonexistent/ca.pem";
  const Notifier notifier = make({config});
  EXPECT_THAT(log_text(), HasSubstr("will fail until its certificates can be read"));
  EXPECT_THAT(log_text(), HasSubstr("/nonexistent/ca.pem: No such file or directory"));
}

TEST_F(NotifierTest, RepeatsNoSecretThatTheReceiverSays) {
  PushReceiver server([](const Received& request, size_t) {
    return Reply{.status = 404, .headers = {}, .body = "Cannot POST " + request.target};
  });
  Notifier notifier = make({receiver("oncall", server.url("/services/T0/B0/SECRET"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  const auto spans = wait_for_spans(1);
  ASSERT_EQ(spans.size(), 1);
  EXPECT_EQ(spans[0].error, "HTTP 404: Cannot POST /services/***/***/***");
  EXPECT_THAT(log_text(), testing::Not(HasSubstr("SECRET")));
}

TEST_F(NotifierTest, HonoursRetryAfterOfA429) {
  PushReceiver server([](const Received&, size_t index) {
    return index == 0 ? Reply{.status = 429, .headers = "Retry-After: 1\r\n", .body = {}} : Reply{};
  });
  Notifier notifier = make({receiver("oncall", server.url("/"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  const auto received = server.wait_for(2);
  ASSERT_EQ(received.size(), 2);
  EXPECT_GE(received[1].at - received[0].at, milliseconds(1000));
}

TEST_F(NotifierTest, DeliversOnceTheReceiverIsThere) {
  const int port = testing_support::free_port();
  Notifier notifier =
      make({receiver("oncall", "http://127.0.0.1:" + std::to_string(port) + "/alerts")});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  ASSERT_NE(wait_for_spans(1).at(0).error, "");
  PushReceiver server(always(200), port);
  EXPECT_EQ(server.wait_for(1).size(), 1);
}

TEST_F(NotifierTest, ASlowReceiverDelaysNeitherAnotherNorThePipeline) {
  std::latch release(1);
  PushReceiver slow([&](const Received&, size_t) {
    release.wait();
    return Reply{};
  });
  PushReceiver fast(always(200));
  Notifier notifier = make({receiver("slow", slow.url("/")), receiver("fast", fast.url("/"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  ASSERT_EQ(slow.wait_for(1).size(), 1);
  for (uint64_t id = 8; id < 58; ++id)
    notifier.publish(report({transition(id, opened, broker_down(id))}));
  EXPECT_EQ(fast.wait_for(51).size(), 51);
  EXPECT_EQ(slow.count(), 1);
  EXPECT_EQ(notifier.stats().at(0).pending, 51);
  release.count_down();
  EXPECT_EQ(slow.wait_for(51).size(), 51);
}

TEST_F(NotifierTest, StartsTheFirstAttemptWithoutDelay) {
  // The best of several, so that a busy machine is not taken for a slow notifier.
  std::mutex mutex;
  std::vector<SteadyTime> started;
  Notifier notifier = make({receiver("oncall", "http://ignored/")},
                           [&](const http::Request&) -> Result<http::Response> {
                             const std::lock_guard lock(mutex);
                             started.push_back(std::chrono::steady_clock::now());
                             return http::Response{.status = 200, .headers = {}, .body = {}};
                           });
  Duration best = seconds(1);
  for (uint64_t i = 1; i <= 20; ++i) {
    const SteadyTime published = std::chrono::steady_clock::now();
    notifier.publish(report({transition(i, opened, broker_down(i))}));
    ASSERT_EQ(wait_for_spans(i).size(), i);
    const std::lock_guard lock(mutex);
    best = std::min<Duration>(best, started.back() - published);
  }
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  EXPECT_LT(best, milliseconds(20));
#else
  EXPECT_LT(best, milliseconds(1));
#endif
}

TEST_F(NotifierTest, SaysThatAReceiverIsMisconfiguredWhenItRefuses) {
  PushReceiver server(always(401));
  Notifier notifier = make({receiver("oncall", server.url("/"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  wait_for_spans(1);
  const ReceiverStats stats = notifier.stats().at(0);
  EXPECT_TRUE(stats.misconfigured);
  EXPECT_EQ(stats.rejected, 1);
  EXPECT_EQ(stats.pending, 0);
  EXPECT_EQ(stats.last_error, "HTTP 401");
  EXPECT_THAT(log_text(), HasSubstr(R"("level":"error")"));
}

TEST_F(NotifierTest, LogsEachDeliveryWithItsIds) {
  PushReceiver server(always(200));
  Notifier notifier = make({receiver("oncall", server.url("/"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  wait_for_spans(1);
  EXPECT_THAT(log_text(), HasSubstr(R"("message":"notification delivered","incident":7,)"
                                    R"("correlation_id":"ab000000000000000000000000000007",)"
                                    R"("receiver":"oncall")"));
}

TEST_F(NotifierTest, LogsARepeatedFailureOnceAndNeverASecret) {
  std::atomic<int> attempts = 0;
  std::latch enough(3);
  ReceiverConfig config = receiver("oncall", "http://user:hunter2@ignored/T0P");
  config.settings.set("headers", SecretHeaders{{"Authorization", "Bearer s3cret"}});
  Notifier notifier = make({config}, [&](const http::Request&) -> Result<http::Response> {
    if (attempts++ < 3) enough.count_down();
    return http::Response{.status = 500, .headers = {}, .body = {}};
  });
  for (uint64_t id = 1; id <= 3; ++id) {  // news is tried at once
    notifier.publish(report({transition(id, opened, broker_down(id))}));
    wait_for_spans(id);
  }
  enough.wait();
  notifier.stop(Duration::zero());
  const std::string text = log_text();
  const std::string line = "it will be tried again";
  EXPECT_THAT(text, HasSubstr(line));
  EXPECT_EQ(text.find(line, text.find(line) + 1), std::string::npos) << text;
  for (const char* secret : {"s3cret", "hunter2", "T0P"}) {
    EXPECT_THAT(text, testing::Not(HasSubstr(secret)));
    for (const Span& span : wait_for_spans(3)) {
      for (const auto& [key, value] : span.attributes)
        EXPECT_THAT(value, testing::Not(HasSubstr(secret)));
    }
  }
}

TEST_F(NotifierTest, DeliversWhatIsPendingBeforeItStops) {
  PushReceiver server([](const Received&, size_t index) {
    return Reply{.status = index < 2 ? 503 : 200, .headers = {}, .body = {}};
  });
  Notifier notifier = make({receiver("oncall", server.url("/"))});
  notifier.publish(
      report({transition(1, opened, broker_down(7)), transition(2, opened, broker_down(8))}));
  notifier.stop(seconds(20));
  EXPECT_EQ(server.count(), 4);
  EXPECT_EQ(notifier.stats().at(0).sent, 2);
  EXPECT_THAT(log_text(), testing::Not(HasSubstr("not delivered before")));
}

TEST_F(NotifierTest, StopsInTimeAndLogsWhatWasNotDelivered) {
  std::latch release(1);
  PushReceiver hung([&](const Received&, size_t) {
    release.wait();
    return Reply{};
  });
  Notifier notifier = make({receiver("oncall", hung.url("/"))});
  notifier.publish(report({transition(1, opened, broker_down(7))}));
  ASSERT_EQ(hung.wait_for(1).size(), 1);
  const auto before = std::chrono::steady_clock::now();
  notifier.stop(milliseconds(100));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));  // an attempt may take 10 s
  EXPECT_THAT(log_text(),
              HasSubstr(R"("message":"notification not delivered before the agent stopped",)"
                        R"("incident":7,"correlation_id":"ab000000000000000000000000000007",)"
                        R"("receiver":"oncall")"));
  EXPECT_EQ(notifier.stats().at(0).pending, 1);
  release.count_down();
}

TEST_F(NotifierTest, HoldsNoObservationsWhileAReceiverIsAway) {
  std::weak_ptr<const Observation> weak;
  Notifier notifier = make({receiver("oncall", "http://ignored/")},
                           [](const http::Request&) -> Result<http::Response> {
                             return fail("POST ignored: connection refused");
                           });
  {
    auto observation = std::make_shared<const Observation>();
    weak = observation;
    Transition made = transition(1, opened, broker_down(7));
    made.revealed_by = observation;
    notifier.publish(report({std::move(made)}));
  }
  wait_for_spans(1);
  EXPECT_EQ(notifier.stats().at(0).pending, 1);
  EXPECT_TRUE(weak.expired());
}

}  // namespace
}  // namespace highwater::notify
