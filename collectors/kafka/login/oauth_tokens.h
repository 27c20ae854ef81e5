// OauthTokens: the token of OAUTHBEARER, from a file or from a token server. One per cluster, used
// on the thread of its Login's worker.
//
// A file is read for each login. A token of a server is kept and renewed when 80 % of its life are
// over; while the server cannot be asked, the old one is used as long as it is valid.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "collectors/http_question.h"
#include "collectors/kafka/login/security.h"

namespace highwater::kafka {

class OauthTokens {
 public:
  OauthTokens(OauthSettings settings, AskHttp ask);

  // A token that is valid at `now`.
  [[nodiscard]] Result<std::string> current(Now now, std::stop_token stop);
  // The token that is kept is of no use.
  void forget() { token_.reset(); }
  // Why it could not be renewed, while the old one is still in use; "": it could.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  struct Token {
    std::string text;
    SteadyTime renew_at, ends_at;
  };
  [[nodiscard]] Result<void> introduce(HttpQuestion& question, WallTime now) const;
  [[nodiscard]] Result<Token> request(Now now, std::stop_token stop) const;

  const OauthSettings settings_;
  const AskHttp ask_;
  std::optional<Token> token_;
  std::optional<SteadyTime> failed_at_;
  std::string problem_;
};

// When a token ends by its claim "exp"; nothing when it is no JWT or has none.
[[nodiscard]] std::optional<WallTime> token_expiry(std::string_view token);

}  // namespace highwater::kafka
