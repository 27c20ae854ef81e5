// What the API answers, made from reports by hand.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporters/web/entity_json.h"
#include "exporters/web/lag_json.h"
#include "web_support.h"

namespace highwater::web {
namespace {

LagAnswer lag_of(const Report& report, LagQuestion question) {
  return find_lag(*report.snapshot, test_now().steady, question);
}

TEST(LagJson, SumsTheRecordsOfTheTopicsAndTakesTheWorstSeconds) {
  const Report report =
      report_of({make_observation("prod", "groups",
                                  {make_table(kLagSum, {{{"prod", "billing", "orders"}, 330},
                                                        {{"prod", "billing", "audit"}, 12},
                                                        {{"prod", "b", "orders"}, 7}}),
                                   make_table(kLagSeconds, {{{"prod", "billing", "orders"}, 420},
                                                            {{"prod", "billing", "audit"}, 9}})})});
  EXPECT_EQ(lag_of(report, {.group = "billing"}).lag, 342);
  EXPECT_EQ(lag_of(report, {.group = "billing", .topic = "audit"}).lag, 12);
  EXPECT_EQ(lag_of(report, {.group = "billing", .seconds = true}).lag, 420);
  EXPECT_EQ(lag_of(report, {.group = "bill"}).kind, LagAnswer::Kind::not_found);
  EXPECT_EQ(lag_of(report, {.group = "billing", .topic = "other"}).kind,
            LagAnswer::Kind::not_found);
  EXPECT_EQ(lag_of(report, {.cluster = "lab", .group = "billing"}).kind,
            LagAnswer::Kind::not_found);
}

TEST(LagJson, OneUnknownTopicMakesItUnknown) {
  const Report report = report_of({make_observation(
      "prod", "groups",
      {make_table(kLagSum, {{{"prod", "billing", "audit"}, 0},
                            {{"prod", "billing", "orders"}, 330, Unknown::denied}})})});
  const LagAnswer answer = lag_of(report, {.group = "billing"});
  EXPECT_EQ(answer.kind, LagAnswer::Kind::unknown);
  EXPECT_EQ(answer.reason, "denied");
  EXPECT_FALSE(lag_json({.group = "billing"}, answer).contains("lag"));
  EXPECT_EQ(lag_of(report, {.group = "billing", .topic = "audit"}).lag, 0);
}

TEST(LagJson, WhatWasNotReadLatelyIsUnknown) {
  const Report report = one_group();
  const auto later = test_now().steady + std::chrono::hours(1);
  const LagAnswer answer = find_lag(*report.snapshot, later, {.group = "billing"});
  EXPECT_EQ(answer.kind, LagAnswer::Kind::unknown);
  EXPECT_EQ(answer.reason, "stale");
}

TEST(LagJson, AsksWhichClusterWhenSeveralHaveTheGroup) {
  const auto observed = [](const char* cluster) {
    return make_observation(cluster, "groups",
                            {make_table(kLagSum, {{{cluster, "billing", "orders"}, 5}})});
  };
  const Report report = report_of({observed("lab"), observed("prod")});
  EXPECT_EQ(lag_of(report, {.group = "billing"}).kind, LagAnswer::Kind::ambiguous);
  EXPECT_EQ(lag_of(report, {.cluster = "lab", .group = "billing"}).lag, 5);
}

TEST(EntityJson, AGroupHasNumbersAndWhyTheyAreMissing) {
  OneQuestion question;
  question.subject = {Kind::group, "prod", "billing"};
  question.limit = 3;
  const auto json = one_json(one_group("billing", Unknown::no_commit), test_now(), question);
  ASSERT_TRUE(json);
  EXPECT_EQ((*json)["measures"]["group_members"], 3);
  EXPECT_EQ((*json)["tables"][0]["dimensions"][0], "topic");
  const auto& row = (*json)["tables"][0]["rows"][0];
  EXPECT_EQ(row["labels"]["topic"], "orders");
  EXPECT_TRUE(row["measures"]["group_topic_lag_records"].is_null());
  EXPECT_EQ(row["unknown"]["group_topic_lag_records"], "no_commit");
  EXPECT_EQ((*json)["tables"][1]["row_count"], 12);
  EXPECT_EQ((*json)["tables"][1]["rows"].size(), 3U);
  question.subject.name = "other";
  EXPECT_FALSE(one_json(one_group(), test_now(), question));
}

TEST(EntityJson, AListIsPagedAndSearched) {
  std::vector<Row> rows;
  for (int i = 0; i < 25; ++i) rows.push_back({{"prod", fmt::format("Group-{:02}", i)}, 1.0 * i});
  const Report report =
      report_of({make_observation("prod", "groups", {make_table(kMembers, rows)})});
  ListQuestion question{.kind = Kind::group, .from = 20, .limit = 3};
  auto json = list_json(report, test_now(), question);
  EXPECT_EQ(json["count"], 25);
  EXPECT_EQ(json["next"], 23);
  EXPECT_EQ(json["groups"][0]["name"], "Group-20");
  EXPECT_EQ(json["groups"][2]["measures"]["group_members"], 22);
  question.from = 1000;
  json = list_json(report, test_now(), question);
  EXPECT_TRUE(json["groups"].empty() && json["next"].is_null());
  question = {.kind = Kind::group, .search = "OUP-1"};
  EXPECT_EQ(list_json(report, test_now(), question)["count"], 10);
  question = {.kind = Kind::group, .cluster = "lab"};
  EXPECT_EQ(list_json(report, test_now(), question)["count"], 0);
}

}  // namespace
}  // namespace highwater::web
