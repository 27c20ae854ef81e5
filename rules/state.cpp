#include "rules/state.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "agent/core/report_json.h"
#include "rules/little_endian.h"

namespace highwater::rules {
namespace {

using Json = nlohmann::json;

constexpr uint8_t kBudgetVersion = 3;
constexpr uint8_t kBudgetVersionWithoutSpell = 2;
constexpr uint8_t kBudgetVersionWithoutCounters = 1;

std::string dump(const Json& json) {
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.shrink_to_fit();  // thousands of them may wait for the disk
  return text;
}

Json optional_time(const std::optional<WallTime>& time) {
  return time ? Json(time->time_since_epoch().count()) : Json();
}

std::optional<WallTime> time_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return WallTime(Duration(found->get<int64_t>()));
}

std::optional<Duration> duration_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return std::max(Duration(found->get<int64_t>()), Duration::zero());
}

Severity severity_of(const std::string& name) {
  for (const Severity severity : {Severity::info, Severity::ticket, Severity::page}) {
    if (name == severity_name(severity)) return severity;
  }
  throw std::invalid_argument("an unknown severity");
}

template <class Read>
auto decode(std::string_view text, Read read) -> Result<decltype(read(Json()))> {
  try {
    const Json json = Json::parse(text);
    return read(json);
  } catch (const std::exception& error) {
    return fail(std::string("it cannot be read: ") + error.what());
  }
}

Json json_of(const HeldRows& rows) {
  Json json = Json::array();
  for (const auto& cells : rows) {
    Json row = Json::array();
    for (const Symbol& cell : cells) row.push_back(cell.text());
    json.push_back(std::move(row));
  }
  return json;
}

HeldRows rows_of(const Json& json) {
  HeldRows rows;
  for (const auto& cells : json.get<std::vector<std::vector<std::string>>>()) {
    if (rows.size() == kMostHeldRows) break;
    auto& row = rows.emplace_back();
    for (const std::string& cell : cells) row.emplace_back(cell);
  }
  return rows;
}

double sane(double value) {
  return std::isfinite(value) && value >= 0 ? value : 0;
}

}  // namespace

WallTime to_wall(SteadyTime time, Now now) {
  return now.wall - (now.steady - time);
}

SteadyTime to_steady(WallTime time, Now now) {
  return now.steady - std::max<Duration>(now.wall - time, Duration::zero());
}

std::string encode_key(const StateKey& key) {
  Json json = Json::array({key.rule});
  for (const auto& [name, value] : key.entity.labels) {
    json.push_back(name.text());
    json.push_back(value.text());
  }
  return dump(json);
}

Result<StateKey> decode_key(std::string_view text) {
  return decode(text, [](const Json& json) {
    const auto texts = json.get<std::vector<std::string>>();
    if (texts.size() % 2 != 1) throw std::invalid_argument("a label without a value");
    StateKey key{texts.front(), {}};
    for (size_t i = 1; i < texts.size(); i += 2)
      key.entity.labels.emplace_back(Symbol(texts[i]), Symbol(texts[i + 1]));
    std::ranges::sort(key.entity.labels);
    return key;
  });
}

std::string encode_saved(const SavedAlert& saved) {
  Json json{{"alert", durable_json(saved.alert)},
            {"held", saved.held.count()},
            {"cleared", saved.cleared ? Json(saved.cleared->count()) : Json()},
            {"tier", saved.tier},
            {"past", saved.past},
            {"onset", optional_time(saved.onset)},
            {"not_before", optional_time(saved.not_before)}};
  if (!saved.held_rows.empty()) json["held_rows"] = json_of(saved.held_rows);
  return dump(json);
}

Result<SavedAlert> decode_saved_alert(std::string_view text) {
  return decode(text, [](const Json& json) {
    SavedAlert saved;
    saved.alert = durable_alert(json.at("alert"));
    saved.held = duration_of(json, "held").value_or(Duration::zero());
    saved.cleared = duration_of(json, "cleared");
    saved.tier = json.at("tier").get<size_t>();
    saved.past = json.value("past", false);
    saved.onset = time_of(json, "onset");
    saved.not_before = time_of(json, "not_before");
    if (json.contains("held_rows")) saved.held_rows = rows_of(json.at("held_rows"));
    return saved;
  });
}

