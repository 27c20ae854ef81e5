// A message as Slack's blocks, within its limits. Pure; any thread.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "exporters/notify/message.h"

namespace highwater::notify {

// `text` for notifications of the phone, `attachments` with the rest.
[[nodiscard]] nlohmann::ordered_json slack_message(const Message& message);

// What the thread of the incident is told: how it stands, and the evidence.
[[nodiscard]] std::string slack_thread_text(const Message& message);

}  // namespace highwater::notify
