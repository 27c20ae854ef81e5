#include "collectors/kafka/login/scram.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

constexpr int kLeastIterations = 4096;
constexpr int kMostIterations = 1'000'000;
constexpr size_t kLongestAnswer = 4096;
constexpr size_t kNonceBytes = 24;
constexpr std::string_view kNoChannelBinding = "n,,";
constexpr std::string_view kNoChannelBindingBase64 = "biws";

using Bytes = std::string;

const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string to_base64(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), data_of(bytes),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  Bytes bytes(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), data_of(text),
                                   static_cast<int>(text.size()));
  if (size < 0 || text.substr(0, text.size() - padding).find('=') != std::string_view::npos)
    return std::nullopt;
  bytes.resize(static_cast<size_t>(size) - padding);
  return bytes;
}

// "," and "=" would end the name.
std::string escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == ',')
      text += "=2C";
    else if (c == '=')
      text += "=3D";
    else
      text += c;
  }
  return text;
}

// Takes "NAME=..." up to the next comma off the text; nothing when it does not begin so.
std::optional<std::string_view> take(std::string_view& text, char name) {
  if (text.size() < 2 || text[0] != name || text[1] != '=') return std::nullopt;
  const size_t end = std::min(text.find(','), text.size());
  const std::string_view value = text.substr(2, end - 2);
  text.remove_prefix(std::min(end + 1, text.size()));
  return value;
}

Bytes exclusive_or(Bytes left, std::string_view right) {
  for (size_t i = 0; i < left.size(); ++i) left[i] = static_cast<char>(left[i] ^ right[i]);
  return left;
}

struct ServerFirst {
  std::string nonce;
  Bytes salt;
  int iterations = 0;
};

Result<ServerFirst> parse_server_first(std::string_view text, std::string_view client_nonce) {
  ServerFirst first;
  const auto nonce = take(text, 'r');
  const auto salt = take(text, 's');
  const auto iterations = take(text, 'i');
  if (!nonce || !salt || !iterations) return fail("the broker's first message is not SCRAM's");
  if (!nonce->starts_with(client_nonce) || nonce->size() == client_nonce.size())
    return fail("the broker's nonce does not continue ours");
  first.nonce = *nonce;
  const auto decoded = from_base64(*salt);
  if (!decoded || decoded->empty()) return fail("the broker's salt is not base64");
  first.salt = *decoded;
  const auto [end, error] = std::from_chars(
      iterations->data(), iterations->data() + iterations->size(), first.iterations);
  if (error != std::errc() || end != iterations->data() + iterations->size() ||
      first.iterations < kLeastIterations || first.iterations > kMostIterations)
    return fail(
        fmt::format("the broker wants '{}' iterations of the hash: between {} and {} are "
                    "accepted",
                    printable_excerpt(*iterations, 20), kLeastIterations, kMostIterations));
  return first;
}

class Scram final : public SaslExchange {
 public:
  Scram(Mechanism mechanism, std::string username, std::string password,
        std::shared_ptr<ScramMemory> memory, std::string nonce)
      : mechanism_(mechanism),
        hash_(mechanism == Mechanism::scram_sha_512 ? EVP_sha512() : EVP_sha256()),
        username_(std::move(username)),
        password_(std::move(password)),
        memory_(std::move(memory)),
        nonce_(std::move(nonce)) {}
  ~Scram() override { OPENSSL_cleanse(password_.data(), password_.size()); }

  Result<std::string> first() override {
    if (nonce_.empty()) {
      Bytes random(kNonceBytes, '\0');
      if (RAND_bytes(reinterpret_cast<unsigned char*>(random.data()), kNonceBytes) != 1)
        return fail("there are no random numbers");
      nonce_ = to_base64(random);
    }
    client_first_ = fmt::format("n={},r={}", escaped(username_), nonce_);
    return std::string(kNoChannelBinding) + client_first_;
  }

