#include "exporters/watch/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "agent/core/utf8.h"
#include "watch_support.h"

namespace highwater::watch {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Compares with a file beside this one. HIGHWATER_WRITE_SCREENS=1 writes it instead.
void expect_screen(const std::string& name, const std::string& screen) {
  const std::string path = std::string(HIGHWATER_SOURCE) + "/tests/exporters/watch/" + name;
  if (std::getenv("HIGHWATER_WRITE_SCREENS") != nullptr) std::ofstream(path) << screen;
  std::ifstream file(path);
  const std::string expected{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(screen, expected) << "compare with " << path;
}

TEST(WatchScreen, IsAsDrawnIn80Columns) {
  expect_screen("faults_80x24.txt", screen_of(model_of(status_with_faults())));
  expect_screen("quiet_80x24.txt", screen_of(model_of(quiet_status())));
}

TEST(WatchScreen, IsAsDrawnIn120Columns) {
  expect_screen("faults_120x40.txt", screen_of(model_of(status_with_faults()), {}, {120, 40}));
}

TEST(WatchScreen, OpensAnIncidentWithItsWholeText) {
  Model model = model_of(status_with_faults());
  View view;
  settle(view, model.picture);
  press({KeyKind::enter}, view, model.picture);
  const auto question = question_of(view);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->name, "BrokerDown");
  EXPECT_EQ(question->entity, "broker=2 cluster=prod");
  model.explanation = {*question,
                       R"({"kind": "alert", "rule": "BrokerDown", "judges": "broker_up == 0",
                           "items": [{"state": "firing", "entity": {"broker": "2"}}]})",
                       {}};
  expect_screen("incident_80x24.txt", text_of(lines_of(model, view)));
}

TEST(WatchScreen, OpensAGroupWithItsTopicsBudgetsAndIncidents) {
  const Model model = model_of(status_with_faults());
  View view;
  type("/payments", view, model.picture);
  press({KeyKind::enter}, view, model.picture);
  press({KeyKind::end}, view, model.picture);
  while (view.section != Section::groups) press({KeyKind::next_section}, view, model.picture);
  press({KeyKind::enter}, view, model.picture);
  expect_screen("group_80x24.txt", text_of(lines_of(model, view)));
}

TEST(WatchScreen, MarksThePictureAsOldWhileTheAgentIsAway) {
  Model model = model_of(status_with_faults());
  model.connection.away_since = model.connection.now - 80s;
  model.connection.answered = model.connection.now - 82s;
  model.connection.why = "GET http://127.0.0.1:9877: connect to 127.0.0.1: connection refused";
  expect_screen("away_80x24.txt", screen_of(model));
}

TEST(WatchScreen, SaysThatNothingWasAnsweredYet) {
  Model model;
  model.connection.url = "http://127.0.0.1:9877";
  EXPECT_THAT(screen_of(model), HasSubstr("The agent is asked for the first time."));
  model.connection.interval = 2s;
  model.connection.away_since = model.connection.now;
  model.connection.why = "connection refused";
  EXPECT_THAT(screen_of(model),
              HasSubstr("NO ANSWER for 0 s: connection refused\nIt is asked again every 2 s."));
}

TEST(WatchScreen, SaysWhatIsNotKnownAlsoWhenNothingIsOpen) {
  Json status = quiet_status();
  status["clusters"][0]["parts"] = {{{"name", "groups"}, {"stale", true}, {"age_seconds", 90}}};
  const std::string screen = screen_of(model_of(status));
  EXPECT_THAT(screen, HasSubstr("CANNOT SAY: what was read is too old"));
  EXPECT_THAT(screen, HasSubstr("NOT KNOWN: prod: nothing new of groups for 1 min 30 s"));
  EXPECT_THAT(screen, Not(HasSubstr("quiet")));
}

TEST(WatchScreen, CountsWhatIsNotKnownBeyondItsLines) {
  Json status = quiet_status();
  for (int i = 0; i < 6; ++i)
    status["clusters"][0]["parts"].push_back(
        {{"name", "part" + std::to_string(i)}, {"unreadable", "denied"}});
  EXPECT_THAT(screen_of(model_of(status)), HasSubstr("NOT KNOWN: and 4 more, see each cluster"));
  EXPECT_THAT(screen_of(model_of(status), {}, {80, 40}), HasSubstr("and 2 more, see each cluster"));
}

