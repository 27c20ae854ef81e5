#include "exporters/metrics/self_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "exporters/metrics/own_families.h"
#include "exporters/metrics/process_metrics.h"

namespace highwater {

using namespace families;

namespace {

using prometheus::ClientMetric;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::MetricFamily;
using prometheus::MetricType;

const prometheus::Histogram::BucketBoundaries kEvaluationBuckets{
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1};
const prometheus::Histogram::BucketBoundaries kDelayBuckets{0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1,
                                                            2.5,  5,    10,   30,  60,   300, 3600};
const prometheus::Histogram::BucketBoundaries kHttpBuckets{
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

FamilyType family_type(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return FamilyType::counter;
    case MetricType::Gauge:
      return FamilyType::gauge;
    case MetricType::Histogram:
      return FamilyType::histogram;
    case MetricType::Summary:
    case MetricType::Untyped:
      return FamilyType::untyped;
  }
  return FamilyType::untyped;
}

std::vector<LabelView> labels_of(const ClientMetric& metric) {
  std::vector<LabelView> labels;
  for (const ClientMetric::Label& label : metric.label)
    labels.emplace_back(label.name, label.value);
  return labels;
}

void write_histogram(const std::string& name, const ClientMetric& metric, Exposition& out) {
  auto labels = labels_of(metric);
  const std::string own = render_labels(labels);
  labels.emplace_back("le", "");
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    const std::string bound = bound_text(bucket.upper_bound);
    labels.back().second = bound;
    out.sample(name + "_bucket", render_labels(labels),
               static_cast<double>(bucket.cumulative_count));
  }
  out.sample(name + "_sum", own, metric.histogram.sample_sum);
  out.sample(name + "_count", own, static_cast<double>(metric.histogram.sample_count));
}

void write_metric(const MetricFamily& family, const ClientMetric& metric, Exposition& out) {
  switch (family.type) {
    case MetricType::Counter:
      return out.sample(family.name, render_labels(labels_of(metric)), metric.counter.value);
    case MetricType::Gauge:
      return out.sample(family.name, render_labels(labels_of(metric)), metric.gauge.value);
    case MetricType::Histogram:
      return write_histogram(family.name, metric, out);
    case MetricType::Summary:
    case MetricType::Untyped:
      return;  // there are none
  }
}

// Adds what a total grew by since it was last seen.
void catch_up(Counter& counter, double total) {
  const double grown = total - counter.Value();
  if (grown > 0) counter.Increment(grown);
}

}  // namespace

struct SelfMetrics::Impl {
  prometheus::Registry registry;
  Family<Counter>& polls = counters(kPolls);
  prometheus::Histogram& evaluation = histogram_of(kEvaluation, kEvaluationBuckets);
  Family<Counter>& notifications = counters(kNotifications);
  Family<Gauge>& queued = prometheus::BuildGauge()
                              .Name(std::string(kNotificationsQueued.name))
                              .Help(std::string(kNotificationsQueued.help))
                              .Register(registry);
  Family<prometheus::Histogram>& delays = prometheus::BuildHistogram()
                                              .Name(std::string(kNotificationDelay.name))
                                              .Help(std::string(kNotificationDelay.help))
                                              .Register(registry);
  Family<Counter>& heartbeats = counters(kHeartbeats);
  Counter& spans_exported = counters(kSpansExported).Add({});
  Counter& spans_dropped = counters(kSpansDropped).Add({});
  Counter& log_lines_lost = counters(kLogLinesLost).Add({});
  Family<Counter>& http_requests = counters(kHttpRequests);
  prometheus::Histogram& http_duration = histogram_of(kHttpDuration, kHttpBuckets);
  std::mutex
      totals;  // notifications, spans and log lines: a total is read and added to in one piece

