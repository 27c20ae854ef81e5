#include "exporters/status/incident_list_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/time.h"
#include "exporters/json_fields.h"
#include "exporters/status/ago_text.h"
#include "exporters/status/terminal.h"

namespace highwater {
namespace {

using Json = nlohmann::json;

std::string seconds_text(double seconds) {
  // To the millisecond, so that it is cut as in the title "Resolved after ...".
  const double bounded = std::clamp(seconds, 0.0, 1e9);
  return describe_duration(std::chrono::milliseconds(std::llround(bounded * 1000)));
}

Ink ink_of(const std::string& severity, bool open) {
  if (!open) return Ink::soft;
  return severity == "page" ? Ink::red : severity == "ticket" ? Ink::yellow : Ink::plain;
}

}  // namespace

std::string incident_standing(const Json& incident) {
  const auto silences = incident.find("silenced_by");
  if (silences != incident.end() && silences->is_array() && !silences->empty()) return "silenced";
  return text_of(incident, "acknowledged").empty() ? "" : "acknowledged";
}

Result<std::string> render_incident_list(std::string_view json, TextStyle style) {
  const Json answer = Json::parse(json, nullptr, false);
  if (!answer.is_object() || !answer.contains("incidents"))
    return fail("what answered is no list of incidents of Highwater");
  TerminalText out(style);
  const std::string now = text_of(answer, "now");
  std::vector<std::vector<TextCell>> rows{{{"SEVERITY", Ink::soft},
                                           {"ID", Ink::soft},
                                           {"SINCE", Ink::soft},
                                           {"LASTED", Ink::soft},
                                           {"TITLE", Ink::soft}}};
  for (const Json& incident : list_of(answer, "incidents")) {
    const std::string severity = text_of(incident, "severity");
    const bool open = text_of(incident, "ended").empty();
    const std::string standing = incident_standing(incident);
    const std::string time = seconds_text(number_of(incident, "lasted_seconds"));
    rows.push_back({{severity, ink_of(severity, open)},
                    {fmt::format("{:.0f}", number_of(incident, "id"))},
                    {ago_text(text_of(incident, "opened"), now)},
                    {!open              ? time
                     : standing.empty() ? "open, " + time
                                        : "open, " + time + ", " + standing},
                    {text_of(incident, "title")}});
  }
  const auto shown = static_cast<double>(rows.size() - 1);
  if (shown > 0)
    out.table(rows);
  else
    out.line("no incident in the last " + seconds_text(number_of(answer, "last_seconds")));
  if (const double more = number_of(answer, "incident_count") - shown; more > 0)
    out.line(fmt::format("and {:.0f} older", more), Ink::soft);
  return out.take();
}

}  // namespace highwater
