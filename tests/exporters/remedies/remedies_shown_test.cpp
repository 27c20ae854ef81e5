// What helps with an incident, where it is shown.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporters/status/explain.h"
#include "exporters/status/explain_text.h"
#include "exporters/status/status.h"
#include "exporters/status/status_text.h"
#include "tests/exporters/report_support.h"

namespace highwater {
namespace {

using nlohmann::json;
using testing::HasSubstr;

Report broker_down() {
  Report report;
  report.at = test_now();
  report.snapshot = make_snapshot({});
  report.incidents = {broker_down_incident()};
  report.alerts = {broker_down_alert()};
  return report;
}

StatusInput with_remedy(const Report& report, Remedy remedy) {
  StatusInput input;
  input.report = &report;
  input.ready = true;
  input.now = test_now();
  input.remedies = [remedy = std::move(remedy)](const Report&, const Incident&) { return remedy; };
  return input;
}

TEST(ARemedy, IsToldWithTheStatusOfItsIncident) {
  const Report report = broker_down();
  const StatusInput input = with_remedy(report, {"look", {"show it", "do it"}, "safe"});
  const json incident = json::parse(status_json(input))["incidents"][0];
  EXPECT_EQ(incident["remedy"], json::parse(R"({"action": "look", "check": "safe",
                                                "commands": ["show it", "do it"]})"));
  EXPECT_EQ(json::parse(status_json({&report, true, test_now(), {}}))["incidents"][0]["remedy"],
            nullptr);
  const std::string text = render_status(status_json(input), {.width = 40}).value().text;
  EXPECT_THAT(text, HasSubstr("  remedy       look\n"
                              "               show it\n"
                              "               do it\n"
                              "               safe\n"));
}

TEST(ARemedy, IsNeverWrapped) {
  const Report report = broker_down();
  std::string command = "kafka-topics.sh";
  for (int i = 0; i < 30; ++i) command += " --option value";
  const StatusInput input = with_remedy(report, {"look", {command}, "safe"});
  EXPECT_THAT(render_status(status_json(input), {.width = 40}).value().text,
              HasSubstr("\n               " + command + "\n"));
}

TEST(ARemedy, WithoutACommandSaysWhy) {
  const Report report = broker_down();
  const auto text = [&](Remedy remedy) {
    return render_status(status_json(with_remedy(report, std::move(remedy))), {}).value().text;
  };
  EXPECT_THAT(text({{}, {}, "nobody knows"}), HasSubstr("remedy       no command: nobody knows"));
  EXPECT_THAT(text({"start it", {}, "it has all"}), HasSubstr("remedy       start it: it has all"));
}

TEST(ARemedy, IsToldWithTheExplanationOfItsRule) {
  const Report report = broker_down();
  ExplainAnswer answer;
  answer.rule = "BrokerDown";
  answer.kind = ExplainAnswer::Kind::alert;
  answer.at = test_now().wall;
  Explanation& item = answer.items.emplace_back();
  item.alert = broker_down_alert();
  item.entity = item.alert->entity;
  answer.count = answer.total = 1;
  const std::string body =
      explain_json(answer, &report, with_remedy(report, {"look", {"show it"}, "safe"}).remedies);
  EXPECT_EQ(json::parse(body)["items"][0]["incident"]["remedy"]["commands"], json({"show it"}));
  EXPECT_THAT(render_explanation(body, {.width = 200}).value().text,
              HasSubstr("remedy       look\n               show it\n               safe\n"));
}

}  // namespace
}  // namespace highwater
