#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "agent/core/digest.h"
#include "exporters/mail/message.h"
#include "tests/exporters/notify/smtp_server.h"
#include "tests/exporters/receivers/support.h"

namespace highwater::notify {
namespace {

using namespace testing_support;
using ::highwater::testing_support::ReceivedMail;
using ::highwater::testing_support::SmtpServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::unique_ptr<Receiver> email(const SmtpServer& server) {
  return make("email", {{"host", std::string("127.0.0.1")},
                        {"port", int64_t{server.port()}},
                        {"security", std::string("none")},
                        {"user", std::string("agent")},
                        {"password", Secret("hunter2")},
                        {"from", std::string("kafka@example.org")},
                        {"to", std::vector<std::string>{"a@example.org", "b@example.org"}}});
}

// A header with what follows it on further lines.
std::string header(const ReceivedMail& mail, const std::string& name) {
  const size_t start = mail.data.find("\r\n" + name + ": ");
  if (start == std::string::npos) return {};
  size_t end = mail.data.find("\r\n", start + 2);
  while (mail.data.compare(end + 2, 1, " ") == 0) end = mail.data.find("\r\n", end + 2);
  const size_t value = start + 2 + name.size() + 2;
  return mail.data.substr(value, end - value);
}

// The decoded part of a type.
std::string part(const ReceivedMail& mail, const std::string& type) {
  const size_t head = mail.data.find("Content-Type: " + type);
  const size_t start = mail.data.find("\r\n\r\n", head) + 4;
  std::string encoded = mail.data.substr(start, mail.data.find("--=_", start) - start);
  std::erase_if(encoded, [](char c) { return c == '\r' || c == '\n'; });
  return base64_decoded(encoded).value_or("no base64");
}

TEST(Mail, DatesAndHeadersAreWrittenAsMailHasThem) {
  EXPECT_EQ(mail::mail_date(samples::wall(100)), "Thu, 01 Jan 2026 00:01:40 +0000");
  EXPECT_EQ(mail::header_text("plain text"), "plain text");
  EXPECT_EQ(mail::header_text("größe"), "=?UTF-8?B?Z3LDtsOfZQ==?=");
  std::istringstream lines(mail::header_text(std::string(300, '\xE9') + "é"));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 77);
}

TEST(Mail, AddressesThatWouldBreakAHeaderAreNone) {
  EXPECT_TRUE(mail::is_address("on-call+kafka@example.org"));
  for (const char* bad : {"", "a", "@b", "a@", "a b@c", "a@b,c@d", "A <a@b>", "a@b\r\nBcc: c@d"})
    EXPECT_FALSE(mail::is_address(bad)) << bad;
}

TEST(Email, GoesToAllWithTextAndHtml) {
  SmtpServer server;
  const Answer answer = email(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const ReceivedMail mail = server.mails().at(0);
  EXPECT_EQ(mail.from, "kafka@example.org");
  EXPECT_THAT(mail.to, ElementsAre("a@example.org", "b@example.org"));
  EXPECT_EQ(mail.login, std::string("\0agent\0hunter2", 14));
  EXPECT_EQ(header(mail, "Subject"), "[PAGE] Broker 3 of prod is down");
  EXPECT_EQ(header(mail, "From"), "Highwater <kafka@example.org>");
  EXPECT_EQ(header(mail, "Importance"), "high");
  EXPECT_THAT(part(mail, "text/plain"),
              HasSubstr("Runbook: http://watch/runbooks/broker-down?incident=7\n"));
  EXPECT_THAT(part(mail, "text/html"),
              HasSubstr("<a href=\"http://watch/runbooks/broker-down?incident=7\">Runbook</a>"));
}

TEST(Email, OneIncidentIsOneThread) {
  SmtpServer server;
  const auto receiver = email(server);
  const Answer first = receiver->deliver(firing(), attempt());
  Delivery end = resolved();
  end.handle = first.handle;
  EXPECT_EQ(receiver->deliver(end, attempt()).outcome, Outcome::delivered);
  const auto mails = server.mails();
  ASSERT_EQ(mails.size(), 2);
  const std::string thread = "<ab000000000000000000000000000007.oncall@example.org>";
  EXPECT_EQ(header(mails[0], "Message-ID"), thread);
  EXPECT_EQ(header(mails[0], "References"), "");
  EXPECT_EQ(header(mails[1], "References"), thread);
  EXPECT_EQ(header(mails[1], "In-Reply-To"), thread);
  EXPECT_NE(header(mails[1], "Message-ID"), thread);
  EXPECT_EQ(header(mails[1], "Subject"), "Re: [PAGE] Broker 3 of prod is down");
  EXPECT_THAT(part(mails[1], "text/plain"), HasSubstr("[RESOLVED] Broker 3 of prod is down"));
}

TEST(Email, TakesWhatIsLargeAndForeign) {
  SmtpServer server;
  const Answer answer = email(server)->deliver(firing(samples::huge(7)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const ReceivedMail mail = server.mails().at(0);
  std::istringstream lines(mail.data);
  for (std::string line; std::getline(lines, line);) ASSERT_LE(line.size(), 998);
  EXPECT_THAT(mail.data, Not(testing::ContainsRegex("[\x80-\xFF]")));
  EXPECT_THAT(part(mail, "text/html"), Not(HasSubstr("<b>*_")));
}

TEST(Email, TakesAGroupOf400Incidents) {
  SmtpServer server;
  const Answer answer = email(server)->deliver(firing(samples::group_of(400)), attempt());
  EXPECT_EQ(answer.outcome, Outcome::delivered) << answer.text;
  const ReceivedMail mail = server.mails().at(0);
  EXPECT_EQ(header(mail, "Subject"), "[TICKET] 400 incidents (cluster=prod)");
  const std::string text = part(mail, "text/plain");
  EXPECT_THAT(text, HasSubstr("400 incidents, 20 of them:"));
  EXPECT_THAT(text, HasSubstr("http://watch/?incident=119"));
  EXPECT_THAT(part(mail, "text/html"), HasSubstr("Group &lt;g0&gt; &amp; *co* lags"));
}

struct Refusal {
  const char* command;
  const char* answer;
  Outcome outcome;
};
class EmailRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(EmailRefusal, IsForGoodWhenItsCodeIs5yz) {
  const std::map<std::string, std::string> refusal{{GetParam().command, GetParam().answer}};
  SmtpServer server(refusal);
  const Answer answer = email(server)->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, GetParam().outcome);
  EXPECT_THAT(answer.text, HasSubstr(GetParam().answer));
  EXPECT_THAT(answer.text, HasSubstr("SMTP 127.0.0.1:"));
  EXPECT_THAT(answer.text, Not(HasSubstr("hunter2")));
  EXPECT_TRUE(server.mails().empty());
}

INSTANTIATE_TEST_SUITE_P(
    Commands, EmailRefusal,
    testing::Values(Refusal{"AUTH", "535 5.7.8 authentication failed", Outcome::refused},
                    Refusal{"MAIL", "451 4.3.0 try later", Outcome::retry},
                    Refusal{"RCPT", "550 5.1.1 unknown user", Outcome::refused},
                    Refusal{"RCPT", "450 4.2.0 greylisted", Outcome::retry},
                    Refusal{".", "552 5.3.4 too big", Outcome::refused},
                    Refusal{".", "452 4.3.1 disk full", Outcome::retry}));

TEST(Email, EndsInTimeWhenTheServerHangs) {
  const std::map<std::string, std::string> silent{{"EHLO", ""}};
  SmtpServer server(silent);
  Attempt brief = attempt();
  brief.limit = std::chrono::milliseconds(200);
  const SteadyTime start = std::chrono::steady_clock::now();
  const Answer answer = email(server)->deliver(firing(), brief);
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, HasSubstr("not done within the deadline"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(Email, IsNotEndedAsIfItWereWholeWhenItIsGivenUp) {
  const std::map<std::string, std::string> silent{{"RCPT", ""}};
  SmtpServer server(silent);
  Attempt brief = attempt();
  brief.limit = std::chrono::milliseconds(200);
  EXPECT_EQ(email(server)->deliver(firing(), brief).outcome, Outcome::retry);
  EXPECT_THAT(server.commands(), ElementsAre("EHLO", "AUTH", "MAIL", "RCPT"));
}

TEST(Email, IsNotSentInTheClearWhereEncryptionIsWanted) {
  SmtpServer server;
  const auto receiver = make("email", {{"host", std::string("127.0.0.1")},
                                       {"port", int64_t{server.port()}},
                                       {"from", std::string("kafka@example.org")},
                                       {"to", std::vector<std::string>{"a@example.org"}}});
  const Answer answer = receiver->deliver(firing(), attempt());
  EXPECT_EQ(answer.outcome, Outcome::retry);
  EXPECT_THAT(answer.text, HasSubstr("the server offers no STARTTLS"));
  EXPECT_TRUE(server.mails().empty());
}

TEST(Email, MistakesAreFoundBeforeTheFirstMail) {
  const auto mistake = [](std::vector<std::pair<std::string, Settings::Value>> values) {
    Settings settings;
    settings.set("host", std::string("smtp.example.org"));
    settings.set("from", std::string("kafka@example.org"));
    settings.set("to", std::vector<std::string>{"a@example.org"});
    for (auto& [key, value] : values) settings.set(key, std::move(value));
    const auto found = find_receiver_kind("email")->check(settings);
    return found ? found->what : std::string();
  };
  EXPECT_EQ(mistake({}), "");
  EXPECT_THAT(mistake({{"to", std::vector<std::string>{"Ann <a@b>"}}}), HasSubstr("not a mail"));
  EXPECT_THAT(mistake({{"host", std::string("smtp://x")}}), HasSubstr("not the name of a host"));
  EXPECT_THAT(mistake({{"user", std::string("u")}}), HasSubstr("one of 'user' and 'password'"));
  EXPECT_THAT(mistake({{"user", std::string("u")},
                       {"password", Secret("p")},
                       {"security", std::string("none")}}),
              HasSubstr("in the clear"));
}

}  // namespace
}  // namespace highwater::notify
