#include "exporters/notify/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using testing::EndsWith;
using testing::HasSubstr;

const std::string kFire = "\xF0\x9F\x94\xA5";  // U+1F525

TEST(Cut, StaysAsItIsWhenItFits) {
  EXPECT_EQ(cut("one two", {7}), "one two");
  EXPECT_EQ(cut("", {0}), "");
}

TEST(Cut, EndsBehindAWholeWord) {
  EXPECT_EQ(cut("one two three", {9}), "one two…");
  EXPECT_EQ(cut("one two three", {8}), "one two…");
  EXPECT_EQ(cut("one two three", {7}), "one…");
}

TEST(Cut, DividesAWordThatIsLongerThanAll) {
  EXPECT_EQ(cut("abcdefgh", {4}), "abc…");
  EXPECT_EQ(cut(kFire + kFire, {3}), kFire + "…");
  EXPECT_EQ(cut(kFire + kFire, {2}), "…");
}

TEST(Cut, CountsAsTheServiceDoes) {
  EXPECT_EQ(length(kFire + "é", Unit::characters), 3);
  EXPECT_EQ(length(kFire + "é", Unit::bytes), 6);
  EXPECT_EQ(cut("éé éé", {8, Unit::bytes}), "éé…");
}

TEST(Cut, LeavesRoomForWhatEscapingAdds) {
  const Escape escape = [](std::string_view text) {
    std::string out;
    for (const char c : text) out += c == '&' ? std::string("&amp;") : std::string(1, c);
    return out;
  };
  EXPECT_EQ(cut_escaped("a & b", {9}, escape), "a &amp; b");
  for (size_t most = 1; most < 40; ++most)
    EXPECT_LE(length(cut_escaped("a && b && c && d && e &", {most}, escape), Unit::characters),
              most);
}

Delivery with_remedy(Delivery delivery) {
  auto notice = std::make_shared<Notice>(*delivery.notice);
  notice->remedy = {"start broker 3", {"look", "do"}, "safe"};
  delivery.notice = std::move(notice);
  return delivery;
}

TEST(Message, SaysWhatHelpsWhileItIsOpen) {
  const std::string line = "Remedy: start broker 3: look; then: do (safe)\n";
  EXPECT_THAT(body_text(message_of(with_remedy(firing()), "http://watch")), HasSubstr(line));
  EXPECT_THAT(body_text(message_of(with_remedy(resolved()), "http://watch")),
              testing::Not(HasSubstr("Remedy")));
}

TEST(Message, SaysWhatWhenWhyAndWhatToDo) {
  const Message message = message_of(firing(), "http://watch");
  EXPECT_EQ(message.headline(), "[PAGE] Broker 3 of prod is down");
  EXPECT_EQ(plain_text(message, {4096}),
            "Its connection was lost and cannot be opened again.\n\n"
            "Since: 2026-01-01T00:01:40.000Z\n"
            "Note: connection refused since 00:01:38\n"
            "Cause: BrokerDown broker=3 cluster=prod\n\n"
            "Runbook: http://watch/runbooks/broker-down?incident=7\n"
            "Incident: http://watch/?incident=7\n"
            "Correlation id: ab000000000000000000000000000007");
}

TEST(Message, SaysWhyItEndedAndHowLongItLasted) {
  const Message message = message_of(resolved(), "http://watch");
  EXPECT_EQ(message.status, "RESOLVED");
  EXPECT_EQ(message.facts.at(0).text, "the condition ended");
  EXPECT_THAT(message.facts.at(1).text, HasSubstr("1 s, from 2026-01-01T00:01:40.000Z"));
}

TEST(Message, IsMarkedWhenItIsATrial) {
  auto notice = std::make_shared<Notice>(*firing().notice);
  notice->test = true;
  EXPECT_EQ(message_of(delivery_of(notice), "").status, "TEST PAGE");
}

