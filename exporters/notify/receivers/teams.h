// `teams`: Adaptive Cards in a channel, by a workflow.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& teams_kind();

}  // namespace highwater::notify
