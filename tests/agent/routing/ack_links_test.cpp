// Links that acknowledge an incident: what is taken, and what is not.
#include "rules/routing/ack_links.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "rules/routing/moment.h"

namespace highwater::rules {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using Verdict = AckLinks::Verdict;

const WallTime kNow = parse_moment("2026-12-05 22:10").value();

// What a restart keeps.
void restart(const AckLinks& from, AckLinks& into) {
  std::vector<StateRecord> records;
  from.add_records(records);
  EXPECT_TRUE(into.restore(records).empty());
}

TEST(AckLinks, AreOfOneIncidentForADay) {
  const AckLinks links;
  const std::string token = links.token(17, kNow);
  EXPECT_EQ(links.check(17, token, kNow), Verdict::valid);
  EXPECT_EQ(links.check(18, token, kNow), Verdict::other_incident);
  EXPECT_EQ(links.check(17, token, kNow + hours(24)), Verdict::valid);
  EXPECT_EQ(links.check(17, token, kNow + hours(24) + minutes(49)), Verdict::valid);
  EXPECT_EQ(links.check(17, token, kNow + hours(24) + minutes(50)), Verdict::expired);
  // What is told again within the hour is the same.
  EXPECT_EQ(links.token(17, kNow + minutes(50)), token);
  EXPECT_NE(links.token(17, kNow + minutes(51)), token);
}

TEST(AckLinks, AreUsedOnceTogetherWithThoseSentBefore) {
  AckLinks links;
  const std::string first = links.token(17, kNow);
  const std::string second = links.token(17, kNow + hours(4));
  const std::string other = links.token(18, kNow);
  links.use(17);
  EXPECT_EQ(links.check(17, first, kNow + hours(5)), Verdict::used);
  EXPECT_EQ(links.check(17, second, kNow + hours(5)), Verdict::used);
  EXPECT_EQ(links.check(18, other, kNow + hours(5)), Verdict::valid);
  const std::string later = links.token(17, kNow + hours(5));
  EXPECT_EQ(links.check(17, later, kNow + hours(5)), Verdict::valid);
}

TEST(AckLinks, SurviveARestartWithTheirUses) {
  AckLinks before;
  const std::string used = before.token(17, kNow);
  const std::string valid = before.token(18, kNow);
  before.use(17);
  AckLinks after;
  const std::string meanwhile = after.token(18, kNow);  // before the state could be read
  restart(before, after);
  EXPECT_EQ(after.check(17, used, kNow), Verdict::used);
  EXPECT_EQ(after.check(18, valid, kNow), Verdict::valid);
  EXPECT_EQ(after.check(18, meanwhile, kNow), Verdict::valid);
  EXPECT_EQ(after.token(18, kNow), valid);
}

TEST(AckLinks, OfAnotherAgentAreForged) {
  const AckLinks ours;
  const AckLinks theirs;
  EXPECT_EQ(ours.check(17, theirs.token(17, kNow), kNow), Verdict::forged);
}

TEST(AckLinks, ThatWereChangedAreForged) {
  const AckLinks links;
  const std::string token = links.token(17, kNow);
  for (const std::string& text :
       {std::string(), std::string("."), std::string("17.0.9999999999."), token.substr(1),
        token + "A", token + "=", "17.0.99999999999" + token.substr(token.rfind('.')),
        "17.1" + token.substr(4), std::string(100'000, '1')})
    EXPECT_EQ(links.check(17, text, kNow), Verdict::forged) << text.substr(0, 80);
  std::mt19937 random(17);  // NOLINT(cert-msc51-cpp)
  for (int i = 0; i < 2000; ++i) {
    std::string changed = token;
    changed[random() % changed.size()] = static_cast<char>(random() % 256);
    if (changed == token) continue;
    ASSERT_EQ(links.check(17, changed, kNow), Verdict::forged) << changed;
  }
}

TEST(AckLinks, ForgetIncidentsThatHaveEnded) {
  AckLinks links;
  links.use(17);
  links.use(18);
  links.keep_only({18});
  std::vector<StateRecord> records;
  links.add_records(records);
  ASSERT_EQ(records.size(), 2U);  // the key, and 18
  EXPECT_EQ(records[1].key, "18");
}

TEST(AckLinks, OfADamagedStateTheRestIsRead) {
  AckLinks links;
  const std::vector<StateRecord> records{{std::string(kAckLinkKind), "key", "!"},
                                         {std::string(kAckLinkKind), "17", "x"},
                                         {std::string(kAckLinkKind), "18", "1"}};
  EXPECT_EQ(links.restore(records).size(), 2U);
  EXPECT_EQ(links.check(17, links.token(17, kNow), kNow), Verdict::valid);
}

}  // namespace
}  // namespace highwater::rules
