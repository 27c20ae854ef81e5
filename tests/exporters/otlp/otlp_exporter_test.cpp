#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "exporters/otlp/exporter.h"
#include "tests/exporters/http/http_support.h"
#include "tests/exporters/notify/push_receiver.h"
#include "tests/exporters/otlp/otlp_samples.h"

namespace highwater::otlp {
namespace {

using samples::poll;
using samples::revealing_report;
using samples::span;
using samples::span_id;
using samples::trace;
using samples::wall;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing_support::PushReceiver;
using testing_support::Received;
using testing_support::Reply;

PushReceiver::Handler statuses(std::vector<int> first) {
  return [first](const Received&, size_t index) {
    return Reply{.status = index < first.size() ? first[index] : 200, .headers = {}, .body = {}};
  };
}

Span any_span() {
  return span(trace(1), SpanId::random(), {}, "kafka.poll", wall(100), milliseconds(1));
}

class Exporter : public testing::Test {
 protected:
  static TraceConfig config(const std::string& endpoint) {
    TraceConfig made;
    made.endpoint = endpoint;
    made.delay = milliseconds(10);
    return made;
  }
  TraceExporterOptions options() {
    TraceExporterOptions made;
    made.chance = [] { return 0.0; };
    made.first_backoff = milliseconds(20);
    return made;
  }
  std::string log_text() {
    const std::lock_guard lock(mutex_);
    return log_text_;
  }

