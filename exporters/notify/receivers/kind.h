// ReceiverKind: all that is said of one kind of receiver: its key in the configuration, its
// settings, and how a Receiver is made of them. Immutable; any thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporters/notify/message_form.h"
#include "exporters/notify/receiver.h"
#include "exporters/notify/receivers/settings.h"

namespace highwater::notify {

using Transport = std::function<Result<http::Response>(const http::Request&)>;

// From whom and to whom.
struct Sender {
  std::string receiver;      // its name in the configuration
  std::string external_url;  // where people reach this agent, without trailing slash
  std::string cluster;       // for entities that have no cluster of their own; may be empty
  MessageForm form{};        // of the messages to people
  // The label `incident` is the begin of the correlation id, which other agents have in common, and
  // not this agent's number.
  bool by_correlation = false;
};

// What a receiver is made with.
struct ReceiverContext {
  Sender sender;
  Transport transport;  // called by several receivers at a time
};

struct SettingMistake {
  std::string key;  // where it is; empty: in the receiver as a whole
  std::string what;
  std::string advice;
};

// Of a kind that forgets what is not told again.
struct Rhythm {
  Duration every;           // how often what is open is told again
  Duration resolved_until;  // for how long the end of it is
};

struct ReceiverKind {
  std::string name{};      // its key in the configuration
  std::string help{};      // one sentence
  bool to_people = false;  // it writes messages, whose form a configuration may choose
  std::vector<Setting> settings{};
  bool tls = true;  // also takes ca_file, verify, certificate and key
  std::optional<Rhythm> rhythm{};
  // What no single setting shows; may be empty.
  std::function<std::optional<SettingMistake>(const Settings&)> check{};
  std::function<std::unique_ptr<Receiver>(const Settings&, const ReceiverContext&)> make{};
};

}  // namespace highwater::notify
