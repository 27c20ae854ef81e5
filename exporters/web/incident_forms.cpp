#include "exporters/web/incident_forms.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "exporters/html/html.h"
#include "exporters/web/links.h"

namespace highwater::web {
namespace {

using Choice = std::pair<std::string_view, std::string_view>;
constexpr std::array<Choice, 7> kDurations{{{"30m", "30 minutes"},
                                            {"1h", "1 hour"},
                                            {"2h", "2 hours"},
                                            {"4h", "4 hours"},
                                            {"8h", "8 hours"},
                                            {"24h", "1 day"},
                                            {"7d", "7 days"}}};

std::string option(std::string_view value, std::string_view text, bool chosen) {
  return fmt::format("<option value=\"{}\"{}>{}</option>", html_escape(value),
                     chosen ? " selected" : "", html_escape(text));
}

// One matcher a line, as the form of silences reads them.
std::string matchers_of(const Incident& incident) {
  std::string text = "alertname=" + incident.headline.rule;
  for (const auto& [name, value] : incident.headline.entity.labels)
    text += "\n" + name.text() + "=" + value.text();
  return text;
}

}  // namespace

std::string duration_choice(std::string_view chosen, std::string_view at_end) {
  std::string options;
  bool found = chosen.empty();
  for (const auto& [value, text] : kDurations) {
    options += option(value, text, value == chosen);
    found = found || value == chosen;
  }
  if (!found) options += option(chosen, chosen, true);
  return fmt::format("<label>For<br><select name=\"for\">{}{}</select></label>", options,
                     option("", at_end, chosen.empty()));
}

std::string incident_forms(const Incident& incident) {
  if (incident.ended) return {};
  const bool acknowledged =
      incident.direction != nullptr && !incident.direction->acknowledged.empty();
  const std::string fields =
      acknowledged ? "<button name=\"action\" value=\"end\">Withdraw the acknowledgement</button>"
                   : fmt::format(
                         "<label>Your name<br><input name=\"by\" autocomplete=\"username\" "
                         "required></label>{}<button name=\"action\" value=\"ack\">"
                         "Acknowledge</button>",
                         duration_choice("", "until it ends"));
  return fmt::format(
      "<form class=\"form\" method=\"post\" action=\"incident\">"
      "<input type=\"hidden\" name=\"id\" value=\"{}\">{}"
      "<a href=\"silences?matchers={}\">Silence it</a></form>\n",
      incident.id, fields, percent_encoded(matchers_of(incident)));
}

}  // namespace highwater::web
