#include "collectors/topics/dead_letters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/topics/partitions.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

// A healthy cluster with a topic "orders" (ends 1000 in each of three partitions) and one beside
// it.
class Watch {
 public:
  explicit Watch(std::string_view name = "orders-dlq",
                 std::vector<Pattern> patterns = usual_dead_letters())
      : interpreter_(std::move(patterns)) {
    kafka::TopicView letters = topic(view, "logs");
    letters.name = Symbol(name);
    letters.id[0] = std::byte{7};
    letters.partitions[0].high_watermark = offset(5);
    view.topics.push_back(letters);
    std::ranges::sort(view.topics, {}, [](const auto& one) { return one.name.text(); });
    name_ = name;
  }

  void poll(double seconds) { seen_ = interpreter_.interpret(view, {}, at(seconds)); }
  void letters(int64_t count) {
    collectors::topic(view, name_).partitions[0].high_watermark.offset += count;
  }
  [[nodiscard]] Cell arrived() const {
    return cell(seen_, "dead_letters_since_silence_records", {name_});
  }
  [[nodiscard]] Cell rate() const { return cell(seen_, "dead_letter_records_per_second", {name_}); }
  [[nodiscard]] Cell share() const {
    return cell(seen_, "dead_letter_share_ratio", {name_, "orders"});
  }
  [[nodiscard]] const Observation& seen() const { return seen_; }

  kafka::ClusterView view = healthy_cluster();

 private:
  std::string name_;
  PartitionsInterpreter interpreter_;
  Observation seen_;
};

TEST(DeadLetters, OnlyTopicsOfTheUsualNamesAreSome) {
  Watch watch;
  watch.poll(0);
  EXPECT_EQ(table(watch.seen(), "dead_letters_since_silence_records").rows(), 1U);
  for (const char* const name : {"orders.DLT", "orders_dlq", "dlq-orders", "orders-dead-letter"}) {
    Watch other(name);
    other.poll(0);
    EXPECT_NE(other.arrived(), kNoRow) << name;
    EXPECT_EQ(pairs(other.seen(), "has dead letters in topics"),
              std::vector{"topic=" + std::string(name) + " -> topic=orders"});
  }
  Watch none("orders-dlq-notes");
  none.poll(0);
  EXPECT_EQ(none.arrived(), kNoRow);
}

// What came before the watch may have ended a silence, or not.
TEST(DeadLetters, AreUnknownUntilOneComesOrAnHourOfSilenceWasSeen) {
  Watch silent;
  Watch other;
  for (Watch* watch : {&silent, &other}) {
    watch->poll(0);
    EXPECT_EQ(watch->arrived(), unknown(Unknown::not_asked));
    watch->poll(3599);
    EXPECT_EQ(watch->arrived(), unknown(Unknown::not_asked));
  }
  silent.poll(3600);
  EXPECT_EQ(silent.arrived(), is(0));
  other.letters(1);
  other.poll(3600);
  EXPECT_EQ(other.arrived(), is(1));
}

TEST(DeadLetters, TheSilenceBeforeThemIsToldForWhatItIs) {
  Watch early;
  early.poll(0);
  early.letters(1);
  early.poll(60);
  ASSERT_EQ(early.seen().notes.size(), 1U);
  EXPECT_EQ(early.seen().notes[0].text, "the first since the watch began, 1 min before");
  Watch late;
  late.poll(0);
  late.poll(7200);
  late.letters(1);
  late.poll(7210);
  EXPECT_EQ(late.seen().notes.at(0).text, "the first in 2 h or more");
  late.poll(11'000);
  late.letters(1);
  late.poll(18'010);
  EXPECT_EQ(late.seen().notes.at(0).text, "the first in 3 h or more");
}

TEST(DeadLetters, TheFirstRecordsAreCountedUntilAnHourOfSilence) {
  Watch watch;
  watch.poll(0);
  watch.letters(1);
  watch.poll(10);
  EXPECT_EQ(watch.arrived(), is(1));
  watch.letters(2);
  watch.poll(20);
  EXPECT_EQ(watch.arrived(), is(3));
  watch.poll(20 + 3599);
  EXPECT_EQ(watch.arrived(), is(3));
  watch.poll(20 + 3600);
  EXPECT_EQ(watch.arrived(), is(0));
  watch.letters(1);
  watch.poll(20 + 3610);
  EXPECT_EQ(watch.arrived(), is(1));
}

TEST(DeadLetters, TheirRateAndShareAreThoseOfMinutes) {
  Watch watch;
  for (int i = 0; i <= 30; ++i) {
    watch.poll(10 * i);
    watch.letters(10);
    orders(watch.view, 0).high_watermark.offset += 100;
  }
  EXPECT_EQ(watch.rate(), is(1));
  EXPECT_EQ(watch.share(), is(0.1));
}

TEST(DeadLetters, RateAndShareAreUnknownAtFirst) {
  Watch watch;
  watch.poll(0);
  watch.poll(10);
  EXPECT_EQ(watch.rate(), unknown(Unknown::not_asked));
  EXPECT_EQ(watch.share(), unknown(Unknown::not_asked));
}

TEST(DeadLetters, ASilentTopicHasNoShareAndADeadOneAll) {
  Watch watch;
  for (int i = 0; i <= 30; ++i) watch.poll(10 * i);
  EXPECT_EQ(watch.share(), is(0));
  for (int i = 31; i <= 70; ++i) {
    watch.letters(1);
    watch.poll(10 * i);
  }
  EXPECT_EQ(watch.share(), is(1)) << "nothing comes to the topic itself";
}

TEST(DeadLetters, WhatCannotBeReadIsUnknown) {
  Watch watch;
  watch.poll(0);
  topic(watch.view, "orders-dlq").partitions[0].high_watermark.reason = Unknown::broker_unreachable;
  watch.poll(10);
  EXPECT_EQ(watch.arrived(), unknown(Unknown::broker_unreachable));
  EXPECT_EQ(watch.rate(), unknown(Unknown::broker_unreachable));
}

TEST(DeadLetters, ATopicThatWasCreatedAnewStartsAnew) {
  Watch watch;
  watch.poll(0);
  topic(watch.view, "orders-dlq").id[0] = std::byte{8};
  watch.letters(100);
  watch.poll(10);
  EXPECT_EQ(watch.arrived(), unknown(Unknown::not_asked));
  watch.letters(1);
  watch.poll(20);
  EXPECT_EQ(watch.arrived(), is(1));
}

TEST(DeadLetters, WithoutItsTopicThereIsNoShare) {
  Watch watch("billing-dlq");
  watch.poll(0);
  EXPECT_NE(watch.arrived(), kNoRow);
  EXPECT_EQ(table(watch.seen(), "dead_letter_share_ratio").rows(), 0U);
}

TEST(DeadLetters, PatternsOfOnesOwnTakeThePlaceOfTheUsual) {
  Watch watch("failed.orders", {Pattern::parse("failed.*").value()});
  watch.poll(0);
  EXPECT_NE(watch.arrived(), kNoRow);
  EXPECT_EQ(watch.share(), unknown(Unknown::not_asked));
  Watch none("orders-dlq", {});
  none.poll(0);
  EXPECT_EQ(none.arrived(), kNoRow);
}

}  // namespace
}  // namespace highwater::collectors
