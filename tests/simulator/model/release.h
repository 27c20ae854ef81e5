// Which versions of which APIs a Kafka release offers, as far as the wire code can speak them.
//
// Used by the simulator's brokers and the scenario reader. Constants and pure functions, any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "tests/simulator/scenario/spec.h"

namespace highwater::simulator {

// "4.1"
[[nodiscard]] std::optional<Release> release_named(std::string_view name);

// What ApiVersions says: no broker of the simulator offers what it could not answer.
[[nodiscard]] const std::vector<kafka::ApiVersionRange>& offered_apis(Release release);
[[nodiscard]] bool offers(Release release, kafka::ApiKey key, std::int16_t version);

}  // namespace highwater::simulator
