// The forms of the pages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "exporters/web/incident_forms.h"
#include "exporters/web/silences_page.h"
#include "web_support.h"

namespace highwater::web {
namespace {

using testing::HasSubstr;
using testing::Not;

nlohmann::ordered_json one_silence(const std::string& text) {
  return {{"silences",
           {{{"id", 7},
             {"name", ""},
             {"matchers", {"topic=" + text}},
             {"active", true},
             {"ends", "2026-11-30T08:00:00.000Z"},
             {"author", text},
             {"comment", text},
             {"hides", {{{"id", 18}, {"severity", "page"}, {"title", text}}}}}}},
          {"maintenance", nlohmann::ordered_json::array()}};
}

TEST(SilencesPage, ShowsWhatEachHidesAndHowToEndIt) {
  const std::string page = silences_page(one_silence("orders"), {}, {}, true);
  EXPECT_THAT(page, HasSubstr("<h2>Silence 7: <code>topic=orders</code> </h2>"));
  EXPECT_THAT(page, HasSubstr("<th>Until</th><td>2026-11-30 08:00:00 UTC</td>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"incident?id=18\">incident 18</a>, page: orders"));
  EXPECT_THAT(page, HasSubstr("aria-label=\"End silence 7\""));
  EXPECT_THAT(page, HasSubstr("<option value=\"2h\" selected>"));
}

TEST(SilencesPage, WarnsOfALabelThatNoAlertHas) {
  nlohmann::ordered_json silences = one_silence("orders");
  EXPECT_THAT(silences_page(silences, {}, {}, true), Not(HasSubstr("Warning")));
  nlohmann::ordered_json& one = silences["silences"][0];
  one["warnings"] = {"no alert has a label '<b>'"};
  EXPECT_THAT(silences_page(silences, {}, {}, true),
              HasSubstr("<th>Warning</th><td><strong>no alert has a label &#39;&lt;b&gt;&#39;</strong>"));
  EXPECT_THAT(silences_page(one_silence("orders"), {}, one, true), HasSubstr("&#39;&lt;b&gt;&#39;"));
}

TEST(SilencesPage, WithoutTheRightShowsNoForm) {
  const std::string page = silences_page(one_silence("orders"), {}, {}, false);
  EXPECT_THAT(page, HasSubstr("Silence 7"));
  EXPECT_THAT(page, Not(HasSubstr("method=\"post\"")));
  EXPECT_THAT(page, HasSubstr("highwater silence add"));
}

TEST(SilencesPage, LetsNoTextBecomeMarkup) {
  const std::string evil = "<script>alert(1)</script>\"'";
  const SilenceForm form{evil, evil, evil, evil, evil};
  const std::string page =
      silences_page(one_silence(evil), form, one_silence(evil)["silences"][0], true);
  EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
  EXPECT_THAT(page, Not(HasSubstr("value=\"<")));
  EXPECT_THAT(page, HasSubstr("Not made: &lt;script&gt;"));
}

TEST(SilencesPage, PreviewSaysWhatItWouldHaveHidden) {
  nlohmann::ordered_json preview = one_silence("orders")["silences"][0];
  preview["would_have_hidden"] = {{{"id", 3}, {"severity", "ticket"}, {"title", "orders lags"}}};
  preview["would_have_hidden_count"] = 1;
  const std::string page = silences_page(one_silence("orders"), {.lasts = "90m"}, preview, true);
  EXPECT_THAT(page, HasSubstr("In the last 7 days it would have hidden 1 incident: "));
  EXPECT_THAT(page, HasSubstr("ticket: orders lags"));
  EXPECT_THAT(page, HasSubstr("<option value=\"90m\" selected>"));
  EXPECT_THAT(page, Not(HasSubstr("data-live"))) << "what is in the form would be lost";
}

TEST(IncidentForms, OfferToAcknowledgeAndToSilenceWhatItIsAbout) {
  Incident incident = broker_down_incident();
  EXPECT_THAT(incident_forms(incident), HasSubstr("value=\"ack\""));
  EXPECT_THAT(incident_forms(incident),
              HasSubstr("silences?matchers=alertname%3DBrokerDown%0Abroker%3D3%0Acluster%3Dprod"));
  auto direction = std::make_shared<Direction>();
  direction->acknowledged = "by ann";
  incident.direction = direction;
  EXPECT_THAT(incident_forms(incident), HasSubstr("value=\"end\""));
  incident.ended = test_now().wall;
  EXPECT_EQ(incident_forms(incident), "");
}

}  // namespace
}  // namespace highwater::web
