#include "rules/routing/unattended.h"

#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

namespace highwater::rules {
namespace {

using Json = nlohmann::json;

std::string encode(WallTime at, Severity severity) {
  return Json{{"since", at.time_since_epoch().count()}, {"severity", static_cast<int>(severity)}}
      .dump();
}

}  // namespace

const Unattended::Since& Unattended::begin(const Incident& incident, Now now) {
  const auto kept = restored_.find(incident.id);
  if (kept != restored_.end()) {
    all_.try_emplace(incident.id, Since{{to_steady(kept->second.at, now), kept->second.at},
                                        kept->second.severity});
    restored_.erase(kept);
  }
  const auto [entry, added] = all_.try_emplace(incident.id, Since{now, incident.severity});
  Since& since = entry->second;
  const bool worse = incident.severity > since.severity;
  if (worse) since = {now, incident.severity};
  if (added || worse) ++version_;
  return since;
}

void Unattended::end(uint64_t incident) {
  if (all_.erase(incident) + restored_.erase(incident) > 0) ++version_;
}

void Unattended::keep_only(const std::set<uint64_t>& open) {
  const auto is_over = [&](const auto& entry) { return !open.contains(entry.first); };
  if (std::erase_if(all_, is_over) + std::erase_if(restored_, is_over) > 0) ++version_;
}

void Unattended::add_records(std::vector<StateRecord>& records) const {
  const auto add = [&](uint64_t incident, WallTime at, Severity severity) {
    records.push_back(
        {std::string(kUnattendedKind), fmt::format("{:020}", incident), encode(at, severity)});
  };
  for (const auto& [incident, since] : all_) add(incident, since.at.wall, since.severity);
  for (const auto& [incident, kept] : restored_) add(incident, kept.at, kept.severity);
}

std::vector<std::string> Unattended::restore(std::span<const StateRecord> records) {
  std::vector<std::string> problems;
  for (const StateRecord& record : records) {
    if (record.kind != kUnattendedKind) continue;
    uint64_t incident = 0;
    const char* const end = record.key.data() + record.key.size();
    const auto number = std::from_chars(record.key.data(), end, incident);
    const Json json = Json::parse(record.value, nullptr, false);
    try {
      const int severity = json.at("severity").get<int>();
      if (number.ptr != end || severity < 0 || severity > static_cast<int>(Severity::page))
        throw std::invalid_argument("it is not whole");
      restored_.insert_or_assign(incident, Kept{WallTime(Duration(json.at("since").get<int64_t>())),
                                                static_cast<Severity>(severity)});
    } catch (const std::exception& error) {
      problems.push_back(
          fmt::format("since when an incident is not acknowledged: {}", error.what()));
    }
  }
  ++version_;
  return problems;
}

}  // namespace highwater::rules
