#include "collectors/cluster/log_dirs.h"

#include <gmock/gmock.h>

#include "collectors/cluster/brokers.h"
#include "collectors/topics/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kGiB = 1024.0 * 1024 * 1024;
constexpr std::string_view kPath = "/data/kafka";

// Readings of one directory of broker 2, five minutes apart unless told otherwise.
class Watch {
 public:
  Watch() {
    kafka::LogDirView dir;
    dir.path = Symbol(kPath);
    dir.total_bytes = static_cast<int64_t>(1000 * kGiB);
    view.brokers.at(2).log_dirs = {dir};
    view.brokers.at(2).log_dirs_reason = Unknown::known;
  }

  [[nodiscard]] kafka::LogDirView& dir() { return view.brokers.at(2).log_dirs[0]; }
  void read(double usable_gib, double seconds = 300) {
    now_ += seconds;
    dir().usable_bytes = static_cast<int64_t>(usable_gib * kGiB);
    view.brokers.at(2).log_dirs_read = at(now_).steady;
    poll();
  }
  void poll() { seen = interpreter_.interpret(view, {}, at(now_)); }
  // So many readings, each `gib` less than the one before.
  void fill(double gib, int readings) {
    for (int i = 0; i < readings; ++i) read(static_cast<double>(dir().usable_bytes) / kGiB - gib);
  }
  [[nodiscard]] Cell of(std::string_view measure) const {
    return cell(seen, measure, {"2", kPath});
  }
  [[nodiscard]] double growth_gib_per_hour() const {
    return of("log_dir_growth_bytes_per_second").value / kGiB * 3600;
  }
  [[nodiscard]] double hours_until_full() const {
    return of("log_dir_seconds_until_full").value / 3600;
  }
  [[nodiscard]] std::string said() const {
    Entity entity;
    entity.labels = {{Symbol("broker"), Symbol("2")},
                     {Symbol("cluster"), Symbol("prod")},
                     {Symbol("log_dir"), Symbol(kPath)}};
    return note(seen, entity);
  }

  kafka::ClusterView view = healthy_cluster();
  Observation seen;

 private:
  BrokersInterpreter interpreter_;
  double now_ = 0;
};

TEST(LogDirs, TellSizesAndTheShareThatIsLeft) {
  Watch watch;
  watch.read(250);
  EXPECT_EQ(watch.of("log_dir_total_bytes"), is(1000 * kGiB));
  EXPECT_EQ(watch.of("log_dir_usable_bytes"), is(250 * kGiB));
  EXPECT_EQ(watch.of("log_dir_usable_ratio"), is(0.25));
  EXPECT_EQ(watch.of("log_dir_offline"), is(0));
}

TEST(LogDirs, AreNotForecastBeforeAQuarterOfAnHour) {
  Watch watch;
  watch.read(500);
  watch.fill(10, 2);
  EXPECT_EQ(watch.of("log_dir_growth_bytes_per_second"), unknown(Unknown::not_asked));
  EXPECT_EQ(watch.of("log_dir_seconds_until_full"), unknown(Unknown::not_asked))
      << "before a restart it may have been filling";
  watch.fill(10, 1);
  EXPECT_NEAR(watch.growth_gib_per_hour(), 120, 0.1);
  EXPECT_NEAR(watch.hours_until_full(), 470.0 / 120, 0.01);
  EXPECT_EQ(watch.said(), "470 GiB of 1000 GiB are left, and 120 GiB come in an hour");
}

TEST(LogDirs, TheSameReadingSeenTwiceIsOne) {
  Watch watch;
  watch.read(500);
  watch.fill(10, 3);
  const Cell before = watch.of("log_dir_growth_bytes_per_second");
  for (int i = 0; i < 100; ++i) watch.poll();
  EXPECT_EQ(watch.of("log_dir_growth_bytes_per_second"), before);
}

TEST(LogDirs, ThatEmptyAreNotForecast) {
  Watch watch;
  watch.read(500);
  watch.fill(-1, 12);
  EXPECT_NEAR(watch.growth_gib_per_hour(), -12, 0.1);
  EXPECT_EQ(watch.of("log_dir_seconds_until_full"), kNoRow);
}

