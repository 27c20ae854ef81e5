#include "rules/rehearsal/rehearsal.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace highwater::rules {
namespace {

using std::chrono::seconds;

constexpr std::string_view kPart = "rehearsal";
constexpr std::string_view kDependency = "carries";
// Of the steady clock; long after its begin.
constexpr Duration kSteadyStart = std::chrono::hours(1000);
// A deadline that stays in the past must not become a busy loop.
constexpr Duration kShortestWait = seconds(1);

// Incidents have the same ids each time.
Engine::MakeTraceId counted_ids() {
  return [last = uint64_t{0}]() mutable {
    TraceId id;
    ++last;
    for (size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<uint8_t>(last >> (8 * i));
    return id;
  };
}

Relation relation_of(const Dependency& dependency) {
  const auto keys = [](const Dependency::End& end) {
    std::vector<std::string_view> dimensions;
    std::vector<Symbol> cells;
    for (const auto& [dimension, name] : end) {
      dimensions.push_back(dimension);
      cells.push_back(name);
    }
    return std::make_shared<const KeySet>(std::move(dimensions), std::move(cells));
  };
  return {kDependency, keys(dependency.what), keys(dependency.on), {{0, 0}}};
}

// Nothing is unknown.
std::optional<bool> verdict(const SloRule& rule, const SliSample& sample) {
  if (!sample.present) return std::nullopt;
  if (sample.known) return !is_bad(rule.sli, sample);
  switch (rule.no_data) {
    case NoData::hold:
      return std::nullopt;
    case NoData::bad:
      return false;
    case NoData::good:
      return true;
  }
  return std::nullopt;
}

Symbol cluster_of(const Dependency& dependency) {
  for (const auto& [dimension, name] : dependency.on) {
    if (dimension == "cluster") return name;
  }
  return {};
}

}  // namespace

// Turns the series into what polls of their clusters would have brought.
class Rehearsal::Stage {
 public:
  explicit Stage(const Scenario& scenario);

  [[nodiscard]] SnapshotPtr snapshot(uint64_t step, Now now);

 private:
  struct Player {
    const Series* series;
    SeriesValues::Cursor cursor;
    SeriesValues::At now;
  };
  struct MeasureRows {
    std::vector<Player> players;
    std::vector<uint8_t> there;  // by player, when `keys` were made
    std::shared_ptr<const KeySet> keys;
  };
  struct Cluster {
    std::map<const Measure*, MeasureRows> measures;
    std::vector<Relation> relations;
  };

  static Table table(const Measure& measure, MeasureRows& rows, uint64_t step);
  static void renumber(const Measure& measure, MeasureRows& rows);

