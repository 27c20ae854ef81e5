// StateKeeper: what the agent must not lose, from the engine and the notifier to the store and
// back. Made by main's thread; everything else is called on the pipeline's thread.
//
// What changed is written with every transition, before anybody is told of it, and else once a
// minute; each time the whole is compared with what was written last. The disk is waited for a
// quarter of a second at most, and only for a transition: a page does not wait for a disk that
// hangs.
#pragma once

#include <cstdint>
#include <future>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/log.h"
#include "agent/store/store.h"
#include "agent/store/writer.h"
#include "exporters/notify/notifier.h"
#include "rules/engine.h"
#include "rules/routing/director.h"

namespace highwater::agent {

class StateKeeper {
 public:
  StateKeeper(std::string path, Log& log) : path_(std::move(path)), log_(log) {}

  // Before the pipeline starts: opens the store and hands what was kept to both. Reads the disk.
  // Where the store is refused (the reason is logged, and problem() says it) it is tried again
  // twice a minute, on a thread of its own, and what it kept is put before what happened since.
  void restore(rules::Engine& engine, notify::Notifier& notifier, rules::Director& director,
               Now now);

  // After each evaluation, before its report is published.
  void keep(rules::Engine& engine, const Report& report, notify::Notifier& notifier,
            rules::Director& director);

  // What is wrong with the store; empty when all is well.
  [[nodiscard]] std::string problem() const;

  // Waits until what was written is on the disk, as long as `limit`; false when it is not.
  bool flush(Duration limit);
  // Writes everything once more, as it was at the last judgement, and waits for the disk as long as
  // `limit`.
  void stop(const rules::Engine& engine, const notify::Notifier& notifier,
            const rules::Director& director, Duration limit);

 private:
  using Key = std::pair<std::string, std::string>;  // kind, key
  struct Written {
    size_t hash = 0;     // of the value
    uint64_t round = 0;  // of the submission that named it last
  };
  // The text of a notice that waits, which its receivers have in common.
  struct Text {
    notify::NoticePtr notice;  // so that its address stays its own
    std::string key;
    uint64_t round = 0;
  };
  // What a submission is complete about: what it does not name of that is forgotten.
  enum class Scope : uint8_t { notices, all_but_budgets, all };
  [[nodiscard]] static bool covers(Scope scope, std::string_view kind);

  // `records` are those of the rules and of routing; none with Scope::notices.
  void submit(std::vector<rules::StateRecord> records, const notify::Notifier& notifier,
              const std::vector<notify::Undelivered>& undelivered, Scope scope, bool whole);
  void put(std::string_view kind, std::string key, std::string value, std::vector<Change>& changes);
  void put_notices(const notify::Notifier& notifier,
                   const std::vector<notify::Undelivered>& undelivered,
                   std::vector<Change>& changes);
  void put_notice(const notify::Undelivered& one, std::vector<Change>& changes);
  void remember(std::string_view kind, const Record& record);

  [[nodiscard]] std::unique_ptr<Store> take(Opened opened);
  void try_again(rules::Engine& engine, rules::Director& director, Now now);
  [[nodiscard]] std::vector<Record> read(Store& store, std::string_view kind);
  void restore_notices(Store& store, const rules::Engine& engine, notify::Notifier& notifier,
                       const rules::Director& director);
  void restore_routing(Store& store, rules::Director& director,
                       std::initializer_list<std::string_view> kinds);
  void restore_deliveries(Store& store, notify::DeliveryLog& deliveries);
  using Texts = std::map<std::string, notify::NoticePtr>;
  // texts.end() when it cannot be read; that is logged.
  [[nodiscard]] Texts::iterator read_text(Record record, Texts& texts);
  [[nodiscard]] Texts read_texts(Store& store);
  [[nodiscard]] std::vector<notify::Undelivered> read_notices(Store& store);
  [[nodiscard]] std::vector<notify::KeptHandle> read_handles(Store& store);

  const std::string path_;
  Log& log_;
  std::unique_ptr<StoreWriter> writer_;  // null: there is no store
  std::string open_problem_;
  std::optional<SteadyTime> next_try_;  // while there is no store
  std::future<Opened> trying_;          // a try that goes on
  std::map<Key, Written> written_;      // what was submitted
  std::unordered_map<const notify::Notice*, Text> texts_;
  uint64_t round_ = 0;
  std::optional<Now> judged_at_;
  std::optional<SteadyTime> written_at_;
  std::optional<SteadyTime> budgets_at_;
  uint64_t settled_ = 0;
  uint64_t routing_version_ = 0;  // of what was submitted last
};

}  // namespace highwater::agent
