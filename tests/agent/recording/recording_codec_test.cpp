// What is encoded comes back as it was; what was not encoded never does harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <limits>
#include <random>

#include "agent/recording/decoder.h"
#include "agent/recording/encoder.h"
#include "agent/recording/frames.h"
#include "tests/agent/recording/recording_support.h"

namespace highwater::agent {
namespace {

using namespace std::chrono_literals;
using namespace rules::testing;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;

// One file, written and read back at once.
class Codec {
 public:
  explicit Codec(DecodeLimits limits = {})
      : encoder_(TraceId::random(), moment(0s)), decoder_(world_catalogue(), names_, limits) {
    EXPECT_TRUE(decoder_.begin(encoder_.begin()));
  }

  // How many bytes it took. Every observation must come back as it was.
  size_t pass(const Snapshot& snapshot, Now now) {
    const std::string record = encoder_.encode(snapshot.observations, now, false, recorded_);
    auto decoded = decoder_.moment(record);
    EXPECT_TRUE(decoded) << decoded.error().message;
    if (!decoded) return 0;
    EXPECT_EQ(decoded->now.steady, now.steady);
    EXPECT_EQ(decoded->now.wall, now.wall);
    for (const DecodedObservation& one : decoded->observations) {
      const auto original =
          snapshot.observations.find({one.observation->cluster, one.observation->part});
      EXPECT_NE(original, snapshot.observations.end());
      if (original != snapshot.observations.end()) expect_same(*original->second, *one.observation);
    }
    last = std::move(*decoded);
    return record.size();
  }

  DecodedMoment last;