TEST(Message, NeverLosesRunbookAndCorrelationId) {
  const Message message = message_of(firing(samples::huge(7)), "http://watch");
  for (const size_t most : {size_t{200}, size_t{500}, size_t{4096}, size_t{20'000}}) {
    for (const Unit unit : {Unit::bytes, Unit::characters}) {
      const std::string text = plain_text(message, {most, unit});
      EXPECT_LE(length(text, unit), most);
      EXPECT_THAT(text, HasSubstr("Runbook: http://watch/runbooks/broker-down?incident=7\n"));
      EXPECT_THAT(text, EndsWith("Correlation id: ab000000000000000000000000000007"));
    }
  }
}

TEST(Message, CountsAllTheEvidence) {
  const Message message = message_of(firing(samples::huge(7)), "http://watch");
  EXPECT_EQ(message.evidence_title, "400 alerts, 20 of them:");
  EXPECT_EQ(message.evidence.size(), 20);
}

TEST(Message, ListsTheIncidentsOfAGroup) {
  const Message message = message_of(firing(samples::group_of(2)), "http://watch");
  EXPECT_EQ(message.headline(), "[TICKET] 2 incidents (cluster=prod)");
  EXPECT_EQ(plain_text(message, {4096}),
            "Since: 2026-01-01T00:00:00.000Z\n"
            "Incidents: 2 open, 2 in all\n\n"
            "2 incidents:\n"
            "- [ticket] Group <g0> & *co* lags " +
                kFire +
                " \xD7\xA9, since "
                "2026-01-01T00:00:00.000Z: http://watch/?incident=100\n"
                "- [ticket] Group <g1> & *co* lags " +
                kFire +
                " \xD7\xA9, since "
                "2026-01-01T00:00:01.000Z: http://watch/?incident=101\n\n"
                "Runbook: http://watch/runbooks/consumer-lag?incident=100\n"
                "Incident: http://watch/\n"
                "Correlation id: ab000000000000000000000000000003");
}

TEST(Message, SaysWhatEndedInAGroup) {
  const Message message = message_of(firing(samples::group_of(4, 1)), "http://watch");
  EXPECT_EQ(message.facts.at(1).text, "3 open, 1 ended, 4 in all");
  EXPECT_THAT(message.evidence.at(3), testing::StartsWith("[ended] Group <g3>"));
  EXPECT_THAT(message.evidence.at(3),
              EndsWith("from 2026-01-01T00:00:03.000Z to 2026-01-01T00:16:40.000Z: "
                       "http://watch/?incident=103"));
  const Message end = message_of(resolved(samples::group_of(4, 4)), "http://watch");
  EXPECT_EQ(end.status, "RESOLVED");
  EXPECT_EQ(end.facts.at(0).text, "the condition ended");
  EXPECT_THAT(end.facts.at(1).text, HasSubstr("from 2026-01-01T00:00:00.000Z to"));
}

// So that whoever hears of a single ticket reads as much of it as ever.
TEST(Message, OfAGroupOfOneIsThatOfTheIncident) {
  Message alone = message_of(firing(samples::broker_down(7, Severity::ticket)), "http://watch");
  const Message grouped = message_of(firing(samples::group_of_one()), "http://watch");
  EXPECT_EQ(grouped.headline(), alone.headline());
  alone.correlation = grouped.correlation;
  EXPECT_EQ(plain_text(grouped, {4096}), plain_text(alone, {4096}));
}

TEST(Message, OfAGroupHasItsOwnBodyAndTheTitleOfTheConfiguration) {
  const MessageForm form{TextForm::parse("kafka: {title} ({incident})").value(),
                         TextForm::parse("Topic {topic}").value()};
  const Message several = message_of(firing(samples::group_of(2)), "http://watch", form);
  EXPECT_EQ(several.title, "kafka: 2 incidents (cluster=prod) (group 3)");
  EXPECT_EQ(several.evidence.size(), 2);
  const Message one = message_of(firing(samples::group_of_one()), "http://watch", form);
  EXPECT_EQ(one.title, "kafka: Broker 3 of prod is down (7)");
  EXPECT_EQ(one.text, "Topic ");
}

std::string rendered(std::string_view form, const Delivery& delivery) {
  const auto parsed = TextForm::parse(form);
  return parsed ? parsed->render(delivery, "http://watch") : "refused: " + parsed.error().message;
}

TEST(TextForm, FillsInWhatItKnows) {
  EXPECT_EQ(rendered("{severity}: broker {broker} of {cluster}", firing()),
            "page: broker 3 of prod");
  EXPECT_EQ(rendered("{status} {resolved} {lasted}", resolved()),
            "resolved the condition ended 1 s");
  EXPECT_EQ(rendered("{status}{resolved}{lasted}", firing()), "firing");
  EXPECT_EQ(rendered("{{not} a placeholder}", firing()), "{not} a placeholder}");
  EXPECT_EQ(rendered("", firing()), "");
}

TEST(TextForm, LeavesOutWhatDependsOnNothing) {
  EXPECT_EQ(rendered("a{?topic} topic {topic}{/topic} b", firing()), "a b");
  EXPECT_EQ(rendered("a{?broker} broker {broker}{/broker} b", firing()), "a broker 3 b");
  EXPECT_EQ(rendered("{?topic}x{?broker}y{/broker}z{/topic}.", firing()), ".");
  EXPECT_EQ(rendered("{?broker}x{?topic}y{/topic}z{/broker}.", firing()), "xz.");
}

TEST(TextForm, SaysWhatIsWrong) {
  const auto why = [](std::string_view form) { return TextForm::parse(form).error().message; };
  EXPECT_THAT(why("{tittle}"), HasSubstr("no placeholder 'tittle': did you mean 'title'"));
  EXPECT_THAT(why("{title"), HasSubstr("not closed"));
  EXPECT_THAT(why("{?topic}x"), HasSubstr("'{?topic}' is not closed"));
  EXPECT_THAT(why("x{/topic}"), HasSubstr("closes nothing"));
  EXPECT_THAT(why("{?topic}{?group}{/topic}{/group}"), HasSubstr("'{/topic}' closes nothing"));
  EXPECT_THAT(why(std::string(4001, 'x')), HasSubstr("4000 bytes"));
  EXPECT_THAT(why("{?topic}{?topic}{?topic}{?topic}{?topic}"), HasSubstr("deeper than 4"));
}

TEST(Message, ReadsAsTheConfigurationWants) {
  const MessageForm form{TextForm::parse("{title}\n{team}!").value(),
                         TextForm::parse("Broker {broker}.\n{description}").value()};
  const Message message = message_of(firing(samples::huge(7)), "http://watch", form);
  EXPECT_EQ(message.title.find('\n'), std::string::npos);
  EXPECT_THAT(message.text, HasSubstr("Broker 3.\n"));
  EXPECT_TRUE(message.facts.empty() && message.evidence.empty());
  EXPECT_THAT(plain_text(message, {500}),
              EndsWith("Correlation id: ab000000000000000000000000000007"));
}

}  // namespace
}  // namespace highwater::notify
