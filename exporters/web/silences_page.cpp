#include "exporters/web/silences_page.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "agent/core/time.h"
#include "exporters/html/html.h"
#include "exporters/json_fields.h"
#include "exporters/web/incident_forms.h"

namespace highwater::web {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kHome = ".";

std::string escaped(const Json& json, const char* key) {
  return html_escape(text_of(json, key));
}

std::string matchers_html(const Json& silence) {
  std::string html;
  const auto list = silence.find("matchers");
  if (list != silence.end() && list->is_array()) {
    for (const Json& matcher : *list) {
      if (matcher.is_string())
        html += fmt::format("<code>{}</code> ", html_escape(clean(matcher.get<std::string>())));
    }
  }
  return html.empty() ? "everything" : html;
}

std::string warnings_html(const Json& silence) {
  std::string html;
  const auto list = silence.find("warnings");
  if (list == silence.end() || !list->is_array()) return html;
  for (const Json& warning : *list) {
    if (warning.is_string())
      html += (html.empty() ? "" : "; ") + html_escape(clean(warning.get<std::string>()));
  }
  return html.empty() ? "" : "<strong>" + html + "</strong>";
}

std::string incident_links(const Json& silence, const char* key) {
  std::string html;
  for (const Json& incident : list_of(silence, key))
    html += fmt::format("<li><a href=\"incident?id={0:.0f}\">incident {0:.0f}</a>, {1}: {2}</li>\n",
                        number_of(incident, "id"), escaped(incident, "severity"),
                        escaped(incident, "title"));
  return html.empty() ? "nothing now" : "<ul>" + html + "</ul>";
}

std::string end_text(const Json& silence) {
  if (const std::string ends = text_of(silence, "ends"); !ends.empty())
    return html_escape(describe_time(ends));
  if (const std::string during = text_of(silence, "during"); !during.empty())
    return html_escape(during);
  return "what it hides has ended";
}

std::string end_form(const Json& silence) {
  return fmt::format(
      "<form method=\"post\" action=\"silences\"><input type=\"hidden\" name=\"id\" "
      "value=\"{0:.0f}\"><button name=\"action\" value=\"end\" aria-label=\"End silence "
      "{0:.0f}\">End</button></form>",
      number_of(silence, "id"));
}

std::string row(std::string_view name, const std::string& html) {
  return html.empty() ? "" : fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", name, html);
}

std::string card(const Json& silence, bool may_end) {
  const bool active = is_true(silence, "active");
  const std::string name = text_of(silence, "name");
  const std::string begins = text_of(silence, "begins");
  const std::string state = active           ? "active"
                            : begins.empty() ? "waits"
                                             : "begins " + html_escape(describe_time(begins));
  return fmt::format("<section class=\"card{}\">\n<h2>{}: {}</h2>\n<table>\n",
                     active ? " ticket" : "",
                     name.empty() ? fmt::format("Silence {:.0f}", number_of(silence, "id"))
                                  : html_escape(name),
                     matchers_html(silence)) +
         row("State", state) + row("Warning", warnings_html(silence)) +
         row("Until", end_text(silence)) +
         row("Hides", active ? incident_links(silence, "hides") : "") +
         row("Why", escaped(silence, "comment")) + row("By", escaped(silence, "author")) +
         "</table>\n" + (may_end ? end_form(silence) : "") + "</section>\n";
}

std::string cards(const Json& silences, const char* key, bool may_end) {
  std::string html;
  for (const Json& silence : list_of(silences, key)) html += card(silence, may_end);
  return html;
}

std::string preview_html(const Json& preview) {
  if (!preview.is_object()) return {};
  const std::string warnings = warnings_html(preview);
  std::string html =
      "<section class=\"card\">\n<h2>Not made yet: this is what it would do</h2>\n<p>" +
      matchers_html(preview) + "until " + end_text(preview) + "</p>\n" +
      (warnings.empty() ? "" : "<p>" + warnings + "</p>\n") +
      "<p>Hides: " + incident_links(preview, "hides") + "</p>\n";
  const double past = number_of(preview, "would_have_hidden_count");
  html += fmt::format("<p>In the last 7 days it would have hidden {:.0f} incident{}{}</p>\n", past,
                      past == 1 ? "" : "s",
                      past > 0 ? ": " + incident_links(preview, "would_have_hidden") : ".");
  return html + "</section>\n";
}

std::string form_html(const SilenceForm& form) {
  return fmt::format(
      "<form class=\"form\" method=\"post\" action=\"silences\">\n"
      "<label class=\"whole\">What it hides: labels, one a line, such as "
      "<code>topic=payments-*</code><textarea name=\"matchers\" rows=\"4\" spellcheck=\"false\">"
      "\n{}</textarea></label>\n{}"
      "<label>Your name<br><input name=\"author\" autocomplete=\"username\" value=\"{}\"></label>\n"
      "<label>Why<br><input name=\"comment\" value=\"{}\"></label>\n"
      "<button name=\"action\" value=\"preview\">Show what it would hide</button>\n"
      "<button name=\"action\" value=\"add\">Silence</button>\n</form>\n",
      html_escape(form.matchers), duration_choice(form.lasts, "until what it hides now has ended"),
      html_escape(form.author), html_escape(form.comment));
}

}  // namespace

std::string silences_page(const Json& silences, const SilenceForm& form, const Json& preview,
                          bool may_change) {
  const std::string made = cards(silences, "silences", may_change);
  const std::string maintenance = cards(silences, "maintenance", false);
  std::string body = "<h1>Silences</h1>\n";
  body += made.empty() ? "<p class=\"calm\">There are none: every incident is sent.</p>\n" : made;
  if (!maintenance.empty()) body += "<h2>Maintenance in the configuration</h2>\n" + maintenance;
  if (!may_change)
    return html_page("Silences",
                     body +
                         "<p class=\"soft\">Silences are made with a login that may change "
                         "things, or without logins on the agent's machine: "
                         "<code>highwater silence add</code> there, or this page through "
                         "<code>ssh -L</code> or <code>kubectl port-forward</code>.</p>\n",
                     {.home = kHome, .live = true});
  body += "<h2>A new silence</h2>\n";
  if (!form.mistake.empty())
    body += fmt::format("<p class=\"wrong\" role=\"alert\">Not made: {}</p>\n",
                        html_escape(form.mistake));
  // What somebody writes must not be replaced by a newer page.
  const bool live = form.mistake.empty() && !preview.is_object();
  return html_page("Silences", body + preview_html(preview) + form_html(form),
                   {.home = kHome, .live = live, .wide = true});
}

}  // namespace highwater::web
