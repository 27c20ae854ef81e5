#include "rules/routing/acks.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "rules/routing/silences.h"

namespace highwater::rules {
namespace {

using Json = nlohmann::json;

std::string encode(const Ack& ack) {
  const Json json = {{"incident", ack.incident},
                     {"by", ack.by},
                     {"since", ack.since.time_since_epoch().count()},
                     {"ends", ack.ends ? Json(ack.ends->time_since_epoch().count()) : Json()},
                     {"severity", static_cast<int>(ack.severity)},
                     {"rule", ack.rule}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Ack> decode(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    Ack ack;
    ack.incident = json.at("incident").get<uint64_t>();
    ack.by = json.at("by").get<std::string>();
    ack.since = WallTime(Duration(json.at("since").get<int64_t>()));
    if (!json.at("ends").is_null()) ack.ends = WallTime(Duration(json.at("ends").get<int64_t>()));
    const int severity = json.at("severity").get<int>();
    if (severity < 0 || severity > static_cast<int>(Severity::page)) return fail("no severity");
    ack.severity = static_cast<Severity>(severity);
    ack.rule = json.at("rule").get<std::string>();
    return ack;
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}

bool is_over(const Ack& ack, const Incident& incident, WallTime now) {
  return (ack.ends && now >= *ack.ends) || incident.severity > ack.severity ||
         incident.headline.rule != ack.rule;
}

}  // namespace

std::string Ack::text() const {
  return "by " + by + (ends ? " until " + describe_time(*ends) : "");
}

Result<Ack> Acks::add(const Incident& incident, std::string by, std::optional<Duration> lasts,
                      WallTime now) {
  by = one_line(by);
  if (by.find_first_not_of(' ') == std::string::npos) return fail("say who acknowledges it");
  if (by.size() > Silences::kMaxTextBytes) return fail("the name is too long");
  if (lasts && (*lasts <= Duration::zero() || *lasts > Silences::kLongest))
    return fail("it must end later than now, and within " + format_duration(Silences::kLongest));
  Ack ack{.incident = incident.id,
          .by = std::move(by),
          .since = now,
          .ends = lasts ? std::optional(now + *lasts) : std::nullopt,
          .severity = incident.severity,
          .rule = incident.headline.rule};
  all_[incident.id] = ack;
  ++version_;
  return ack;
}

bool Acks::end(uint64_t incident) {
  if (all_.erase(incident) == 0) return false;
  ++version_;
  return true;
}

std::vector<Ack> Acks::expire(WallTime now, const std::vector<Incident>& open) {
  std::vector<Ack> ended;
  if (all_.empty()) return ended;
  std::map<uint64_t, Ack> left;
  for (const Incident& incident : open) {
    const auto found = all_.find(incident.id);
    if (found == all_.end()) continue;
    if (is_over(found->second, incident, now))
      ended.push_back(found->second);
    else
      left.insert(*found);
  }
  if (left.size() != all_.size()) ++version_;
  all_ = std::move(left);
  return ended;
}

const Ack* Acks::find(uint64_t incident) const {
  const auto found = all_.find(incident);
  return found == all_.end() ? nullptr : &found->second;
}

void Acks::add_records(std::vector<StateRecord>& records) const {
  for (const auto& [incident, ack] : all_)
    records.push_back({std::string(kAckKind), fmt::format("{:020}", incident), encode(ack)});
}

std::vector<std::string> Acks::restore(std::span<const StateRecord> records) {
  std::vector<std::string> problems;
  for (const StateRecord& record : records) {
    if (record.kind != kAckKind) continue;
    Result<Ack> ack = decode(record.value);
    if (ack)
      all_.try_emplace(ack->incident, std::move(*ack));
    else
      problems.push_back(fmt::format("an acknowledgement: {}", ack.error().message));
  }
  ++version_;
  return problems;
}

}  // namespace highwater::rules
