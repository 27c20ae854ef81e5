#include "collectors/sources/ready_made.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::sources {
namespace {

TEST(ReadyMade, MappingsAreFoundByTheirNames) {
  EXPECT_THAT(ready_made_names(),
              testing::ElementsAre("kafka-consumer-java", "kafka-producer-java", "spring-kafka",
                                   "kafka-streams", "connect", "connect-rest", "jmx-broker",
                                   "jmx-broker-errors"));
  EXPECT_FALSE(ready_made("kafka"));
  for (const std::string& name : ready_made_names()) {
    const auto entries = ready_made(name);
    ASSERT_TRUE(entries) << name;
    EXPECT_FALSE(entries->empty()) << name;
  }
}

}  // namespace
}  // namespace highwater::sources