TEST(WatchScreen, ShowsAHeartbeatThatStopped) {
  Json status = quiet_status();
  status["heartbeat_age_seconds"] = 65;
  EXPECT_THAT(screen_of(model_of(status)),
              HasSubstr("NOT KNOWN: the agent has judged nothing for 1 min 5 s"));
}

// Every line, in every size and of every page: what a hostile answer can do to a terminal.
void expect_harmless(const Model& model, View view) {
  for (const Size size : {Size{80, 24}, Size{120, 40}, Size{41, 11}, Size{5, 2}, Size{300, 90}}) {
    for (const bool colour : {false, true}) {
      const Frame frame = draw(model, view, size, colour);
      EXPECT_EQ(frame.lines.size(), size.height);
      for (const std::string& line : frame.lines) {
        static const std::regex kColours("\x1b\\[[0-9]m|\x1b\\[3[0-9]m");
        const std::string bare = std::regex_replace(line, kColours, "");
        EXPECT_LE(utf8::count_characters(bare), size.width) << line;
        EXPECT_EQ(clean(bare), bare) << "something steers the terminal";
        EXPECT_TRUE(colour || line == bare) << line;
      }
    }
  }
}

const std::string kHostile =
    "\x1b]0;title\x07\x1b[2J\x9b"
    "31m\xc2\x9b"
    "2J\r\n\t\xe2\x80\xae"
    "evil\xff\x1b[31;99;H" +
    std::string(300, 'x');

TEST(WatchScreen, LetsNoNameSteerTheTerminal) {
  Json status = status_with_faults();
  status["notices"] = {kHostile};
  status["version"] = kHostile;
  status["now"] = kHostile;
  for (Json& incident : status["incidents"]) {
    for (const char* key : {"title", "severity", "team", "opened", "acknowledged", "impact_text"})
      incident[key] = kHostile;
    incident["silenced_by"] = {kHostile};
    incident["headline"]["note"] = kHostile;
    incident["evidence"][0]["summary"] = kHostile;
  }
  for (Json& cluster : status["clusters"]) {
    cluster["name"] = kHostile;
    for (Json& group : cluster["groups"]) group["group"] = group["topic"] = kHostile;
    for (Json& budget : cluster["budgets"]) budget["slo"] = budget["entity"] = kHostile;
    for (Json& broker : cluster["brokers"]) broker["id"] = broker["status"] = kHostile;
    cluster["parts"] = {{{"name", kHostile}, {"unreadable", kHostile}, {"problems", {kHostile}}}};
  }
  Model model = model_of(status);
  model.connection.url = kHostile;
  model.connection.why = kHostile;
  View view;
  expect_harmless(model, view);
  model.connection.away_since = model.connection.now;
  settle(view, model.picture);
  expect_harmless(model, view);
  for (const Section section : kSections) {
    View opened;
    opened.detail = Detail{section, row(*model.picture, section, 0).key, model.picture, false, 0};
    if (const auto question = question_of(opened)) {
      Explanation answer{*question, {}, kHostile};
      model.explanation = answer;
      expect_harmless(model, opened);
      answer.json = Json({{"kind", "slo"},
                          {"rule", kHostile},
                          {"meaning", kHostile},
                          {"items", {{{"state", kHostile}, {"last_sample", kHostile}}}}})
                        .dump(-1, ' ', false, Json::error_handler_t::replace);
      answer.problem.clear();
      model.explanation = answer;
    }
    expect_harmless(model, opened);
  }
  view.help = true;
  expect_harmless(model, view);
  view = {};
  view.typing = true;
  view.filter = std::string(100, 'w');
  expect_harmless(model, view);
}

TEST(WatchScreen, BearsAnswersOfAnotherShape) {
  for (const char* json : {R"({"ready": 1, "clusters": 7, "incidents": {"a": 1}, "notices": 3})",
                           R"({"ready": true, "clusters": [{}, 3, {"brokers": [{}], "groups": [{}],
                               "budgets": [{}], "parts": [{}], "broker_count": -5,
                               "group_count": 1e300}], "incidents": [{}], "incident_count": "x"})"}) {
    const auto picture = read_picture(json);
    ASSERT_TRUE(picture) << json;
    Model model;
    model.picture = *picture;
    View view;
    settle(view, model.picture);
    expect_harmless(model, view);
    press({KeyKind::enter}, view, model.picture);
    expect_harmless(model, view);
  }
  EXPECT_FALSE(read_picture("[]"));
  EXPECT_FALSE(read_picture("<html>"));
}

