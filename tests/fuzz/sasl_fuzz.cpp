// Fuzz target for what brokers and token servers say in a login:  sasl_fuzz FOLDER
// -max_total_time=600
//
// The input is one message a line. Nobody proves that he knows the password by chance, and no
// sentence of ours repeats what a stranger said at length.
#include <cstdint>
#include <cstdlib>

#include "collectors/kafka/login/oauth_tokens.h"
#include "collectors/kafka/login/scram.h"

namespace highwater::kafka {
namespace {

void require(bool promise) {
  if (!promise) std::abort();
}

std::string_view take_line(std::string_view& input) {
  const size_t end = std::min(input.find('\n'), input.size());
  const std::string_view line = input.substr(0, end);
  input.remove_prefix(std::min(end + 1, input.size()));
  return line;
}

void check_exchange(SaslExchange& exchange, std::string_view input, bool mutual) {
  require(exchange.first().has_value());
  for (int message = 0; message < 4 && !input.empty(); ++message) {
    const auto answer = exchange.next(take_line(input));
    if (!answer) require(!answer.error().message.empty() && answer.error().message.size() < 400);
    if (!answer) return;
    require(answer->has_value() || !mutual);
    if (!answer->has_value()) return;
  }
}

void check_token(std::string_view input) {
  OauthSettings settings;
  settings.token_url = "https://id.test/";
  OauthTokens tokens(settings, [&](const HttpQuestion&) -> Result<HttpAnswer> {
    return HttpAnswer{200, std::string(input)};
  });
  const Now now{SteadyTime(std::chrono::hours(1)), WallTime(std::chrono::hours(24 * 365 * 50))};
  const auto token = tokens.current(now, {});
  require(token ? is_token(*token) : token.error().message.size() < 600);
  (void)token_expiry(input);
}

}  // namespace
}  // namespace highwater::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace highwater::kafka;  // NOLINT(google-build-using-namespace)
  static const auto memory = std::make_shared<ScramMemory>();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const Mechanism mechanism : {Mechanism::scram_sha_256, Mechanism::scram_sha_512})
    check_exchange(*make_scram(mechanism, "user", "pencil", memory, "rOprNGfwEbeRWgbNEkqO"), input,
                   true);
  check_exchange(*make_oauthbearer("token", {}), input, false);
  check_token(input);
  return 0;
}
