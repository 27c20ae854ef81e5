#include "collectors/cluster/monitor.h"

#include <gtest/gtest.h>

#include "collectors/cluster/brokers.h"
#include "collectors/groups/groups.h"
#include "collectors/topics/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::ClusterView;

const Measure kSample{
    "sample", "For tests.", Unit::none, MeasureType::gauge, {"cluster", "broker"}};

// An observation of ten rows, of which the first `unknown` are unknown for the reason.
ObservationPtr sample(std::string_view part, Now seen, size_t unknown, Unknown reason) {
  Observation made;
  made.cluster = Symbol("prod");
  made.part = part;
  made.at = seen;
  made.cadence = std::chrono::seconds(10);
  std::vector<Symbol> cells;
  for (int i = 0; i < 10; ++i) cells.insert(cells.end(), {Symbol("prod"), Symbol::number(i)});
  TableBuilder builder(kSample, std::make_shared<KeySet>(kSample.dimensions, cells));
  for (size_t i = 0; i < unknown; ++i) builder.set_unknown(i, reason);
  made.tables.push_back(std::move(builder).build());
  return std::make_shared<Observation>(std::move(made));
}

Snapshot snapshot_of(std::initializer_list<ObservationPtr> observations) {
  Snapshot snapshot;
  for (const ObservationPtr& one : observations)
    snapshot.observations[{one->cluster, one->part}] = one;
  return snapshot;
}

TEST(Monitor, CountsUnknownRowsByPartAndReason) {
  const Snapshot snapshot = snapshot_of({sample("groups", at(0), 3, Unknown::timed_out),
                                         sample("partitions", at(0), 2, Unknown::denied),
                                         sample("topics", at(0), 0, Unknown::known)});
  const Observation seen = MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(5));
  EXPECT_EQ(seen.part, "monitor");
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"groups", "timed_out"}), is(3));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"partitions", "denied"}), is(2));
  EXPECT_EQ(table(seen, "collector_unknown_rows").rows(), 2U);
}

TEST(Monitor, CountsWhatSourcesAndTheCanaryCannotRead) {
  const Snapshot snapshot = snapshot_of({sample("sources", at(0), 3, Unknown::failed),
                                         sample("canary", at(0), 2, Unknown::timed_out)});
  const Observation seen = MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(5));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"sources", "failed"}), is(3));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"canary", "timed_out"}), is(2));
}

TEST(Monitor, WhatIsSeenAgainStaysListedWithZero) {
  MonitorInterpreter interpreter;
  const Symbol cluster("prod");
  static_cast<void>(interpreter.interpret(
      snapshot_of({sample("groups", at(0), 3, Unknown::timed_out)}), cluster, at(0)));
  const Observation seen = interpreter.interpret(
      snapshot_of({sample("groups", at(10), 1, Unknown::denied)}), cluster, at(10));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"groups", "timed_out"}), is(0));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"groups", "denied"}), is(1));
}

TEST(Monitor, AllRowsOfAStalePartCountAsNotAsked) {
  MonitorInterpreter interpreter;
  const Snapshot snapshot = snapshot_of({sample("groups", at(0), 3, Unknown::timed_out)});
  const Symbol cluster("prod");
  EXPECT_EQ(cell(interpreter.interpret(snapshot, cluster, at(30)), "collector_stale", {"groups"}),
            is(0));
  const Observation seen = interpreter.interpret(snapshot, cluster, at(31));
  EXPECT_EQ(cell(seen, "collector_stale", {"groups"}), is(1));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"groups", "not_asked"}), is(10));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"groups", "timed_out"}), is(0));
  EXPECT_EQ(cell(seen, "collector_age_seconds", {"groups"}), is(31));
}

TEST(Monitor, LooksAtItsOwnClusterAloneAndNotAtItself) {
  Snapshot snapshot = snapshot_of({sample("groups", at(0), 3, Unknown::timed_out),
                                   sample("monitor", at(0), 4, Unknown::timed_out)});
  snapshot.observations[{Symbol("another"), "groups"}] =
      sample("groups", at(0), 5, Unknown::timed_out);
  snapshot.observations[{Symbol("zebra"), "groups"}] =
      sample("groups", at(0), 5, Unknown::timed_out);
  const Observation seen = MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(5));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"groups", "timed_out"}), is(3));
  EXPECT_EQ(table(seen, "collector_unknown_rows").rows(), 1U);
  EXPECT_EQ(table(seen, "collector_age_seconds").rows(), 1U);
}

std::string note_of(const Observation& seen, std::string_view part) {
  for (const Note& note : seen.notes) {
    if (note.entity.label("collector").text() == part) return note.text;
  }
  return "";
}

TEST(Monitor, SaysOfEachPartWhyItCannotBeRead) {
  auto groups = std::make_shared<Observation>(*sample("groups", at(0), 3, Unknown::timed_out));
  groups->problems = {{"broker 3: OffsetFetch: no answer within 2 s", {}}, {"another", {}}};
  auto denied = std::make_shared<Observation>(*sample("topics", at(0), 2, Unknown::denied));
  denied->problems = {{"denied", {}}, {"denied as well", {}}};
  const Observation seen = MonitorInterpreter().interpret(
      snapshot_of({groups, denied, sample("partitions", at(0), 0, Unknown::known)}), Symbol("prod"),
      at(5));
  ASSERT_EQ(seen.notes.size(), 2U);
  EXPECT_EQ(note_of(seen, "groups"),
            "timed_out 3: sample of broker=0 and 2 more; broker 3: OffsetFetch: no answer within 2 "
            "s; another; likely cause: brokers answer too late, or the network between them and "
            "the agent");
  EXPECT_EQ(note_of(seen, "topics"), "denied (and 1 more)");
}

