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

constexpr uint8_t kBudgetVersion = 1;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json optional_time(const std::optional<WallTime>& time) {
  return time ? Json(time->time_since_epoch().count()) : Json();
}

std::optional<WallTime> time_of(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || found->is_null()) return std::nullopt;
  return WallTime(Duration(found->get<int64_t>()));
}

Severity severity_of(const std::string& name) {
  for (const Severity severity : {Severity::info, Severity::ticket, Severity::page}) {
    if (name == severity_name(severity)) return severity;
  }
  throw std::invalid_argument("an unknown severity");
}

template <class T>
T value_or_throw(Result<T> result) {
  if (!result) throw std::invalid_argument(result.error().message);
  return std::move(*result);
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
  return dump({{"alert", Json::parse(encode_alert(saved.alert))},
               {"clear_since", optional_time(saved.clear_since)},
               {"tier", saved.tier}});
}

Result<SavedAlert> decode_saved_alert(std::string_view text) {
  return decode(text, [](const Json& json) {
    SavedAlert saved;
    saved.alert = value_or_throw(decode_alert(dump(json.at("alert"))));
    saved.clear_since = time_of(json, "clear_since");
    saved.tier = json.at("tier").get<size_t>();
    return saved;
  });
}

std::string encode_saved(const SavedIncident& saved) {
  return dump({{"shown", Json::parse(encode_incident(saved.shown))},
               {"covers_cluster", saved.covers_cluster},
               {"peers", saved.peers},
               {"cause_ended", optional_time(saved.cause_ended)},
               {"resolution", saved.resolution},
               {"sent_evidence", saved.sent_evidence},
               {"sent_severity", severity_name(saved.sent_severity)},
               {"sent_tier", saved.sent_tier}});
}

Result<SavedIncident> decode_saved_incident(std::string_view text) {
  return decode(text, [](const Json& json) {
    SavedIncident saved;
    saved.shown = value_or_throw(decode_incident(dump(json.at("shown"))));
    saved.covers_cluster = json.at("covers_cluster").get<bool>();
    saved.peers = json.at("peers").get<bool>();
    saved.cause_ended = time_of(json, "cause_ended");
    saved.resolution = json.at("resolution").get<std::string>();
    saved.sent_evidence = json.at("sent_evidence").get<size_t>();
    saved.sent_severity = severity_of(json.at("sent_severity").get<std::string>());
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
  const std::string curve = budget.curve.encode();
  out.put_bytes(curve.data(), curve.size());
  return std::move(out).take();
}

Result<std::unique_ptr<Budget>> decode_saved_budget(Entity entity, std::string_view bytes) {
  LittleEndianReader in(bytes);
  if (in.get<uint8_t>() != kBudgetVersion) return fail("its version is not known");
  Sums lifetime;
  lifetime.bad = sane(in.get<double>());
  lifetime.total = std::max(sane(in.get<double>()), lifetime.bad);
  lifetime.known = std::max(Duration(in.get<int64_t>()), Duration::zero());
  const WallTime last_bad{Duration(in.get<int64_t>())};
  Result<BudgetCurve> curve = BudgetCurve::decode(bytes.substr(bytes.size() - in.left()));
  if (!in.ok() || !curve) return fail(curve ? "it is too short" : curve.error().message);
  auto budget = std::make_unique<Budget>(std::move(entity), curve->begin());
  budget->curve = std::move(*curve);
  budget->lifetime = lifetime;
  budget->last_bad = last_bad;
  return budget;
}

}  // namespace highwater::rules