 private:
  NamePool names_;
  Recorded recorded_;
  RecordingEncoder encoder_;
  RecordingDecoder decoder_;
};

TEST(RecordingCodec, AnObservationComesBackAsItWas) {
  FakeCluster cluster;
  cluster.set(kLag, {"payments", "orders", "0"}, 12);
  cluster.set(kLag, {"payments", "orders", "1"}, 1e18);
  cluster.set(kLagSeconds, {"payments"}, 0.1 + 0.2);
  cluster.set_unknown(kLagSeconds, {"ledger"}, Unknown::no_coordinator);
  cluster.set(kShare, {}, -0.0);
  cluster.relate("is read by", {"group"}, {"topic", "partition"},
                 {{{"payments"}, {"orders", "0"}}, {{"payments"}, {"orders", "1"}}});
  Snapshot snapshot;
  cluster.publish(snapshot, moment(3s));
  Codec codec;
  codec.pass(snapshot, moment(4s));
  EXPECT_EQ(codec.last.observations.size(), snapshot.observations.size());
}

TEST(RecordingCodec, EveryKindOfNumberComesBackBitByBit) {
  const double numbers[] = {0,
                            -0.0,
                            1,
                            -1,
                            0.1,
                            9007199254740992.0,
                            9007199254740994.0,
                            -9007199254740992.0,
                            1e300,
                            5e-324,
                            std::numeric_limits<double>::infinity(),
                            -std::numeric_limits<double>::infinity(),
                            std::numeric_limits<double>::quiet_NaN()};
  Codec codec;
  FakeCluster cluster;
  auto now = moment(0s);
  for (const double first : numbers) {
    for (const double second : numbers) {
      for (const double value : {first, second}) {
        Snapshot snapshot;
        cluster.set(kShare, {}, value);
        now.steady += 1s;
        now.wall += 1s;
        cluster.publish(snapshot, now);
        codec.pass(snapshot, now);
      }
    }
  }
}

TEST(RecordingCodec, WhatDoesNotChangeCostsNextToNothing) {
  FakeCluster cluster;
  for (int i = 0; i < 1000; ++i) cluster.set(kUnder, {"orders", std::to_string(i)}, 0);
  Snapshot first;
  cluster.publish(first, moment(1s));
  Codec codec;
  EXPECT_GT(codec.pass(first, moment(1s)), 1000U);
  Snapshot second;
  cluster.publish(second, moment(2s));
  EXPECT_LT(codec.pass(second, moment(2s)), 40U);
  cluster.set(kUnder, {"orders", "500"}, 1);
  Snapshot third;
  cluster.publish(third, moment(3s));
  EXPECT_LT(codec.pass(third, moment(3s)), 44U);
  EXPECT_LT(codec.pass(third, moment(4s)), 20U) << "nothing was observed";
}

TEST(RecordingCodec, ARowMoreCostsARow) {
  FakeCluster cluster;
  for (int i = 0; i < 1000; ++i) cluster.set(kUnder, {"orders", std::to_string(i)}, i);
  Snapshot first;
  cluster.publish(first, moment(1s));
  Codec codec;
  codec.pass(first, moment(1s));
  cluster.set(kUnder, {"orders", "1000"}, 7);
  cluster.remove(kUnder, {"orders", "300"});
  Snapshot second;
  cluster.publish(second, moment(2s));
  EXPECT_LT(codec.pass(second, moment(2s)), 80U);
}

TEST(RecordingCodec, ClocksThatDriftAndJumpComeBackExactly) {
  Codec codec;
  FakeCluster cluster;
  auto now = moment(0s);
  for (const Duration step : {Duration(1s), Duration(-3h), Duration(17ns), Duration(400h)}) {
    now.steady += 1s;
    now.wall += step;
    cluster.set(kShare, {}, 1);
    Snapshot snapshot;
    cluster.publish(snapshot, {now.steady - 20ms, now.wall - 21ms});
    codec.pass(snapshot, now);
  }
}

// Rows, tables, relations and unknown values that come and go in two clusters.
TEST(RecordingCodec, ARandomWorldComesBackAsItWas) {
  std::mt19937 random(20260101);
  const auto pick = [&](int below) {
    return static_cast<int>(random() % static_cast<unsigned>(below));
  };
  Codec codec;
  FakeCluster clusters[] = {FakeCluster("prod"), FakeCluster("test")};
  auto now = moment(0s);
  for (int step = 0; step < 1000; ++step) {
    FakeCluster& cluster = clusters[pick(2)];
    const Cells partition{"topic-" + std::to_string(pick(4)), std::to_string(pick(9))};
    const Measure& measure = pick(2) != 0 ? kUnder : kLeaderless;
    switch (pick(9)) {
      case 0:
      case 1:
        cluster.set(measure, partition, pick(1000));
        break;
      case 2:
        cluster.set(kLagSeconds, {"group-" + std::to_string(pick(6))}, pick(100000) / 997.0);
        break;
      case 3:
        cluster.set_unknown(measure, partition, static_cast<Unknown>(1 + pick(12)));
        break;
      case 4:
        cluster.remove(measure, partition);
        break;
      case 5:
        if (pick(5) == 0) cluster.drop_table(measure);
        break;
      case 6:
        if (pick(5) == 0) cluster.reverse_rows();
        break;
      case 7:
        cluster.relate("leads", {"topic", "partition"}, {"broker"},
                       {{partition, {std::to_string(pick(3))}}, {{"t", "1"}, {"2"}}});
        break;
      default:
        cluster.put_in_part(measure, pick(2) != 0 ? "one" : "other");
    }
    now.steady += Duration(pick(1'000'000'000));
    now.wall += Duration(pick(1'000'000'000));
    Snapshot snapshot;
    cluster.publish(snapshot, now);
    codec.pass(snapshot, now);
    if (HasFailure()) FAIL() << "step " << step;
  }
}

TEST(RecordingCodec, AMeasureOfAnotherVersionIsLeftOutAndNamed) {
  static const Measure later{
      "from_the_future", "Help.", Unit::none, MeasureType::gauge, {"cluster"}};
  static const Measure changed{
      "broker_failed", "Help.", Unit::none, MeasureType::gauge, {"cluster", "rack"}};
  FakeCluster cluster;
  cluster.set(later, {}, 1);
  cluster.set(changed, {"a"}, 1);
  cluster.set(kShare, {}, 0.5);
  RecordingEncoder encoder(TraceId::random(), moment(0s));
  NamePool names;
  RecordingDecoder decoder(world_catalogue(), names);
  ASSERT_TRUE(decoder.begin(encoder.begin()));
  for (const double value : {0.5, 0.75}) {
    cluster.set(kShare, {}, value);
    Snapshot snapshot;
    cluster.publish(snapshot, moment(1s));
    const auto decoded =
        decoder.moment(encoder.encode(snapshot.observations, moment(1s), false, {}));
    ASSERT_TRUE(decoded) << decoded.error().message;
    std::vector<const Measure*> measures;
    for (const DecodedObservation& one : decoded->observations) {
      for (const Table& table : one.observation->tables) measures.push_back(table.measure);
    }
    EXPECT_THAT(measures, ::testing::ElementsAre(&kShare));
    EXPECT_EQ(decoded->observations.back().observation->find(kShare)->values[0], value);
  }
  EXPECT_THAT(decoder.foreign(), ::testing::ElementsAre("broker_failed", "from_the_future"));
}

TEST(RecordingCodec, MoreThanCanBeKeptIsAnErrorBeforeItTakesMemory) {
  FakeCluster cluster;
  for (int i = 0; i < 1000; ++i) cluster.set(kUnder, {"orders", std::to_string(i)}, i);
  Snapshot snapshot;
  cluster.publish(snapshot, moment(1s));
  RecordingEncoder encoder(TraceId::random(), moment(0s));
  NamePool names;
  RecordingDecoder decoder(world_catalogue(), names, {.values = 2000, .texts = 5000});
  ASSERT_TRUE(decoder.begin(encoder.begin()));
  const auto decoded = decoder.moment(encoder.encode(snapshot.observations, moment(1s), false, {}));
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().message, HasSubstr("more than can be kept"));
}

// Checksums aside: what no writer writes is refused, or means something else, but does no harm.
TEST(RecordingCodec, DamagedRecordsDoNoHarm) {
  std::mt19937 random(7);
  FakeCluster cluster;
  for (int i = 0; i < 40; ++i) cluster.set(kUnder, {"orders", std::to_string(i)}, i);
  cluster.set_unknown(kLagSeconds, {"payments"});
  cluster.relate("leads", {"topic", "partition"}, {"broker"}, {{{"orders", "1"}, {"1"}}});
  std::vector<std::string> records;
  RecordingEncoder encoder(TraceId::random(), moment(0s));
  const std::string begin = encoder.begin();
  for (int i = 0; i < 4; ++i) {
    cluster.set(kUnder, {"orders", std::to_string(38 + i)}, 1000 * i);
    Snapshot snapshot;
    cluster.publish(snapshot, moment(i * 1s));
    records.push_back(encoder.encode(snapshot.observations, moment(i * 1s), false, {}));
  }
  size_t refused = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::vector<std::string> damaged = records;
    std::string& victim = damaged[random() % damaged.size()];
    for (unsigned i = 0; i <= random() % 3; ++i)
      victim[random() % victim.size()] = static_cast<char>(random());
    if (random() % 4 == 0) victim.resize(random() % victim.size());
    NamePool names;
    RecordingDecoder decoder(world_catalogue(), names, {.values = 100'000, .texts = 10'000});
    ASSERT_TRUE(decoder.begin(begin));
    for (const std::string& record : damaged) {
      const auto decoded = decoder.moment(record);
      if (decoded) continue;
      EXPECT_FALSE(decoded.error().message.empty());
      ++refused;
      break;
    }
  }
  EXPECT_GT(refused, 1000U);
}

TEST(RecordingFrames, ARecordThatWasCutOffIsToldFromADamagedOne) {
  std::string file;
  append_frame(file, "first");
  const size_t second = file.size();
  append_frame(file, "second one");
  const auto outcomes = [](const std::string& text) {
    FrameReader reader(text);
    while (true) {
      const Frame frame = reader.next();
      if (frame.outcome != FrameOutcome::frame) return frame;
    }
  };
  EXPECT_EQ(outcomes(file).outcome, FrameOutcome::end);
  for (size_t size = second + 1; size < file.size(); ++size) {
    const Frame last = outcomes(file.substr(0, size));
    EXPECT_EQ(last.outcome, FrameOutcome::cut_off) << size;
    EXPECT_EQ(last.offset, second);
  }
  EXPECT_EQ(outcomes(file + std::string(4096, '\0')).outcome, FrameOutcome::cut_off);
  for (size_t i = 0; i < file.size(); ++i) {
    std::string damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(outcomes(damaged).outcome, FrameOutcome::damaged) << i;
  }
}

TEST(RecordingFrames, TheChecksumIsTheCommonOne) {
  EXPECT_EQ(crc32("123456789"), 0xcbf43926U);
}

}  // namespace
}  // namespace highwater::agent
