#include "exporters/history/history.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "report_support.h"

namespace highwater::history {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The begin of a day, so that chunks begin with it.
constexpr WallTime kBegin{hours(24 * 20'000)};
constexpr Duration kHold = seconds(45);

TEST(Level, KeepsANumberToHalfAPercent) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::exp(std::uniform_real_distribution(-20.0, 40.0)(random));
    EXPECT_NEAR(Level::of(value).value(), value, value * 0.004);
  }
  EXPECT_EQ(Level::of(0).value(), 0);
  EXPECT_EQ(Level::of(1).value(), 1);
  EXPECT_LT(Level::of(-5).value(), -4.9);
  EXPECT_TRUE(Level::of(1e300).is_number());
  EXPECT_FALSE(Level::of(std::nan("")).is_number());
}

TEST(Level, KeepsWhyThereIsNoNumber) {
  for (int reason = 1; reason < kUnknownReasons; ++reason) {
    const Level level = Level::unknown(static_cast<Unknown>(reason));
    EXPECT_FALSE(level.is_number());
    EXPECT_TRUE(level.is_recorded());
    EXPECT_EQ(level.reason(), static_cast<Unknown>(reason));
  }
  EXPECT_FALSE(Level().is_number());
  EXPECT_FALSE(Level().is_recorded());
}

TEST(Ring, ASpikeInAStepIsItsMaximum) {
  Ring ring(kCoarseStep, 288, 15);
  for (int i = 0; i < 60; ++i)
    ring.add(kBegin + seconds(5) * i, Level::of(i == 30 ? 64 : 1), kHold);
  const std::vector<Step> steps = ring.between(kBegin, kBegin + minutes(5));
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].min.value(), 1);
  EXPECT_EQ(steps[0].max.value(), 64);
  EXPECT_EQ(steps[0].last.value(), 1);
}

TEST(Ring, AValueHoldsUntilTheNextOneAndNotLonger) {
  Ring ring(kFineStep, 360, 25);
  ring.add(kBegin, Level::of(1), kHold);
  ring.add(kBegin + seconds(40), Level::of(2), kHold);
  ring.add(kBegin + seconds(100), Level::of(4), kHold);
  std::string seen;
  for (const Step& step : ring.between(kBegin, kBegin + seconds(110)))
    seen += step.last.is_recorded() ? std::to_string(static_cast<int>(step.last.value())) : "-";
  EXPECT_EQ(seen, "11112-----4");
}

TEST(Ring, AnUnknownStepIsNoNumberAndKeepsWhatWasSeenInIt) {
  Ring ring(kFineStep, 360, 25);
  ring.add(kBegin, Level::of(8), kHold);
  ring.add(kBegin + seconds(5), Level::unknown(Unknown::denied), kHold);
  ring.add(kBegin + seconds(10), Level::unknown(Unknown::denied), kHold);
  const std::vector<Step> steps = ring.between(kBegin, kBegin + seconds(20));
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_EQ(steps[0].max.value(), 8);
  EXPECT_EQ(steps[0].last.reason(), Unknown::denied);
  EXPECT_EQ(steps[1].max.reason(), Unknown::denied);
}

