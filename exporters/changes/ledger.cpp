#include "exporters/changes/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "exporters/value_text.h"

namespace highwater::changes {
namespace {

struct Watched {
  enum class Kind : uint8_t {
    value,  // "partitions 6 -> 12"
    state,  // one text when it becomes 1, another when it becomes 0
    count,  // a counter: "leaders moved (3)"
    all,    // a counter of things: "all 3 members replaced"; in place of what was said of each
    label,  // what the last cells of an info row say: "assignor range -> cooperative-sticky"
  };
  std::string_view measure;
  Kind kind;
  // What it is when it becomes more, or is there, and when it becomes less, or is gone.
  ChangeKind more;
  ChangeKind less;
  std::string_view text;            // of a value and of a count; of a state: when it becomes 1
  std::string_view otherwise = {};  // of a state: when it becomes 0; of all: when there is one
  std::string_view appeared = {};   // for rows that come; empty: that is no change
  std::string_view gone = {};       // for rows that go
  bool from_none = true;            // what appears where there was nothing is a change
};

using Kind = Watched::Kind;
constexpr ChangeKind kSeen = ChangeKind::seen;
constexpr ChangeKind kDeed = ChangeKind::deed;
constexpr ChangeKind kGrowth = ChangeKind::growth;
constexpr std::array kWatched{
    Watched{"topic_partitions",
            Kind::value,
            kDeed,
            kDeed,
            "partitions",
            {},
            "topic created",
            "topic deleted"},
    Watched{"topic_replication_factor", Kind::value, kGrowth, kDeed, "replication factor"},
    Watched{"topic_min_insync_replicas", Kind::value, kDeed, kDeed, "min.insync.replicas"},
    Watched{"topic_retention_seconds", Kind::value, kGrowth, kDeed, "retention"},
    Watched{"topic_retention_bytes", Kind::value, kGrowth, kDeed, "retention"},
    Watched{"topic_compacted", Kind::state, kDeed, kGrowth, "compaction on", "compaction off"},
    Watched{"topic_unclean_leader_election", Kind::state, kDeed, kDeed,
            "unclean leader election allowed", "unclean leader election forbidden"},
    Watched{"topic_leader_changes_total", Kind::count, kSeen, kSeen, "partition leaders moved"},
    Watched{"quorum_leader", Kind::value, kSeen, kSeen, "active controller"},
    Watched{"broker_up", Kind::state, kSeen, kSeen, "answers again", "stopped answering",
            "broker joined", "broker left", false},
    Watched{"group_members",
            Kind::value,
            kDeed,
            kSeen,
            "members",
            {},
            "group appeared",
            "group is gone"},
    Watched{"group_members_joined_total", Kind::count, kSeen, kSeen, "members joined"},
    Watched{"group_members_left_total", Kind::count, kSeen, kSeen, "members left"},
    Watched{"group_members_replaced_total", Kind::all, kDeed, kDeed,
            "members replaced (a deployment)", "its only member replaced (a deployment)"},
    Watched{"group_info", Kind::label, kDeed, kDeed, ""},
    Watched{"group_coordinator", Kind::value, kSeen, kSeen, "coordinator"},
    Watched{"group_offsets_rewound_total", Kind::count, kDeed, kDeed, "offsets set back"},
    Watched{"group_offsets_skipped_total", Kind::count, kDeed, kDeed, "offsets set forward"},
};

const Watched* find_watched(std::string_view measure) {
  const auto found = std::ranges::find(kWatched, measure, &Watched::measure);
  return found == kWatched.end() ? nullptr : &*found;
}

// Empty: it is not worth a line.
std::string change_text(const Watched& watched, const Measure& measure, double before, double now) {
  switch (watched.kind) {
    case Kind::value:
      return fmt::format("{} {} -> {}", watched.text, value_text(before, measure.unit),
                         value_text(now, measure.unit));
    case Kind::state:
      return std::string(now != 0 ? watched.text : watched.otherwise);
    case Kind::count:
      // A counter that begins anew says nothing.
      if (now < before) return {};
      return fmt::format("{} ({:.0f})", watched.text, now - before);
    case Kind::all:
      if (now < before) return {};
      return now - before == 1 ? std::string(watched.otherwise)
                               : fmt::format("all {:.0f} {}", now - before, watched.text);
    case Kind::label:
      return {};  // compare_labels()
  }
  return {};
}

// What is said of the members of a group one by one.
constexpr std::string_view kOneByOne = "members ";
constexpr Duration kReplacedWithin = std::chrono::minutes(1);

struct WatchedLabel {
  std::string_view dimension;
  std::string_view text;
};
constexpr std::array kWatchedLabels{WatchedLabel{"type", "type of group"},
                                    WatchedLabel{"protocol", "protocol type"},
                                    WatchedLabel{"assignor", "assignor"}};

Entity entity_of(const Table& table, const KeySet& keys, size_t row) {
  return {table.measure->dimensions, keys.row(row)};
}

// "topic orders": without the cluster, which the line has anyway.
std::string name_of(const Entity& entity) {
  std::string name;
  for (const auto& [dimension, value] : entity.labels) {
    if (dimension.text() != "cluster") name += (name.empty() ? "" : " ") + value.text();
  }
  return name;
}

}  // namespace

void Ledger::add(const Report& report) {
  new_tables_.for_each(report, [this](const Table& table, const Observation& of, WallTime at) {
    const Watched* const watched = find_watched(table.measure->name);
    if (watched == nullptr) return;
    if (watched->kind == Kind::label)
      compare_labels(table, of, at);
    else
      compare(table, of, at);
  });
}

void Ledger::compare(const Table& table, const Observation& of, WallTime at) {
  const Watched& watched = *find_watched(table.measure->name);
  Known& known = known_[{of.cluster, table.measure}];
  // While no broker was reached there is none, and whoever is met first did not join.
  const bool first = known.keys == nullptr || (!watched.from_none && known.keys->rows() == 0);
  const Known before = std::exchange(known, {table.keys, {}});
  known.values.assign(table.rows(), std::nan(""));
  std::vector<Change> changes;
  const auto changed = [&](size_t row, std::string text, ChangeKind as) {
    if (!text.empty())
      changes.push_back({at, entity_of(table, *table.keys, row), std::move(text), as});
  };
  for (size_t row = 0; row < table.rows(); ++row) {
    std::optional<uint32_t> same = static_cast<uint32_t>(row);
    if (before.keys != table.keys)
      same = first ? std::nullopt : before.keys->find(table.keys->row(row));
    const double was = same ? before.values[*same] : std::nan("");
    known.values[row] = table.known(row) ? table.values[row] : was;
    const double now = known.values[row];
    if (!same && !first) changed(row, std::string(watched.appeared), watched.more);
    if (std::isnan(was) || std::isnan(now) || was == now) continue;
    changed(row, change_text(watched, *table.measure, was, now),
            now > was ? watched.more : watched.less);
  }
  const bool may_be_gone = !first && before.keys != table.keys && !watched.gone.empty();
  for (size_t row = 0; may_be_gone && row < before.keys->rows(); ++row) {
    if (!table.keys->find(before.keys->row(row)))
      changes.push_back(
          {at, entity_of(table, *before.keys, row), std::string(watched.gone), watched.less});
  }
  write(std::move(changes), watched.kind == Kind::all);
}

void Ledger::compare_labels(const Table& table, const Observation& of, WallTime at) {
  KnownLabels& known = labels_[of.cluster];
  if (known.keys == table.keys) return;
  known.keys = table.keys;
  const std::span<const std::string_view> dimensions = table.keys->dimensions();
  std::unordered_map<Symbol, Labels> now;
  std::vector<Change> changes;
  for (size_t row = 0; row < table.rows(); ++row) {
    const std::span<const Symbol> cells = table.keys->row(row);
    Labels& labels = now[cells[1]];
    const auto before = known.labels.find(cells[1]);
    if (before != known.labels.end()) labels = before->second;
    for (size_t i = 0; i < kWatchedLabels.size(); ++i) {
      const auto place = std::ranges::find(dimensions, kWatchedLabels[i].dimension);
      if (place == dimensions.end()) continue;
      const Symbol& value = cells[static_cast<size_t>(place - dimensions.begin())];
      // Empty is what is not said at the moment.
      if (value.empty() || value == labels[i]) continue;
      if (!labels[i].empty())
        changes.push_back(
            {at, Entity(dimensions.first(2), cells.first(2)),
             fmt::format("{} {} -> {}", kWatchedLabels[i].text, labels[i].text(), value.text()),
             ChangeKind::deed});
      labels[i] = value;
    }
  }
  known.labels = std::move(now);
  write(std::move(changes));
}

void Ledger::write(std::vector<Change> changes, bool whole) {
  if (changes.empty()) return;
  const std::lock_guard lock(mutex_);
  if (whole) {
    for (const Change& change : changes)
      std::erase_if(changes_, [&](const Change& earlier) {
        return earlier.at + kReplacedWithin >= change.at && earlier.about == change.about &&
               earlier.kind != ChangeKind::mark && earlier.text.starts_with(kOneByOne);
      });
  }
  if (changes.size() <= kMaxAtOnce) {
    for (Change& change : changes) append(std::move(change));
    return;
  }
  Change all{changes.front().at, {}, {}, changes.front().kind};
  const Symbol cluster = changes.front().about.label("cluster");
  constexpr std::array<std::string_view, 1> kCluster{"cluster"};
  all.about = Entity(kCluster, std::array{cluster});
  constexpr size_t kNamed = 3;
  std::string names;
  for (size_t i = 0; i < kNamed; ++i) names += (i == 0 ? "" : ", ") + name_of(changes[i].about);
  all.text =
      fmt::format("{} of {} and {} more", changes.front().text, names, changes.size() - kNamed);
  append(std::move(all));
}

void Ledger::append(Change change) {
  // Readings of several parts come in any order within a poll.
  const auto place = std::ranges::upper_bound(changes_, change.at, {}, &Change::at);
  changes_.insert(place, std::move(change));
  while (changes_.size() > kMaxChanges || changes_.front().at + kKept < changes_.back().at)
    changes_.pop_front();
}

void Ledger::begin(WallTime at) {
  const std::lock_guard lock(mutex_);
  append({at, {}, "the agent was started", ChangeKind::began_watching});
}

void Ledger::note(WallTime at, Entity about, std::string text) {
  const std::lock_guard lock(mutex_);
  append({at, std::move(about), std::move(text), ChangeKind::seen});
}

void Ledger::mark(WallTime at, Entity about, std::string text) {
  const std::lock_guard lock(mutex_);
  const auto is_mark = [](const Change& change) { return change.kind == ChangeKind::mark; };
  if (static_cast<size_t>(std::ranges::count_if(changes_, is_mark)) >= kMaxMarks)
    changes_.erase(std::ranges::find_if(changes_, is_mark));
  append({at, std::move(about), std::move(text), ChangeKind::mark});
}

std::vector<Change> Ledger::between(WallTime from, WallTime until) const {
  const std::lock_guard lock(mutex_);
  const auto begin = std::ranges::lower_bound(changes_, from, {}, &Change::at);
  const auto end = std::ranges::lower_bound(changes_, until, {}, &Change::at);
  return begin < end ? std::vector<Change>(begin, end) : std::vector<Change>();
}

size_t Ledger::size() const {
  const std::lock_guard lock(mutex_);
  return changes_.size();
}

void Ledger::write(ArchiveWriter& out) const {
  const std::lock_guard lock(mutex_);
  out.number(static_cast<uint32_t>(changes_.size()));
  for (const Change& change : changes_) {
    out.number(change.at.time_since_epoch().count());
    out.number(static_cast<uint8_t>(change.kind));
    out.text(change.text);
    out.number(static_cast<uint8_t>(change.about.labels.size()));
    for (const auto& [dimension, value] : change.about.labels) {
      out.text(dimension.text());
      out.text(value.text());
    }
  }
}

void Ledger::read(ArchiveReader& in, WallTime now) {
  const auto count = in.number<uint32_t>();
  for (uint32_t i = 0; i < count && in.ok(); ++i) {
    Change change;
    change.at = WallTime(Duration(in.number<int64_t>()));
    const auto kind = in.number<uint8_t>();
    if (kind > static_cast<uint8_t>(ChangeKind::growth)) return;
    change.kind = static_cast<ChangeKind>(kind);
    change.text = in.text();
    change.about.labels.resize(in.number<uint8_t>());
    for (auto& [dimension, value] : change.about.labels) {
      dimension = Symbol(in.text());
      value = Symbol(in.text());
    }
    if (!in.ok()) return;
    if (change.at > now) continue;
    const std::lock_guard lock(mutex_);
    append(std::move(change));
  }
}

}  // namespace highwater::changes
