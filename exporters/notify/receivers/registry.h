// The kinds of receivers there are, and the receivers of a configuration. A new kind is one line of
// registry.cpp. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/log.h"
#include "exporters/notify/receivers/kind.h"

namespace highwater::notify {

// One entry of `receivers:`.
struct ReceiverConfig {
  std::string name;
  const ReceiverKind* kind = nullptr;  // one of receiver_kinds()
  Settings settings;
  QueuePolicy policy;
  MessageForm message;
  Duration timeout = std::chrono::seconds(10);  // of one attempt, from connect to the last byte
};

[[nodiscard]] std::span<const ReceiverKind* const> receiver_kinds();
[[nodiscard]] const ReceiverKind* find_receiver_kind(std::string_view name);  // null: none

// Where a receiver is, as far as the configuration says it.
[[nodiscard]] std::vector<std::string> written_addresses(const ReceiverConfig& config);

struct Surroundings {
  std::string external_url;     // as in Sender
  std::string cluster;          // as in Sender
  Transport transport;          // empty: a client of their own
  bool by_correlation = false;  // as in Sender
};
// Logs which of them will fail because a secret or a certificate cannot be read: a page must not be
// the first to find out.
[[nodiscard]] std::vector<NamedReceiver> make_receivers(const std::vector<ReceiverConfig>& configs,
                                                        Surroundings surroundings, Log& log);

}  // namespace highwater::notify
