// The two questions of NodeProbe, each on a new connection that ends with it: does a broker answer,
// and what does it say of others. On the probe's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "collectors/kafka/brokers/broker_link.h"
#include "collectors/kafka/brokers/node_view.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {

struct Probed {
  ProbeOutcome outcome = ProbeOutcome::none;
  std::string why;
  std::optional<Duration> connect;
  std::optional<Duration> first_answer;
};

asio::awaitable<Probed> probe_broker(std::shared_ptr<LinkTools> tools, std::string host,
                                     int32_t port, LinkSettings settings);

struct PeerAnswer {
  MetadataResponse metadata;
  bool has_controller = true;  // as far as it says; without one its Metadata stands still
};

// `of_others`: also for what it says of brokers that are not reached.
asio::awaitable<Answer<PeerAnswer>> ask_peer(std::shared_ptr<LinkTools> tools, std::string host,
                                             int32_t port, LinkSettings settings, bool of_others);

}  // namespace highwater::kafka