double unread(MonitorInterpreter& interpreter, const Snapshot& snapshot, double seconds) {
  const Observation seen = interpreter.interpret(snapshot, Symbol("prod"), at(seconds));
  return cell(seen, "collector_unread_rows", {"groups"}).value;
}

TEST(Monitor, CountsUnreadRowsOverAllReasons) {
  MonitorInterpreter interpreter;
  for (const Unknown reason : {Unknown::timed_out, Unknown::failed, Unknown::no_coordinator,
                               Unknown::coordinator_loading}) {
    EXPECT_EQ(unread(interpreter, snapshot_of({sample("groups", at(0), 3, reason)}), 1), 3)
        << unknown_name(reason);
  }
  EXPECT_EQ(unread(interpreter, snapshot_of({sample("groups", at(0), 3, Unknown::failed)}), 60), 10)
      << "all rows of a stale observation";
}

TEST(Monitor, LeavesOutReasonsThatOtherAlertsExplain) {
  MonitorInterpreter interpreter;
  for (const Unknown reason :
       {Unknown::leaderless, Unknown::no_commit, Unknown::beyond_end, Unknown::denied,
        Unknown::contradicted, Unknown::unsupported, Unknown::not_asked}) {
    EXPECT_EQ(unread(interpreter, snapshot_of({sample("groups", at(0), 3, reason)}), 1), 0)
        << unknown_name(reason);
  }
}

ObservationPtr shared(Observation made) {
  return std::make_shared<Observation>(std::move(made));
}

TEST(Monitor, CountsUnreachableBrokersUnlessOneIsDown) {
  ClusterView view = healthy_cluster();
  add_group(view, "billing", 1, {70, 900, 900}).committed_reason = Unknown::broker_unreachable;
  GroupsInterpreter groups;
  MonitorInterpreter interpreter;
  const ObservationPtr seen = shared(groups.interpret(view, {}, at(0)));
  const auto blind = [&] {
    const ObservationPtr brokers = shared(BrokersInterpreter().interpret(view, {}, at(0)));
    return unread(interpreter, snapshot_of({seen, brokers}), 1) > 0;
  };
  EXPECT_TRUE(blind());
  crash(view, 1);
  EXPECT_FALSE(blind());
}

TEST(Monitor, LeavesOutGroupsOfALeaderlessOffsetsTopic) {
  ClusterView view = healthy_cluster();
  kafka::TopicView offsets = topic(view, "logs");
  offsets.name = Symbol("__consumer_offsets");
  view.internal_topics.push_back(offsets);
  MonitorInterpreter interpreter;
  const ObservationPtr groups = sample("groups", at(0), 3, Unknown::no_coordinator);
  const auto blind = [&] {
    const ObservationPtr seen = shared(PartitionsInterpreter().interpret(view, {}, at(0)));
    return unread(interpreter, snapshot_of({groups, seen}), 1) > 0;
  };
  EXPECT_TRUE(blind());
  view.internal_topics[0].partitions[0].leader = -1;
  EXPECT_FALSE(blind());
}

TEST(Monitor, NamesThrottlingAsLikelyCause) {
  ClusterView view = healthy_cluster();
  BrokersInterpreter brokers;
  Observation throttled;
  for (int t = 0; t <= 60; t += 5) {
    view.requests[{2, "ListOffsets"}].throttled_ms = static_cast<uint64_t>(t) * 900;
    throttled = brokers.interpret(view, {}, at(t));
  }
  EXPECT_EQ(cell(throttled, "kafka_throttled_ratio", {"1"}), is(0));
  EXPECT_NEAR(cell(throttled, "kafka_throttled_ratio", {"2"}).value, 0.9, 1e-9);
  const Observation seen = MonitorInterpreter().interpret(
      snapshot_of({sample("groups", at(60), 3, Unknown::failed), shared(std::move(throttled))}),
      Symbol("prod"), at(61));
  EXPECT_EQ(note_of(seen, "groups"),
            "failed 3: sample of broker=0 and 2 more; likely cause: quotas hold the agent's "
            "requests back, broker 2 (90%) of the last two minutes");
}

TEST(Monitor, APartThatIsGoneIsForgotten) {
  MonitorInterpreter interpreter;
  const Symbol cluster("prod");
  static_cast<void>(interpreter.interpret(
      snapshot_of({sample("groups", at(0), 3, Unknown::timed_out)}), cluster, at(0)));
  const Observation seen = interpreter.interpret(Snapshot{}, cluster, at(10));
  EXPECT_EQ(cell(seen, "collector_unknown_rows", {"groups", "timed_out"}), kNoRow);
}

TEST(Monitor, FindsAHealthyClusterFullyKnown) {
  ClusterView view = healthy_cluster();
  for (auto& topic : view.topics) {
    for (auto& partition : topic.partitions) {
      for (const int32_t replica : partition.replicas) partition.log_dirs.push_back({replica, 1});
    }
  }
  add_group(view, "abandoned", 1, {70, 900, 900});
  const auto share = [](Observation made) {
    return std::make_shared<Observation>(std::move(made));
  };
  GroupsInterpreter groups;
  for (int t = -100'000; t < 0; t += 60) (void)groups.interpret(view, {}, at(t));
  const Snapshot snapshot = snapshot_of({share(BrokersInterpreter().interpret(view, {}, at(0))),
                                         share(PartitionsInterpreter().interpret(view, {}, at(0))),
                                         share(groups.interpret(view, {}, at(0)))});
  const Observation seen = MonitorInterpreter().interpret(snapshot, Symbol("prod"), at(5));
  EXPECT_EQ(table(seen, "collector_unknown_rows").rows(), 0U);
  EXPECT_EQ(cell(seen, "collector_unread_rows", {"groups"}), is(0));
}

}  // namespace
}  // namespace highwater::collectors
