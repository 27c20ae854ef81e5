// `pagerduty`: events for PagerDuty's Events API v2. One incident is one alert there, from trigger
// to resolve.
#pragma once

#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

[[nodiscard]] const ReceiverKind& pagerduty_kind();

}  // namespace highwater::notify
