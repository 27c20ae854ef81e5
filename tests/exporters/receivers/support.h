// Deliveries by hand, for the tests of the kinds of receivers.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "exporters/notify/receivers/registry.h"
#include "tests/exporters/notify/notify_samples.h"
#include "tests/exporters/notify/push_receiver.h"

namespace highwater::notify::testing_support {

using ::highwater::testing_support::PushReceiver;
using ::highwater::testing_support::Received;
using ::highwater::testing_support::Reply;
using nlohmann::json;

inline std::unique_ptr<Receiver> make(
    std::string_view kind, const std::vector<std::pair<std::string, Settings::Value>>& values) {
  Settings settings;
  for (const auto& [key, value] : values) settings.set(key, value);
  const auto client = std::make_shared<http::Client>();
  return find_receiver_kind(kind)->make(
      settings, {.sender = {"oncall", "http://watch", "prod"},
                 .transport = [client](const http::Request& r) { return client->send(r); }});
}

inline Delivery delivery_of(NoticePtr notice) {
  Delivery delivery;
  delivery.id = "7-" + std::to_string(notice->transition.sequence) + "-ab";
  delivery.notice = std::move(notice);
  return delivery;
}
inline Delivery firing(Incident incident = samples::broker_down(7)) {
  return delivery_of(samples::notice(1, TransitionKind::opened, std::move(incident)));
}
inline Delivery resolved(Incident incident = samples::broker_down(7)) {
  Delivery delivery =
      delivery_of(samples::notice(3, TransitionKind::resolved, std::move(incident)));
  delivery.first = false;
  return delivery;
}

inline Attempt attempt() {
  return {.limit = std::chrono::seconds(10), .now = samples::wall(200)};
}

inline PushReceiver::Handler answers(int status, std::string body = {}, std::string headers = {}) {
  return [=](const Received&, size_t) {
    return Reply{.status = status, .headers = headers, .body = body};
  };
}

inline json body_of(const Received& request) {
  return json::parse(request.body);
}

}  // namespace highwater::notify::testing_support
