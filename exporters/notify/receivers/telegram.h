// `telegram`: messages of a bot in a chat; what comes later about an incident answers its first message.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& telegram_kind();

}  // namespace highwater::notify
