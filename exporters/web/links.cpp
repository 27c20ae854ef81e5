#include "exporters/web/links.h"

#include <fmt/format.h>

#include <array>

#include "exporters/html/html.h"

namespace highwater::web {
namespace {

constexpr std::array kKinds{Kind::cluster, Kind::broker, Kind::topic, Kind::group};

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::cluster:
      return "cluster";
    case Kind::broker:
      return "broker";
    case Kind::topic:
      return "topic";
    case Kind::group:
      return "group";
  }
  return "cluster";
}

std::optional<Kind> kind_of(std::string_view dimension) {
  for (const Kind kind : kKinds) {
    if (kind_name(kind) == dimension) return kind;
  }
  return std::nullopt;
}

std::string page_url(std::string_view home, Kind kind, std::string_view cluster,
                     std::string_view name) {
  if (kind == Kind::cluster)
    return fmt::format("{}/cluster?name={}", home, percent_encoded(cluster));
  return fmt::format("{}/{}?cluster={}&name={}", home, kind_name(kind), percent_encoded(cluster),
                     percent_encoded(name));
}

std::string anchor(std::string_view home, std::string_view dimension, std::string_view cluster,
                   std::string_view name) {
  const std::optional<Kind> kind = kind_of(dimension);
  if (!kind) return html_escape(name);
  return fmt::format("<a href=\"{}\">{}</a>", html_escape(page_url(home, *kind, cluster, name)),
                     name.empty() ? "(empty name)" : html_escape(name));
}

std::string entity_anchors(std::string_view home, const Entity& entity) {
  const std::string cluster = entity.label("cluster").text();
  std::string html;
  for (const auto& [dimension, value] : entity.labels) {
    if (dimension.text() == "cluster" && entity.labels.size() > 1) continue;
    if (!html.empty()) html += ", ";
    html +=
        html_escape(dimension.text()) + " " + anchor(home, dimension.text(), cluster, value.text());
  }
  return html;
}

}  // namespace highwater::web
