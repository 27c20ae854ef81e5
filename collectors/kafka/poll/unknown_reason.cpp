#include "collectors/kafka/poll/unknown_reason.h"

namespace highwater::kafka {

Unknown reason_of(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::refused:
    case FailureKind::lost:
    case FailureKind::no_route:
    case FailureKind::unresolved:
    case FailureKind::untrusted:
    case FailureKind::credentials:
    case FailureKind::no_login:
    case FailureKind::not_usable:
      return Unknown::broker_unreachable;
    case FailureKind::timed_out:
      return Unknown::timed_out;
    case FailureKind::unsupported:
      return Unknown::unsupported;
    case FailureKind::malformed:
    case FailureKind::not_served:
    case FailureKind::stranger:
      return Unknown::failed;
  }
  return Unknown::failed;
}

Unknown reason_of(ErrorCode error) {
  if (error == ErrorCode::kNone) return Unknown::known;
  if (error == ErrorCode::kLeaderNotAvailable) return Unknown::leaderless;
  if (error == ErrorCode::kCoordinatorLoadInProgress) return Unknown::coordinator_loading;
  if (error == ErrorCode::kCoordinatorNotAvailable || error == ErrorCode::kNotCoordinator)
    return Unknown::no_coordinator;
  if (error == ErrorCode::kTopicAuthorizationFailed ||
      error == ErrorCode::kGroupAuthorizationFailed ||
      error == ErrorCode::kClusterAuthorizationFailed ||
      error == ErrorCode::kTransactionalIdAuthorizationFailed) {
    return Unknown::denied;
  }
  if (error == ErrorCode::kUnsupportedVersion || error_name(error).empty())
    return Unknown::unsupported;
  if (error == ErrorCode::kRequestTimedOut) return Unknown::timed_out;
  return Unknown::failed;
}

}  // namespace highwater::kafka