TEST(LogDirs, ThatFillInMonthsAreNotForecast) {
  Watch watch;
  watch.read(500);
  watch.fill(0.01, 12);
  EXPECT_EQ(watch.of("log_dir_seconds_until_full"), kNoRow);
}

TEST(LogDirs, RoomThatSomebodyMadeStartsAnew) {
  Watch watch;
  watch.read(300);
  watch.fill(2, 15);
  watch.fill(-300, 1);
  EXPECT_EQ(watch.of("log_dir_growth_bytes_per_second"), unknown(Unknown::not_asked));
  watch.fill(2, 3);
  EXPECT_NEAR(watch.growth_gib_per_hour(), 24, 0.1);
}

TEST(LogDirs, SegmentsThatAreDeletedAllAtOnceAreNoEndToGrowthNorGrowth) {
  Watch watch;
  watch.read(500);
  // Each half hour retention gives back all that came.
  for (int i = 0; i < 8; ++i) {
    watch.fill(1, 5);
    watch.fill(-5, 1);
  }
  EXPECT_LT(watch.growth_gib_per_hour(), 3);
}

TEST(LogDirs, AFloodIsSeenWithinTheHour) {
  Watch watch;
  watch.read(200);
  watch.fill(0, 36);
  watch.fill(10, 6);
  EXPECT_NEAR(watch.growth_gib_per_hour(), 120, 30);
  EXPECT_LT(watch.hours_until_full(), 2);
}

TEST(LogDirs, ReadingsThatComeFastAreThinned) {
  Watch watch;
  watch.read(500);
  for (int i = 0; i < 3000; ++i) watch.read(500 - i * 0.01, 10);
  EXPECT_NEAR(watch.growth_gib_per_hour(), 3.6, 0.01);
}

TEST(LogDirs, AnotherVolumeStartsAnew) {
  Watch watch;
  watch.read(500);
  watch.fill(10, 6);
  watch.dir().total_bytes *= 2;
  watch.read(1500);
  EXPECT_EQ(watch.of("log_dir_growth_bytes_per_second"), unknown(Unknown::not_asked));
}

TEST(LogDirs, OfABrokerThatIsDownAreUnknown) {
  Watch watch;
  watch.read(500);
  watch.fill(10, 6);
  crash(watch.view, 2);
  watch.poll();
  for (const char* const measure : {"log_dir_usable_bytes", "log_dir_usable_ratio",
                                    "log_dir_offline", "log_dir_seconds_until_full"})
    EXPECT_EQ(watch.of(measure), unknown(Unknown::broker_unreachable)) << measure;
}

TEST(LogDirs, OfOldBrokersHaveNoSize) {
  Watch watch;
  watch.dir().total_bytes = watch.dir().usable_bytes = -1;
  watch.poll();
  EXPECT_EQ(watch.of("log_dir_usable_ratio"), unknown(Unknown::unsupported));
  EXPECT_EQ(watch.of("log_dir_offline"), is(0));
}

TEST(LogDirs, ThatAreOfflineSayWhy) {
  Watch watch;
  watch.read(500);
  watch.dir() = {Symbol(kPath), Unknown::known, true, "KAFKA_STORAGE_ERROR (56)", -1, -1};
  watch.poll();
  EXPECT_EQ(watch.of("log_dir_offline"), is(1));
  EXPECT_EQ(watch.of("log_dir_usable_bytes"), unknown(Unknown::failed));
  EXPECT_EQ(watch.said(), "KAFKA_STORAGE_ERROR (56)");
}

TEST(LogDirs, ThatAreOfflineExplainPartitionsThatMissAReplicaThere) {
  Watch watch;
  watch.read(500);
  PartitionsInterpreter partitions;
  EXPECT_THAT(pairs(partitions.interpret(watch.view, {}, at(0)), "keeps replicas of partitions"),
              IsEmpty());
  watch.dir().offline = true;
  orders(watch.view, 0).isr = {1, 3};
  EXPECT_THAT(pairs(partitions.interpret(watch.view, {}, at(0)), "keeps replicas of partitions"),
              ElementsAre("topic=orders partition=0 -> broker=2 log_dir=/data/kafka"));
}

}  // namespace
}  // namespace highwater::collectors
