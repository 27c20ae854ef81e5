// Failure: why a broker gave no usable answer. The kinds are told apart because they are different
// findings: a dead process, a hung one, a cut network and a refusal need different people and
// different runbooks.
#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace highwater::kafka {

enum class FailureKind : uint8_t {
  refused,      // connect() was refused: no process listens
  lost,         // the connection ended or was reset
  timed_out,    // connected, and no answer before the deadline
  no_route,     // connect() did not finish before the deadline, or the network said unreachable
  unresolved,   // the host name has no address
  unsupported,  // no version of this API in common with the broker
  malformed,    // bytes that are not Kafka's protocol
  not_served,   // it answers ApiVersions and ends the connection at the next request
  stranger,     // another broker, or one of another cluster, answers
  untrusted,    // its certificate, or its side of the login, does not prove who it is
  credentials,  // it refuses our login or our certificate
  no_login,    // we cannot log in: the mechanism is not enabled, or a secret, token or file of ours
               // cannot be had
  not_usable,  // not asked: the broker is not up, or still busy with an earlier request
};

// We and the broker do not accept each other, or cannot; Kafka itself may be well.
[[nodiscard]] constexpr bool is_denial(FailureKind kind) {
  return kind == FailureKind::untrusted || kind == FailureKind::credentials ||
         kind == FailureKind::no_login;
}

struct Failure {
  FailureKind kind = FailureKind::not_usable;
  std::string what;  // for people
};

template <class T>
using Answer = tl::expected<T, Failure>;

inline tl::unexpected<Failure> fail_with(FailureKind kind, std::string what) {
  return tl::unexpected<Failure>(Failure{kind, std::move(what)});
}

}  // namespace highwater::kafka
