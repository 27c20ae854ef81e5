// `ntfy`: messages to the phones that follow a topic of ntfy.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& ntfy_kind();

}  // namespace highwater::notify
