// Something of everything that the agent counts about itself, for tests of how it is written.
#pragma once

#include "exporters/metrics/self_metrics.h"

namespace highwater {

inline void use_everything(SelfMetrics& self) {
  self.count_poll("prod", "brokers", false);
  self.count_poll("prod", "brokers", false);
  self.count_poll("prod", "groups", true);
  self.observe_evaluation(std::chrono::milliseconds(3));
  self.set_notifications("oncall", {5, 1, 0, 0}, 4);
  self.set_notifications("oncall", {6, 1, 0, 1}, 4);
  self.count_http_request("/metrics", 200, std::chrono::milliseconds(4));
  self.count_http_request("", 404, std::chrono::milliseconds(1));
  self.set_spans(10, 2);
  self.observe_delivery("oncall", std::chrono::milliseconds(30));
  self.set_heartbeats("heartbeat", 3, 1, 2);
  self.set_spans(15, 2);
  self.set_log_lines_lost(1);
}

}  // namespace highwater
