// `slack`: messages in a channel. By an incoming webhook each change is a message of its own; with
// the token of a bot an incident is one message, which is kept up to date, and its thread.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& slack_kind();

}  // namespace highwater::notify
