#include "tests/collectors/simulated_watch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace highwater::collectors {
namespace {

using namespace std::chrono_literals;

std::string name_of(const Table& table, size_t row) {
  std::string name(table.measure->name);
  const auto cells = table.keys->row(row);
  for (size_t i = 1; i < cells.size(); ++i) name += (i == 1 ? '{' : ',') + cells[i].text();
  return name;
}

}  // namespace

SimulatedWatch::SimulatedWatch(std::string_view scenario, Options options)
    : options_(std::move(options)), log_(clock_, LogLevel::error, LogForm::json, null_sink()) {
  Diagnostics diagnostics;
  scenario_ = simulator::parse_scenario(scenario, "scenario.yaml", diagnostics).value();
  simulator::SimulatorOptions simulated;
  simulated.on_answer = options_.on_answer;
  simulator_ = std::move(simulator::Simulator::start(scenario_, std::move(simulated)).value());
  for (const std::string& fault : options_.before) happen(fault);
  watch_anew();
}

SimulatedWatch::~SimulatedWatch() {
  collector_.reset();
}

void SimulatedWatch::watch_anew() {
  collector_.reset();
  {
    const std::lock_guard lock(mutex_);
    newest_.clear();
    observations_.clear();
  }
  kafka::ClusterSettings settings;
  settings.name = "prod";
  for (const auto& broker : scenario_.brokers)
    settings.bootstrap.emplace_back("127.0.0.1", simulator_->port(broker.id));
  settings.poll = {options_.poll, options_.poll, options_.poll, 2s};
  settings.request_timeout = options_.request_timeout;
  settings.longest_back_off = options_.longest_back_off;
  collector_ = std::make_unique<KafkaCollector>(
      std::move(settings), log_,
      [this](ObservationPtr observation) { take(std::move(observation)); });
  collector_->start();
}

void SimulatedWatch::happen(std::string_view fault) {
  Diagnostics diagnostics;
  const auto parsed = simulator::parse_fault(fault, scenario_, diagnostics);
  ASSERT_TRUE(parsed) << diagnostics.front().text();
  ASSERT_TRUE(simulator_->apply(*parsed));
}

std::optional<SimulatedWatch::Row> SimulatedWatch::row(
    std::string_view measure, const std::vector<std::string>& cells) const {
  std::vector<Symbol> wanted{Symbol("prod")};
  for (const std::string& cell : cells) wanted.emplace_back(cell);
  for (const auto& [part, observation] : newest_) {
    for (const Table& table : observation->tables) {
      if (table.measure->name != measure) continue;
      if (const auto found = table.keys->find(wanted))
        return Row{table.known(*found) ? table.values[*found] : 0, table.reason(*found)};
    }
  }
  return std::nullopt;
}

bool SimulatedWatch::is(std::string_view measure, const std::vector<std::string>& cells,
                        double value) const {
  return row(measure, cells) == Row{value, Unknown::known};
}

std::map<std::string, SimulatedWatch::Row> SimulatedWatch::rows(
    const std::vector<std::string>& measures) const {
  std::map<std::string, Row> found;
  for (const auto& [part, observation] : newest_) {
    for (const Table& table : observation->tables) {
      if (std::ranges::find(measures, table.measure->name) == measures.end()) continue;
      for (size_t row = 0; row < table.rows(); ++row)
        found[name_of(table, row)] = {table.known(row) ? table.values[row] : 0, table.reason(row)};
    }
  }
  return found;
}

int SimulatedWatch::observations(const std::string& part) const {
  const auto found = observations_.find(part);
  return found == observations_.end() ? 0 : found->second;
}

std::vector<std::string> SimulatedWatch::problems(const std::string& part) const {
  std::vector<std::string> texts;
  const auto found = newest_.find(part);
  if (found == newest_.end()) return texts;
  for (const Problem& problem : found->second->problems) texts.push_back(problem.what);
  return texts;
}

void SimulatedWatch::take(ObservationPtr observation) {
  const std::lock_guard lock(mutex_);
  for (const Table& table : observation->tables) {
    // -1 is the leader of what has none.
    const bool of_leaders = table.measure->name.find("leader") != std::string_view::npos;
    const double least = of_leaders ? -1 : 0;
    for (size_t row = 0; row < table.rows(); ++row) {
      if (table.known(row) && !(table.values[row] >= least))
        nonsense_.push_back(fmt::format("{} is {}", name_of(table, row), table.values[row]));
    }
  }
  const std::string part(observation->part);
  ++observations_[part];
  newest_[part] = std::move(observation);
  changed_.notify_all();
}

}  // namespace highwater::collectors
