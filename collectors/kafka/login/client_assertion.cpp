#include "collectors/kafka/login/client_assertion.h"

#include <fmt/format.h>
#include <openssl/ec.h>

#include <nlohmann/json.hpp>

#include "agent/core/digest.h"
#include "agent/core/ids.h"
#include "agent/core/openssl_owned.h"
#include "agent/core/small_file.h"

namespace highwater::kafka {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLargestKeyFile = size_t{64} << 10U;
constexpr int kShortestRsaKey = 2048;  // bits, RFC 7518 section 3.3
constexpr auto kLife = std::chrono::seconds(60);
constexpr size_t kP256Half = 32;  // bytes of each half of a signature

Result<Owned<EVP_PKEY>> read_key(const std::string& file) {
  const auto text = read_small_file(file, kLargestKeyFile);
  if (!text) return fail(fmt::format("{}: {}", file, text.error().message));
  // A password that is always empty: OpenSSL must not ask on the terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(reader_of(*text).get(), nullptr, no_password, nullptr));
  if (!key) return fail(fmt::format("{} holds no unencrypted private key as PEM", file));
  return key;
}

// "RS256", "ES256", or "" for keys of other kinds.
std::string algorithm_of(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") != 0)
    return EVP_PKEY_get_bits(key) < kShortestRsaKey ? "" : "RS256";
  char curve[32] = {};
  const bool p256 = EVP_PKEY_is_a(key, "EC") != 0 &&
                    EVP_PKEY_get_group_name(key, curve, sizeof(curve), nullptr) == 1 &&
                    std::string_view(curve) == "prime256v1";
  return p256 ? "ES256" : "";
}

// The two numbers of an ECDSA signature one after the other, as RFC 7518 section 3.4 has them;
// OpenSSL writes them as ASN.1.
std::string numbers_of(std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const Owned<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
  if (!signature) return "";
  std::string numbers(2 * kP256Half, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(numbers.data());
  const bool fits =
      BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kP256Half) == kP256Half &&
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kP256Half, kP256Half) == kP256Half;
  return fits ? numbers : "";
}

// "" when OpenSSL cannot.
std::string signature_of(EVP_PKEY* key, std::string_view text) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1)
    return "";
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1)
    return "";
  signature.resize(size);
  return EVP_PKEY_is_a(key, "EC") != 0 ? numbers_of(signature) : signature;
}

}  // namespace

Result<std::string> client_assertion(const std::string& key_file, const std::string& key_id,
                                     const std::string& client_id, const std::string& audience,
                                     WallTime now) {
  const auto key = read_key(key_file);
  if (!key) return fail(key.error().message);
  const std::string algorithm = algorithm_of(key->get());
  if (algorithm.empty())
    return fail(fmt::format("the key in {} is neither RSA of {} bits nor on the curve P-256",
                            key_file, kShortestRsaKey));
  Json header{{"alg", algorithm}, {"typ", "JWT"}};
  if (!key_id.empty()) header["kid"] = key_id;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const Json claims{{"iss", client_id}, {"sub", client_id},
                    {"aud", audience},  {"jti", TraceId::random().hex()},
                    {"iat", seconds},   {"exp", seconds + kLife.count()}};
  const std::string text = base64url(header.dump()) + "." + base64url(claims.dump());
  const std::string signature = signature_of(key->get(), text);
  if (signature.empty()) return fail(fmt::format("the key in {} cannot sign", key_file));
  return text + "." + base64url(signature);
}

}  // namespace highwater::kafka
