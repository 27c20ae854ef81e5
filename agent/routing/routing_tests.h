// Tests of `owners:`, `routes:`, `maintenance:` and of silences, as their author wrote them: an
// alert, a moment, and who should hear of it. Read from YAML and run for `highwater test`. Any
// thread.
//
//   config: highwater.yaml
//   zone: Europe/Berlin
//   routes:
//     - name: a page of payments goes to their pager, and to the lead after ten minutes
//       alert: {alertname: LagTooOld, severity: page, topic: payments-orders}
//       at: 2026-11-30 02:14
//       hears: [payments-pager]
//       escalates: [{after: 10m, to: [lead]}]
//     - name: tickets of a cluster are told together
//       alert: {severity: ticket, cluster: prod}
//       at: 2026-11-30 02:14
//       groups: [{to: mail, by: {cluster: prod}}]
//   silences:
//     - name: new disks in broker 3 hide nothing of broker 2
//       silence: {matchers: [broker=3], ends: 2026-11-30 04:00}
//       alert: {alertname: BrokerDown, severity: page, broker: 2}
//       at: 2026-11-30 02:14
//       hides: false
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/config/config.h"
#include "agent/core/diagnostic.h"
#include "rules/routing/director.h"

namespace highwater::agent {

struct RoutingTest {
  std::string name;
  rules::Labels alert;
  WallTime at;
  int line = 0;
  int column = 0;

  // Of `routes:`; what is not expected is not looked at.
  std::optional<std::string> team;                            // empty: nobody's
  std::optional<std::vector<std::string>> hears;              // in any order
  std::optional<std::vector<std::string>> hears_as_evidence;  // likewise
  std::optional<std::vector<rules::Escalation>> escalates;
  std::optional<std::vector<std::string>> groups;       // "mail by cluster=prod", in any order
  std::optional<std::vector<std::string>> maintenance;  // the names of what hides it then

  // Of `silences:`.
  std::optional<rules::Silence> silence;
  bool hides = false;
};

struct RoutingTestFile {
  std::string file;
  Config config;
  std::vector<RoutingTest> tests;
};

// By its keys; the file is not judged.
[[nodiscard]] bool holds_routing_tests(const std::string& path);
// Nothing after any mistake in the file or in the configuration that it names.
[[nodiscard]] std::optional<RoutingTestFile> read_routing_tests(const std::string& path,
                                                                Diagnostics& diagnostics);
// What is not as expected, in sentences; empty when all is.
[[nodiscard]] std::vector<std::string> run_routing_test(const Config& config,
                                                        const RoutingTest& test);

}  // namespace highwater::agent
