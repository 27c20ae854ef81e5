// `command`: a program of the user's that is started for each notification and reads it as JSON.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& command_kind();

}  // namespace highwater::notify
