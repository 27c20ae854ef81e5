#include "collectors/kafka/login/security.h"

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
    case Mechanism::gssapi:
      return "GSSAPI";
    case Mechanism::aws_msk_iam:
      return "AWS_MSK_IAM";
  }
  return "PLAIN";
}

std::string_view wire_name(Mechanism mechanism) {
  return mechanism_name(mechanism == Mechanism::aws_msk_iam ? Mechanism::oauthbearer : mechanism);
}

}  // namespace highwater::kafka
