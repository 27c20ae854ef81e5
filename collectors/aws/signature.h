// The signatures of Amazon's services, version 4. Pure; any thread.
//
// Source: AWS General Reference, "Signature Version 4": a canonical form of the request is hashed,
// and signed with a key that is made of the secret, the day, the region and the service.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/core/time.h"

namespace highwater::aws {

struct Keys {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // "": keys that do not end
};

struct Scope {
  std::string region;   // "eu-central-1"
  std::string service;  // "kafka-cluster"
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A GET of https://host/ that whoever has its URL can send until `life` is over: its URL. `query`
// is not encoded.
[[nodiscard]] std::string presigned_url(const Keys& keys, const Scope& scope,
                                        const std::string& host, Pairs query, Duration life,
                                        WallTime at);

// The headers that sign a POST of a form to https://host/.
[[nodiscard]] Pairs signed_headers(const Keys& keys, const Scope& scope, const std::string& host,
                                   const std::string& form, WallTime at);

}  // namespace highwater::aws