  SystemClock clock_;
  std::mutex mutex_;
  std::string log_text_;
  Log log_{clock_, LogLevel::debug, LogForm::json, [this](std::string_view line) {
             const std::lock_guard lock(mutex_);
             log_text_ += line;
             return true;
           }};
};

TEST_F(Exporter, PostsProtobufToTheCollector) {
  PushReceiver server(statuses({}));
  TraceConfig made = config(server.url("/v1/traces"));
  made.headers = {{"api-key", "k"}};
  TraceExporter exporter(made, clock_, log_, options());
  exporter.publish(revealing_report(poll(1, "connection refused")));
  const auto received = server.wait_for(1);
  ASSERT_EQ(received.size(), 1);
  EXPECT_EQ(received[0].target, "/v1/traces");
  EXPECT_EQ(received[0].headers.at("content-type"), "application/x-protobuf");
  EXPECT_EQ(received[0].headers.at("api-key"), "k");
  EXPECT_THAT(received[0].body, HasSubstr("incident BrokerDown"));
  exporter.stop(seconds(5));
  EXPECT_EQ(exporter.stats().sent, 8);  // the poll, its evaluation and the incident
}

TEST_F(Exporter, SendsWhatItsSinkIsGiven) {
  PushReceiver server(statuses({}));
  TraceExporter exporter(config(server.url("/v1/traces")), clock_, log_, options());
  exporter.sink()(any_span());
  EXPECT_EQ(server.wait_for(1).size(), 1);
}

TEST_F(Exporter, DoesNothingWithoutAnEndpoint) {
  TraceExporter exporter(config(""), clock_, log_, options());
  exporter.publish(revealing_report(poll(1)));
  exporter.sink()(any_span());
  exporter.stop(seconds(1));
  EXPECT_EQ(exporter.stats().dropped, 0);
  EXPECT_FALSE(exporter.enabled());
}

TEST_F(Exporter, TriesAgainWhenTheCollectorIsOverloaded) {
  PushReceiver server(statuses({503, 429, 502, 504}));
  TraceExporter exporter(config(server.url("/")), clock_, log_, options());
  exporter.sink()(any_span());
  const auto received = server.wait_for(5);
  ASSERT_EQ(received.size(), 5);
  EXPECT_EQ(received[0].body, received[4].body);
  exporter.stop(seconds(5));
  EXPECT_EQ(exporter.stats().sent, 1);
  EXPECT_EQ(exporter.stats().failed_attempts, 4);
  EXPECT_THAT(log_text(), HasSubstr("traces are delivered again"));
}

TEST_F(Exporter, HonoursRetryAfter) {
  PushReceiver server([](const Received&, size_t index) {
    return index == 0 ? Reply{.status = 503, .headers = "Retry-After: 1\r\n", .body = {}} : Reply{};
  });
  TraceExporter exporter(config(server.url("/")), clock_, log_, options());
  exporter.sink()(any_span());
  const auto received = server.wait_for(2);
  ASSERT_EQ(received.size(), 2);
  EXPECT_GE(received[1].at - received[0].at, seconds(1));
}

TEST_F(Exporter, GivesUpAfterSomeAttemptsAndCounts) {
  PushReceiver server(statuses(std::vector<int>(100, 503)));
  TraceExporter exporter(config(server.url("/")), clock_, log_, options());
  exporter.sink()(any_span());
  EXPECT_EQ(server.wait_for(kMaxAttempts).size(), kMaxAttempts);
  exporter.stop(seconds(5));
  EXPECT_EQ(server.count(), kMaxAttempts);
  EXPECT_EQ(exporter.stats().dropped, 1);
  EXPECT_EQ(exporter.stats().last_error, "HTTP 503");
}

TEST_F(Exporter, GivesUpAtOnceWhenTheCollectorRefuses) {
  PushReceiver server(statuses({400}));
  TraceExporter exporter(config(server.url("/")), clock_, log_, options());
  exporter.sink()(any_span());
  ASSERT_EQ(server.wait_for(1).size(), 1);
  exporter.stop(seconds(5));
  EXPECT_EQ(server.count(), 1);
  EXPECT_EQ(exporter.stats().dropped, 1);
}

TEST_F(Exporter, DropsAndCountsWhenTheCollectorIsDown) {
  const std::string url = "http://127.0.0.1:" + std::to_string(testing_support::free_port());
  TraceConfig made = config(url);
  made.queue_size = 10;
  TraceExporter exporter(made, clock_, log_, options());
  for (int i = 0; i < 1000; ++i) exporter.sink()(any_span());
  EXPECT_LE(exporter.stats().pending, 10);
  exporter.stop(seconds(5));
  EXPECT_EQ(exporter.stats().dropped, 1000);
  EXPECT_EQ(exporter.stats().sent, 0);
}

TEST_F(Exporter, TakesAStatusOf200ForAnAnswerThatNeverEnds) {
  std::atomic<int> requests{0};
  http::ScriptedServer server([&](http::ScriptedServer::Peer& peer) {
    ++requests;
    peer.read_until("kafka.poll");
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    (void)peer.wait_closed();
  });
  TraceExporter exporter(config(server.url("/v1/traces")), clock_, log_, options());
  exporter.sink()(any_span());
  exporter.stop(seconds(20));
  EXPECT_EQ(exporter.stats().sent, 1);
  EXPECT_EQ(exporter.stats().failed_attempts, 0);
  EXPECT_EQ(requests, 1);
}

TEST_F(Exporter, SaysWhereARedirectLeads) {
  PushReceiver server([](const Received&, size_t) {
    return Reply{.status = 308, .headers = "Location: /otlp/v1/traces\r\n", .body = {}};
  });
  TraceExporter exporter(config(server.url("/v1/traces")), clock_, log_, options());
  exporter.sink()(any_span());
  ASSERT_EQ(server.wait_for(1).size(), 1);
  exporter.stop(seconds(5));
  EXPECT_EQ(exporter.stats().last_error,
            "HTTP 308: moved to " + server.url("/otlp/v1/traces") + ": use that address");
}

TEST_F(Exporter, SendsInBatches) {
  PushReceiver server(statuses({}));
  TraceConfig made = config(server.url("/"));
  made.batch_size = 4;
  made.delay = seconds(3600);
  TraceExporter exporter(made, clock_, log_, options());
  for (int i = 0; i < 8; ++i) exporter.sink()(any_span());
  EXPECT_EQ(server.wait_for(2).size(), 2);
}

TEST_F(Exporter, FlushesWhenItStops) {
  PushReceiver server(statuses({}));
  TraceConfig made = config(server.url("/"));
  made.delay = seconds(3600);
  TraceExporter exporter(made, clock_, log_, options());
  exporter.sink()(any_span());
  exporter.stop(seconds(20));
  EXPECT_EQ(server.count(), 1);
  EXPECT_EQ(exporter.stats().sent, 1);
}

TEST_F(Exporter, StopsInTimeWhenTheCollectorHangs) {
  std::latch release(1);
  PushReceiver hung([&](const Received&, size_t) {
    release.wait();
    return Reply{};
  });
  TraceExporter exporter(config(hung.url("/")), clock_, log_, options());
  exporter.sink()(any_span());
  ASSERT_EQ(hung.wait_for(1).size(), 1);
  exporter.sink()(any_span());
  const auto before = std::chrono::steady_clock::now();
  exporter.stop(milliseconds(100));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
  EXPECT_EQ(exporter.stats().dropped, 2);
  release.count_down();
}

TEST_F(Exporter, StopsWhileItWaitsToTryAgain) {
  PushReceiver server([](const Received&, size_t) {
    return Reply{.status = 503, .headers = "Retry-After: 20\r\n", .body = {}};
  });
  TraceExporter exporter(config(server.url("/")), clock_, log_, options());
  exporter.sink()(any_span());
  ASSERT_EQ(server.wait_for(1).size(), 1);
  const auto before = std::chrono::steady_clock::now();
  exporter.stop(seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(8));
  EXPECT_EQ(exporter.stats().dropped, 1);
}

TEST_F(Exporter, CountsSpansTheCollectorRejects) {
  PushReceiver server([](const Received&, size_t) {
    // partial_success {rejected_spans: 1, error_message: "no"}
    return Reply{.status = 200, .headers = {}, .body = std::string("\x0a\x06\x08\x01\x12\x02no")};
  });
  TraceExporter exporter(config(server.url("/")), clock_, log_, options());
  exporter.sink()(any_span());
  ASSERT_EQ(server.wait_for(1).size(), 1);
  exporter.stop(seconds(5));
  EXPECT_EQ(exporter.stats().rejected, 1);
  EXPECT_EQ(exporter.stats().sent, 0);
  EXPECT_THAT(log_text(), HasSubstr(R"("error":"no")"));
}

TEST(PartialSuccess, IsEmptyWhenTheAnswerIsNotProtobuf) {
  for (const std::string body : {"", "<html>", "\x0a\xff", "{}"}) {
    EXPECT_EQ(decode_response(body).rejected_spans, 0) << body;
  }
}

}  // namespace
}  // namespace highwater::otlp