  const Scenario& scenario_;
  std::map<Symbol, Cluster> clusters_;
};

Rehearsal::Stage::Stage(const Scenario& scenario) : scenario_(scenario) {
  for (const Series& series : scenario.series) {
    const int cluster = dimension_index(*series.measure, "cluster");
    const Symbol name = cluster < 0 ? Symbol() : series.cells[static_cast<size_t>(cluster)];
    clusters_[name].measures[series.measure].players.push_back({&series, {}, {}});
  }
  for (const Dependency& dependency : scenario.depends)
    clusters_[cluster_of(dependency)].relations.push_back(relation_of(dependency));
}

SnapshotPtr Rehearsal::Stage::snapshot(uint64_t step, Now now) {
  auto snapshot = std::make_shared<Snapshot>();
  for (auto& [name, cluster] : clusters_) {
    auto observation = std::make_shared<Observation>();
    observation->cluster = name;
    observation->part = kPart;
    observation->at = now;
    observation->cadence = scenario_.settings.interval;
    for (auto& [measure, rows] : cluster.measures)
      observation->tables.push_back(table(*measure, rows, step));
    observation->relations = cluster.relations;
    snapshot->observations[{name, kPart}] = std::move(observation);
  }
  return snapshot;
}

Table Rehearsal::Stage::table(const Measure& measure, MeasureRows& rows, uint64_t step) {
  bool same = rows.keys != nullptr;
  for (size_t i = 0; i < rows.players.size(); ++i) {
    Player& player = rows.players[i];
    player.now = player.series->values.at(step, player.cursor);
    same = same && (player.now.reading != Reading::gone) == (rows.there[i] != 0);
  }
  if (!same) renumber(measure, rows);
  TableBuilder builder(measure, rows.keys);
  size_t row = 0;
  for (const Player& player : rows.players) {
    switch (player.now.reading) {
      case Reading::value:
        builder.set(row++, player.now.value);
        break;
      case Reading::unknown:
        builder.set_unknown(row++, Unknown::timed_out);
        break;
      case Reading::gone:
        break;
    }
  }
  return std::move(builder).build();
}

void Rehearsal::Stage::renumber(const Measure& measure, MeasureRows& rows) {
  std::vector<Symbol> cells;
  rows.there.clear();
  for (const Player& player : rows.players) {
    const bool there = player.now.reading != Reading::gone;
    rows.there.push_back(there ? 1 : 0);
    if (there) cells.insert(cells.end(), player.series->cells.begin(), player.series->cells.end());
  }
  rows.keys = std::make_shared<const KeySet>(measure.dimensions, std::move(cells));
}

Rehearsal::Rehearsal(RuleSet rules, const Scenario& scenario)
    : scenario_(scenario),
      rules_(std::move(rules)),
      stage_(std::make_unique<Stage>(scenario)),
      engine_(rules_, counted_ids()) {}

Rehearsal::~Rehearsal() = default;

void Rehearsal::run_until(Duration at) {
  const Duration interval = scenario_.settings.interval;
  while (interval * static_cast<int64_t>(next_step_) <= at) step(next_step_++);
  judge_until(at, true);
  if (judged_ < at) judge(at);
}

void Rehearsal::step(uint64_t number) {
  const Duration at = scenario_.settings.interval * static_cast<int64_t>(number);
  if (number > 0) judge_until(at, false);
  before_ = std::move(snapshot_);
  snapshot_ = stage_->snapshot(number, moment(at));
  judge(at);
}

void Rehearsal::judge_until(Duration at, bool included) {
  while (const std::optional<SteadyTime> deadline = engine_.next_deadline()) {
    const Duration due =
        std::max(deadline->time_since_epoch() - kSteadyStart, judged_ + kShortestWait);
    if (due > at || (due == at && !included)) return;
    judge(due);
  }
}

void Rehearsal::judge(Duration at) {
  report_ = engine_.evaluate(snapshot_, moment(at));
  judged_ = at;
  timeline_.take(report_, at);
}

Now Rehearsal::moment(Duration at) const {
  return {SteadyTime(kSteadyStart + at), scenario_.settings.start + at};
}

std::vector<RehearsedBudget> Rehearsal::budgets(std::string_view slo) const {
  std::vector<RehearsedBudget> found;
  const auto rule = std::ranges::find(rules_.slos, slo, &SloRule::name);
  if (rule == rules_.slos.end()) return found;
  for (KeptBudget& kept : kept_budgets(engine_, std::span(&*rule, 1), moment(judged_)))
    found.push_back({kept.slo, std::move(kept.entity), kept.status, {}});
  judge_samples(*rule, found);
  return found;
}

std::vector<KeptBudget> Rehearsal::budgets() const {
  return kept_budgets(engine_, rules_.slos, moment(judged_));
}

void Rehearsal::judge_parts(const SloRule& rule, std::vector<RehearsedBudget>& budgets) const {
  std::vector<std::vector<RehearsedBudget>> parts;
  for (const std::string& name : rule.sli.all_of) parts.push_back(this->budgets(name));
  for (RehearsedBudget& budget : budgets) {
    bool is_bad = false;
    bool is_unknown = false;
    for (const auto& part : parts) {
      const auto same = std::ranges::find(part, budget.entity, &RehearsedBudget::entity);
      if (same == part.end()) continue;
      is_bad = is_bad || same->good == false;
      is_unknown = is_unknown || !same->good;
    }
    if (is_bad || !is_unknown) budget.good = !is_bad;
  }
}

void Rehearsal::judge_samples(const SloRule& rule, std::vector<RehearsedBudget>& budgets) const {
  if (rule.sli.is_composite()) return judge_parts(rule, budgets);
  std::set<Symbol> clusters;
  for (const RehearsedBudget& budget : budgets) clusters.insert(budget.entity.label("cluster"));
  for (const Symbol& cluster : clusters) {
    SliReader here(rule.sli);
    if (rule.sli.is_events() && before_ != nullptr) (void)read(here, rule, *before_, cluster);
    if (!read(here, rule, *snapshot_, cluster)) continue;
    const KeySet& subjects = *here.subjects();
    for (size_t subject = 0; subject < subjects.rows(); ++subject) {
      const Entity entity(subjects.dimensions(), subjects.row(subject));
      const auto budget = std::ranges::find(budgets, entity, &RehearsedBudget::entity);
      if (budget != budgets.end()) budget->good = verdict(rule, here.samples()[subject]);
    }
  }
}

bool Rehearsal::read(SliReader& reader, const SloRule& rule, const Snapshot& snapshot,
                     const Symbol& cluster) {
  const auto found = snapshot.observations.find({cluster, kPart});
  if (found == snapshot.observations.end()) return false;
  const ObservationPtr observations[] = {found->second};
  const Source first = find_source(observations, *rule.sli.first.measure);
  const Source total =
      rule.sli.is_events() ? find_source(observations, *rule.sli.total->measure) : Source{};
  if (first.table == nullptr || (rule.sli.is_events() && total.table == nullptr)) return false;
  (void)reader.read(first, total);
  return true;
}

}  // namespace highwater::rules
