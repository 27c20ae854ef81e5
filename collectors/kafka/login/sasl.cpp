#include "collectors/kafka/login/sasl.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

constexpr char kSeparator = '\x01';

class Plain final : public SaslExchange {
 public:
  Plain(std::string username, std::string password)
      : username_(std::move(username)), password_(std::move(password)) {}

  Result<std::string> first() override {
    std::string message(1, '\0');
    message.append(username_).append(1, '\0').append(password_);
    return message;
  }
  Result<std::optional<std::string>> next(std::string_view) override { return std::nullopt; }

 private:
  std::string username_;
  std::string password_;
};

class Oauthbearer final : public SaslExchange {
 public:
  explicit Oauthbearer(std::string message) : message_(std::move(message)) {}

  Result<std::string> first() override { return message_; }

  // An answer that is not empty says what is wrong; the broker then waits for one more message, and
  // refuses the login after it.
  Result<std::optional<std::string>> next(std::string_view answer) override {
    if (answer.empty()) return std::nullopt;
    if (std::exchange(refused_, true))
      return fail("the broker does not end the login: " + printable_excerpt(answer, 200));
    return std::optional(std::string(1, kSeparator));
  }

 private:
  std::string message_;
  bool refused_ = false;
};

}  // namespace

std::unique_ptr<SaslExchange> make_plain(std::string username, std::string password) {
  return std::make_unique<Plain>(std::move(username), std::move(password));
}

std::unique_ptr<SaslExchange> make_oauthbearer(std::string token, const OauthSettings& settings) {
  std::string message = fmt::format("n,,{0}auth=Bearer {1}{0}", kSeparator, token);
  for (const auto& [name, value] : settings.extensions)
    message += fmt::format("{}={}{}", name, value, kSeparator);
  return std::make_unique<Oauthbearer>(message + kSeparator);
}

std::string check_extension(std::string_view name, std::string_view value) {
  const bool letters = std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  if (name.empty() || !letters) return "its name must be letters alone";
  if (name == "auth") return "'auth' is what the token itself is called";
  const bool printable = std::ranges::all_of(
      value, [](char c) { return (c >= ' ' && c <= '~') || c == '\t' || c == '\r' || c == '\n'; });
  return value.empty() || !printable ? "its value must be printable ASCII" : "";
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace highwater::kafka
