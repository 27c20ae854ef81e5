#include "rules/incidents/headline.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "agent/core/budget_cost.h"
#include "rules/text.h"

namespace highwater::rules {
namespace {

constexpr size_t kNamesKept = 5;
constexpr size_t kNamesInTitle = 2;
constexpr size_t kRemarksInTitle = 2;

// A text about some of them, with {names} and {count}.
std::string text_of_peers(const std::string& text, const Entity& entity, const Peers& peers) {
  const auto count = static_cast<double>(peers.count);
  const StandIn values[] = {{"count", std::to_string(peers.count), count},
                            {"names", list_names(peers.names, peers.count), count}};
  return Template(text).fill(entity, values);
}

std::string summary_text(const TitleParts& parts) {
  const Alert& headline = *parts.headline;
  if (parts.peers == nullptr || parts.peers->count < 2) return headline.summary;
  const Peers& peers = *parts.peers;
  if (parts.traits->summary_of_many.empty())
    return fmt::format("{}, and {} more like it", headline.summary, peers.count - 1);
  return text_of_peers(parts.traits->summary_of_many, headline.entity, peers);
}

// "8 partitions failed over", "groups billing and flappy got another coordinator"
std::string impact_text(const Impact& impact) {
  if (impact.count > kNamesInTitle || impact.names.size() != impact.count)
    return fmt::format("{} {} {}", impact.count, impact.noun, impact.state);
  return fmt::format("{} {} {}", impact.noun, list_names(impact.names, impact.count), impact.state);
}

// "it has no members": of the headline's group.
std::string remarks_text(const TitleParts& parts) {
  std::vector<std::string> texts;
  for (const Peers* peers : parts.remarks)
    texts.push_back(text_of_peers(peers->traits->consequence, {}, *peers));
  if (texts.size() > kRemarksInTitle) texts.resize(kRemarksInTitle);
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

std::string entity_name(const Entity& entity) {
  const Symbol topic = entity.label("topic");
  const Symbol partition = entity.label("partition");
  std::string name;
  const auto add = [&](const std::string& text) {
    if (!name.empty()) name += ' ';
    name += text;
  };
  const bool both = !topic.text().empty() && !partition.text().empty();
  for (const auto& [dimension, value] : entity.labels) {
    if (dimension.text() == "cluster" || (both && dimension.text() == "partition")) continue;
    add(both && dimension.text() == "topic" ? topic.text() + "-" + partition.text() : value.text());
  }
  return name;
}

std::string list_names(std::span<const std::string> names, size_t count) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool last = i + 1 == names.size() && names.size() == count;
    if (i > 0) text += last ? " and " : ", ";
    text += names[i];
  }
  if (names.size() < count) text += fmt::format(" and {} more", count - names.size());
  return text;
}

HeadlineRank::HeadlineRank(const LiveAlert& alert, bool is_cause)
    : gravity(alert.rule->traits.ground ? rules::gravity(alert.rule->traits.fault) : 0),
      severity(alert.alert.severity),
      cause(is_cause),
      since(alert.active_since) {}

bool HeadlineRank::worse_than(const HeadlineRank& other) const {
  if (gravity != other.gravity) return gravity > other.gravity;
  if (severity != other.severity) return severity > other.severity;
  if (cause != other.cause) return cause;
  return since < other.since;
}

void Peers::add(const Entity& entity) {
  ++count;
  std::string name = entity_name(entity);
  const auto place = std::ranges::lower_bound(names, name);
  if (names.size() < kNamesKept) {
    names.insert(place, std::move(name));
  } else if (place != names.end()) {
    names.insert(place, std::move(name));
    names.pop_back();
  }
}

std::string title_facts(const TitleParts& parts) {
  if (!parts.traits->ground) return remarks_text(parts);
  if (!is_component(parts.traits->fault)) return {};
  std::vector<std::string> facts;
  bool counted = false;  // which partitions are offline
  for (const Impact& impact : *parts.impact) {
    if (!impact.in_title) continue;
    facts.push_back(impact_text(impact));
    counted = true;
  }
  for (const Peers* peers : parts.consequences) {
    if (peers->traits->consequence.empty()) continue;
    if (counted && peers->traits->fault == Fault::offline) continue;
    // The loss of records comes first.
    const auto place = peers->traits->fault == Fault::loss ? facts.begin() : facts.end();
    facts.insert(place, text_of_peers(peers->traits->consequence, {}, *peers));
  }
  return fmt::format("{}", fmt::join(facts, ", "));
}

std::string compose_title(const TitleParts& parts) {
  const std::string facts = title_facts(parts);
  return facts.empty() ? summary_text(parts) : summary_text(parts) + ": " + facts;
}

std::string resolved_title(const Incident& incident) {
  // The verbs of the built-in titles; the first one in a title is its own.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kPast{
      {{" is ", " was "},
       {" are ", " were "},
       {" has ", " had "},
       {" have ", " had "},
       {" hangs", " hung"},
       {" answers", " answered"},
       {" refuses ", " refused "},
       {" refuse ", " refused "},
       {" stands still", " stood still"},
       {" lags ", " lagged "},
       {" cannot ", " could not "},
       {" can ", " could "},
       {" reads ", " read "},
       {" may ", " might "},
       {" does not ", " did not "},
       {" do not ", " did not "},
       {" fails ", " failed "},
       {" never commits ", " never committed "}}};
  std::string title = incident.title;
  size_t first = std::string::npos;
  const std::pair<std::string_view, std::string_view>* verb = nullptr;
  for (const auto& pair : kPast) {
    const size_t found = title.find(pair.first);
    if (found >= first) continue;
    first = found;
    verb = &pair;
  }
  if (verb != nullptr) title.replace(first, verb->first.size(), verb->second);
  const Duration lasted = incident.ended.value_or(incident.updated) - incident.opened;
  const std::string cost = cost_text(incident);
  return fmt::format("Resolved after {}{}: {}",
                     describe_duration(std::max<Duration>(lasted, Duration::zero())),
                     cost.empty() ? "" : fmt::format(", cost {}", cost), title);
}

}  // namespace highwater::rules
