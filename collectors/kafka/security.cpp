#include "collectors/kafka/security.h"

namespace highwater::kafka {

std::string_view mechanism_name(Mechanism mechanism) {
  switch (mechanism) {
    case Mechanism::plain:
      return "PLAIN";
    case Mechanism::scram_sha_256:
      return "SCRAM-SHA-256";
    case Mechanism::scram_sha_512:
      return "SCRAM-SHA-512";
    case Mechanism::oauthbearer:
      return "OAUTHBEARER";
  }
  return "PLAIN";
}

}  // namespace highwater::kafka
