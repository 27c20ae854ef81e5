#include "collectors/kafka/login/oauth_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/core/digest.h"
#include "agent/core/secret.h"
#include "agent/core/web_text.h"
#include "collectors/kafka/login/client_assertion.h"
#include "collectors/kafka/login/sasl.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

using Json = nlohmann::json;

constexpr double kRenewAfter = 0.8;  // of a token's life
// A server that did not answer is left alone so long: all connections ask one after the other.
constexpr auto kAgainAfter = std::chrono::seconds(5);
// Of a token that does not say how long it lives.
constexpr auto kUsualLife = std::chrono::minutes(5);
constexpr int64_t kLongestLife = int64_t{366} * 24 * 3600;  // seconds; what is said beyond is cut
constexpr size_t kLargestToken = size_t{64} << 10U;

std::optional<std::string> from_base64url(std::string_view text) {
  std::string usual(text);
  std::ranges::replace(usual, '-', '+');
  std::ranges::replace(usual, '_', '/');
  return base64_decoded(usual);
}

// {"error": "invalid_client", "error_description": "..."}, or what else it is.
std::string error_text(const HttpAnswer& response) {
  const Json json = Json::parse(response.body, nullptr, false);
  std::string text;
  for (const char* key : {"error", "error_description"}) {
    if (!json.is_object() || !json.contains(key) || !json[key].is_string()) continue;
    text += ": " + printable_excerpt(json[key].get<std::string>(), 120);
  }
  return fmt::format("it answers with status {}{}", response.status, text);
}

std::optional<int64_t> whole_seconds(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  const double seconds = value.get<double>();
  if (!(seconds >= 0)) return std::nullopt;
  return static_cast<int64_t>(std::min(seconds, static_cast<double>(kLongestLife)));
}

Duration life_of(const Json& answer, const std::string& token, Now now) {
  if (answer.contains("expires_in")) {
    if (const auto seconds = whole_seconds(answer["expires_in"]))
      return std::chrono::seconds(*seconds);
  }
  if (const auto expiry = token_expiry(token)) return *expiry - now.wall;
  return kUsualLife;
}

}  // namespace

OauthTokens::OauthTokens(OauthSettings settings, AskHttp ask)
    : settings_(std::move(settings)), ask_(std::move(ask)) {}

Result<std::string> OauthTokens::current(Now now, std::stop_token stop) {
  if (!settings_.token_file.empty()) {
    auto token = Secret::in_file(settings_.token_file).value();
    if (!token || is_token(*token)) return token;
    return fail(fmt::format("the first line of {} is no token", settings_.token_file));
  }
  const bool valid = token_ && now.steady < token_->ends_at;
  if (valid && now.steady < token_->renew_at) return token_->text;
  if (!failed_at_ || now.steady - *failed_at_ >= kAgainAfter) {
    auto renewed = request(now, std::move(stop));
    if (renewed) {
      token_ = std::move(*renewed);
      failed_at_.reset();
      problem_.clear();
      return token_->text;
    }
    failed_at_ = now.steady;
    problem_ = "no token from the token server: " + renewed.error().message;
  }
  if (valid) return token_->text;
  return fail(problem_);
}

// Says who asks: signed with the client's key, or with its secret.
Result<void> OauthTokens::introduce(HttpQuestion& question, WallTime now) const {
  if (!settings_.assertion_key.empty()) {
    const std::string& audience =
        settings_.assertion_audience.empty() ? settings_.token_url : settings_.assertion_audience;
    const auto assertion = client_assertion(settings_.assertion_key, settings_.assertion_key_id,
                                            settings_.client_id, audience, now);
    if (!assertion) return fail(assertion.error().message);
    question.body += fmt::format("&client_id={}&client_assertion_type={}&client_assertion={}",
                                 percent_encoded(settings_.client_id),
                                 percent_encoded(kAssertionType), *assertion);
    return {};
  }
  const auto secret = settings_.client_secret.value();
  if (!secret) return fail(secret.error().message);
  // RFC 6749, section 2.3.1: both parts are encoded as in a form.
  question.headers.emplace_back(
      "Authorization",
      basic_authorization(percent_encoded(settings_.client_id), percent_encoded(*secret)));
  return {};
}

Result<OauthTokens::Token> OauthTokens::request(Now now, std::stop_token stop) const {
  HttpQuestion question;
  question.method = "POST";
  question.url = settings_.token_url;
  question.headers = {{"Accept", "application/json"}};
  question.body = "grant_type=client_credentials";
  if (const auto introduced = introduce(question, now.wall); !introduced)
    return fail(introduced.error().message);
  if (!settings_.scope.empty()) question.body += "&scope=" + percent_encoded(settings_.scope);
  if (!settings_.audience.empty())
    question.body += "&audience=" + percent_encoded(settings_.audience);
  question.content_type = "application/x-www-form-urlencoded";
  question.ca_file = settings_.ca_file;
  question.stop = std::move(stop);
  const auto response = ask_(question);
  if (!response) return fail(response.error().message);
  if (response->status != 200) return fail(error_text(*response));
  const Json json = Json::parse(response->body, nullptr, false);
  if (!json.is_object() || !json.contains("access_token") || !json["access_token"].is_string())
    return fail("its answer is no JSON with an access_token");
  Token token{json["access_token"].get<std::string>(), {}, {}};
  if (!is_token(token.text) || token.text.size() > kLargestToken)
    return fail("its access_token is no token");
  const Duration life = life_of(json, token.text, now);
  if (life <= Duration::zero())
    return fail("its token has expired already: is a clock wrong, here or there?");
  token.ends_at = now.steady + life;
  token.renew_at = now.steady + std::chrono::duration_cast<Duration>(life * kRenewAfter);
  return token;
}

std::optional<WallTime> token_expiry(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || second == first + 1) return std::nullopt;
  const auto claims = from_base64url(token.substr(first + 1, second - first - 1));
  const Json json = claims ? Json::parse(*claims, nullptr, false) : Json();
  if (!json.is_object() || !json.contains("exp") || !json["exp"].is_number()) return std::nullopt;
  constexpr double kYear2200 = 7'258'118'400;
  const double seconds = json["exp"].get<double>();
  if (!(seconds >= 0)) return std::nullopt;
  return WallTime{std::chrono::seconds(static_cast<int64_t>(std::min(seconds, kYear2200)))};
}

}  // namespace highwater::kafka
