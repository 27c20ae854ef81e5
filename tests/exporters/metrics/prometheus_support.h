// The page that Prometheus scrapes, of reports by hand.
#pragma once

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "exporters/metrics/prometheus.h"
#include "tests/exporters/report_support.h"

namespace highwater {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline std::string page(const Report* report, MetricsFormat format = MetricsFormat::text,
                        MetricsOptions options = {}, Now now = test_now()) {
  const Catalogue catalogue = small_catalogue();
  MetricsPage metrics(catalogue, std::move(options));
  std::string text;
  Exposition out(format, [&](std::string_view piece) {
    text += piece;
    return true;
  });
  metrics.write(report, now, out);
  out.finish();
  return text;
}

inline Report report_of(std::vector<Observation> observations) {
  Report report;
  report.at = test_now();
  report.snapshot = make_snapshot(std::move(observations));
  return report;
}

inline Observation observation_with_a_histogram() {
  Observation observation = make_observation("prod", "canary", {});
  Histogram histogram(kWay, {Symbol("prod")});
  for (const double seconds : {0.125, 0.5, 0.75, 3.0, 20.0}) histogram.add(seconds);
  histogram.show({TraceId::from_hex("0102030405060708090a0b0c0d0e0f10"), 0.75,
                  WallTime(std::chrono::milliseconds(1'700'000'000'250))});
  observation.histograms.push_back(histogram);
  return observation;
}

}  // namespace highwater
