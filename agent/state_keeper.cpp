#include "agent/state_keeper.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "agent/core/report_json.h"
#include "rules/state.h"

namespace highwater::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kBudgetsEvery = seconds(60);
// Delivered notices are forgotten together.
constexpr Duration kNoticesEvery = seconds(1);
constexpr Duration kPatience = milliseconds(250);
constexpr Duration kTryAgain = seconds(30);

constexpr std::string_view kNoticeKind = "notice";
constexpr std::string_view kHandleKind = "handle";
constexpr std::string_view kDeliveryKind = "delivery";   // an entry of the history of deliveries
constexpr std::string_view kReceiverKind = "receivers";  // one record: who there is to be told
constexpr std::string_view kReceiverKey = "names";
constexpr std::string_view kToldKind = "told";      // by receiver: the incidents it has heard of
constexpr std::string_view kHiddenKind = "hidden";  // one record: the incidents that are silenced
constexpr std::string_view kHiddenKey = "incidents";
constexpr char kTold = '1';
constexpr char kUntold = '0';

std::string notice_key(const notify::Undelivered& one) {
  const Transition& transition = one.notice->transition;
  return fmt::format("{:020}-{} {}", transition.sequence, transition.incident.id, one.receiver);
}

std::string handle_key(const notify::KeptHandle& one) {
  return fmt::format("{:020} {}", one.incident, one.receiver);
}

std::string encode_names(const std::set<std::string>& names) {
  return nlohmann::json(names).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Nothing when they cannot be read: then nobody is taken for new.
std::optional<std::set<std::string>> decode_names(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_array()) return std::nullopt;
  std::set<std::string> names;
  for (const auto& name : json) {
    if (!name.is_string()) return std::nullopt;
    names.insert(name.get<std::string>());
  }
  return names;
}

std::string encode_ids(const std::set<uint64_t>& ids) {
  return nlohmann::json(ids).dump();
}

std::set<uint64_t> decode_ids(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  std::set<uint64_t> ids;
  if (!json.is_array()) return ids;
  for (const auto& id : json) {
    if (id.is_number_unsigned()) ids.insert(id.get<uint64_t>());
  }
  return ids;
}

void add_notices(const std::vector<notify::Undelivered>& undelivered,
                 const notify::Notifier& notifier, std::vector<rules::StateRecord>& records) {
  const notify::Heard heard = notifier.heard();
  records.push_back(
      {std::string(kReceiverKind), std::string(kReceiverKey), encode_names(*heard.receivers)});
  for (const auto& [receiver, ids] : heard.told)
    records.push_back({std::string(kToldKind), receiver, encode_ids(ids)});
  records.push_back({std::string(kHiddenKind), std::string(kHiddenKey), encode_ids(heard.hidden)});
  for (const notify::Undelivered& one : undelivered) {
    records.push_back({std::string(kNoticeKind), notice_key(one),
                       (one.told ? kTold : kUntold) + encode_transition(one.notice->transition)});
  }
  for (const notify::KeptHandle& one : notifier.handles())
    records.push_back({std::string(kHandleKind), handle_key(one), one.text});
}

// The disk may hang, so that nobody waits for the thread.
std::future<Opened> open_elsewhere(std::string path) {
  std::packaged_task<Opened()> task([path = std::move(path)] { return Store::open(path); });
  std::future<Opened> opened = task.get_future();
  std::thread(std::move(task)).detach();
  return opened;
}

}  // namespace

void StateKeeper::restore(rules::Engine& engine, notify::Notifier& notifier,
                          rules::Director& director, Now now) {
  std::unique_ptr<Store> store = take(Store::open(path_));
  if (store == nullptr) {
    next_try_ = now.steady + kTryAgain;
    return;
  }
  std::vector<rules::StateRecord> records;
  for (const std::string_view kind : {rules::kAlertKind, rules::kIncidentKind, rules::kEndedKind,
                                      rules::kBudgetKind, rules::kCounterKind}) {
    for (Record& record : read(*store, kind)) {
      written_[{std::string(kind), record.key}] = std::hash<std::string>{}(record.value);
      records.push_back({std::string(kind), std::move(record.key), std::move(record.value)});
    }
  }
  for (const std::string& problem : engine.restore(records, now))
    log_.warning("a part of the state is left out", {{"why", problem}});
  restore_routing(*store, director,
                  {rules::kSilenceKind, rules::kAckKind, rules::kAckLinkKind,
                   rules::kUnattendedKind, rules::kGroupKind});
  restore_notices(*store, engine, notifier, director);
  restore_deliveries(*store, notifier.deliveries());
  routing_version_ = director.version();
  writer_ = std::make_unique<StoreWriter>(std::move(store));
}