  Result<std::optional<std::string>> next(std::string_view answer) override {
    if (answer.size() > kLongestAnswer) return fail("the broker's message is too long for SCRAM");
    std::string_view refusal = answer;
    if (const auto error = take(refusal, 'e'))
      return fail(fmt::format("the broker says '{}'", printable_excerpt(*error)));
    if (server_signature_.empty()) return prove(answer);
    return check_server(answer);
  }

 private:
  // RFC 5802, section 3.
  Result<std::optional<std::string>> prove(std::string_view answer) {
    const auto first = parse_server_first(answer, nonce_);
    if (!first) return fail(first.error().message);
    const Bytes salted = hash_password(*first);
    if (salted.empty()) return fail("OpenSSL cannot hash the password");
    const Bytes client_key = hmac(salted, "Client Key");
    const std::string without_proof =
        fmt::format("c={},r={}", kNoChannelBindingBase64, first->nonce);
    const std::string message = fmt::format("{},{},{}", client_first_, answer, without_proof);
    const Bytes proof = exclusive_or(client_key, hmac(digest(client_key), message));
    server_signature_ = hmac(hmac(salted, "Server Key"), message);
    return std::optional(fmt::format("{},p={}", without_proof, to_base64(proof)));
  }

  // Who does not know the password cannot make the signature: then it is not our broker.
  Result<std::optional<std::string>> check_server(std::string_view answer) const {
    const auto text = take(answer, 'v');
    const auto signature = text ? from_base64(*text) : std::nullopt;
    if (!signature || signature->size() != server_signature_.size() ||
        CRYPTO_memcmp(signature->data(), server_signature_.data(), signature->size()) != 0)
      return fail(
          "the broker does not prove that it knows the password: it is not the one that is "
          "meant");
    return std::nullopt;
  }

  Bytes hash_password(const ServerFirst& first) const {
    std::string of = fmt::format("{} {} {}:{} ", mechanism_name(mechanism_), first.iterations,
                                 first.salt.size(), first.salt);
    of += digest(password_);
    if (memory_->of == of) return memory_->salted;
    Bytes salted(static_cast<size_t>(EVP_MD_get_size(hash_)), '\0');
    if (PKCS5_PBKDF2_HMAC(password_.data(), static_cast<int>(password_.size()), data_of(first.salt),
                          static_cast<int>(first.salt.size()), first.iterations, hash_,
                          static_cast<int>(salted.size()),
                          reinterpret_cast<unsigned char*>(salted.data())) != 1)
      return {};
    *memory_ = {std::move(of), salted};
    return salted;
  }

  Bytes hmac(std::string_view key, std::string_view message) const {
    Bytes result(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    HMAC(hash_, key.data(), static_cast<int>(key.size()), data_of(message), message.size(),
         reinterpret_cast<unsigned char*>(result.data()), &size);
    result.resize(size);
    return result;
  }

  Bytes digest(std::string_view message) const {
    Bytes result(EVP_MAX_MD_SIZE, '\0');
    unsigned size = 0;
    EVP_Digest(message.data(), message.size(), reinterpret_cast<unsigned char*>(result.data()),
               &size, hash_, nullptr);
    result.resize(size);
    return result;
  }

  const Mechanism mechanism_;
  const EVP_MD* const hash_;
  const std::string username_;
  std::string password_;
  const std::shared_ptr<ScramMemory> memory_;
  std::string nonce_;
  std::string client_first_;
  Bytes server_signature_;  // empty: the broker was not answered yet
};

}  // namespace

std::unique_ptr<SaslExchange> make_scram(Mechanism mechanism, std::string username,
                                         std::string password, std::shared_ptr<ScramMemory> memory,
                                         std::string nonce) {
  return std::make_unique<Scram>(mechanism, std::move(username), std::move(password),
                                 std::move(memory), std::move(nonce));
}

}  // namespace highwater::kafka