TEST(Ring, AnHourWithoutChangeCostsNothing) {
  Ring ring(kFineStep, 360, 25);
  for (int i = 0; i < 720; ++i) ring.add(kBegin + kFineStep * i, Level::of(7), kHold);
  EXPECT_EQ(ring.bytes(), 0U);
  ring.add(kBegin + hours(2), Level::of(7), kHold);
  ring.add(kBegin + hours(2) + kFineStep, Level::of(9), kHold);
  EXPECT_EQ(ring.bytes(), 360 * sizeof(Step));
  EXPECT_EQ(ring.oldest_uneven(), 20'000 * 24 + 2);
  ring.forget_until(20'000 * 24 + 2);
  EXPECT_EQ(ring.bytes(), 0U);
  EXPECT_TRUE(ring.empty());
}

TEST(Ring, AChunkThatBeginsLateCostsNothingEither) {
  Ring ring(kFineStep, 360, 25);
  for (int i = 100; i < 200; ++i) ring.add(kBegin + kFineStep * i, Level::of(7), kHold);
  EXPECT_EQ(ring.bytes(), 0U);
  const std::vector<Step> steps = ring.between(kBegin, kBegin + kFineStep * 201);
  EXPECT_FALSE(steps[99].last.is_recorded());
  EXPECT_EQ(steps[100].last.value(), 7);
  EXPECT_EQ(steps[199].last.value(), 7);
  EXPECT_FALSE(steps[200].last.is_recorded());
}

TEST(Ring, KeepsADayAndWhatTheClockSaysTwiceOnce) {
  Ring ring(kFineStep, 360, 25);
  for (int hour = 0; hour < 100; ++hour) ring.add(kBegin + hours(hour), Level::of(hour), kHold);
  EXPECT_FALSE(ring.between(kBegin + hours(70), kBegin + hours(71))[0].last.is_recorded());
  EXPECT_TRUE(ring.between(kBegin + hours(75), kBegin + hours(76))[0].last.is_recorded());
  ring.add(kBegin + hours(98), Level::of(1), kHold);
  EXPECT_NEAR(ring.between(kBegin + hours(98), kBegin + hours(99))[0].last.value(), 98, 0.5);
}

class Kept : public testing::Test {
 protected:
  // As the pipeline reports it: a new observation with each step.
  void poll(double lag, Unknown reason = Unknown::known) {
    now_ += seconds(10);
    Observation observation =
        make_observation("prod", "groups",
                         {make_table(kLagSum, {{{"prod", "billing", "orders"}, lag, reason},
                                               {{"prod", "idle", "orders"}, 0}})});
    observation.at = {SteadyTime(now_.time_since_epoch()), now_};
    Report report;
    report.at = observation.at;
    report.snapshot = make_snapshot({std::move(observation)});
    history_.add(report);
  }
  [[nodiscard]] std::optional<Curve> curve(const char* group, Duration back, size_t most = 100) {
    return history_.curve("group_topic_lag_records",
                          {Symbol("prod"), Symbol(group), Symbol("orders")},
                          now_ - back + seconds(10), now_ + seconds(10), most);
  }

  History history_;
  WallTime now_ = kBegin;
};

TEST_F(Kept, ARowHasASeriesFromItsFirstValueThatIsNotZero) {
  poll(0);
  EXPECT_FALSE(curve("billing", minutes(1)));
  poll(32);
  ASSERT_TRUE(curve("billing", minutes(1)));
  EXPECT_EQ(curve("billing", minutes(1))->steps.back().last.value(), 32);
  EXPECT_FALSE(curve("idle", minutes(1)));
  EXPECT_EQ(history_.series(), 1U);
}

TEST_F(Kept, StepsArePutTogetherWithTheirExtremes) {
  for (int i = 0; i < 60; ++i) poll(i == 31 ? 512 : 1, i == 33 ? Unknown::denied : Unknown::known);
  const auto whole = curve("billing", minutes(10), 60);
  ASSERT_TRUE(whole);
  ASSERT_EQ(whole->steps.size(), 60U);
  EXPECT_EQ(whole->steps[33].last.reason(), Unknown::denied);
  const auto short_one = curve("billing", minutes(10), 6);
  ASSERT_EQ(short_one->steps.size(), 6U);
  EXPECT_EQ(short_one->step, seconds(100));
  EXPECT_EQ(short_one->steps[3].max.value(), 512);
  EXPECT_EQ(short_one->steps[3].min.value(), 1);
}

TEST_F(Kept, TheSameObservationIsTakenOnce) {
  poll(1);
  const size_t before = history_.series();
  Report report;
  report.at = {SteadyTime(now_.time_since_epoch()), now_};
  report.snapshot = std::make_shared<const Snapshot>();
  history_.add(report);
  EXPECT_EQ(history_.series(), before);
}

Catalogue catalogue() {
  return Catalogue({&kLagSum});
}

TEST_F(Kept, ComesBackFromItsBytesAndGoesOn) {
  for (int i = 0; i < 400; ++i) poll(i % 7 + 1, i == 398 ? Unknown::denied : Unknown::known);
  ArchiveWriter out;
  history_.write(out);
  const std::string bytes = out.take();
  const auto before = curve("billing", minutes(40), 240);
  const size_t size = history_.bytes();

  History again;
  ArchiveReader in(bytes);
  again.read(in, catalogue(), now_);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(again.series(), history_.series());
  EXPECT_EQ(again.bytes(), size);
  EXPECT_EQ(again.began(), history_.began());
  const auto after =
      again.curve("group_topic_lag_records", {Symbol("prod"), Symbol("billing"), Symbol("orders")},
                  now_ - minutes(40) + seconds(10), now_ + seconds(10), 240);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->steps, after->steps);
  ArchiveWriter second;
  again.write(second);
  EXPECT_EQ(second.take().size(), bytes.size());
}

TEST_F(Kept, WithoutItsMeasureItIsLeftOut) {
  poll(3);
  ArchiveWriter out;
  history_.write(out);
  const std::string bytes = out.take();
  History again;
  ArchiveReader in(bytes);
  again.read(in, Catalogue({&kBrokerUp}), now_);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(again.series(), 0U);
}

TEST_F(Kept, OfAClockThatWasWrongItStandsInNobodysWay) {
  now_ = kBegin + hours(24 * 365);
  poll(5);
  ArchiveWriter out;
  history_.write(out);
  const std::string bytes = out.take();
  History again;
  ArchiveReader in(bytes);
  again.read(in, catalogue(), kBegin);
  EXPECT_TRUE(in.ok());
  EXPECT_FALSE(again.began());
  Observation observation = make_observation(
      "prod", "groups", {make_table(kLagSum, {{{"prod", "billing", "orders"}, 32}})});
  observation.at = {SteadyTime(hours(1)), kBegin + minutes(1)};
  Report report;
  report.at = observation.at;
  report.snapshot = make_snapshot({std::move(observation)});
  again.add(report);
  const auto curve =
      again.curve("group_topic_lag_records", {Symbol("prod"), Symbol("billing"), Symbol("orders")},
                  kBegin + minutes(1), kBegin + minutes(2), 10);
  ASSERT_TRUE(curve);
  EXPECT_EQ(curve->steps.front().last.value(), 32);
}

// Whatever the bytes are, what is read is bounded and can be asked and written.
TEST_F(Kept, DamagedBytesAreSafe) {
  for (int i = 0; i < 50; ++i) poll(i + 1);
  ArchiveWriter out;
  history_.write(out);
  const std::string bytes = out.take();
  std::mt19937 random(11);
  for (int i = 0; i < 3000; ++i) {
    std::string damaged = bytes.substr(0, random() % (bytes.size() + 1));
    for (int flips = 0; flips < 4 && !damaged.empty(); ++flips)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    History history;
    ArchiveReader in(damaged);
    history.read(in, catalogue(), now_);
    ArchiveWriter again;
    history.write(again);
    (void)history.curve("group_topic_lag_records",
                        {Symbol("prod"), Symbol("billing"), Symbol("orders")}, kBegin,
                        kBegin + hours(1), 10);
    ASSERT_LE(history.bytes(), kMaxBytes);
  }
}

// Groups that never stand still: the steps stay within their bound, and the newest are kept.
TEST(History, MemoryIsBoundedAndTheNewestIsKept) {
  History history;
  std::mt19937 random(3);
  std::vector<Row> rows;
  for (int i = 0; i < 2000; ++i) rows.push_back({{"prod", "g" + std::to_string(i), "t"}, 1});
  const auto keys = keys_of(kLagSum, rows);
  WallTime now = kBegin;
  for (int i = 0; i < 360 * 5; ++i, now += seconds(10)) {
    TableBuilder table(kLagSum, keys);
    for (size_t row = 0; row < rows.size(); ++row)
      table.set(row, std::uniform_int_distribution(1, 1000)(random));
    Observation observation = make_observation("prod", "groups", {std::move(table).build()});
    observation.at = {SteadyTime(now.time_since_epoch()), now};
    Report report;
    report.at = observation.at;
    report.snapshot = make_snapshot({std::move(observation)});
    history.add(report);
    ASSERT_LE(history.bytes(), kMaxBytes);
  }
  EXPECT_EQ(history.series(), kMaxSeries);
  EXPECT_EQ(history.left_out(), 2000 - kMaxSeries);
  const auto newest =
      history.curve("group_topic_lag_records", {Symbol("prod"), Symbol("g0"), Symbol("t")},
                    now - minutes(10), now, 100);
  ASSERT_TRUE(newest);
  EXPECT_TRUE(
      std::ranges::all_of(newest->steps, [](const Step& step) { return step.last.is_number(); }));
}

}  // namespace
}  // namespace highwater::history