void StateKeeper::try_again(rules::Engine& engine, rules::Director& director, Now now) {
  if (!trying_.valid()) {
    if (!next_try_ || now.steady < *next_try_) return;
    trying_ = open_elsewhere(path_);
  }
  if (trying_.wait_for(Duration::zero()) != std::future_status::ready) return;
  Opened opened = trying_.get();
  next_try_ = now.steady + kTryAgain;
  if (opened.outcome == OpenOutcome::refused) {
    open_problem_ = opened.problem;
    return;
  }
  open_problem_.clear();
  std::unique_ptr<Store> store = take(std::move(opened));
  std::vector<rules::StateRecord> before;
  for (const std::string_view kind : {rules::kBudgetKind, rules::kCounterKind}) {
    for (Record& record : read(*store, kind)) {
      written_[{std::string(kind), record.key}] = std::hash<std::string>{}(record.value);
      before.push_back({std::string(kind), std::move(record.key), std::move(record.value)});
    }
  }
  // Alerts, incidents, groups and notices of before stay in the file for the next start: those of
  // this process cannot be told from them any more.
  for (const std::string& problem : engine.adopt(before))
    log_.warning("a part of the state is left out", {{"why", problem}});
  restore_routing(
      *store, director,
      {rules::kSilenceKind, rules::kAckKind, rules::kAckLinkKind, rules::kUnattendedKind});
  next_try_.reset();
  budgets_at_.reset();  // all is written at once
  writer_ = std::make_unique<StoreWriter>(std::move(store));
}

std::unique_ptr<Store> StateKeeper::take(Opened opened) {
  switch (opened.outcome) {
    case OpenOutcome::opened:
    case OpenOutcome::created:
      log_.info("state opened", {{"path", path_}});
      break;
    case OpenOutcome::memory:
      log_.warning("the state is kept in memory: a restart forgets alerts and budgets");
      break;
    case OpenOutcome::set_aside:
      log_.error("the state file was damaged; a new one was created",
                 {{"path", path_}, {"why", opened.problem}});
      open_problem_ = opened.problem;
      break;
    case OpenOutcome::refused:
      log_.error(
          "the state cannot be kept: a restart will forget alerts and budgets; it is tried "
          "again while the agent runs",
          {{"path", path_}, {"why", opened.problem}});
      open_problem_ = opened.problem;
      break;
  }
  return std::move(opened.store);
}

std::vector<Record> StateKeeper::read(Store& store, std::string_view kind) {
  Result<std::vector<Record>> records = store.read(kind);
  if (records) return std::move(*records);
  log_.error("a part of the state cannot be read",
             {{"part", kind}, {"why", records.error().message}});
  return {};
}

std::vector<notify::Undelivered> StateKeeper::read_notices(Store& store) {
  std::vector<notify::Undelivered> undelivered;
  for (const Record& record : read(store, kNoticeKind)) {
    written_[{std::string(kNoticeKind), record.key}] = std::hash<std::string>{}(record.value);
    const size_t space = record.key.find(' ');
    Result<Transition> transition =
        space == std::string::npos || record.value.empty()
            ? fail("it is not whole")
            : decode_transition(std::string_view(record.value).substr(1));
    if (!transition) {
      log_.error("a waiting notification cannot be read from the state",
                 {{"key", record.key}, {"why", transition.error().message}});
      continue;
    }
    const WallTime at = transition->incident.updated;
    undelivered.push_back(
        {record.key.substr(space + 1),
         std::make_shared<notify::Notice>(notify::Notice{std::move(*transition), at}),
         record.value.front() == kTold});
  }
  return undelivered;
}

std::vector<notify::KeptHandle> StateKeeper::read_handles(Store& store) {
  std::vector<notify::KeptHandle> handles;
  for (Record& record : read(store, kHandleKind)) {
    written_[{std::string(kHandleKind), record.key}] = std::hash<std::string>{}(record.value);
    notify::KeptHandle handle;
    const char* const end = record.key.data() + record.key.size();
    const auto number = std::from_chars(record.key.data(), end, handle.incident);
    if (number.ec != std::errc() || number.ptr == end || *number.ptr != ' ') continue;
    handle.receiver.assign(number.ptr + 1, end);
    handle.text = std::move(record.value);
    handles.push_back(std::move(handle));
  }
  return handles;
}