Json many_groups(size_t count) {
  Json status = quiet_status();
  Json groups = Json::array();
  for (size_t i = 0; i < count; ++i)
    groups.push_back(group("group-" + std::to_string(i), "orders", static_cast<double>(i), i));
  status["clusters"][0]["groups"] = std::move(groups);
  status["clusters"][0]["group_count"] = count;
  return status;
}

TEST(WatchScreen, FindsOneOfFiveThousandGroups) {
  const Model model = model_of(many_groups(5000));
  View view;
  const std::string all = screen_of(model, view);
  EXPECT_THAT(all, HasSubstr("of 5,001 (5,001 groups, by topic), most seconds behind first"));
  EXPECT_THAT(all, HasSubstr("1 h 23 min        4,999 rec.  group-4999"));
  expect_harmless(model, view);
  type("/group-321", view, model.picture);
  press({KeyKind::enter}, view, model.picture);
  const std::string some = screen_of(model, view, {80, 40});
  EXPECT_THAT(some, HasSubstr("GROUPS 11 (without the filter 5,001), most seconds behind first"));
  EXPECT_THAT(some, HasSubstr("> "));
  EXPECT_THAT(some, HasSubstr("group-3219"));
  EXPECT_THAT(some, Not(HasSubstr("group-4999")));
}

TEST(WatchScreen, KeepsTheSelectedRowInSight) {
  const Model model = model_of(many_groups(5000));
  View view;
  settle(view, model.picture);
  while (view.section != Section::groups) press({KeyKind::next_section}, view, model.picture);
  for (const KeyKind key : {KeyKind::end, KeyKind::page_up, KeyKind::up, KeyKind::home}) {
    press({key}, view, model.picture);
    EXPECT_THAT(text_of(lines_of(model, view)), HasSubstr("\n> ")) << static_cast<int>(key);
  }
}

TEST(WatchScreen, ShowsAThousandBrokersByTheirMarks) {
  Json status = quiet_status();
  Json& prod = status["clusters"][0];
  prod["brokers"] = Json::array();
  for (int i = 0; i < 1000; ++i)
    prod["brokers"].push_back({{"id", std::to_string(i)}, {"up", i != 700}});
  prod["broker_count"] = 1000;
  prod["brokers_up"] = 999;
  const std::string screen = screen_of(model_of(status));
  EXPECT_THAT(screen, HasSubstr("999 of 1000 brokers up  ++++"));
  EXPECT_THAT(screen, HasSubstr("+\u2026  700 down"))
      << "who is not up is named, also off the strip";
}

TEST(WatchScreen, ShowsStateInWordsWhereThereAreNoColours) {
  const std::string screen = screen_of(model_of(status_with_faults()));
  for (const char* words : {"PAGE", "TICKET", "[acknowledged]", "+x?", "2 crashed; 3 unknown",
                            "-12.5% left", "no data yet", "unknown", "NOT KNOWN"})
    EXPECT_THAT(screen, HasSubstr(words));
}

TEST(WatchScreen, IsTooSmallOnlyWhenItIs) {
  const Model model = model_of(quiet_status());
  EXPECT_THAT(screen_of(model, {}, {39, 20}), StartsWith("39x20 is too small"));
  const std::string least = screen_of(model, {}, {40, 10});
  EXPECT_THAT(least, StartsWith("highwater 1.0.0"));
  EXPECT_THAT(least, HasSubstr("> prod")) << "the list with the selection";
}

TEST(WatchScreen, KeepsAnIncidentThatEndedWhileItIsRead) {
  Model model = model_of(status_with_faults());
  View view;
  settle(view, model.picture);
  press({KeyKind::enter}, view, model.picture);
  model.picture = picture_of(quiet_status());
  const std::string screen = text_of(lines_of(model, view));
  EXPECT_THAT(screen, HasSubstr("It is not open any more"));
  EXPECT_THAT(screen, HasSubstr("PAGE 7: Broker 2 (prod) crashed"));
  press({KeyKind::escape}, view, model.picture);
  EXPECT_THAT(text_of(lines_of(model, view)),
              HasSubstr("All quiet since 2026-11-29 09:00:00 UTC (3 h ago)"));
}

}  // namespace
}  // namespace highwater::watch
