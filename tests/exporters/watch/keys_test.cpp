#include "exporters/watch/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "watch_support.h"

namespace highwater::watch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MATCHER_P(Is, kind, "") {
  return arg.kind == kind;
}

TEST(WatchKeys, AreReadFromSequences) {
  KeyReader keys;
  EXPECT_THAT(keys.feed("\x1b[A\x1b[B\x1bOA\x1b[5~\x1b[6~\x1b[H\x1bOF\x1b[Z"),
              ElementsAre(Is(KeyKind::up), Is(KeyKind::down), Is(KeyKind::up), Is(KeyKind::page_up),
                          Is(KeyKind::page_down), Is(KeyKind::home), Is(KeyKind::end),
                          Is(KeyKind::previous_section)));
  EXPECT_THAT(keys.feed("\r\t\x7f\x03\x1a\x0c"),
              ElementsAre(Is(KeyKind::enter), Is(KeyKind::next_section), Is(KeyKind::erase),
                          Is(KeyKind::interrupt), Is(KeyKind::suspend), Is(KeyKind::redraw)));
  EXPECT_THAT(keys.feed("q\xc3\xa9"),
              ElementsAre(Key{KeyKind::text, "q"}, Key{KeyKind::text, "\xc3\xa9"}));
}

TEST(WatchKeys, ArriveInPieces) {
  KeyReader keys;
  EXPECT_THAT(keys.feed("\x1b"), IsEmpty());
  EXPECT_TRUE(keys.waiting());
  EXPECT_THAT(keys.feed("[5"), IsEmpty());
  EXPECT_THAT(keys.feed("~"), ElementsAre(Is(KeyKind::page_up)));
  EXPECT_FALSE(keys.waiting());
  EXPECT_THAT(keys.feed("\xc3"), IsEmpty());
  EXPECT_THAT(keys.feed("\xa9"), ElementsAre(Key{KeyKind::text, "\xc3\xa9"}));
}

TEST(WatchKeys, AnEscapeAloneIsOneAfterAPause) {
  KeyReader keys;
  EXPECT_THAT(keys.feed("\x1b"), IsEmpty());
  EXPECT_THAT(keys.pause(), ElementsAre(Is(KeyKind::escape)));
  EXPECT_FALSE(keys.waiting());
  EXPECT_THAT(keys.pause(), IsEmpty());
  EXPECT_THAT(keys.feed("\x1bq"), ElementsAre(Is(KeyKind::escape), Key{KeyKind::text, "q"}));
}

TEST(WatchKeys, WhatMeansNothingIsLeftOut) {
  KeyReader keys;
  EXPECT_THAT(keys.feed("\x1b[31;5uj"), ElementsAre(Key{KeyKind::text, "j"}));
  EXPECT_THAT(keys.feed("\x01\x02\xff\xc2\x9bk"), ElementsAre(Key{KeyKind::text, "k"}));
  EXPECT_THAT(keys.feed("\x1b[" + std::string(5000, '1')), IsEmpty());
  EXPECT_THAT(keys.feed("j"), ElementsAre(Key{KeyKind::text, "j"})) << "no key waits for ever";
}

struct WatchKeyPresses : testing::Test {
  PicturePtr picture = picture_of(status_with_faults());
  View view;

  void SetUp() override { settle(view, picture); }
  Wish press(KeyKind kind) { return watch::press({kind}, view, picture); }
  std::string selected() { return view.key; }
};

TEST_F(WatchKeyPresses, LeadFromOneListIntoTheNext) {
  EXPECT_EQ(selected(), "7");
  press(KeyKind::down);
  EXPECT_EQ(selected(), "4");
  press(KeyKind::down);
  EXPECT_EQ(view.section, Section::clusters);
  EXPECT_EQ(selected(), "prod");
  press(KeyKind::up);
  EXPECT_EQ(selected(), "4");
  press(KeyKind::next_section);
  press(KeyKind::next_section);
  EXPECT_EQ(selected(), "prod\npayments-lag\ngroup=payments topic=orders");
  press(KeyKind::next_section);
  EXPECT_EQ(selected(), "prod\nbilling\norders") << "the most seconds behind";
  press(KeyKind::next_section);
  EXPECT_EQ(selected(), "7") << "around";
  press(KeyKind::previous_section);
  EXPECT_EQ(selected(), "7");
}

TEST_F(WatchKeyPresses, KeepTheSelectionWhenRowsMove) {
  type("jjj", view, picture);
  EXPECT_EQ(selected(), "staging");
  Json status = status_with_faults();
  std::swap(status["clusters"][0], status["clusters"][1]);
  picture = picture_of(status);
  settle(view, picture);
  EXPECT_EQ(selected(), "staging");
  EXPECT_EQ(view.index, 0U);
}

TEST_F(WatchKeyPresses, FindAnotherRowWhenTheSelectedOneIsGone) {
  type("j", view, picture);
  picture = picture_of(quiet_status());
  settle(view, picture);
  EXPECT_EQ(view.section, Section::clusters);
  EXPECT_EQ(selected(), "prod");
  settle(view, picture_of(Json{{"ready", true}, {"clusters", Json::array()}}));
  EXPECT_EQ(selected(), "");
}