  Family<Counter>& counters(const OwnFamily& family) {
    return prometheus::BuildCounter()
        .Name(std::string(family.name))
        .Help(std::string(family.help))
        .Register(registry);
  }
  prometheus::Histogram& histogram_of(const OwnFamily& family,
                                      const prometheus::Histogram::BucketBoundaries& bounds) {
    return prometheus::BuildHistogram()
        .Name(std::string(family.name))
        .Help(std::string(family.help))
        .Register(registry)
        .Add({}, bounds);
  }
};

SelfMetrics::SelfMetrics() : impl_(std::make_unique<Impl>()) {}
SelfMetrics::~SelfMetrics() = default;

void SelfMetrics::count_poll(std::string_view cluster, std::string_view collector,
                             bool with_problems) {
  impl_->polls
      .Add({{"cluster", std::string(cluster)},
            {"collector", std::string(collector)},
            {"outcome", with_problems ? "problems" : "ok"}})
      .Increment();
}

void SelfMetrics::observe_evaluation(Duration took) {
  impl_->evaluation.Observe(to_seconds(took));
}

void SelfMetrics::count_http_request(std::string_view route, int status, Duration took) {
  impl_->http_requests
      .Add({{"route", route.empty() ? "none" : std::string(route)},
            {"code", std::to_string(status)}})
      .Increment();
  impl_->http_duration.Observe(to_seconds(took));
}

void SelfMetrics::set_notifications(std::string_view receiver, const NotificationTotals& totals,
                                    size_t queued) {
  const std::lock_guard lock(impl_->totals);
  const std::string name(receiver);
  for (const auto& [outcome, total] :
       {std::pair{"delivered", totals.delivered}, std::pair{"failed", totals.failed},
        std::pair{"rejected", totals.rejected}, std::pair{"given_up", totals.given_up}}) {
    catch_up(impl_->notifications.Add({{"receiver", name}, {"outcome", outcome}}),
             static_cast<double>(total));
  }
  impl_->queued.Add({{"receiver", name}}).Set(static_cast<double>(queued));
}

void SelfMetrics::observe_delivery(std::string_view receiver, Duration delay) {
  impl_->delays.Add({{"receiver", std::string(receiver)}}, kDelayBuckets)
      .Observe(to_seconds(delay));
}

void SelfMetrics::set_heartbeats(std::string_view heartbeat, uint64_t sent, uint64_t failed,
                                 uint64_t held) {
  const std::lock_guard lock(impl_->totals);
  for (const auto& [outcome, total] :
       {std::pair{"sent", sent}, std::pair{"failed", failed}, std::pair{"held", held}}) {
    catch_up(impl_->heartbeats.Add({{"heartbeat", std::string(heartbeat)}, {"outcome", outcome}}),
             static_cast<double>(total));
  }
}

void SelfMetrics::set_spans(uint64_t exported, uint64_t dropped) {
  const std::lock_guard lock(impl_->totals);
  catch_up(impl_->spans_exported, static_cast<double>(exported));
  catch_up(impl_->spans_dropped, static_cast<double>(dropped));
}

void SelfMetrics::set_log_lines_lost(uint64_t total) {
  const std::lock_guard lock(impl_->totals);
  catch_up(impl_->log_lines_lost, static_cast<double>(total));
}

void SelfMetrics::write(Exposition& out) const {
  std::vector<MetricFamily> families = impl_->registry.Collect();
  std::sort(families.begin(), families.end(),
            [](const MetricFamily& a, const MetricFamily& b) { return a.name < b.name; });
  for (MetricFamily& family : families) {
    if (family.metric.empty()) continue;
    std::sort(family.metric.begin(), family.metric.end(),
              [](const ClientMetric& a, const ClientMetric& b) { return a.label < b.label; });
    out.family(family.name, family.help, family_type(family.type),
               family.name.ends_with("_seconds") ? "seconds" : "");
    for (const ClientMetric& metric : family.metric) write_metric(family, metric, out);
  }
  if (const auto facts = read_process_facts()) write_process_facts(*facts, out);
}

}  // namespace highwater
