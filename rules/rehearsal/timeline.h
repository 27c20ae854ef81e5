// Timeline: what fired when, gathered from one report after the other. Part of the Rehearsal; pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/core/report.h"

namespace highwater::rules {

constexpr size_t kMostFirings = 1'000'000;

// An alert while it fired in one tier and with one severity. A change of either begins another.
struct Firing {
  std::string rule;
  Entity entity;
  std::string tier;  // empty: the rule is no SLO
  Severity severity = Severity::ticket;
  Duration from{};                // since the start
  std::optional<Duration> until;  // nothing: it still fired at the end
  // The alert that explained it, so that it was evidence and nobody heard of it by itself.
  std::string explained_by;
  std::string summary;  // when it began
};

// Who explains which alert: the cause of its incident. The report must outlive it.
class Explanations {
 public:
  explicit Explanations(const Report& report);
  // Null when the alert speaks for itself.
  [[nodiscard]] const Alert* of(const Alert& alert) const;

 private:
  std::unordered_map<uint64_t, const Alert*> causes_;
};

class Timeline {
 public:
  void take(const Report& report, Duration at);

  [[nodiscard]] std::vector<Firing> firings() const;
  [[nodiscard]] size_t pages() const { return pages_.size(); }
  // The names of what has fired.
  [[nodiscard]] const std::set<std::string>& fired() const { return fired_; }
  [[nodiscard]] bool full() const { return closed_.size() >= kMostFirings; }

 private:
  struct Open {
    Firing firing;
    bool seen = false;
  };
  using Key = std::pair<std::string, Entity>;
  void begin(const Alert& alert, Duration at, Open& open);
  void close(Firing firing, Duration at);

  std::map<Key, Open> open_;
  std::vector<Firing> closed_;
  std::set<uint64_t> pages_;  // incidents
  std::set<std::string> fired_;
};

}  // namespace highwater::rules
