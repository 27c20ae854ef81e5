// `alertmanager`: alerts for Prometheus' Alertmanager, by its API v2, as Prometheus itself sends
// them: to every member of its cluster, and again and again, for it forgets what is not repeated.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& alertmanager_kind();

}  // namespace highwater::notify
