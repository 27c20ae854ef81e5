#include "collectors/kafka/poll/request_counts.h"

namespace highwater::kafka {

std::string_view failure_name(FailureKind kind) {
  switch (kind) {
    case FailureKind::refused:
      return "refused";
    case FailureKind::lost:
      return "lost";
    case FailureKind::timed_out:
      return "timed_out";
    case FailureKind::no_route:
      return "no_route";
    case FailureKind::unresolved:
      return "unresolved";
    case FailureKind::unsupported:
      return "unsupported";
    case FailureKind::malformed:
      return "malformed";
    case FailureKind::not_served:
      return "not_served";
    case FailureKind::stranger:
      return "stranger";
    case FailureKind::untrusted:
      return "untrusted";
    case FailureKind::credentials:
      return "credentials";
    case FailureKind::no_login:
      return "no_login";
    case FailureKind::not_usable:
      return "not_usable";
  }
  return "not_usable";
}

}  // namespace highwater::kafka
