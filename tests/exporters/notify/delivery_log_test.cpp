#include "exporters/notify/delivery_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace std::chrono_literals;
using namespace testing_support;
using testing::HasSubstr;
using testing::SizeIs;

Delivery about(uint64_t incident) {
  return firing(samples::broker_down(incident));
}

class DeliveryLogTest : public testing::Test {
 protected:
  void add(const std::string& receiver, const Delivery& delivery, const Answer& answer) {
    now_ += 1s;
    log_.add(receiver, delivery, answer, now_ - 100ms, now_);
  }

  DeliveryLog log_;
  WallTime now_ = samples::wall(1000);
};

TEST_F(DeliveryLogTest, SaysWhoWasToldWhenAndWhatCameOfIt) {
  add("oncall", about(7), delivered(202));
  add("slack", about(8), refused("HTTP 404: no such channel", 404));
  add("oncall", resolved(samples::broker_down(7)), delivered(202));
  const auto all = log_.newest(std::nullopt, 10);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_TRUE(all[0].resolved);
  EXPECT_EQ(all[1].receiver, "slack");
  EXPECT_EQ(all[1].outcome, Outcome::refused);
  EXPECT_EQ(all[1].text, "HTTP 404: no such channel");
  EXPECT_EQ(all[2].incident, 7U);
  EXPECT_THAT(log_.newest(7, 10), SizeIs(2));
  EXPECT_THAT(log_.newest(std::nullopt, 1), SizeIs(1));
}

TEST_F(DeliveryLogTest, FindsAnIncidentThatWasToldInAGroup) {
  add("mail", firing(samples::group_of(3, 1)), delivered(250));
  add("mail", about(7), delivered(250));
  const auto entries = log_.newest(102, 10);
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_EQ(entries[0].incident, kFirstGroupId + 3);
  EXPECT_TRUE(entries[0].part(102)->ended);
  EXPECT_FALSE(entries[0].part(100)->ended);
  EXPECT_EQ(entries[0].part(100)->correlation, samples::correlation(100).hex());
  EXPECT_EQ(entries[0].part(7), nullptr);
  const auto read = decode_delivery(encode_delivery(entries[0]));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->part(102)->ended);
}

TEST_F(DeliveryLogTest, WhatFailsAlikeIsOneEntryUntilItIsDelivered) {
  for (int i = 0; i < 5; ++i) {
    add("oncall", about(7), retry("HTTP 503", 503));
    add("slack", about(7), delivered(200));
  }
  add("oncall", about(7), retry("no answer"));
  add("oncall", about(7), delivered(202));
  std::vector<DeliveryEntry> oncall;
  for (const DeliveryEntry& entry : log_.newest(7, 100)) {
    if (entry.receiver == "oncall") oncall.push_back(entry);
  }
  ASSERT_THAT(oncall, SizeIs(3));
  EXPECT_EQ(oncall[2].attempts, 5);
  EXPECT_EQ(oncall[2].at - oncall[2].begun, 8s + 100ms);
  EXPECT_EQ(oncall[1].text, "no answer");
  EXPECT_EQ(oncall[0].outcome, Outcome::delivered);
}

TEST_F(DeliveryLogTest, WhatWasTriedLastComesFirst) {
  add("oncall", about(7), retry("HTTP 503", 503));
  add("slack", about(8), delivered(200));
  EXPECT_EQ(log_.newest(std::nullopt, 1).at(0).receiver, "slack");
  add("oncall", about(7), retry("HTTP 503", 503));
  const auto all = log_.newest(std::nullopt, 10);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].receiver, "oncall");
  EXPECT_GT(all[0].at, all[1].at);
  EXPECT_EQ(log_.newest(std::nullopt, 1).at(0).receiver, "oncall");
}

TEST_F(DeliveryLogTest, IsBoundedInNumberAndTime) {
  for (size_t i = 1; i <= DeliveryLog::kMost + 100; ++i) add("oncall", about(i), delivered());
  const auto all = log_.newest(std::nullopt, 1'000'000);
  ASSERT_THAT(all, SizeIs(DeliveryLog::kMost));
  EXPECT_EQ(all.front().incident, DeliveryLog::kMost + 100);
  now_ += DeliveryLog::kKept + 1s;
  add("oncall", about(1), delivered());
  EXPECT_THAT(log_.newest(std::nullopt, 1'000'000), SizeIs(1));
  now_ -= 24h * 365;  // the clock was wrong
  add("oncall", about(2), delivered());
  EXPECT_THAT(log_.newest(std::nullopt, 1'000'000), SizeIs(2));
}

TEST_F(DeliveryLogTest, WhatItKeepsComesBackAsItWas) {
  std::map<uint64_t, std::string> kept;
  const auto keep = [&](bool everything) {
    if (everything) kept.clear();
    for (const auto& change : log_.take_changes(everything)) {
      if (change.entry)
        kept[change.id] = encode_delivery(*change.entry);
      else
        kept.erase(change.id);
    }
  };
  for (uint64_t i = 1; i <= DeliveryLog::kMost + 50; ++i) {
    add("oncall", about(i), i % 7 == 0 ? refused("\xff\"no\n", 400) : delivered(200));
    if (i % 97 == 0) keep(false);
    if (i == 500) keep(true);
  }
  add("oncall", about(1), retry("later"));
  keep(false);
  add("oncall", about(1), retry("later"));
  keep(false);
  EXPECT_TRUE(log_.take_changes(false).empty());

  DeliveryLog restored;
  std::vector<DeliveryEntry> entries;
  for (const auto& [id, text] : kept) entries.push_back(decode_delivery(text).value());
  restored.restore(std::move(entries));
  const auto before = log_.newest(std::nullopt, 1'000'000);
  const auto after = restored.newest(std::nullopt, 1'000'000);
  ASSERT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(encode_delivery(before[i]), encode_delivery(after[i]));
  // What comes next does not overwrite it.
  restored.add("oncall", about(9), delivered(), now_, now_);
  EXPECT_GT(restored.newest(std::nullopt, 1).at(0).id, before.front().id);
}

TEST(DeliveryEntry, OfADamagedFileIsAnError) {
  for (const char* const text :
       {"", "{", "[]", "{\"id\": -1}", "{\"id\": 1, \"receiver\": 7}", "null"})
    EXPECT_FALSE(decode_delivery(text)) << text;
}

}  // namespace
}  // namespace highwater::notify
