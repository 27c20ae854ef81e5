#include "agent/catalogue.h"

#include <algorithm>
#include <deque>
#include <mutex>

#include "agent/self_observation.h"
#include "collectors/canary/interpreter.h"
#include "collectors/registry.h"
#include "collectors/sources/interpreter.h"
#include "rules/slo/slo_tables.h"

namespace highwater::agent {

const Catalogue& catalogue() {
  static const Catalogue instance = [] {
    const Catalogue collectors = collectors::make_catalogue();
    std::vector<const Measure*> all(collectors.measures().begin(), collectors.measures().end());
    for (const auto measures : {canary::CanaryInterpreter::measures(), sources::source_measures(),
                                self_measures(), rules::slo_measures()})
      all.insert(all.end(), measures.begin(), measures.end());
    const auto histograms = canary::CanaryInterpreter::histograms();
    return Catalogue(std::move(all), {histograms.begin(), histograms.end()});
  }();
  return instance;
}

std::vector<WatchFirst> watch_first() {
  std::vector<WatchFirst> all = collectors::watch_first();
  const auto canary = canary::CanaryInterpreter::watch_first();
  all.insert(all.end(), canary.begin(), canary.end());
  return all;
}

Catalogue catalogue_with(std::span<const Measure* const> more) {
  const auto known = catalogue().measures();
  std::vector<const Measure*> all(known.begin(), known.end());
  all.insert(all.end(), more.begin(), more.end());
  const auto histograms = catalogue().histograms();
  return Catalogue(std::move(all), {histograms.begin(), histograms.end()});
}

const Measure& keep_measure(const MeasureText& text) {
  static std::mutex mutex;
  static std::deque<std::string> texts;
  static std::deque<Measure> measures;
  const std::lock_guard lock(mutex);
  const auto same = std::ranges::find_if(measures, [&](const Measure& measure) {
    return measure.name == text.name && measure.help == text.help && measure.unit == text.unit &&
           measure.type == text.type && std::ranges::equal(measure.dimensions, text.dimensions);
  });
  if (same != measures.end()) return *same;
  const auto keep = [](const std::string& one) {
    return std::string_view(texts.emplace_back(one));
  };
  Measure measure;
  measure.name = keep(text.name);
  measure.help = keep(text.help);
  measure.unit = text.unit;
  measure.type = text.type;
  for (const std::string& dimension : text.dimensions)
    measure.dimensions.push_back(keep(dimension));
  return measures.emplace_back(std::move(measure));
}

}  // namespace highwater::agent
