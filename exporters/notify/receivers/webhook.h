// `webhook`: JSON in the shape of Alertmanager's webhook, posted to one address.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& webhook_kind();

}  // namespace highwater::notify
