#include "agent/state_keeper.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "agent/core/report_json.h"
#include "agent/state_kinds.h"
#include "rules/state.h"

namespace highwater::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kBudgetsEvery = seconds(60);
// Delivered notices are forgotten together.
constexpr Duration kNoticesEvery = seconds(1);
constexpr Duration kPatience = milliseconds(250);

std::string notice_key(const Transition& transition) {
  return fmt::format("{:020}-{}", transition.sequence, transition.incident.id);
}

std::string handle_key(const notify::KeptHandle& one) {
  return fmt::format("{:020} {}", one.incident, one.receiver);
}

std::string encode_names(const std::set<std::string>& names) {
  return nlohmann::json(names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string encode_ids(const std::set<uint64_t>& ids) {
  return nlohmann::json(ids).dump();
}

bool is_of_notices(std::string_view kind) {
  return kind == kNoticeKind || kind == kTextKind || kind == kHandleKind || kind == kToldKind ||
         kind == kHiddenKind || kind == kReceiverKind;
}

}  // namespace

bool StateKeeper::covers(Scope scope, std::string_view kind) {
  switch (scope) {
    case Scope::notices:
      return is_of_notices(kind);
    case Scope::all_but_budgets:
      return kind != rules::kBudgetKind;
    case Scope::all:
      break;
  }
  return true;
}

void StateKeeper::keep(rules::Engine& engine, const Report& report, notify::Notifier& notifier,
                       rules::Director& director) {
  judged_at_ = report.at;
  if (writer_ == nullptr) try_again(engine, director, report.at);
  if (writer_ == nullptr) return;
  const Now now = report.at;
  const StoreHealth health = writer_->health();
  const std::vector<notify::Undelivered> foreseen = notifier.foresee(report);
  const bool news =
      !report.transitions.empty() || !foreseen.empty() || director.version() != routing_version_;
  const bool budgets =
      !budgets_at_ || now.steady >= *budgets_at_ + kBudgetsEvery || health.wants_whole;
  const uint64_t settled = notifier.settled();
  const bool delivered =
      settled != settled_ && (!written_at_ || now.steady >= *written_at_ + kNoticesEvery);
  if (!news && !budgets && !delivered) return;
  settled_ = settled;
  routing_version_ = director.version();
  written_at_ = now.steady;
  if (budgets) budgets_at_ = now.steady;

  std::vector<notify::Undelivered> undelivered = notifier.undelivered();
  undelivered.insert(undelivered.end(), foreseen.begin(), foreseen.end());
  std::vector<rules::StateRecord> records;
  if (news || budgets) {
    records = engine.state(now, budgets);
    for (rules::StateRecord& record : director.records()) records.push_back(std::move(record));
  }
  const Scope scope = budgets ? Scope::all : news ? Scope::all_but_budgets : Scope::notices;
  submit(std::move(records), notifier, undelivered, scope, health.wants_whole);
  // A disk that already failed or hangs is not waited for again.
  const bool healthy = !health.failing_since && !health.committing_since;
  if (news && healthy) flush(kPatience);
}

bool StateKeeper::flush(Duration limit) {
  return writer_ != nullptr && writer_->flush(std::chrono::steady_clock::now() + limit);
}

void StateKeeper::submit(std::vector<rules::StateRecord> records, const notify::Notifier& notifier,
                         const std::vector<notify::Undelivered>& undelivered, Scope scope,
                         bool whole) {
  if (whole) written_.clear();
  ++round_;
  std::vector<Change> changes;
  for (rules::StateRecord& record : records)
    put(record.kind, std::move(record.key), std::move(record.value), changes);
  put_notices(notifier, undelivered, changes);
  std::erase_if(written_, [&](const auto& entry) {
    const auto& [key, written] = entry;
    if (written.round == round_ || !covers(scope, key.first)) return false;
    changes.push_back({key.first, key.second, std::nullopt});
    return true;
  });
  // It knows itself what changed: to compare all of it each time would cost more than the rest.
  for (const notify::DeliveryLog::Kept& kept : notifier.deliveries().take_changes(whole)) {
    std::optional<std::string> value;
    if (kept.entry) value = encode_delivery(*kept.entry);
    changes.push_back(
        {std::string(kDeliveryKind), fmt::format("{:020}", kept.id), std::move(value)});
  }
  if (whole)
    writer_->submit_whole(std::move(changes));
  else if (!changes.empty())
    writer_->submit(std::move(changes));
}

void StateKeeper::put(std::string_view kind, std::string key, std::string value,
                      std::vector<Change>& changes) {
  const size_t hash = std::hash<std::string>{}(value);
  const auto [place, added] = written_.try_emplace(Key(kind, std::move(key)));
  place->second.round = round_;
  if (!added && place->second.hash == hash) return;
  place->second.hash = hash;
  changes.push_back({place->first.first, place->first.second, std::move(value)});
}

void StateKeeper::put_notices(const notify::Notifier& notifier,
                              const std::vector<notify::Undelivered>& undelivered,
                              std::vector<Change>& changes) {
  const notify::Heard heard = notifier.heard();
  put(kReceiverKind, std::string(kReceiverKey), encode_names(*heard.receivers), changes);
  for (const auto& [receiver, ids] : heard.told) put(kToldKind, receiver, encode_ids(ids), changes);
  put(kHiddenKind, std::string(kHiddenKey), encode_ids(heard.hidden), changes);
  for (const notify::Undelivered& one : undelivered) put_notice(one, changes);
  std::erase_if(texts_, [this](const auto& entry) { return entry.second.round != round_; });
  for (const notify::KeptHandle& one : notifier.handles())
    put(kHandleKind, handle_key(one), one.text, changes);
}

// A notice never changes, and may wait for several receivers for as long as they are away: it is
// encoded and written once.
void StateKeeper::put_notice(const notify::Undelivered& one, std::vector<Change>& changes) {
  const Transition& transition = one.notice->transition;
  const auto [known, added] = texts_.try_emplace(one.notice.get());
  Text& text = known->second;
  std::string encoded;
  if (added) {
    encoded = encode_transition(transition);
    text.notice = one.notice;
    text.key = fmt::format("{} {:016x}", notice_key(transition), std::hash<std::string>{}(encoded));
  }
  if (text.round != round_) {
    text.round = round_;
    const auto written = written_.find({std::string(kTextKind), text.key});
    if (written != written_.end()) {
      written->second.round = round_;
    } else {
      put(kTextKind, text.key, added ? std::move(encoded) : encode_transition(transition), changes);
    }
  }
  put(kNoticeKind, fmt::format("{} {}", notice_key(transition), one.receiver),
      (one.told ? kTold : kUntold) + text.key, changes);
}

std::string StateKeeper::problem() const {
  if (writer_ == nullptr) return open_problem_;
  const StoreHealth health = writer_->health();
  if (!health.failure.empty()) return health.failure;
  return open_problem_;
}

void StateKeeper::stop(const rules::Engine& engine, const notify::Notifier& notifier,
                       const rules::Director& director, Duration limit) {
  if (writer_ == nullptr || !judged_at_) return;
  std::vector<rules::StateRecord> records = engine.state(*judged_at_, true);
  for (rules::StateRecord& record : director.records()) records.push_back(std::move(record));
  submit(std::move(records), notifier, notifier.undelivered(), Scope::all,
         writer_->health().wants_whole);
  if (!flush(limit))
    log_.error("the state was not written before the agent stopped",
               {{"why", writer_->health().failure}});
}

}  // namespace highwater::agent