void StateKeeper::restore_notices(Store& store, const rules::Engine& engine,
                                  notify::Notifier& notifier, const rules::Director& director) {
  const std::vector<notify::Undelivered> undelivered = read_notices(store);
  notify::Heard heard;
  const auto each = [&](std::string_view kind, auto take_one) {
    for (const Record& record : read(store, kind)) {
      written_[{std::string(kind), record.key}] = std::hash<std::string>{}(record.value);
      take_one(record);
    }
  };
  each(kReceiverKind, [&](const Record& one) { heard.receivers = decode_names(one.value); });
  each(kToldKind, [&](const Record& one) { heard.told[one.key] = decode_ids(one.value); });
  each(kHiddenKind, [&](const Record& one) { heard.hidden = decode_ids(one.value); });
  std::vector<Incident> open = engine.open_incidents();
  const size_t incidents = open.size();
  for (Incident& group : director.told_groups()) open.push_back(std::move(group));
  notifier.restore(open, undelivered, heard, read_handles(store));
  if (open.empty() && undelivered.empty()) return;
  log_.info("state restored",
            {{"incidents", incidents}, {"undelivered_notifications", undelivered.size()}});
}

void StateKeeper::restore_deliveries(Store& store, notify::DeliveryLog& deliveries) {
  std::vector<notify::DeliveryEntry> entries;
  size_t unreadable = 0;
  for (const Record& record : read(store, kDeliveryKind)) {
    Result<notify::DeliveryEntry> entry = notify::decode_delivery(record.value);
    if (entry)
      entries.push_back(std::move(*entry));
    else
      ++unreadable;
  }
  if (unreadable > 0)
    log_.warning("a part of the history of deliveries is left out", {{"entries", unreadable}});
  deliveries.restore(std::move(entries));
}

void StateKeeper::restore_routing(Store& store, rules::Director& director,
                                  std::initializer_list<std::string_view> kinds) {
  std::vector<rules::StateRecord> records;
  for (const std::string_view kind : kinds) {
    for (Record& record : read(store, kind)) {
      written_[{std::string(kind), record.key}] = std::hash<std::string>{}(record.value);
      records.push_back({std::string(kind), std::move(record.key), std::move(record.value)});
    }
  }
  for (const std::string& problem : director.restore(records))
    log_.warning("a part of the state is left out", {{"why", problem}});
}

void StateKeeper::keep(rules::Engine& engine, const Report& report,
                       const notify::Notifier& notifier, rules::Director& director) {
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
  std::vector<rules::StateRecord> records = engine.state(now, budgets);
  for (rules::StateRecord& record : director.records()) records.push_back(std::move(record));
  add_notices(undelivered, notifier, records);
  submit(std::move(records), notifier.deliveries(), budgets, health.wants_whole);
  // A disk that already failed or hangs is not waited for again.
  const bool healthy = !health.failing_since && !health.committing_since;
  if (news && healthy) flush(kPatience);
}

bool StateKeeper::flush(Duration limit) {
  return writer_ != nullptr && writer_->flush(std::chrono::steady_clock::now() + limit);
}

void StateKeeper::submit(std::vector<rules::StateRecord> records, notify::DeliveryLog& deliveries,
                         bool with_budgets, bool whole) {
  if (whole) written_.clear();
  std::vector<Change> changes;
  std::set<Key> present;
  for (rules::StateRecord& record : records) {
    Key key{std::move(record.kind), std::move(record.key)};
    const size_t hash = std::hash<std::string>{}(record.value);
    const auto [place, added] = written_.try_emplace(key, hash);
    if (added || place->second != hash) {
      place->second = hash;
      changes.push_back({key.first, key.second, std::move(record.value)});
    }
    present.insert(std::move(key));
  }
  std::erase_if(written_, [&](const auto& entry) {
    const Key& key = entry.first;
    if (present.contains(key) || (!with_budgets && key.first == rules::kBudgetKind)) return false;
    changes.push_back({key.first, key.second, std::nullopt});
    return true;
  });
  // It knows itself what changed: to compare all of it each time would cost more than the rest.
  for (const notify::DeliveryLog::Kept& kept : deliveries.take_changes(whole)) {
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
  add_notices(notifier.undelivered(), notifier, records);
  for (rules::StateRecord& record : director.records()) records.push_back(std::move(record));
  submit(std::move(records), notifier.deliveries(), true, writer_->health().wants_whole);
  if (!flush(limit))
    log_.error("the state was not written before the agent stopped",
               {{"why", writer_->health().failure}});
}

}  // namespace highwater::agent
