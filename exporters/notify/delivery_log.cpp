#include "exporters/notify/delivery_log.h"

#include <algorithm>
#include <array>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "agent/core/incident_group.h"
#include "exporters/incident_text.h"
#include "exporters/push/utf8.h"

namespace highwater::notify {
namespace {

using Json = nlohmann::json;

constexpr std::array kOutcomes{Outcome::delivered, Outcome::retry, Outcome::refused};

std::string line(std::string_view text) {
  return utf8::clean(text, DeliveryLog::kMaxTextBytes, utf8::Lines::join);
}

// Whether the newer one goes on with what the older one says.
bool goes_on(const DeliveryEntry& older, const DeliveryEntry& newer) {
  return older.receiver == newer.receiver && older.incident == newer.incident &&
         older.resolved == newer.resolved && older.outcome == Outcome::retry &&
         newer.outcome == Outcome::retry && older.status == newer.status &&
         older.text == newer.text;
}

Json parts_json(const std::vector<DeliveredPart>& parts) {
  Json list = Json::array();
  for (const DeliveredPart& one : parts) list.push_back({one.incident, one.correlation, one.ended});
  return list;
}

template <class Enum, size_t N>
Enum one_of(const std::array<Enum, N>& known, int number) {
  for (const Enum one : known) {
    if (static_cast<int>(one) == number) return one;
  }
  throw std::invalid_argument("a number stands for nothing");
}

}  // namespace

const DeliveredPart* DeliveryEntry::part(uint64_t of) const {
  const auto found = std::ranges::find(parts, of, &DeliveredPart::incident);
  return found == parts.end() ? nullptr : &*found;
}

std::string encode_delivery(const DeliveryEntry& entry) {
  const Json json{{"id", entry.id},
                  {"receiver", entry.receiver},
                  {"incident", entry.incident},
                  {"correlation", entry.correlation},
                  {"title", entry.title},
                  {"severity", static_cast<int>(entry.severity)},
                  {"resolved", entry.resolved},
                  {"repeat", entry.repeat},
                  {"begun", entry.begun.time_since_epoch().count()},
                  {"at", entry.at.time_since_epoch().count()},
                  {"attempts", entry.attempts},
                  {"outcome", static_cast<int>(entry.outcome)},
                  {"status", entry.status},
                  {"text", entry.text},
                  {"delay", entry.delay.count()},
                  {"parts", parts_json(entry.parts)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<DeliveryEntry> decode_delivery(std::string_view text) {
  try {
    const Json json = Json::parse(text);
    DeliveryEntry entry;
    json.at("id").get_to(entry.id);
    json.at("receiver").get_to(entry.receiver);
    json.at("incident").get_to(entry.incident);
    json.at("correlation").get_to(entry.correlation);
    json.at("title").get_to(entry.title);
    entry.severity = one_of(std::array{Severity::info, Severity::ticket, Severity::page},
                            json.at("severity").get<int>());
    json.at("resolved").get_to(entry.resolved);
    json.at("repeat").get_to(entry.repeat);
    entry.begun = WallTime(Duration(json.at("begun").get<int64_t>()));
    entry.at = WallTime(Duration(json.at("at").get<int64_t>()));
    json.at("attempts").get_to(entry.attempts);
    entry.outcome = one_of(kOutcomes, json.at("outcome").get<int>());
    json.at("status").get_to(entry.status);
    json.at("text").get_to(entry.text);
    entry.delay = Duration(json.at("delay").get<int64_t>());
    if (json.contains("parts")) {
      for (const Json& one : json.at("parts"))
        entry.parts.push_back(
            {one.at(0).get<uint64_t>(), one.at(1).get<std::string>(), one.at(2).get<bool>()});
    }
    return entry;
  } catch (const std::exception& error) {
    return fail(std::string("it cannot be read: ") + error.what());
  }
}

void DeliveryLog::add(const std::string& receiver, const Delivery& delivery, const Answer& answer,
                      WallTime begun, WallTime ended) {
  const Incident& incident = delivery.incident();
  DeliveryEntry entry{.receiver = receiver,
                      .incident = incident.id,
                      .correlation = incident.correlation.hex(),
                      .title = line(incident_title(incident)),
                      .severity = incident.severity,
                      .resolved = delivery.resolved(),
                      .repeat = delivery.repeat,
                      .begun = begun,
                      .at = ended,
                      .attempts = 1,
                      .outcome = answer.outcome,
                      .status = answer.status,
                      .text = line(answer.text),
                      .delay = std::max(Duration::zero(), Duration(ended - delivery.notice->at))};
  if (incident.group != nullptr) {
    for (const GroupedIncident& one : incident.group->listed)
      entry.parts.push_back(
          {one.id, one.correlation.hex(), one.ended.has_value() || delivery.resolved()});
  }
  const std::lock_guard lock(mutex_);
  // The same fault again: of the newest of this receiver, others may stand between.
  const auto last = std::find_if(entries_.rbegin(), entries_.rend(), [&](const auto& one) {
    return one.receiver == receiver && one.incident == incident.id;
  });
  if (last != entries_.rend() && goes_on(*last, entry)) {
    last->at = entry.at;
    last->title = std::move(entry.title);
    last->delay = entry.delay;
    ++last->attempts;
    last->parts = std::move(entry.parts);
    changed_[last->id] = false;
    return;
  }
  entry.id = next_id_++;
  changed_[entry.id] = false;
  entries_.push_back(std::move(entry));
  forget_old(ended);
}

// The wall clock may jump, and the newest entries stay all the same.
void DeliveryLog::forget_old(WallTime now) {
  while (!entries_.empty() && (entries_.size() > kMost || entries_.front().at + kKept < now)) {
    changed_[entries_.front().id] = true;
    entries_.pop_front();
  }
}

std::vector<DeliveryEntry> DeliveryLog::newest(std::optional<uint64_t> incident,
                                               size_t most) const {
  std::vector<const DeliveryEntry*> found;
  const std::lock_guard lock(mutex_);
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    if (!incident || entry->incident == *incident || entry->part(*incident) != nullptr)
      found.push_back(&*entry);
  }
  // An entry stands where its first attempt was, and is as new as its last one.
  std::ranges::stable_sort(found, std::ranges::greater{}, &DeliveryEntry::at);
  if (found.size() > most) found.resize(most);
  std::vector<DeliveryEntry> newest;
  for (const DeliveryEntry* const entry : found) newest.push_back(*entry);
  return newest;
}

void DeliveryLog::restore(std::vector<DeliveryEntry> entries) {
  std::ranges::sort(entries, {}, &DeliveryEntry::id);
  const std::lock_guard lock(mutex_);
  for (DeliveryEntry& entry : entries) {
    if (entry.id < next_id_) continue;
    next_id_ = entry.id + 1;
    entries_.push_back(std::move(entry));
  }
  while (entries_.size() > kMost) {
    changed_[entries_.front().id] = true;
    entries_.pop_front();
  }
}

std::vector<DeliveryLog::Kept> DeliveryLog::take_changes(bool everything) {
  std::vector<Kept> changes;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, gone] : changed_) {
    if (gone && !everything) changes.push_back({id, std::nullopt});
  }
  for (const DeliveryEntry& entry : entries_) {
    const auto found = changed_.find(entry.id);
    if (everything || (found != changed_.end() && !found->second))
      changes.push_back({entry.id, entry});
  }
  changed_.clear();
  return changes;
}

}  // namespace highwater::notify
