// `email`: mails by SMTP, plain text and HTML. An incident is one thread.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& email_kind();

}  // namespace highwater::notify
