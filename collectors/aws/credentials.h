// AwsCredentials: the keys of an identity at Amazon, from where their tools find them, kept and
// renewed before they end. One per user, on one thread at a time.
//
// In this order: the environment's keys; a profile of the shared files, also one that assumes a
// role; a token of a web identity (IRSA on EKS); the endpoint of a container (ECS, EKS Pod
// Identity); the metadata of the instance (IMDSv2 alone). What asks a program or a browser is not
// used: credential_process and SSO.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "collectors/aws/signature.h"
#include "collectors/http_question.h"

namespace highwater::aws {

struct CredentialSettings {
  std::string profile;   // "": AWS_PROFILE, or "default"
  std::string role_arn;  // assumed with what is found; "": none
};

// Of the process; "" for what is not set.
using Environment = std::function<std::string(const char* name)>;
[[nodiscard]] Environment process_environment();

class AwsCredentials {
 public:
  AwsCredentials(CredentialSettings settings, Environment environment, AskHttp ask);

  // Keys that are valid at `now`. `region` is where a role is asked for. The error says of each
  // place why it has none.
  [[nodiscard]] Result<Keys> current(const std::string& region, Now now, std::stop_token stop);
  // Why they could not be renewed, while the old ones are still in use; "": they could.
  [[nodiscard]] const std::string& problem() const { return problem_; }
  void forget() { kept_.reset(); }

 private:
  struct Found {
    Keys keys;
    std::optional<WallTime> expiry;
  };
  using Outcome = Result<Found>;
  // What one search needs.
  struct Search {
    std::string region;
    WallTime now;
    std::stop_token stop;
  };

  [[nodiscard]] Outcome search(const Search& search) const;
  [[nodiscard]] Outcome from_environment() const;
  [[nodiscard]] Outcome from_profile(const std::string& name, const Search& search,
                                     int depth) const;
  [[nodiscard]] Outcome from_web_identity(const std::string& token_file, const std::string& role,
                                          const std::string& session, const Search& search) const;
  [[nodiscard]] Outcome from_container(const Search& search) const;
  [[nodiscard]] Outcome from_instance(const Search& search) const;
  [[nodiscard]] Outcome assume(const Found& found, const std::string& role,
                               const std::string& external_id, const Search& search) const;
  [[nodiscard]] Outcome ask_sts(HttpQuestion question) const;
  [[nodiscard]] std::string sts_url(const std::string& region) const;
  [[nodiscard]] std::string profile_name() const;

  const CredentialSettings settings_;
  const Environment environment_;
  const AskHttp ask_;
  std::optional<Found> kept_;
  std::optional<SteadyTime> failed_at_;
  std::string problem_;
};

}  // namespace highwater::aws
