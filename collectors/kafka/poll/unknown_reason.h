// Why a value is unknown, by the error of a response or the failure of a request. Pure, any thread.
#pragma once

#include "agent/core/table.h"
#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/wire/error_code.h"

namespace highwater::kafka {

[[nodiscard]] Unknown reason_of(const Failure& failure);
// An unknown code is `unsupported`: it belongs to a later version of Kafka.
[[nodiscard]] Unknown reason_of(ErrorCode error);

}  // namespace highwater::kafka
