// The way back: what the state keeper kept, to those whose it is.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>
#include <utility>

#include "agent/core/report_json.h"
#include "agent/state_keeper.h"
#include "agent/state_kinds.h"
#include "rules/state.h"

namespace highwater::agent {
namespace {

constexpr Duration kTryAgain = std::chrono::seconds(30);

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

std::set<uint64_t> decode_ids(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  std::set<uint64_t> ids;
  if (!json.is_array()) return ids;
  for (const auto& id : json) {
    if (id.is_number_unsigned()) ids.insert(id.get<uint64_t>());
  }
  return ids;
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
      remember(kind, record);
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
      remember(kind, record);
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

void StateKeeper::remember(std::string_view kind, const Record& record) {
  written_[{std::string(kind), record.key}] = {std::hash<std::string>{}(record.value), round_};
}

StateKeeper::Texts::iterator StateKeeper::read_text(Record record, Texts& texts) {
  Result<Transition> transition = decode_transition(record.value);
  if (!transition) {
    log_.error("a waiting notification cannot be read from the state",
               {{"key", record.key}, {"why", transition.error().message}});
    return texts.end();
  }
  const WallTime at = transition->incident.updated;
  auto notice = std::make_shared<notify::Notice>(notify::Notice{std::move(*transition), at});
  return texts.emplace(std::move(record.key), std::move(notice)).first;
}

StateKeeper::Texts StateKeeper::read_texts(Store& store) {
  Texts texts;
  for (Record& record : read(store, kTextKind)) {
    remember(kTextKind, record);
    const auto text = read_text(std::move(record), texts);
    if (text != texts.end()) texts_[text->second.get()] = {text->second, text->first, round_};
  }
  return texts;
}

std::vector<notify::Undelivered> StateKeeper::read_notices(Store& store) {
  Texts texts = read_texts(store);
  std::vector<notify::Undelivered> undelivered;
  for (const Record& record : read(store, kNoticeKind)) {
    remember(kNoticeKind, record);
    const size_t space = record.key.find(' ');
    if (space == std::string::npos || record.value.empty()) {
      log_.error("a waiting notification cannot be read from the state",
                 {{"key", record.key}, {"why", "it is not whole"}});
      continue;
    }
    auto text = texts.find(record.value.substr(1));
    if (text == texts.end() && record.value.substr(1).starts_with('{'))
      text = read_text({record.key, record.value.substr(1)}, texts);  // 0.1.0 kept one for each
    if (text == texts.end())
      log_.error("a waiting notification has no text in the state", {{"key", record.key}});
    else
      undelivered.push_back(
          {record.key.substr(space + 1), text->second, record.value.front() == kTold});
  }
  return undelivered;
}

std::vector<notify::KeptHandle> StateKeeper::read_handles(Store& store) {
  std::vector<notify::KeptHandle> handles;
  for (Record& record : read(store, kHandleKind)) {
    remember(kHandleKind, record);
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
      remember(kind, record);
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
      remember(kind, record);
      records.push_back({std::string(kind), std::move(record.key), std::move(record.value)});
    }
  }
  for (const std::string& problem : director.restore(records))
    log_.warning("a part of the state is left out", {{"why", problem}});
}

}  // namespace highwater::agent
