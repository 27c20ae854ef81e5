// The metrics page: the newest report as Prometheus reads it. A measure `x` of the catalogue is
// `highwater_x`; beside them are how well each collector works, and the alerts. Nothing is asked of
// Kafka. Any thread, several scrapes at a time.
//
// A row that is unknown has no sample, and neither has any row of an observation that is too old to
// speak for the present: `highwater_collector_unknown_rows` counts them. Which of the known rows
// are exported is declared in agent/core/exported.h.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "agent/core/build_info.h"
#include "agent/core/exported.h"
#include "agent/core/measure.h"
#include "agent/core/report.h"
#include "exporters/metrics/exposition.h"
#include "exporters/metrics/label_cache.h"

namespace highwater {

struct MetricsOptions {
  MetricsDetail detail = MetricsDetail::standard;
  // Whether traces are sent anywhere: what nobody can find is not pointed to.
  bool traces = false;
  BuildInfo build = build_info();
};

// Alerts beyond this are counted in `highwater_alerts` and not listed.
constexpr size_t kMaxAlertSeries = 10'000;

class MetricsPage {
 public:
  // The measures must outlive it, the catalogue need not.
  MetricsPage(const Catalogue& catalogue, MetricsOptions options);

  // After a reload; `metrics_detail` stays as it was.
  void replace(const Catalogue& catalogue);

  // Any thread. Everything but the end mark. `report` may be null: nothing was judged yet.
  void write(const Report* report, Now now, Exposition& out);

 private:
  void write_measures(const Snapshot& snapshot, SteadyTime now, Exposition& out);
  void write_histograms(const Snapshot& snapshot, SteadyTime now, Exposition& out) const;

  struct Family {
    const Measure* measure;
    std::string name;
    FamilyType type;
    Exported rows;
  };
  const MetricsOptions options_;
  std::mutex mutex_;
  // All of it under mutex_.
  std::vector<Family> families_;  // in the order of the catalogue
  std::vector<const HistogramMeasure*> histograms_;
  LabelCache cache_;
};

}  // namespace highwater
