#include "exporters/metrics/own_families.h"

#include <array>

namespace highwater {

using enum FamilyType;

namespace families {

const OwnFamily kBuildInfo{"highwater_build_info",
                           "The agent's version, and the commit it was built from; always 1.",
                           info,
                           "",
                           "version, commit, date",
                           ""};
const OwnFamily kCollectorUp{
    "highwater_collector_up",
    "Whether the collector sees what it is there for: 0 when its newest observation is too old, or "
    "one of its measures could not be read at all.",
    gauge,
    "",
    "cluster, collector",
    ""};
const OwnFamily kCollectorAge{"highwater_collector_age_seconds",
                              "Age of the collector's newest observation.",
                              gauge,
                              "seconds",
                              "cluster, collector",
                              ""};
const OwnFamily kCollectorDuration{"highwater_collector_duration_seconds",
                                   "How long the collector's newest observation took to read.",
                                   gauge,
                                   "seconds",
                                   "cluster, collector",
                                   ""};
const OwnFamily kCollectorMissedPolls{
    "highwater_collector_missed_polls_total",
    "How many polls were skipped because earlier ones had not ended in time.",
    counter,
    "",
    "cluster, collector",
    ""};
const OwnFamily kAlerts{
    "highwater_alerts",
    "How many alerts are pending or firing, those beyond the listed ones included.",
    gauge,
    "",
    "severity, state",
    ""};
const OwnFamily kIncidents{
    "highwater_incidents", "How many incidents are open.", gauge, "", "severity", ""};
const OwnFamily kIncidentsSilenced{"highwater_incidents_silenced",
                                   "How many open incidents are silenced: nobody is notified.",
                                   gauge,
                                   "",
                                   "severity",
                                   ""};
const OwnFamily kSilences{
    "highwater_silences",
    "How many silences are active, those that the configuration plans included.",
    gauge,
    "",
    "",
    ""};
const OwnFamily kAlert{
    "highwater_alert",
    "An alert that is pending or firing, with the labels of what it is about; always 1.",
    gauge,
    "",
    "alertname, severity, state, cluster, and those of what it is about",
    "for each alert, 10,000 at most"};
const OwnFamily kPolls{"highwater_agent_polls_total",
                       "Polls of a cluster's part, by whether anything went wrong.",
                       counter,
                       "",
                       "cluster, collector, outcome",
                       "once there was one"};
const OwnFamily kEvaluation{"highwater_agent_evaluation_duration_seconds",
                            "How long one evaluation of all rules took.",
                            histogram,
                            "seconds",
                            "",
                            ""};
const OwnFamily kNotifications{"highwater_agent_notifications_total",
                               "Attempts to notify a receiver, by outcome.",
                               counter,
                               "",
                               "receiver, outcome",
                               "with receivers"};
const OwnFamily kNotificationsQueued{"highwater_agent_notifications_queued",
                                     "Notifications that wait for delivery to the receiver.",
                                     gauge,
                                     "",
                                     "receiver",
                                     "with receivers"};
const OwnFamily kNotificationDelay{
    "highwater_agent_notification_delay_seconds",
    "From when something was concluded to when the receiver took it, without repeats.",
    histogram,
    "seconds",
    "receiver",
    "with receivers"};
const OwnFamily kHeartbeats{"highwater_agent_heartbeats_total",
                            "Heartbeats that were due, by outcome: sent, failed, or held because "
                            "something of the agent did not work.",
                            counter,
                            "",
                            "heartbeat, outcome",
                            "with a heartbeat"};
const OwnFamily kSpansExported{"highwater_agent_spans_exported_total",
                               "Spans that the trace collector accepted.",
                               counter,
                               "",
                               "",
                               ""};
const OwnFamily kSpansDropped{"highwater_agent_spans_dropped_total",
                              "Spans given up because the trace collector was away or slow.",
                              counter,
                              "",
                              "",
                              ""};
const OwnFamily kLogLinesLost{"highwater_agent_log_lines_lost_total",
                              "Log lines that could not be written.",
                              counter,
                              "",
                              "",
                              ""};
const OwnFamily kHttpRequests{"highwater_agent_http_requests_total",
                              "Requests answered, by route and status code.",
                              counter,
                              "",
                              "route, code",
                              "once there was one"};
const OwnFamily kHttpDuration{"highwater_agent_http_request_duration_seconds",
                              "How long replies took until the client had them.",
                              histogram,
                              "seconds",
                              "",
                              ""};
const OwnFamily kProcessCpu{
    "process_cpu_seconds_total", "User and system CPU time spent.", counter, "seconds", "", ""};
const OwnFamily kProcessResident{
    "process_resident_memory_bytes", "Resident memory size.", gauge, "bytes", "", ""};
const OwnFamily kProcessVirtual{
    "process_virtual_memory_bytes", "Virtual memory size.", gauge, "bytes", "", ""};
const OwnFamily kProcessStart{"process_start_time_seconds",
                              "Unix time at which the process started.",
                              gauge,
                              "seconds",
                              "",
                              ""};
const OwnFamily kProcessThreads{
    "process_threads", "Number of threads of the process.", gauge, "", "", ""};
const OwnFamily kProcessOpenFds{
    "process_open_fds", "Number of open file descriptors.", gauge, "", "", ""};
const OwnFamily kProcessMaxFds{
    "process_max_fds", "Largest number of open file descriptors allowed.", gauge, "", "", ""};

}  // namespace families

std::span<const OwnFamily* const> own_families() {
  using namespace families;
  static constexpr std::array<const OwnFamily*, 28> kAll{&kBuildInfo,
                                                         &kCollectorUp,
                                                         &kCollectorAge,
                                                         &kCollectorDuration,
                                                         &kCollectorMissedPolls,
                                                         &kAlerts,
                                                         &kIncidents,
                                                         &kIncidentsSilenced,
                                                         &kSilences,
                                                         &kAlert,
                                                         &kPolls,
                                                         &kEvaluation,
                                                         &kNotifications,
                                                         &kNotificationsQueued,
                                                         &kNotificationDelay,
                                                         &kHeartbeats,
                                                         &kSpansExported,
                                                         &kSpansDropped,
                                                         &kLogLinesLost,
                                                         &kHttpRequests,
                                                         &kHttpDuration,
                                                         &kProcessCpu,
                                                         &kProcessResident,
                                                         &kProcessVirtual,
                                                         &kProcessStart,
                                                         &kProcessThreads,
                                                         &kProcessOpenFds,
                                                         &kProcessMaxFds};
  return kAll;
}

void start_family(const OwnFamily& family, Exposition& out) {
  out.family(family.name, family.help, family.type, family.unit);
}

}  // namespace highwater
