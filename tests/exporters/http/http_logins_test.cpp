// Passwords and tokens: who is recognised, and what that costs.
#include <gtest/gtest.h>

#include "agent/core/digest.h"
#include "exporters/http/access/bcrypt.h"
#include "exporters/http/access/logins.h"

namespace highwater::http {
namespace {

// Of "wonderland" and "tea: time", with the lowest cost.
constexpr const char* kWonderland = "$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu";
constexpr const char* kTeaTime = "$2b$04$ABCDEFGHIJKLMNOPQRSTUuR8Pg9xOyTaO1G8.iGzChCUfrdE/JgfC";
constexpr const char* kToken = "0123456789abcdef";

std::string basic(const std::string& login) {
  return "Basic " + base64(login);
}

Logins some_logins() {
  return {{{"alice", kWonderland, Role::write}, {"hatter", kTeaTime, Role::read}},
          {{"ci", kToken, Role::write}, {"prometheus", "prometheus-token-1", Role::read}}};
}

TEST(Bcrypt, KnowsItsHashes) {
  EXPECT_EQ(bcrypt_cost(kWonderland), 4);
  EXPECT_EQ(bcrypt_cost("$2a$14$zzcdefghijklmnopqrstuuAtXTQnxelXBUTxXkBcqcnx8qMcw6qZG"), 14);
  for (const std::string& other :
       {std::string(), std::string("wonderland"), std::string(60, '$'), std::string("$6$salt$hash"),
        std::string(kWonderland) + "x",
        std::string("$2x$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu"),
        std::string("$2y$03$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu"),
        std::string("$2y$4$$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu"),
        std::string("$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5Djl:u")})
    EXPECT_EQ(bcrypt_cost(other), 0) << other;
}

TEST(Bcrypt, AcceptsTheRightPasswordOnly) {
  EXPECT_TRUE(bcrypt_matches("wonderland", kWonderland));
  EXPECT_TRUE(bcrypt_matches("tea: time", kTeaTime));
  EXPECT_TRUE(
      bcrypt_matches("wonderland", "$2a$04$zzcdefghijklmnopqrstuuAtXTQnxelXBUTxXkBcqcnx8qMcw6qZG"));
  for (const std::string& wrong : {std::string(), std::string("Wonderland"),
                                   std::string("wonderland\0x", 12), std::string(100, 'w')})
    EXPECT_FALSE(bcrypt_matches(wrong, kWonderland)) << wrong;
  EXPECT_FALSE(bcrypt_matches("wonderland", "wonderland"));
}

TEST(HttpLogins, ComputeAPasswordsHashOnce) {
  const Logins logins = some_logins();
  const std::string alice = basic("alice:wonderland");
  EXPECT_FALSE(logins.recall(alice)) << "it must be computed";
  EXPECT_EQ(logins.check(alice).role, Role::write);
  const auto known = logins.recall(alice);
  ASSERT_TRUE(known);
  EXPECT_EQ(known->role, Role::write);
  EXPECT_EQ(known->name, "alice");
}

TEST(HttpLogins, RememberNoWrongPassword) {
  const Logins logins = some_logins();
  std::ignore = logins.check(basic("alice:wonderland"));
  for (const char* wrong : {"alice:", "alice:tea: time", "hatter:wonderland", "nobody:wonderland",
                            "Alice:wonderland", ":wonderland"}) {
    EXPECT_FALSE(logins.recall(basic(wrong))) << wrong;
    EXPECT_EQ(logins.check(basic(wrong)).role, Role::nobody) << wrong;
    EXPECT_FALSE(logins.recall(basic(wrong))) << wrong;
  }
  EXPECT_TRUE(logins.recall(basic("alice:wonderland"))) << "a guess forgets nobody";
}

TEST(HttpLogins, TakeAPasswordWithAColon) {
  EXPECT_EQ(some_logins().check(basic("hatter:tea: time")).role, Role::read);
}

TEST(HttpLogins, KnowTokensAtOnce) {
  const Logins logins = some_logins();
  EXPECT_EQ(logins.recall(std::string("Bearer ") + kToken)->name, "ci");
  EXPECT_EQ(logins.recall(std::string("bearer  ") + kToken)->role, Role::write);
  EXPECT_EQ(logins.recall("Bearer prometheus-token-1")->role, Role::read);
}

TEST(HttpLogins, RefuseAtOnceWhatCanBeNobodys) {
  const Logins logins = some_logins();
  for (const char* header :
       {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeg", "Basic", "Basic ", "Basic !!!!",
        "Basic YWxpY2U=", "Digest username=\"alice\"", "0123456789abcdef", "Basicx YTpi"}) {
    const auto login = logins.recall(header);
    ASSERT_TRUE(login) << header;
    EXPECT_EQ(login->role, Role::nobody) << header;
  }
  const Logins only_tokens({}, {{"ci", kToken, Role::read}});
  EXPECT_EQ(only_tokens.recall(basic("a:b"))->role, Role::nobody) << "no hash for nobody";
  EXPECT_EQ(only_tokens.challenge(), "Bearer realm=\"Highwater\"");
}

TEST(HttpLogins, TokensHaveNoColon) {
  EXPECT_TRUE(is_token("aZ09-._~+/=="));
  for (const char* text : {"", "=", "a b", "user:password", "a=b", "\xC3\xA4"})
    EXPECT_FALSE(is_token(text)) << text;
}

}  // namespace
}  // namespace highwater::http
