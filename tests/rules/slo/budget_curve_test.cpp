#include "rules/slo/budget_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr double kExact = 0.005;
const WallTime kStart = WallTime(hours(24 * 20'000));

Counted time_sums(double bad, Duration known) {
  return {bad, to_seconds(known), known};
}

// All that was said to a curve, kept as it was.
class Model {
 public:
  explicit Model(WallTime first) : points_{{first, {}}} {}

  void extend(WallTime until, const Counted& happened) {
    if (until <= points_.back().at) return;
    const Sums& sums = points_.back().until;
    points_.push_back(
        {until,
         {sums.bad + happened.first, sums.total + happened.total, sums.known + happened.known}});
  }
  [[nodiscard]] Sums between(WallTime from, WallTime to) const {
    const Sums low = at(from);
    const Sums high = at(to);
    return {high.bad - low.bad, high.total - low.total, high.known - low.known};
  }

 private:
  struct Point {
    WallTime at;
    Sums until;
  };
  [[nodiscard]] Sums at(WallTime time) const {
    if (time <= points_.front().at) return {};
    if (time >= points_.back().at) return points_.back().until;
    const auto after =
        std::upper_bound(points_.begin(), points_.end(), time,
                         [](WallTime t, const Point& point) { return t < point.at; });
    const Point& low = *(after - 1);
    const double share = to_seconds(time - low.at) / to_seconds(after->at - low.at);
    const auto known = static_cast<double>((after->until.known - low.until.known).count()) * share;
    return {low.until.bad + (after->until.bad - low.until.bad) * share,
            low.until.total + (after->until.total - low.until.total) * share,
            low.until.known + Duration(static_cast<int64_t>(known))};
  }
  std::vector<Point> points_;
};

void expect_same(const Sums& sums, const Sums& wanted, const std::string& where) {
  ASSERT_NEAR(sums.bad, wanted.bad, kExact) << where;
  ASSERT_NEAR(sums.total, wanted.total, kExact) << where;
  ASSERT_NEAR(to_seconds(sums.known), to_seconds(wanted.known), kExact) << where;
  ASSERT_LE(sums.bad, sums.total) << where;
}

// A random life: healthy stretches, faults, flapping, gaps, standing clocks; polls that jitter.
struct Life {
  explicit Life(uint32_t seed)
      : random(seed),
        events(random() % 3 == 0),
        interval(std::vector<seconds>{seconds(1), seconds(10), seconds(15), seconds(30),
                                      seconds(60), seconds(150)}[random() % 6]),
        jitter(random() % 2 == 0 ? 0 : 900),
        now(kStart + milliseconds(random() % 3'600'000)),
        end(now) {}

  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(random() % limit); }

  // What happens until the next poll; moves `now`.
  Counted step() {
    if (left-- <= 0) change();
    const WallTime before = now;
    now += interval + milliseconds(jitter == 0 ? 0 : below(jitter));
    if (mood == 4) now = before - seconds(below(3));     // the clock stands or goes back
    if (mood == 5) now = before + hours(1 + below(30));  // the agent was down
    const Duration passed = std::max(Duration::zero(), now - end);
    end = std::max(end, now);
    const Duration known = mood == 3 || mood == 5 ? Duration::zero() : partly(passed);
    if (mood == 4 || mood == 5) left = 0;
    if (!events) return time_sums(is_bad() ? to_seconds(known) : 0, known);
    const double total = known == Duration::zero() ? 0 : static_cast<double>(below(200));
    return {is_bad() ? std::floor(total / 3) : 0, total, known};
  }

  std::mt19937 random;
  bool events;
  seconds interval;
  uint32_t jitter;
  WallTime now;
  WallTime end;
  int mood = 0;  // 0 healthy, 1 bad, 2 flapping, 3 unknown, 4 clock, 5 downtime
  int left = 0;

 private:
  void change() {
    mood = static_cast<int>(below(6));
    left = static_cast<int>(below(mood == 0 ? 400 : 40));
  }
  bool is_bad() { return mood == 1 || (mood == 2 && below(2) == 0); }
  Duration partly(Duration passed) { return below(50) == 0 ? passed / 3 : passed; }
};

const uint32_t kSeeds[] = {1, 7, 42, 1234, 99'991, 20'261'121};

TEST(BudgetCurveTest, RandomHistoriesHaveTheSumsOfTheModel) {
  size_t compared = 0;
  for (const uint32_t seed : kSeeds) {
    for (uint32_t run = 0; run < 400; ++run) {
      Life life(seed * 1000 + run);
      const std::string where = "seed " + std::to_string(seed) + ", run " + std::to_string(run);
      BudgetCurve curve(life.now);
      Model model(life.now);
      const int steps = 50 + static_cast<int>(life.below(run % 20 == 0 ? 20'000 : 1500));
      for (int i = 0; i < steps; ++i) {
        const Counted happened = life.step();
        curve.extend(life.now, happened);
        model.extend(life.now, happened);
        if (i % 50 == 0) curve.thin(curve.end(), hours(24 * 2000));
      }
      if (run % 2 == 0) curve = BudgetCurve::decode(curve.encode()).value();
      const WallTime end = curve.end();
      const WallTime fine = std::chrono::ceil<minutes>(end - hours(72));
      expect_same(curve.between(kStart, end), model.between(kStart, end), where);
      for (int i = 0; i < 30; ++i) {
        const auto age = minutes(life.below(72 * 60));
        const WallTime from = std::chrono::floor<minutes>(end - age);
        if (from < fine) continue;
        expect_same(curve.between(from, end), model.between(from, end), where);
        const WallTime to = from + minutes(life.below(1 + static_cast<uint32_t>(age.count())));
        expect_same(curve.between(from, to), model.between(from, to), where);
        const auto old_hours = static_cast<uint32_t>((end - kStart) / hours(1)) + 1;
        const WallTime hour = kStart + hours(life.below(old_hours));
        expect_same(curve.between(hour, end), model.between(hour, end), where);
        compared += 3;
      }
    }
  }
  EXPECT_GT(compared, 100'000u);
}

TEST(BudgetCurveTest, HealthyTimeIsAHandfulOfPointsHoweverPollsJitter) {
  for (const int64_t jitter : {0, 7, 333, 4999}) {
    std::mt19937 random(5);
    BudgetCurve curve(kStart + milliseconds(1234));
    while (curve.end() < kStart + hours(24 * 28)) {
      const Duration passed =
          seconds(15) +
          std::chrono::nanoseconds(
              jitter == 0 ? 0 : static_cast<int64_t>(random()) % (jitter * 1'000'000));
      curve.extend(curve.end() + passed, time_sums(0, passed));
      curve.thin(curve.end(), hours(24 * 28));
    }
    EXPECT_LE(curve.points(), 5u) << jitter;
    EXPECT_LE(curve.bytes(), 512u) << jitter;
  }
}

TEST(BudgetCurveTest, ALongFaultIsAHandfulOfPointsToo) {
  BudgetCurve curve(kStart);
  for (int i = 0; i < 4 * 60 * 24; ++i) {
    const bool bad = i > 1000 && i < 4000;
    curve.extend(curve.end() + seconds(15), time_sums(bad ? 15 : 0, seconds(15)));
  }
  EXPECT_LE(curve.points(), 10u);
}

TEST(BudgetCurveTest, ATimeSliThatIsBadOneMinuteInTwentyTakesLittleMemory) {
  std::mt19937 random(11);
  BudgetCurve curve(kStart);
  while (curve.end() < kStart + hours(24 * 30)) {
    const double bad = random() % 20 == 0 ? 60.07 : 0;
    curve.extend(curve.end() + milliseconds(60'070), time_sums(bad, milliseconds(60'070)));
    curve.thin(curve.end(), hours(24 * 30));
  }
  EXPECT_GT(curve.points(), 800u);
  EXPECT_LE(curve.bytes(), 12u * 1024);
}

TEST(BudgetCurveTest, EventsOfAVaryingRateTakeAPointAMinuteAndAnHour) {
  std::mt19937 random(11);
  BudgetCurve curve(kStart);
  while (curve.end() < kStart + hours(24 * 30)) {
    const auto total = static_cast<double>(2000 + random() % 100);
    curve.extend(curve.end() + seconds(15), {random() % 500 == 0 ? 1.0 : 0, total, seconds(15)});
    curve.thin(curve.end(), hours(24 * 30));
  }
  EXPECT_LE(curve.points(), 73u * 60 + 28 * 24 + 2);
  EXPECT_LE(curve.bytes(), 28u * 1024);
}

TEST(BudgetCurveTest, EventsOfASteadyRateAreAHandfulOfPoints) {
  BudgetCurve curve(kStart + milliseconds(777));
  for (int i = 0; i < 100'000; ++i) {
    curve.extend(curve.end() + seconds(7), {0.001, 7.0 / 3, seconds(7)});
  }
  EXPECT_LE(curve.points(), 5u);
  EXPECT_NEAR(curve.between(kStart, curve.end()).total, 700'000.0 / 3, kExact);
}

TEST(BudgetCurveTest, NoTimePassedAddsNothing) {
  BudgetCurve curve(kStart);
  curve.extend(kStart, {5, 5, seconds(5)});
  curve.extend(kStart - hours(1), {5, 5, seconds(5)});
  EXPECT_EQ(curve.end(), kStart);
  EXPECT_EQ(curve.between(kStart - hours(2), kStart + hours(2)).total, 0);
}

TEST(BudgetCurveTest, WhatLiesOutsideIsUnknown) {
  BudgetCurve curve(kStart + seconds(30));
  curve.extend(kStart + seconds(40), time_sums(10, seconds(10)));
  const Sums all = curve.between(kStart - hours(1), kStart + hours(1));
  EXPECT_DOUBLE_EQ(all.bad, 10);
  EXPECT_EQ(all.known, seconds(10));
  EXPECT_EQ(curve.between(kStart, kStart + seconds(30)).known, Duration::zero());
  EXPECT_EQ(curve.between(kStart + seconds(40), kStart + hours(9)).known, Duration::zero());
  EXPECT_EQ(curve.between(kStart + seconds(35), kStart + seconds(31)).total, 0);
  EXPECT_NEAR(curve.between(WallTime::min(), WallTime::max()).total, 10, kExact);
}

TEST(BudgetCurveTest, ImpossibleSumsAreBounded) {
  const double infinite = std::numeric_limits<double>::infinity();
  const double no_number = std::numeric_limits<double>::quiet_NaN();
  BudgetCurve curve(kStart);
  curve.extend(kStart + seconds(10), {no_number, infinite, seconds(-5)});
  EXPECT_EQ(curve.between(kStart, curve.end()).total, 0);
  curve.extend(kStart + seconds(20), {7, 5, hours(1)});
  EXPECT_DOUBLE_EQ(curve.between(kStart, curve.end()).bad, 5);
  EXPECT_EQ(curve.between(kStart, curve.end()).known, seconds(10));
  for (int i = 0; i < 5000; ++i) curve.extend(curve.end() + seconds(20), {1e300, 1e300, {}});
  const Sums all = curve.between(kStart, curve.end());
  EXPECT_NEAR(all.total, 5000e15, 1e9);
  EXPECT_TRUE(BudgetCurve::decode(curve.encode()).has_value());
}

TEST(BudgetCurveTest, TheNextPointIsWhereTheSlopeChanges) {
  BudgetCurve curve(kStart);
  curve.extend(kStart + minutes(10), time_sums(0, minutes(10)));
  curve.extend(kStart + minutes(13), time_sums(180, minutes(3)));
  curve.extend(kStart + minutes(20) + seconds(5), time_sums(0, minutes(7) + seconds(5)));
  std::vector<Duration> points;
  WallTime time = kStart - seconds(1);
  while (time < curve.end()) {
    time = curve.next_point(time);
    points.push_back(time - kStart);
  }
  EXPECT_EQ(points, (std::vector<Duration>{seconds(0), minutes(10), minutes(13), minutes(20),
                                           minutes(20) + seconds(5)}));
  EXPECT_EQ(curve.next_point(curve.end() + hours(1)), curve.end());
}

TEST(BudgetCurveTest, ForgetsWhatIsOldAndKeepsTheSumsOfTheRest) {
  std::mt19937 random(3);
  BudgetCurve curve(kStart);
  Model model(kStart);
  while (curve.end() < kStart + hours(24 * 60)) {
    const Counted happened = time_sums(random() % 4 == 0 ? 60 : 0, seconds(60));
    const WallTime until = curve.end() + seconds(60);
    curve.extend(until, happened);
    model.extend(until, happened);
    curve.thin(until, hours(24 * 7));
  }
  EXPECT_LE(curve.begin(), curve.end() - hours(24 * 7));
  EXPECT_GE(curve.begin(), curve.end() - hours(24 * 11));
  const WallTime from = curve.end() - hours(24 * 7);
  expect_same(curve.between(from, curve.end()), model.between(from, curve.end()), "a week");
  EXPECT_LE(curve.points(), 5000u);
}

TEST(BudgetCurveTest, ThinningTwiceIsThinningOnce) {
  std::mt19937 random(3);
  BudgetCurve curve(kStart);
  for (int i = 0; i < 6000; ++i) {
    curve.extend(curve.end() + seconds(60), time_sums(random() % 4 == 0 ? 60 : 0, seconds(60)));
  }
  const size_t before = curve.points();
  curve.thin(curve.end(), hours(24 * 30));
  const std::string once = curve.encode();
  EXPECT_LT(curve.points(), before);
  curve.thin(curve.end(), hours(24 * 30));
  EXPECT_EQ(curve.encode(), once);
}

TEST(BudgetCurveTest, GoesOnAfterARestartAsIfThereHadBeenNone) {
  for (const uint32_t seed : kSeeds) {
    Life life(seed);
    BudgetCurve curve(life.now);
    BudgetCurve restarted = curve;
    for (int i = 0; i < 3000; ++i) {
      const Counted happened = life.step();
      curve.extend(life.now, happened);
      restarted.extend(life.now, happened);
      curve.thin(life.now, hours(24 * 28));
      restarted.thin(life.now, hours(24 * 28));
      if (life.below(10) == 0) restarted = BudgetCurve::decode(restarted.encode()).value();
    }
    EXPECT_EQ(curve.encode(), restarted.encode()) << seed;
  }
}

std::string some_curve() {
  Life life(42);
  BudgetCurve curve(life.now);
  for (int i = 0; i < 2000; ++i) {
    const Counted happened = life.step();
    curve.extend(life.now, happened);
    curve.thin(life.now, hours(24 * 30));
  }
  return curve.encode();
}

// Whatever decode lets through must bear use.
void use(BudgetCurve curve, uint32_t seed) {
  std::mt19937 random(seed);
  for (int i = 0; i < 20; ++i) {
    const Duration length = curve.end() - curve.begin();
    const WallTime from = curve.begin() + length / 1000 * static_cast<int64_t>(random() % 1000);
    const Sums sums = curve.between(from, curve.end());
    ASSERT_TRUE(std::isfinite(sums.bad) && std::isfinite(sums.total));
    ASSERT_GE(sums.bad, 0);
    ASSERT_LE(sums.bad, sums.total);
    ASSERT_GE(curve.next_point(from), from);
  }
  curve.extend(curve.end() + hours(1), time_sums(60, hours(1)));
  curve.thin(curve.end(), hours(24));
  ASSERT_TRUE(BudgetCurve::decode(curve.encode()).has_value());
}

TEST(BudgetCurveTest, RefusesEveryTruncationAndEveryTail) {
  const std::string whole = some_curve();
  ASSERT_TRUE(BudgetCurve::decode(whole).has_value());
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(BudgetCurve::decode(whole.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(BudgetCurve::decode(whole + '\0').has_value());
}

TEST(BudgetCurveTest, RefusesAnotherVersion) {
  std::string bytes = some_curve();
  bytes[0] = 4;
  const Result<BudgetCurve> curve = BudgetCurve::decode(bytes);
  ASSERT_FALSE(curve.has_value());
  EXPECT_EQ(curve.error().message,
            "budget curve of version 4: this program reads versions up to 3");
}

TEST(BudgetCurveTest, DamagedBytesAreRefusedOrHarmless) {
  const std::string whole = some_curve();
  std::mt19937 random(77);
  size_t refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (auto flips = 1 + random() % 3; flips > 0; --flips) {
      // The fixed numbers in front as often as the points.
      const size_t limit = random() % 2 == 0 ? 200 : bytes.size();
      bytes[random() % limit] = static_cast<char>(random());
    }
    const Result<BudgetCurve> curve = BudgetCurve::decode(bytes);
    if (!curve) {
      ++refused;
    } else {
      use(*curve, static_cast<uint32_t>(i));
    }
  }
  EXPECT_GT(refused, 10'000u);
}

TEST(BudgetCurveTest, RandomBytesAndHugeCountsAreRefused) {
  std::mt19937 random(78);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 400, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    if (!bytes.empty()) bytes[0] = 1;
    ASSERT_FALSE(BudgetCurve::decode(bytes).has_value());
  }
  std::string bytes = BudgetCurve(kStart).encode();
  const size_t counts = 1 + 3 * 8 + 12 * 8;
  for (size_t i = counts; i < counts + 4; ++i) bytes[i] = '\xff';
  EXPECT_FALSE(BudgetCurve::decode(bytes).has_value());
}

}  // namespace
}  // namespace highwater::rules
