#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/otlp/select.h"
#include "exporters/push/incident_span.h"
#include "tests/exporters/otlp/otlp_samples.h"

namespace highwater::otlp {
namespace {

using samples::poll;
using samples::report;
using samples::revealing_report;
using samples::span_id;
using samples::trace;
using samples::wall;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Selector : public testing::Test {
 protected:
  std::vector<Span> select(const std::shared_ptr<Report>& of) { return selector_.select(*of); }
  static std::vector<Span> of_trace(const std::vector<Span>& spans, const TraceId& id) {
    std::vector<Span> found;
    for (const Span& span : spans) {
      if (span.trace == id) found.push_back(span);
    }
    return found;
  }
  static bool links_to(const Span& span, const TraceId& to, const SpanId& id) {
    for (const SpanLink& link : span.links) {
      if (link.trace == to && link.span == id) return true;
    }
    return false;
  }

  TraceSelector selector_{Sampler{0.01}};
};

TEST_F(Selector, LeavesOrdinaryPollsOutThatAreNotSampled) {
  EXPECT_TRUE(select(report(poll(1))).empty());
}

TEST_F(Selector, KeepsSampledPollsWithTheirEvaluation) {
  TraceSelector all{Sampler{1}};
  const auto spans = all.select(*report(poll(1)));
  ASSERT_EQ(spans.size(), 4);
  EXPECT_EQ(spans[0].name, "kafka.poll");
  EXPECT_EQ(spans[3].name, "rules.evaluate");
}

TEST_F(Selector, PutsAnEvaluationWithATraceOfItsOwnIntoTheTraceOfThePoll) {
  auto made = revealing_report(poll(1, "connection refused"));
  made->evaluation.trace = trace(9);
  made->evaluation.parent = {};
  const auto spans = select(made);
  EXPECT_TRUE(of_trace(spans, trace(9)).empty());
  const auto of_poll = of_trace(spans, trace(1));
  ASSERT_EQ(of_poll.size(), 4);
  EXPECT_EQ(of_poll[3].name, "rules.evaluate");
  EXPECT_EQ(of_poll[3].parent, span_id(1));
  const auto of_incident = of_trace(spans, samples::correlation(7));
  ASSERT_EQ(of_incident.size(), 4);
  EXPECT_EQ(of_incident[3].name, "rules.evaluate");
  EXPECT_TRUE(of_incident[3].links.empty());  // never to a span that is not sent
}

TEST_F(Selector, KeepsFailedPolls) {
  EXPECT_EQ(select(report(poll(1, "connection refused"))).size(), 4);
}

TEST_F(Selector, KeepsPollsThatTookMoreThanHalfTheirCadence) {
  auto slow = poll(1);
  slow->took = milliseconds(2600);
  EXPECT_EQ(select(report(slow)).size(), 4);
}

TEST_F(Selector, KeepsTheWayOfARecordAndNothingElseInItsTrace) {
  Observation canary = *poll(1);
  canary.spans = {canary.spans.front()};
  canary.spans.front().kind = SpanKind::producer;
  const auto spans = select(report(std::make_shared<const Observation>(canary)));
  ASSERT_EQ(spans.size(), 1);
  EXPECT_EQ(spans[0].id, canary.spans.front().id);
}

TEST_F(Selector, SendsAPollOnce) {
  const auto failed = poll(1, "connection refused");
  EXPECT_EQ(select(report(failed)).size(), 4);
  EXPECT_TRUE(select(report(failed)).empty());
}

TEST_F(Selector, GivesAnIncidentATraceUnderItsCorrelationId) {
  const auto spans =
      of_trace(select(revealing_report(poll(1, "connection refused"))), samples::correlation(7));
  ASSERT_EQ(spans.size(), 4);
  const Span& root = spans[0];
  EXPECT_EQ(root.name, "incident BrokerDown");
  EXPECT_EQ(root.id, incident_span(samples::correlation(7)));
  EXPECT_FALSE(root.parent.valid());
  EXPECT_EQ(root.start, wall(100));
  EXPECT_EQ(root.duration, seconds(1) + milliseconds(1));  // to the end of the evaluation
  EXPECT_EQ(root.error, "Broker 3 of prod is down");
  EXPECT_THAT(root.attributes,
              testing::IsSupersetOf(
                  std::vector<std::pair<std::string, std::string>>{{"alertname", "BrokerDown"},
                                                                   {"severity", "page"},
                                                                   {"cluster", "prod"},
                                                                   {"broker", "3"},
                                                                   {"highwater.incident", "7"}}));
  EXPECT_TRUE(links_to(root, trace(1), span_id(1)));
}

TEST_F(Selector, CopiesTheRevealingPollAndItsFailedRequestsIntoTheIncident) {
  const auto spans =
      of_trace(select(revealing_report(poll(1, "connection refused"))), samples::correlation(7));
  ASSERT_EQ(spans.size(), 4);
  const Span& copy = spans[1];
  EXPECT_EQ(copy.name, "kafka.poll");
  EXPECT_EQ(copy.parent, spans[0].id);
  EXPECT_NE(copy.id, span_id(1));
  EXPECT_TRUE(links_to(copy, trace(1), span_id(1)));
  const Span& request = spans[2];
  EXPECT_EQ(request.name, "kafka.request ApiVersions");
  EXPECT_EQ(request.error, "connection refused");
  EXPECT_EQ(request.parent, copy.id);
  EXPECT_TRUE(links_to(request, trace(1), span_id(3)));
  const Span& evaluation = spans[3];
  EXPECT_EQ(evaluation.name, "rules.evaluate");
  EXPECT_EQ(evaluation.parent, spans[0].id);
  EXPECT_TRUE(links_to(evaluation, trace(1), span_id(9)));
}

TEST_F(Selector, SendsTheRevealingPollItselfWithALinkToTheIncident) {
  const auto spans = of_trace(select(revealing_report(poll(1))), trace(1));
  ASSERT_EQ(spans.size(), 4);  // the evaluation too
  EXPECT_TRUE(links_to(spans[0], samples::correlation(7), incident_span(samples::correlation(7))));
}

TEST_F(Selector, SendsAPollThatTurnsOutToBeRevealingLater) {
  const auto ordinary = poll(1);
  EXPECT_TRUE(select(report(ordinary)).empty());
  EXPECT_EQ(of_trace(select(revealing_report(ordinary)), trace(1)).size(), 4);
}

TEST_F(Selector, SendsARevealingPollThatIsNoLongerTheNewest) {
  const auto first = poll(1);
  EXPECT_TRUE(select(report(first)).empty());
  auto later = report(poll(2));
  later->transitions = revealing_report(first)->transitions;
  EXPECT_EQ(of_trace(select(later), trace(1)).size(), 4);  // with the evaluation that found out
}

TEST_F(Selector, SendsAFailedPollThatIsNoLongerTheNewestOnlyOnce) {
  const auto first = poll(1, "connection refused");
  EXPECT_EQ(select(report(first)).size(), 4);
  auto later = report(poll(2));
  later->transitions = revealing_report(first)->transitions;
  EXPECT_TRUE(of_trace(select(later), trace(1)).empty());
}

TEST_F(Selector, CopiesAtMostFiftyFailedRequestsAndSaysHowManyThereWere) {
  auto bad = poll(1);
  for (int i = 0; i < 80; ++i)
    bad->spans.push_back(samples::span(trace(1), SpanId::random(), span_id(1), "kafka.request x",
                                       wall(100), milliseconds(1), "timed out"));
  const auto spans = of_trace(select(revealing_report(bad)), samples::correlation(7));
  EXPECT_EQ(spans.size(), 1 + 1 + kMaxCopiedRequests + 1);
  EXPECT_THAT(spans[1].attributes,
              testing::Contains(testing::Pair("highwater.failed_requests", "80")));
}

TEST_F(Selector, BoundsTheSpansOfAPoll) {
  auto huge = poll(1, "timed out");
  huge->spans.resize(5000, huge->spans[2]);
  const auto spans = select(report(huge));
  EXPECT_EQ(spans.size(), kMaxPollSpans + 1);
  EXPECT_THAT(spans[0].attributes, testing::Contains(testing::Pair("highwater.spans", "5000")));
}

TEST_F(Selector, TracesAnIncidentThatNoPollRevealed) {
  auto made = report(nullptr);
  made->transitions = {samples::transition(1, TransitionKind::opened, samples::broker_down(7))};
  const auto spans = select(made);
  ASSERT_EQ(spans.size(), 1);
  EXPECT_EQ(spans[0].start, wall(100));  // when it was opened
}

TEST_F(Selector, LinksAnIncidentToTheFormerOne) {
  auto made = report(nullptr);
  made->transitions = {samples::transition(1, TransitionKind::opened, samples::broker_down(7))};
  made->transitions[0].incident.former_correlation = samples::correlation(5);
  EXPECT_TRUE(links_to(select(made).at(0), samples::correlation(5),
                       incident_span(samples::correlation(5))));
}

TEST_F(Selector, MakesNoTraceOfUpdatesAndResolutions) {
  auto made = report(poll(1));
  made->transitions = {samples::transition(1, TransitionKind::updated, samples::broker_down(7)),
                       samples::transition(2, TransitionKind::resolved, samples::broker_down(7))};
  EXPECT_TRUE(select(made).empty());
}

TEST_F(Selector, ForgetsObservationsOfPartsThatAreGone) {
  std::weak_ptr<Observation> weak;
  {
    auto gone = poll(1);
    weak = gone;
    select(report(gone));
  }
  EXPECT_FALSE(weak.expired());
  select(report(nullptr));
  EXPECT_TRUE(weak.expired());
}

TEST_F(Selector, TakesAReportWithoutASnapshot) {
  EXPECT_TRUE(select(std::make_shared<Report>()).empty());
}

}  // namespace
}  // namespace highwater::otlp
