#include "collectors/tables/broker_rows.h"

#include <algorithm>

namespace highwater::collectors {

void BrokerRows::begin(const kafka::ClusterView& view) {
  ids_.clear();
  statuses_.clear();
  any_down_ = false;
  for (const auto& [id, broker] : view.brokers) insert(id, broker.status);
}

std::shared_ptr<const KeySet> BrokerRows::finish(const Symbol& cluster, NumberSymbols& numbers) {
  for (const int32_t id : ids_) keys_.add(cluster, numbers.of(id));
  return keys_.finish();
}

void BrokerRows::insert(int32_t broker, kafka::BrokerStatus status) {
  const auto place = std::lower_bound(ids_.begin(), ids_.end(), broker);
  statuses_.insert(statuses_.begin() + (place - ids_.begin()), status);
  ids_.insert(place, broker);
  any_down_ = any_down_ || is_down(status);
}

std::optional<uint32_t> BrokerRows::search(int32_t broker) const {
  const auto found = std::lower_bound(ids_.begin(), ids_.end(), broker);
  if (found == ids_.end() || *found != broker) return std::nullopt;
  return static_cast<uint32_t>(found - ids_.begin());
}

}  // namespace highwater::collectors
