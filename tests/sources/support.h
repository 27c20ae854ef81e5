// What the tests of sources share: a plan with one source and measures made by hand.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "collectors/sources/interpreter.h"

namespace highwater::sources {

inline const Measure kFailed{
    "records_bad_total", "For tests.", Unit::records, MeasureType::counter, {"cluster", "group"}};
inline const Measure kDepth{
    "queue_depth_records", "For tests.", Unit::records, MeasureType::gauge, {"cluster", "queue"}};
inline const Measure kTaskFailed{
    "task_failed", "For tests.", Unit::boolean, MeasureType::gauge, {"cluster", "task"}};

inline CellRule cluster_cell() {
  CellRule rule;
  rule.from = CellRule::From::cluster;
  return rule;
}

inline CellRule label_cell(std::string label) {
  CellRule rule;
  rule.from = CellRule::From::label;
  rule.text = std::move(label);
  return rule;
}

inline CellRule path_cell(std::string_view path) {
  CellRule rule;
  rule.from = CellRule::From::path;
  rule.path = JsonPath::parse(path).value();
  return rule;
}

inline Mapping metric_mapping(const Measure& measure, std::string metric, std::string label) {
  Mapping mapping;
  mapping.measure = &measure;
  mapping.sources = {0};
  mapping.metrics = {std::move(metric)};
  mapping.cells = {cluster_cell(), label_cell(std::move(label))};
  return mapping;
}

inline Mapping path_mapping(const Measure& measure, std::string_view path, std::string_view cell) {
  Mapping mapping;
  mapping.measure = &measure;
  mapping.sources = {0};
  mapping.path = JsonPath::parse(path).value();
  mapping.cells = {cluster_cell(), path_cell(cell)};
  return mapping;
}

inline SourcePlan one_source(std::vector<Mapping> mappings,
                             PageFormat format = PageFormat::prometheus) {
  SourcePlan plan;
  plan.sources.resize(1);
  plan.sources[0].name = Symbol("app");
  plan.sources[0].cluster = Symbol("prod");
  plan.sources[0].url = "http://127.0.0.1/";
  plan.sources[0].format = format;
  plan.mappings = std::move(mappings);
  return plan;
}

inline Now moment(Duration passed = {}) {
  return {SteadyTime(std::chrono::hours(1) + passed),
          WallTime(std::chrono::seconds(1'700'000'000)) + passed};
}

inline Page page(std::string text) {
  return {std::move(text), ""};
}

}  // namespace highwater::sources
