// Pages read into an interpreter, and what its rows then are.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

#include "tests/sources/support.h"

namespace highwater::sources {

// Reads pages into an interpreter, and says what the rows of a measure are.
class World {
 public:
  explicit World(SourcePlan plan)
      : plan_(std::move(plan)), interpreter_(plan_, {Symbol("prod"), Symbol("west")}) {}

  void page(const std::string& text, size_t source = 0) {
    Scrape scrape;
    scrape.source = source;
    scrape.at = moment(passed_);
    scrape.took = std::chrono::milliseconds(20);
    auto readings = read_page({text, ""}, plan_, source, moment(passed_).wall);
    if (readings)
      scrape.readings = std::move(*readings);
    else
      scrape.failure = readings.error();
    interpreter_.take(std::move(scrape));
  }

  void fail(Unknown reason, size_t source = 0) {
    Scrape scrape;
    scrape.source = source;
    scrape.at = moment(passed_);
    scrape.failure = Failure{reason, "it did not answer"};
    interpreter_.take(std::move(scrape));
  }

  void pass(Duration time) { passed_ += time; }

  Observation observe(std::string_view cluster = "prod") {
    for (Observation& observation : interpreter_.observe(moment(passed_))) {
      if (observation.cluster.text() == cluster) return std::move(observation);
    }
    return {};
  }

  // "payments=5 orders=unknown(failed)"
  std::string rows(const Measure& measure, std::string_view cluster = "prod") {
    const Observation observation = observe(cluster);
    const Table* const table = observation.find(measure);
    if (table == nullptr) return "no table";
    std::string text;
    for (size_t row = 0; row < table->rows(); ++row) {
      if (!text.empty()) text += ' ';
      text += table->keys->row(row)[1].text() + "=";
      text += table->known(row) ? std::to_string(static_cast<int>(table->values[row]))
                                : "unknown(" + std::string(unknown_name(table->reason(row))) + ")";
    }
    return text;
  }

 private:
  const SourcePlan plan_;
  SourcesInterpreter interpreter_;
  Duration passed_{};
};

inline const Measure& measure(std::string_view name) {
  const auto all = source_measures();
  return **std::ranges::find(all, name, &Measure::name);
}

}  // namespace highwater::sources
