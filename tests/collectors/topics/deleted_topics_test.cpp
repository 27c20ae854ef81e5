#include "collectors/topics/deleted_topics.h"

#include <gtest/gtest.h>

#include "collectors/topics/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

class Watch {
 public:
  void poll(double seconds) { seen_ = interpreter_.interpret(view, {}, at(seconds)); }
  void remove(std::string_view name) {
    std::erase_if(view.topics, [&](const auto& topic) { return topic.name.text() == name; });
  }
  [[nodiscard]] Cell deleted(const std::string& topic) const {
    return cell(seen_, "topic_deleted", {topic});
  }

  kafka::ClusterView view = healthy_cluster();

 private:
  PartitionsInterpreter interpreter_;
  Observation seen_;
};

TEST(DeletedTopics, ATopicThatIsNotListedAnyMoreIsToldForTenMinutes) {
  Watch watch;
  watch.poll(0);
  EXPECT_EQ(watch.deleted("orders"), kNoRow);
  watch.remove("orders");
  watch.poll(10);
  EXPECT_EQ(watch.deleted("orders"), is(1));
  EXPECT_EQ(watch.deleted("logs"), kNoRow);
  watch.poll(610);
  EXPECT_EQ(watch.deleted("orders"), is(1));
  watch.poll(620);
  EXPECT_EQ(watch.deleted("orders"), is(0)) << "so that the alert ends by its condition";
  watch.poll(1300);
  EXPECT_EQ(watch.deleted("orders"), kNoRow);
}

TEST(DeletedTopics, AnotherTopicOfTheNameMeansThatItWasDeleted) {
  Watch watch;
  topic(watch.view, "orders").id[0] = std::byte{1};
  watch.poll(0);
  topic(watch.view, "orders").id[0] = std::byte{2};
  watch.poll(10);
  EXPECT_EQ(watch.deleted("orders"), is(1));
}

TEST(DeletedTopics, WhatVanishesAllAtOnceOrCannotBeReadWasNotDeleted) {
  Watch watch;
  watch.poll(0);
  const auto topics = watch.view.topics;
  watch.view.topics.clear();
  watch.view.topics_vanished.why = "made up";
  watch.poll(10);
  EXPECT_EQ(watch.deleted("orders"), kNoRow);
  watch.view.topics_vanished = {};
  watch.view.topics_reason = Unknown::broker_unreachable;
  watch.poll(20);
  EXPECT_EQ(watch.deleted("orders"), kNoRow);
  watch.view.topics_reason = Unknown::known;
  watch.view.topics = topics;
  watch.poll(30);
  EXPECT_EQ(watch.deleted("orders"), kNoRow);
}

}  // namespace
}  // namespace highwater::collectors