TEST_F(WatchKeyPresses, FilterAllLists) {
  EXPECT_EQ(type("/PAYq", view, picture), Wish::nothing) << "q is a letter here";
  press(KeyKind::erase);
  EXPECT_EQ(view.filter, "PAY");
  EXPECT_THAT(rows_of(*picture, view, Section::incidents), IsEmpty());
  EXPECT_EQ(rows_of(*picture, view, Section::groups).size(), 3U);
  EXPECT_EQ(view.section, Section::budgets) << "the first list with rows";
  press(KeyKind::enter);
  EXPECT_FALSE(view.typing);
  EXPECT_FALSE(view.detail);
  press(KeyKind::escape);
  EXPECT_EQ(view.filter, "");
}

TEST_F(WatchKeyPresses, BoundTheFilter) {
  type("/" + std::string(1000, 'a'), view, picture);
  EXPECT_EQ(view.filter.size(), 100U);
  press(KeyKind::erase_all);
  EXPECT_EQ(view.filter, "");
}

std::vector<std::string> groups_in(const Picture& picture, const View& view) {
  std::vector<std::string> names;
  for (const size_t i : rows_of(picture, view, Section::groups))
    names.push_back(picture.groups[i].group);
  return names;
}

TEST_F(WatchKeyPresses, SortTheSelectedList) {
  while (view.section != Section::groups) press(KeyKind::next_section);
  EXPECT_THAT(groups_in(*picture, view),
              ElementsAre("billing", "payments", "pay-test", "payments", "audit"));
  type("s", view, picture);
  EXPECT_THAT(groups_in(*picture, view),
              ElementsAre("billing", "payments", "pay-test", "payments", "audit"));
  type("s", view, picture);
  EXPECT_EQ(groups_in(*picture, view).front(), "audit") << "unknown first";
  EXPECT_EQ(selected(), "prod\naudit\nevents");
  type("s", view, picture);
  EXPECT_THAT(groups_in(*picture, view),
              ElementsAre("audit", "billing", "pay-test", "payments", "payments"));
  type("s", view, picture);
  EXPECT_EQ(groups_in(*picture, view).front(), "billing");
}

TEST_F(WatchKeyPresses, SortIncidentsByAgeAndClustersByBrokersAway) {
  Json status = status_with_faults();
  status["incidents"][1]["opened"] = "2026-11-29T11:59:00.000Z";
  std::swap(status["clusters"][0], status["clusters"][1]);
  picture = picture_of(status);
  type("s", view, picture);
  EXPECT_EQ(selected(), "4");
  press(KeyKind::next_section);
  EXPECT_EQ(selected(), "staging");
  type("s", view, picture);
  EXPECT_EQ(selected(), "prod");
}

TEST_F(WatchKeyPresses, OpenAndCloseARow) {
  press(KeyKind::enter);
  ASSERT_TRUE(view.detail);
  EXPECT_EQ(view.detail->key, "7");
  view.most_scroll = 3;
  press(KeyKind::page_down);
  EXPECT_EQ(view.detail->scroll, 3U);
  type("k", view, picture);
  EXPECT_EQ(view.detail->scroll, 2U);
  press(KeyKind::home);
  press(KeyKind::up);
  EXPECT_EQ(view.detail->scroll, 0U);
  press(KeyKind::escape);
  EXPECT_FALSE(view.detail);
}

TEST_F(WatchKeyPresses, AskForAnExplanationOfIncidentsAndBudgets) {
  EXPECT_FALSE(question_of(view));
  for (const Section section : kSections) {
    view.detail = Detail{section, row(*picture, section, 0).key, picture, false, 0};
    EXPECT_EQ(question_of(view).has_value(),
              section == Section::incidents || section == Section::budgets);
  }
}

TEST_F(WatchKeyPresses, QuitAndHelp) {
  EXPECT_EQ(type("?", view, picture), Wish::nothing);
  EXPECT_TRUE(view.help);
  EXPECT_EQ(type("x", view, picture), Wish::nothing);
  EXPECT_FALSE(view.help);
  EXPECT_EQ(type("q", view, picture), Wish::quit);
  EXPECT_EQ(press(KeyKind::interrupt), Wish::quit);
  EXPECT_EQ(press(KeyKind::suspend), Wish::suspend);
  EXPECT_EQ(type("r", view, picture), Wish::refresh);
  type("/", view, picture);
  EXPECT_EQ(press(KeyKind::interrupt), Wish::quit);
}

TEST_F(WatchKeyPresses, MeanNothingWithoutAPicture) {
  picture = nullptr;
  view = {};
  for (const KeyKind kind : {KeyKind::up, KeyKind::down, KeyKind::enter, KeyKind::end,
                             KeyKind::next_section, KeyKind::escape})
    EXPECT_EQ(press(kind), Wish::nothing);
  EXPECT_FALSE(view.detail);
}

}  // namespace
}  // namespace highwater::watch
