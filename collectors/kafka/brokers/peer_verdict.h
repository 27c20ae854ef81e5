// What other brokers' Metadata says of a broker that is not reached from here: whether it works for
// them. Used by NodeProbe. Pure.
//
// Being listed alone proves nothing for as long as the controller waits for the heartbeats of a
// dead broker (9 s, by broker.session.timeout.ms), nor of one that sends heartbeats and serves
// nobody. Followers that are in sync do: they fetch from it.
#pragma once

#include <cstdint>
#include <span>

#include "collectors/kafka/brokers/node_view.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {

// `answers`: one for each broker that was asked and answered, with any topics.
[[nodiscard]] PeerVerdict peer_verdict(int32_t broker, std::span<const MetadataResponse> answers);

}  // namespace highwater::kafka
