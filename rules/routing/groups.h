// Groups: what receivers are told together, by lines of `routes:` with `group_by`: the incidents
// that such a line leads to a receiver and that have the same values of its labels. A group is told
// `group_wait` after something in it is new, at most each `group_interval`; again each
// `repeat_interval` while one of it is open and nobody looks after it; and its end at once.
//
// Owned by the director, on the pipeline's thread, and kept in the state. No clock is read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/core/incident_group.h"
#include "agent/core/report.h"
#include "agent/core/time.h"
#include "rules/state.h"

namespace highwater::rules {

// What the configuration says of a receiver, as far as groups need it.
struct Listener {
  Severity lowest = Severity::ticket;  // incidents below it are not told
  bool hears_ends = true;
  Duration repeat_interval = std::chrono::hours(4);  // where the line says none; 0: never
};
using Listeners = std::map<std::string, Listener>;

using HeardOf = std::function<Hearing(const std::string& receiver, uint64_t id)>;

inline constexpr std::string_view kGroupKind = "group";

class Groups {
 public:
  static constexpr size_t kMostEnded = 100;  // of a group, that are still to be told

  // Takes the incidents whose directions are filled in, and adds what is to be told now to the
  // report. What was not delivered of a group is told with what comes next.
  void gather(Report& report, const Listeners& listeners, const HeardOf& heard_of);

  // The groups that were told and have not ended, as they stand.
  [[nodiscard]] std::vector<Incident> told() const;

  [[nodiscard]] uint64_t version() const { return version_; }  // grows with each change
  void add_records(std::vector<StateRecord>& records) const;
  [[nodiscard]] std::vector<std::string> restore(std::span<const StateRecord> records);

 private:
  struct Key {
    std::string line;
    std::string receiver;
    std::vector<std::pair<std::string, std::string>> labels;
    auto operator<=>(const Key&) const = default;
  };
  struct Member {
    GroupedIncident shown;
    std::optional<Severity> told;  // the severity that the receiver heard of
    bool hidden = false;           // by a silence
    bool back = false;             // its silence has ended since it was told
    bool quiet = false;            // not repeated: acknowledged, or no route leads here any more
    [[nodiscard]] bool is_news() const {
      return !hidden && (!told || shown.severity > *told || back);
    }
  };
  struct Ended {
    GroupedIncident shown;
    bool told = false;
  };
  struct Group {
    uint64_t id = 0;
    TraceId correlation;
    WallTime since;              // the first incident, since it has this id
    std::optional<Now> news_at;  // when there was first something that is not told yet
    std::optional<Now> told_at;  // last, its end aside; also of the group that was here before
    bool anchored = true;        // false: after a restart, when only the wall times are known
    bool opened = false;         // it was told, and its end was not
    uint64_t sequence = 0;
    Duration wait{};
    Duration interval{};
    Duration repeat{};
    std::map<uint64_t, Member> members;
    std::vector<Ended> ended;
    size_t more_ended = 0;       // that found no room in the list
    size_t more_ended_told = 0;  // likewise, and told
    size_t total = 0;            // since it has this id
  };
  using Incidents = std::map<uint64_t, const Incident*>;
  // An incident that a line leads here, and how.
  struct Place {
    const Incident* incident = nullptr;
    const Hearer* hearer = nullptr;
  };
  using Places = std::map<Key, std::vector<Place>>;

  [[nodiscard]] static Places places_of(const Incidents& open, const Listeners& listeners);
  void join(const Key& key, const std::vector<Place>& places, const Listener& listener);
  void leave(const Key& key, Group& group, const std::vector<Place>& places,
             const Listener& listener, const Incidents& open, Now now);
  void forget_told_ends(const Key& key, Group& group, const HeardOf& heard_of);
  void begin(Group& group);
  void end(Group& group, GroupedIncident shown, WallTime now);

  // What a telling needs to know.
  struct Telling {
    Now now;
    const Incidents& known;  // those that are open, and those that ended now
    std::vector<GroupNotice>& notices;
  };
  void tell(const Key& key, Group& group, const Listener& listener, const Telling& telling);
  void tell_end(const Key& key, Group& group, const Telling& telling);
  [[nodiscard]] static bool has_news(const Group& group, const Listener& listener);
  void say(const Key& key, Group& group, TransitionKind kind, const Telling& telling);
  [[nodiscard]] static Incident incident_of(const Key& key, const Group& group,
                                            const Incidents& known);
  [[nodiscard]] static Result<std::pair<Key, Group>> decode(std::string_view text);
  [[nodiscard]] static std::string encode(const Key& key, const Group& group);

  std::map<Key, Group> groups_;
  uint64_t next_ = kFirstGroupId + 1;
  uint64_t version_ = 0;
};

}  // namespace highwater::rules
