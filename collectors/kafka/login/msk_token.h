// MskTokens: the tokens of AWS_MSK_IAM, which goes over the wire as OAUTHBEARER: a URL that is
// signed with the keys of an identity at Amazon. One per cluster, used on the thread of its Login's
// worker.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "collectors/aws/credentials.h"
#include "collectors/kafka/login/security.h"

namespace highwater::kafka {

// base64url of the URL that `keys` sign, valid for 15 minutes from `at` on. As Amazon's signers for
// Kafka clients make it: the name of the program is added after the signature.
[[nodiscard]] std::string msk_token(const aws::Keys& keys, const std::string& region, WallTime at);

// "eu-central-1" of "b-1.x.c2.kafka.eu-central-1.amazonaws.com"; nothing of other hosts.
[[nodiscard]] std::optional<std::string> region_in(std::string_view host);

class MskTokens {
 public:
  MskTokens(AwsSettings settings, aws::Environment environment, AskHttp ask);

  // For the login at `host`, whose name says the region when nothing else does.
  [[nodiscard]] Result<std::string> current(const std::string& host, Now now, std::stop_token stop);
  // As OauthTokens.
  void forget() { credentials_.forget(); }
  [[nodiscard]] const std::string& problem() const { return credentials_.problem(); }

 private:
  [[nodiscard]] std::string region(const std::string& host) const;

  const AwsSettings settings_;
  const aws::Environment environment_;
  aws::AwsCredentials credentials_;
};

}  // namespace highwater::kafka
