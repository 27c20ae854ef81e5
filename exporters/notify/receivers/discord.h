// `discord`: messages in a channel, by a webhook.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& discord_kind();

}  // namespace highwater::notify
