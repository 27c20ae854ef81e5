#include "exporters/web/search_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "exporters/html/html.h"
#include "exporters/web/facts.h"

namespace highwater::web {

std::string search_page(const Snapshot* snapshot, std::string_view text) {
  std::string rows;
  size_t count = 0;
  for (const Kind kind : {Kind::cluster, Kind::broker, Kind::group, Kind::topic}) {
    if (snapshot == nullptr || text.empty()) break;
    for (const auto& [cluster, name] : names_of(*snapshot, kind, {}, text)) {
      if (++count > kMaxFound) continue;
      rows += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td></tr>\n", kind_name(kind),
                          anchor(".", kind_name(kind), cluster.text(), name.text()),
                          html_escape(cluster.text()));
    }
  }
  std::string body = fmt::format("<h1>Search</h1>\n<p>{} {} \"{}\" in the name or address.</p>\n",
                                 count, count == 1 ? "has" : "have", html_escape(text));
  if (!rows.empty())
    body +=
        "<table>\n<thead><tr><th>Kind</th><th>Name</th><th>Cluster</th></tr></thead>\n<tbody>\n" +
        rows + "</tbody></table>\n";
  if (count > kMaxFound)
    body += fmt::format("<p class=\"soft\">These are the first {}: type more of the name.</p>\n",
                        kMaxFound);
  return html_page("Search", body, {.search = text});
}

}  // namespace highwater::web
