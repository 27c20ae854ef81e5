#include "exporters/web/facts.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "agent/core/plain_text.h"

namespace highwater::web {
namespace {

// A cluster's page shows what is about the cluster itself, its brokers and its log directories; the
// rest has pages of its own.
bool is_shown(const Measure& measure, const Subject& subject) {
  if (measure.dimensions.empty() || measure.dimensions.front() != "cluster") return false;
  if (subject.kind != Kind::cluster) return dimension_index(measure, kind_name(subject.kind)) >= 0;
  return measure.dimensions.size() == 1 ||
         (measure.dimensions[1] == "broker" && measure.dimensions.size() == 2);
}

std::vector<std::string_view> further_dimensions(const Measure& measure, const Subject& subject) {
  std::vector<std::string_view> further;
  for (const std::string_view dimension : measure.dimensions) {
    if (dimension != "cluster" && dimension != kind_name(subject.kind))
      further.push_back(dimension);
  }
  return further;
}

// What is looked for among the names of a kind: of "Broker 2" among brokers "2".
std::string wanted_of(Kind kind, std::string_view search) {
  std::string wanted = lower_case(search);
  const std::string_view prefix = kind_name(kind);
  if (!wanted.starts_with(prefix)) return wanted;
  const size_t name = wanted.find_first_not_of(' ', prefix.size());
  // "brokers-of-payments" is a name.
  return name == prefix.size() ? wanted : name == std::string::npos ? "" : wanted.substr(name);
}

class Gathering {
 public:
  Gathering(const Subject& subject, SteadyTime now)
      : subject_(subject), cluster_(subject.cluster), name_(subject.name), now_(now) {}

  void add(const Observation& observation) {
    if (observation.cluster != cluster_) return;
    if (subject_.kind == Kind::cluster) facts_.found = true;
    const bool stale = is_stale(observation, now_);
    for (const Table& table : observation.tables) {
      if (is_shown(*table.measure, subject_)) add(table, stale);
    }
    for (const Note& note : observation.notes) {
      if (note.entity.label("cluster") != cluster_ || note.text.empty()) continue;
      const bool about = subject_.kind == Kind::cluster
                             ? note.entity.labels.size() == 1
                             : note.entity.label(kind_name(subject_.kind)) == name_;
      if (about && std::ranges::find(facts_.notes, note.text) == facts_.notes.end())
        facts_.notes.push_back(note.text);
    }
  }

  Facts take() {
    for (auto& [dimensions, sheet] : sheets_) {
      for (auto& [cells, facts] : sheet.rows) facts.resize(sheet.columns.size());
      facts_.sheets.push_back(std::move(sheet));
    }
    std::ranges::stable_sort(facts_.sheets, {},
                             [](const Sheet& sheet) { return sheet.dimensions.size(); });
    return std::move(facts_);
  }

 private:
  void add(const Table& table, bool stale) {
    const auto named = static_cast<size_t>(
        subject_.kind == Kind::cluster ? 0
                                       : dimension_index(*table.measure, kind_name(subject_.kind)));
    const std::vector<std::string_view> further = further_dimensions(*table.measure, subject_);
    for (size_t row = 0; row < table.rows(); ++row) {
      const auto cells = table.keys->row(row);
      if (cells[0] != cluster_ || cells[named] != name_) continue;
      facts_.found = true;
      const Fact fact{&table, row, stale};
      // What an info measure says is in its dimensions.
      if (further.empty() || table.measure->unit == Unit::info)
        facts_.own.push_back(fact);
      else
        add_to_sheet(fact, further, cells);
    }
  }

  void add_to_sheet(const Fact& fact, const std::vector<std::string_view>& further,
                    std::span<const Symbol> cells) {
    Sheet& sheet = sheets_[further];
    sheet.dimensions = further;
    auto column = std::ranges::find(sheet.columns, fact.table->measure);
    if (column == sheet.columns.end())
      column = sheet.columns.insert(sheet.columns.end(), fact.table->measure);
    std::vector<Symbol> key;
    for (const std::string_view dimension : further)
      key.push_back(cells[static_cast<size_t>(dimension_index(*fact.table->measure, dimension))]);
    std::vector<Fact>& facts = sheet.rows[std::move(key)];
    const auto at = static_cast<size_t>(column - sheet.columns.begin());
    if (facts.size() <= at) facts.resize(at + 1);
    facts[at] = fact;
  }

  const Subject& subject_;
  const Symbol cluster_;
  const Symbol name_;
  const SteadyTime now_;
  Facts facts_;
  std::map<std::vector<std::string_view>, Sheet> sheets_;
};

}  // namespace

bool is_about(const Entity& entity, const Subject& subject) {
  return entity.label("cluster").text() == subject.cluster &&
         entity.label(kind_name(subject.kind)).text() == subject.name;
}

bool is_about(const Incident& incident, const Subject& subject) {
  return is_about(incident.cause.entity, subject) || is_about(incident.headline.entity, subject) ||
         std::ranges::any_of(incident.evidence, [&](const Evidence& evidence) {
           return is_about(evidence.entity, subject);
         });
}

Facts facts_about(const Snapshot& snapshot, SteadyTime now, const Subject& subject) {
  Gathering gathering(subject, now);
  for (const auto& [part, observation] : snapshot.observations) {
    if (part.second != kAgentPart) gathering.add(*observation);
  }
  return gathering.take();
}

std::vector<std::pair<Symbol, Symbol>> names_of(const Snapshot& snapshot, Kind kind,
                                                std::string_view cluster, std::string_view search) {
  using Name = std::pair<Symbol, Symbol>;
  const std::string wanted = wanted_of(kind, search);
  // A number is a broker's id: every address has digits.
  const bool may_be_address = wanted.find_first_not_of("0123456789") != std::string::npos;
  const auto has_it = [&](const Symbol& text) {
    return lower_case(text.text()).find(wanted) != std::string::npos;
  };
  std::set<Name> names;
  std::set<Name> by_address;
  for (const auto& [part, observation] : snapshot.observations) {
    if (part.second == kAgentPart) continue;
    if (!cluster.empty() && part.first.text() != cluster) continue;
    if (kind == Kind::cluster) {
      names.emplace(part.first, part.first);
      continue;
    }
    for (const Table& table : observation->tables) {
      const Measure& measure = *table.measure;
      const int address = dimension_index(measure, "address");
      if (may_be_address && address > 1 && measure.dimensions[1] == kind_name(kind)) {
        for (size_t row = 0; row < table.rows(); ++row) {
          const auto cells = table.keys->row(row);
          if (has_it(cells[static_cast<size_t>(address)])) by_address.emplace(cells[0], cells[1]);
        }
      }
      // The narrowest table that has the name: its rows are few.
      if (measure.dimensions.size() != 2 || measure.dimensions[1] != kind_name(kind)) continue;
      for (size_t row = 0; row < table.rows(); ++row) {
        const auto cells = table.keys->row(row);
        names.emplace(cells[0], cells[1]);
      }
    }
  }
  std::erase_if(names, [&](const Name& name) { return !has_it(name.second); });
  names.merge(by_address);
  return {names.begin(), names.end()};
}

}  // namespace highwater::web
