#include "collectors/cluster/requests.h"

#include <algorithm>
#include <array>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const Measure kRequests{"kafka_requests_total",
                        "How many requests the agent sent to the broker, since it began to watch.",
                        Unit::count,
                        MeasureType::counter,
                        {"cluster", "broker", "api"}};
const Measure kErrors{
    "kafka_request_errors_total",
    "How many of the agent's requests the broker answered with the error, in whole or for a part, "
    "or did not answer: then the error is how that went, in small letters.",
    Unit::count,
    MeasureType::counter,
    {"cluster", "broker", "api", "error"}};
const Measure kThrottle{
    "kafka_throttle_seconds_total",
    "For how long the broker held the agent's own requests back because of its quotas, since the "
    "agent began to watch; clients of the same user or client id are held back as well.",
    Unit::seconds,
    MeasureType::counter,
    {"cluster", "broker"}};

const Measure kThrottled{
    "kafka_throttled_ratio",
    "For which share of the last two minutes the broker held the agent's own requests back because "
    "of its quotas, as its answers say.",
    Unit::ratio,
    MeasureType::gauge,
    {"cluster", "broker"}};

constexpr std::array<const Measure*, 4> kMeasures{&kRequests, &kErrors, &kThrottle, &kThrottled};

constexpr Duration kThrottledWithin = std::chrono::minutes(2);

}  // namespace

std::span<const Measure* const> RequestTables::measures() {
  return kMeasures;
}

std::span<const WatchFirst> RequestTables::watch_first() {
  static const WatchFirst kWatch[] = {{&kThrottled, kThrottledWithin}};
  return kWatch;
}

void RequestTables::add_to(Observation& observation, const kafka::ClusterView& view,
                           NumberSymbols& numbers) {
  Column requests(kRequests, keys_.expected_rows());
  Column errors(kErrors, error_keys_.expected_rows());
  for (const auto& [key, counts] : view.requests) {
    const auto& [broker, api] = key;
    if (!view.brokers.contains(broker)) continue;
    const Symbol number = numbers.of(broker);
    keys_.add(view.cluster, number, symbol(api));
    requests.add(static_cast<double>(counts.sent));
    for (const auto& [error, count] : counts.errors) {
      error_keys_.add(view.cluster, number, symbol(api), symbol(error));
      errors.add(static_cast<double>(count));
    }
  }
  add_throttling(observation, view, numbers);
  observation.tables.push_back(std::move(requests).build(keys_.finish()));
  observation.tables.push_back(std::move(errors).build(error_keys_.finish()));
}

void RequestTables::add_throttling(Observation& observation, const kafka::ClusterView& view,
                                   NumberSymbols& numbers) {
  Column throttle(kThrottle, view.brokers.size());
  Column throttled(kThrottled, view.brokers.size());
  std::erase_if(throttling_, [&](const auto& one) { return !view.brokers.contains(one.first); });
  for (const auto& [id, broker] : view.brokers) {
    uint64_t millis = 0;
    for (auto counts = view.requests.lower_bound({id, std::string_view()});
         counts != view.requests.end() && counts->first.first == id; ++counts)
      millis += counts->second.throttled_ms;
    broker_keys_.add(view.cluster, numbers.of(id));
    const double seconds = static_cast<double>(millis) / 1000;
    throttle.add(seconds);
    SampleRing<1>& ring = throttling_[id];
    ring.add(observation.at.steady, kThrottledWithin, {seconds});
    const auto interval = ring.interval();
    throttled.add(interval ? std::clamp(interval->rate(0), 0.0, 1.0) : 0);
  }
  const auto keys = broker_keys_.finish();
  observation.tables.push_back(std::move(throttle).build(keys));
  observation.tables.push_back(std::move(throttled).build(keys));
}

const Symbol& RequestTables::symbol(std::string_view literal) {
  const auto [found, added] = symbols_.try_emplace(literal);
  if (added) found->second = Symbol(literal);
  return found->second;
}

}  // namespace highwater::collectors
