// Addresses of pages: permanent, relative to the page that shows them, so that a proxy may put the
// agent under any path. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/core/table.h"
#include "agent/core/web_text.h"

namespace highwater::web {

// What has a page of its own.
enum class Kind : uint8_t { cluster, broker, topic, group };
[[nodiscard]] std::string_view kind_name(Kind kind);  // also the dimension's name, and the path
[[nodiscard]] std::optional<Kind> kind_of(std::string_view dimension);

// "../group?cluster=prod&name=billing"
[[nodiscard]] std::string page_url(std::string_view home, Kind kind, std::string_view cluster,
                                   std::string_view name);
// An anchor to the page of what a dimension's value names; the escaped text where there is none.
[[nodiscard]] std::string anchor(std::string_view home, std::string_view dimension,
                                 std::string_view cluster, std::string_view name);
// "group billing, topic orders": each with its page; without the cluster.
[[nodiscard]] std::string entity_anchors(std::string_view home, const Entity& entity);

}  // namespace highwater::web
