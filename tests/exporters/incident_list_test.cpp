// The list of incidents, and how it fits a terminal.
#include "exporters/status/incident_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exporters/status/incident_list_text.h"
#include "report_support.h"

namespace highwater {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

Incident began(uint64_t id, Duration age) {
  Incident incident = broker_down_incident();
  incident.id = id;
  incident.opened = before(age).wall;
  return incident;
}

// 1 and 4 are open; 3 began after 2, and ended before it.
Report open_and_ended() {
  Report report;
  report.at = test_now();
  report.incidents = {began(1, 3h), began(4, 1min)};
  auto history = std::make_shared<IncidentHistory>();
  for (const auto& [id, age, ended] : {std::tuple(2U, Duration(2h), Duration(10min)),
                                       std::tuple(3U, Duration(1h), Duration(30min))}) {
    Incident incident = began(id, age);
    incident.ended = before(ended).wall;
    history->push_back(std::make_shared<const Incident>(incident));
  }
  report.history = history;
  return report;
}

std::vector<uint64_t> ids_of(const ListedIncidents& list) {
  std::vector<uint64_t> ids;
  for (const Incident* const incident : list.listed) ids.push_back(incident->id);
  return ids;
}

TEST(IncidentList, HasThoseThatBeganLastFirst) {
  const Report report = open_and_ended();
  const auto all = list_incidents(&report, report.at.wall, 7 * 24h, 100);
  EXPECT_THAT(ids_of(all), ElementsAre(4, 3, 2, 1));
  EXPECT_EQ(all.count, 4U);
  EXPECT_THAT(ids_of(list_incidents(&report, report.at.wall, 20min, 100)), ElementsAre(4, 2, 1));
  EXPECT_EQ(list_incidents(nullptr, report.at.wall, 20min, 100).count, 0U);
}

TEST(IncidentList, LeavesOutWhatEndedLongestAgo) {
  const Report report = open_and_ended();
  const auto three = list_incidents(&report, report.at.wall, Duration::max(), 3);
  EXPECT_THAT(ids_of(three), ElementsAre(4, 2, 1)) << "one that is open stays, however old it is";
  EXPECT_EQ(three.count, 4U);
}

TEST(IncidentList, CutsHowLongItLastedAsTitlesDo) {
  Report report = open_and_ended();
  Incident incident = began(5, 10min);
  incident.ended = incident.opened + 108s + 700ms;
  report.incidents.clear();
  report.history = std::make_shared<const IncidentHistory>(
      IncidentHistory{std::make_shared<const Incident>(incident)});
  const std::string list = incident_list_json(&report, report.at.wall, 1h);
  EXPECT_THAT(render_incident_list(list, {}).value(), HasSubstr("  1 min 48 s  "))
      << "and not 1 min 49 s";
}

}  // namespace
}  // namespace highwater
