// What a token server gets as proof of who asks: the claims, and a signature that the public key
// verifies.
#include "collectors/kafka/login/client_assertion.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "agent/core/digest.h"
#include "agent/core/openssl_owned.h"
#include "collectors/kafka/login/oauth_tokens.h"

namespace highwater::kafka {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr WallTime kNow{std::chrono::seconds(1'800'000'000)};

class ClientAssertion : public testing::Test {
 protected:
  ClientAssertion()
      : folder_(std::filesystem::path(testing::TempDir()) /
                fmt::format("client_assertion_{}", getpid())) {
    std::filesystem::create_directories(folder_);
  }
  ~ClientAssertion() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& text) {
    const std::string file = (folder_ / "key.pem").string();
    std::ofstream(file, std::ios::trunc) << text;
    return file;
  }
  std::string write(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr) {
    const Owned<BIO> memory(BIO_new(BIO_s_mem()));
    unsigned char password[] = "s3cret";
    PEM_write_bio_PrivateKey(memory.get(), key, cipher, cipher == nullptr ? nullptr : password,
                             cipher == nullptr ? 0 : 6, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return write(std::string(data, static_cast<size_t>(size)));
  }
  static Result<std::string> made(const std::string& file) {
    return client_assertion(file, "k1", "highwater", "https://id.test/token", kNow);
  }

 private:
  const std::filesystem::path folder_;
};

std::string decoded(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  return base64_decoded(text).value();
}

struct Parts {
  json header, claims;
  std::string text, signature;
};
Parts parts_of(const std::string& token) {
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  return {json::parse(decoded(token.substr(0, first))),
          json::parse(decoded(token.substr(first + 1, second - first - 1))),
          token.substr(0, second), decoded(token.substr(second + 1))};
}

bool verifies(EVP_PKEY* key, const std::string& text, const std::string& signature) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const auto bytes = [](const std::string& s) {
    return reinterpret_cast<const unsigned char*>(s.data());
  };
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text),
                          text.size()) == 1;
}

TEST_F(ClientAssertion, OfAnRsaKeyIsRs256) {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(2048));
  const auto token = made(write(key.get()));
  ASSERT_TRUE(token) << token.error().message;
  const Parts parts = parts_of(*token);
  EXPECT_EQ(parts.header, json::parse(R"({"alg": "RS256", "typ": "JWT", "kid": "k1"})"));
  EXPECT_EQ(parts.claims["iss"], "highwater");
  EXPECT_EQ(parts.claims["sub"], "highwater");
  EXPECT_EQ(parts.claims["aud"], "https://id.test/token");
  EXPECT_EQ(parts.claims["iat"], 1'800'000'000);
  EXPECT_EQ(parts.claims["exp"], 1'800'000'060);
  EXPECT_TRUE(verifies(key.get(), parts.text, parts.signature));
}

TEST_F(ClientAssertion, IsUsedOnce) {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(2048));
  const std::string file = write(key.get());
  EXPECT_NE(parts_of(made(file).value()).claims["jti"], parts_of(made(file).value()).claims["jti"]);
}

TEST_F(ClientAssertion, OfAKeyOnP256IsEs256) {
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const std::string file = write(key.get());
  // Numbers with leading zeros are rare: one in 128.
  for (int i = 0; i < 300; ++i) {
    const auto token = made(file);
    ASSERT_TRUE(token) << token.error().message;
    const Parts parts = parts_of(*token);
    ASSERT_EQ(parts.header["alg"], "ES256");
    ASSERT_EQ(parts.signature.size(), 64U);
    const Owned<ECDSA_SIG> numbers(ECDSA_SIG_new());
    const auto* const bytes = reinterpret_cast<const unsigned char*>(parts.signature.data());
    ECDSA_SIG_set0(numbers.get(), BN_bin2bn(bytes, 32, nullptr),
                   BN_bin2bn(bytes + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(numbers.get(), &der);
    const std::string asn1(reinterpret_cast<char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    ASSERT_TRUE(verifies(key.get(), parts.text, asn1));
  }
}

TEST_F(ClientAssertion, IsSentInPlaceOfThePassword) {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(2048));
  OauthSettings settings;
  settings.token_url = "https://id.test/token";
  settings.client_id = "high water";
  settings.assertion_key = write(key.get());
  HttpQuestion asked;
  OauthTokens tokens(settings, [&](const HttpQuestion& question) -> Result<HttpAnswer> {
    asked = question;
    return HttpAnswer{200, R"({"access_token": "one", "expires_in": 100})"};
  });
  EXPECT_EQ(tokens.current({SteadyTime{}, kNow}, {}).value(), "one");
  EXPECT_THAT(asked.body,
              testing::StartsWith(
                  "grant_type=client_credentials&client_id=high%20water&client_assertion_type="
                  "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&"
                  "client_assertion=ey"));
  EXPECT_THAT(asked.headers, testing::ElementsAre(testing::Pair("Accept", "application/json")));
  const std::string token = asked.body.substr(asked.body.rfind('=') + 1);
  EXPECT_EQ(parts_of(token).claims["aud"], "https://id.test/token");
}

TEST_F(ClientAssertion, OfOtherFilesSaysWhatIsWrong) {
  EXPECT_THAT(made("/nowhere/key.pem").error().message, HasSubstr("/nowhere/key.pem"));
  EXPECT_THAT(made(write("no key")).error().message,
              HasSubstr("key.pem holds no unencrypted private key as PEM"));
  const Owned<EVP_PKEY> rsa(EVP_RSA_gen(2048));
  EXPECT_THAT(made(write(rsa.get(), EVP_aes_128_cbc())).error().message,
              HasSubstr("no unencrypted private key"));
  const Owned<EVP_PKEY> other(EVP_EC_gen("P-384"));
  EXPECT_THAT(made(write(other.get())).error().message,
              HasSubstr("is neither RSA of 2048 bits nor on the curve P-256"));
  const Owned<EVP_PKEY> small(EVP_RSA_gen(1024));
  EXPECT_THAT(made(write(small.get())).error().message, HasSubstr("neither RSA of 2048 bits"));
}

}  // namespace
}  // namespace highwater::kafka
