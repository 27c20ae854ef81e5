// An incident as a card on a page: what is wrong, since when, why, what it costs, and the id that
// finds the rest. Used by the runbooks and the overview; pure.
#pragma once

#include <optional>
#include <string>

#include "agent/core/report.h"
#include "exporters/remedies/remedy.h"

namespace highwater {

// HTML that a page adds to the card.
struct CardParts {
  std::string changed{};  // what changed before it began; empty: the row is left out
  std::string told{};     // who was told, and who could not be; empty: the row is left out
  std::string ends{};     // when it will end; empty: the row is left out, but for a budget's
  std::string more{};     // at the end
  std::optional<Remedy> remedy{};  // nothing: the row is left out
};

// `home`: the way from the page to the first one.
[[nodiscard]] std::string incident_card(const Incident& incident, WallTime now,
                                        std::string_view home, const CardParts& parts = {});

// One line of a list of incidents, which leads to its page.
[[nodiscard]] std::string incident_item(const Incident& incident, WallTime now,
                                        std::string_view home);

}  // namespace highwater
