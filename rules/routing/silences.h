// Silences: "not now". One is made by a person while the agent runs (API, `highwater silence`), or
// stands as `maintenance:` in the configuration. The book of those that people made is owned by the
// pipeline, on its thread, and kept in the state. No clock is read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/core/result.h"
#include "agent/core/time.h"
#include "rules/icalendar/event_calendar.h"
#include "rules/open_hours.h"
#include "rules/routing/matcher.h"
#include "rules/state.h"

namespace highwater::rules {

struct Silence {
  uint64_t id = 0;   // 0: maintenance
  std::string name;  // of maintenance
  Matcher matcher;
  std::optional<WallTime> begins;
  std::optional<WallTime> ends;             // the first moment after it
  std::shared_ptr<const OpenHours> during;  // of maintenance that recurs; null: always
  // Of maintenance that is planned in a calendar, in place of `during`.
  std::shared_ptr<const icalendar::EventCalendar> calendar;
  // `until: resolved`: it hides these incidents alone, until all of them have ended.
  std::vector<uint64_t> incidents;
  std::string author;
  std::string comment;
  std::string where;  // of maintenance: "highwater.yaml:30"
  // Of maintenance: its time counts for no error budget.
  bool excludes_budget = false;

  [[nodiscard]] bool active(WallTime now) const;
  // Until when it is active; nothing: until the incidents have ended.
  [[nodiscard]] std::optional<WallTime> until(WallTime now) const;
  // Of maintenance: when it is on, or else the next time; nothing when it is over, or far away.
  [[nodiscard]] std::optional<WallInterval> next(WallTime now) const;
  // Whether its hours are open, and from when to when that stays so; nothing: they always are.
  [[nodiscard]] std::optional<YearlyIntervals::Around> hours_around(WallTime at) const;
  // "sat 23:00-02:00 UTC", "3 events of ops.ics"; empty: it has none.
  [[nodiscard]] std::string hours_text() const;
  // "silence 3 by ann until 2026-11-30 08:00:00 UTC: new disks", "silence 3 by ann until what it
  // hides has ended", "maintenance patch-night until ...".
  [[nodiscard]] std::string text(WallTime now) const;
};

// Valid UTF-8 on one line, without what steers a terminal.
[[nodiscard]] std::string one_line(const std::string& text);

// The kind of its records in the state.
inline constexpr std::string_view kSilenceKind = "silence";

class Silences {
 public:
  static constexpr size_t kMost = 500;
  static constexpr Duration kLongest = std::chrono::hours(24) * 366;
  static constexpr size_t kMaxTextBytes = 500;  // of author and comment
  static constexpr size_t kMostMatchers = 50;

  // Takes one and gives it its id. Fails when it says too little or too much, or there are too
  // many.
  [[nodiscard]] Result<uint64_t> add(Silence silence, WallTime now);
  // Nothing when there is none of that id.
  std::optional<Silence> end(uint64_t id);
  // Removes those that are over; `open` are the incidents that are.
  std::vector<Silence> expire(WallTime now, const std::set<uint64_t>& open);

  [[nodiscard]] const std::vector<Silence>& all() const { return all_; }
  // Grows with each change.
  [[nodiscard]] uint64_t version() const { return version_; }

  void add_records(std::vector<StateRecord>& records) const;
  // What was kept, beside those that are there; records of other kinds are passed over. What cannot
  // be read is left out and said, one sentence each.
  [[nodiscard]] std::vector<std::string> restore(std::span<const StateRecord> records);

 private:
  std::vector<Silence> all_;  // in the order of their ids
  uint64_t next_id_ = 1;
  uint64_t version_ = 0;
};

}  // namespace highwater::rules