std::string encode_saved(const SavedIncident& saved) {
  return dump({{"shown", durable_json(saved.shown)},
               {"cause_ended", optional_time(saved.cause_ended)},
               {"resolution", saved.resolution},
               {"sent_evidence", saved.sent_evidence},
               {"sent_consequences", saved.sent_consequences},
               {"sent_severity", severity_name(saved.sent_severity)},
               {"sent_gravity", saved.sent_gravity},
               {"sent_tier", saved.sent_tier}});
}

Result<SavedIncident> decode_saved_incident(std::string_view text) {
  return decode(text, [](const Json& json) {
    SavedIncident saved;
    saved.shown = durable_incident(json.at("shown"));
    saved.cause_ended = time_of(json, "cause_ended");
    saved.resolution = json.at("resolution").get<std::string>();
    saved.sent_evidence = json.at("sent_evidence").get<size_t>();
    saved.sent_consequences = json.value("sent_consequences", size_t{0});
    saved.sent_severity = severity_of(json.at("sent_severity").get<std::string>());
    saved.sent_gravity = json.value("sent_gravity", 0);
    saved.sent_tier = json.at("sent_tier").get<std::string>();
    return saved;
  });
}

std::string encode_saved(const SavedCounters& saved) {
  return dump({{"last_incident", saved.last_incident}, {"last_transition", saved.last_transition}});
}

Result<SavedCounters> decode_saved_counters(std::string_view text) {
  return decode(text, [](const Json& json) {
    return SavedCounters{json.at("last_incident").get<uint64_t>(),
                         json.at("last_transition").get<uint64_t>()};
  });
}

std::string encode_saved(const Budget& budget) {
  LittleEndianWriter out;
  out.put(kBudgetVersion);
  out.put(budget.lifetime.bad);
  out.put(budget.lifetime.total);
  out.put(static_cast<int64_t>(budget.lifetime.known.count()));
  out.put(static_cast<int64_t>(budget.last_bad.time_since_epoch().count()));
  out.put(static_cast<int64_t>(budget.bad_since.time_since_epoch().count()));
  out.put(static_cast<uint8_t>(budget.spell_over ? 1 : 0));
  out.put(budget.bad_value);
  out.put(static_cast<uint8_t>(budget.events != nullptr ? 1 : 0));
  if (const EventCounts* const events = budget.events.get()) {
    for (const double count : {events->lifetime.first, events->lifetime.total, events->unread.first,
                               events->unread.total, events->late})
      out.put(count);
  }
  const std::string curve = budget.curve.encode();
  out.put_bytes(curve.data(), curve.size());
  return std::move(out).take();
}

Result<std::unique_ptr<Budget>> decode_saved_budget(Entity entity, std::string_view bytes) {
  LittleEndianReader in(bytes);
  const auto version = in.get<uint8_t>();
  if (version < kBudgetVersionWithoutCounters || version > kBudgetVersion)
    return fail("its version is not known");
  Sums lifetime;
  lifetime.bad = sane(in.get<double>());
  lifetime.total = std::max(sane(in.get<double>()), lifetime.bad);
  lifetime.known = std::max(Duration(in.get<int64_t>()), Duration::zero());
  const WallTime last_bad{Duration(in.get<int64_t>())};
  WallTime bad_since = last_bad;
  bool spell_over = false;
  double bad_value = std::nan("");
  if (version > kBudgetVersionWithoutSpell) {
    bad_since = std::min(WallTime(Duration(in.get<int64_t>())), last_bad);
    spell_over = in.get<uint8_t>() != 0;
    bad_value = in.get<double>();
  }
  std::unique_ptr<EventCounts> events;
  if (version == kBudgetVersionWithoutCounters) {
    events = std::make_unique<EventCounts>();
    events->lifetime = {lifetime.bad, lifetime.total, lifetime.known};
  } else if (in.get<uint8_t>() != 0) {
    events = std::make_unique<EventCounts>();
    for (double* count : {&events->lifetime.first, &events->lifetime.total, &events->unread.first,
                          &events->unread.total, &events->late})
      *count = sane(in.get<double>());
    events->lifetime.known = lifetime.known;
  }
  Result<BudgetCurve> curve = BudgetCurve::decode(bytes.substr(bytes.size() - in.left()));
  if (!in.ok() || !curve) return fail(curve ? "it is too short" : curve.error().message);
  auto budget = std::make_unique<Budget>(std::move(entity), curve->begin(), curve->first());
  budget->curve = std::move(*curve);
  budget->lifetime = lifetime;
  budget->events = std::move(events);
  budget->last_bad = last_bad;
  budget->bad_since = bad_since;
  budget->spell_over = spell_over;
  budget->bad_value = bad_value;
  return budget;
}

}  // namespace highwater::rules
