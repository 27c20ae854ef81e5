// SCRAM as a client: the examples of the standards, and brokers that are none.
#include "collectors/kafka/login/scram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace highwater::kafka {
namespace {

using testing::HasSubstr;

// RFC 7677, section 3.
constexpr const char* kNonce = "rOprNGfwEbeRWgbNEkqO";
constexpr const char* kServerFirst =
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
constexpr const char* kServerFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

std::unique_ptr<SaslExchange> exchange(Mechanism mechanism = Mechanism::scram_sha_256,
                                       std::shared_ptr<ScramMemory> memory = nullptr) {
  if (!memory) memory = std::make_shared<ScramMemory>();
  return make_scram(mechanism, "user", "pencil", memory, kNonce);
}

std::string refusal_of(const std::string& server_first) {
  const auto scram = exchange();
  EXPECT_TRUE(scram->first());
  const auto answer = scram->next(server_first);
  return answer ? "" : answer.error().message;
}

TEST(Scram, SpeaksTheExampleOfTheStandard) {
  const auto scram = exchange();
  EXPECT_EQ(scram->first().value(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
  EXPECT_EQ(scram->next(kServerFirst).value(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p="
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(scram->next(kServerFinal).value(), std::nullopt);
}

// Computed with hashlib and hmac of Python, from the same messages.
TEST(Scram, WithSha512) {
  const auto scram = exchange(Mechanism::scram_sha_512);
  ASSERT_TRUE(scram->first());
  EXPECT_THAT(
      scram->next(kServerFirst).value().value(),
      HasSubstr("p=gMGXRcevScNtxZ6/"
                "8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ=="));
  EXPECT_EQ(scram
                ->next("v=ZQnYEgWQMFmmsM8aQMF0nDDCy/"
                       "AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==")
                .value(),
            std::nullopt);
}

TEST(Scram, HashesAgainOnlyForAnotherSaltOrPassword) {
  const auto memory = std::make_shared<ScramMemory>();
  for (int i = 0; i < 2; ++i) {
    const auto scram = exchange(Mechanism::scram_sha_256, memory);
    ASSERT_TRUE(scram->first());
    EXPECT_THAT(scram->next(kServerFirst).value().value(), HasSubstr("p=dHzbZapWIk4j"));
  }
  const auto other = make_scram(Mechanism::scram_sha_256, "user", "pen", memory, kNonce);
  ASSERT_TRUE(other->first());
  EXPECT_THAT(other->next(kServerFirst).value().value(), testing::Not(HasSubstr("p=dHzbZapWIk4j")));
}

TEST(Scram, EscapesWhatWouldEndTheName) {
  const auto scram =
      make_scram(Mechanism::scram_sha_256, "a,b=c", "x", std::make_shared<ScramMemory>(), kNonce);
  EXPECT_THAT(scram->first().value(), HasSubstr("n=a=2Cb=3Dc,r="));
}

TEST(Scram, HasAnotherNonceEachTime) {
  const auto memory = std::make_shared<ScramMemory>();
  const auto one = make_scram(Mechanism::scram_sha_256, "u", "p", memory);
  const auto two = make_scram(Mechanism::scram_sha_256, "u", "p", memory);
  EXPECT_NE(one->first().value(), two->first().value());
}

TEST(Scram, RefusesABrokerThatDoesNotKnowThePassword) {
  for (const char* final : {"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", "v=", "v=AAAA", "",
                            "x=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="}) {
    const auto scram = exchange();
    ASSERT_TRUE(scram->first());
    ASSERT_TRUE(scram->next(kServerFirst));
    const auto answer = scram->next(final);
    ASSERT_FALSE(answer) << final;
    EXPECT_THAT(answer.error().message, HasSubstr("does not prove that it knows the password"));
  }
}

TEST(Scram, RefusesHostileFirstMessages) {
  const std::string nonce = "r=rOprNGfwEbeRWgbNEkqOxyz,";
  const std::string salt = "s=W22ZaJ0SNY7soEsUEjb6gQ==,";
  EXPECT_EQ(refusal_of(nonce + salt + "i=4096"), "");
  EXPECT_EQ(refusal_of(nonce + salt + "i=4096,x=later"), "") << "extensions are none of ours";
  EXPECT_THAT(refusal_of(nonce + salt + "i=4095"), HasSubstr("'4095' iterations"));
  EXPECT_THAT(refusal_of(nonce + salt + "i=1000001"), HasSubstr("'1000001' iterations"));
  EXPECT_THAT(refusal_of(nonce + salt + "i=99999999999999999999"), HasSubstr("iterations"));
  EXPECT_THAT(refusal_of(nonce + salt + "i=-4096"), HasSubstr("iterations"));
  EXPECT_THAT(refusal_of(nonce + salt + "i=4096x"), HasSubstr("iterations"));
  EXPECT_THAT(refusal_of("r=rOprNGfwEbeRWgbNEkqO," + salt + "i=4096"), HasSubstr("nonce"));
  EXPECT_THAT(refusal_of("r=other," + salt + "i=4096"), HasSubstr("nonce"));
  EXPECT_THAT(refusal_of(nonce + "s=,i=4096"), HasSubstr("salt"));
  EXPECT_THAT(refusal_of(nonce + "s=a=b=,i=4096"), HasSubstr("salt"));
  EXPECT_THAT(refusal_of(nonce + "s=W22Z!,i=4096"), HasSubstr("salt"));
  EXPECT_THAT(refusal_of(nonce + salt), HasSubstr("not SCRAM's"));
  EXPECT_THAT(refusal_of("m=mandatory," + nonce + salt + "i=4096"), HasSubstr("not SCRAM's"));
  EXPECT_THAT(refusal_of(""), HasSubstr("not SCRAM's"));
  EXPECT_THAT(refusal_of("e=other-error\x07"), HasSubstr("'other-error?'"));
  EXPECT_THAT(refusal_of(nonce + "s=" + std::string(5000, 'A') + ",i=4096"), HasSubstr("too long"));
}

}  // namespace
}  // namespace highwater::kafka
