#include "agent/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::agent {
namespace {

using testing::HasSubstr;

Config with(size_t clusters, size_t receivers, size_t sources) {
  Config config;
  config.clusters.resize(clusters);
  config.receivers.resize(receivers);
  config.sources.sources.resize(sources);
  return config;
}

TEST(OpenFiles, AreSharedOutWhateverTheLimit) {
  for (const size_t limit : {64U, 256U, 1024U, 65'536U}) {
    const auto shares = share_open_files(limit, with(2, 1, 0));
    ASSERT_TRUE(shares) << shares.error().message;
    EXPECT_GE(shares->server, 10U);
    EXPECT_LE(shares->server, 256U);
    EXPECT_GE(shares->brokers, 6U);
    EXPECT_LE(shares->server + 2 * shares->brokers + 30, limit);
  }
}

TEST(OpenFiles, ALimitThatIsTooLowIsSaidWithWhatIsNeeded) {
  const auto shares = share_open_files(64, with(30, 20, 200));
  ASSERT_FALSE(shares);
  EXPECT_THAT(shares.error().message, HasSubstr("only 64 files may be open"));
  EXPECT_THAT(shares.error().message, HasSubstr("LimitNOFILE"));
  EXPECT_TRUE(share_open_files(1024, with(30, 20, 200)));
}

TEST(Memory, IsWhatTheConfigurationSays) {
  Config config = with(1, 0, 0);
  config.memory = 256U << 20;
  EXPECT_EQ(most_memory(config), 256U << 20);
}

TEST(Memory, WithoutASettingIsSomeOfTheMachines) {
  const uint64_t memory = most_memory(with(1, 0, 0));
  EXPECT_GT(memory, 16U << 20);
  EXPECT_LT(memory, uint64_t{1} << 50);
}

TEST(Memory, IsSharedOutAmongTheClusters) {
  const uint64_t memory = 256U << 20;
  for (const size_t clusters : {1U, 2U, 3U})
    EXPECT_LE(clusters * memory_of_cluster(memory, clusters) + (100U << 20), memory) << clusters;
  EXPECT_GE(memory_of_cluster(64U << 20, 50), 8U << 20);
}

TEST(Threads, OfALargeConfigurationStayBelowTheUsualLimit) {
  EXPECT_LT(most_threads(with(30, 20, 200)), 256U);
  EXPECT_LT(most_threads(with(50, 50, 200)), 400U);
}

TEST(Threads, CanBeTried) {
  EXPECT_TRUE(try_threads(50));
}

}  // namespace
}  // namespace highwater::agent
