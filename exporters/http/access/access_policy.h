// How clients of the server come in: encrypted or not, and who may log in. Immutable; the server is
// given another one while it runs.
#pragma once

#include <memory>
#include <optional>

#include "exporters/http/access/logins.h"
#include "exporters/http/access/server_tls.h"

namespace highwater::http {

struct AccessPolicy {
  std::optional<ServerTls> tls;  // nothing: plain HTTP
  std::shared_ptr<const Logins>
      logins;  // null: whoever comes may read, and change things from here
};
using AccessPolicyPtr = std::shared_ptr<const AccessPolicy>;

}  // namespace highwater::http
