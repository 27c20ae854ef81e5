#include "collectors/cluster/credentials.h"

#include <array>

#include "collectors/cluster/cluster.h"
#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const Measure kRefused{"cluster_credentials_refused",
                       "Whether a broker does not accept our login or certificate, or does not "
                       "prove who it is, so that "
                       "nothing can be read from it; unknown until one was tried.",
                       Unit::boolean,
                       MeasureType::gauge,
                       {"cluster"}};
const Measure kProblem{"cluster_credentials_stale",
                       "Whether our own certificate, key, certificate authorities or token could "
                       "not be renewed, so that "
                       "the former is still in use.",
                       Unit::boolean,
                       MeasureType::gauge,
                       {"cluster"}};
const Measure kOwnExpiry{"client_certificate_expiry_seconds",
                         "For how long the certificate is still valid that we show to the brokers; "
                         "negative: it expired.",
                         Unit::seconds,
                         MeasureType::gauge,
                         {"cluster"}};
const Measure kBrokerExpiry{
    "broker_certificate_expiry_seconds",
    "For how long the certificate is still valid that the broker showed with the last connection; "
    "negative: it expired.",
    Unit::seconds,
    MeasureType::gauge,
    {"cluster", "broker"}};

constexpr std::array<const Measure*, 4> kMeasures{&kRefused, &kProblem, &kOwnExpiry,
                                                  &kBrokerExpiry};

bool was_tried(const kafka::ClusterView& view) {
  return view.reachable || view.ever_reached || !view.why_unreachable.empty() ||
         !view.why_denied.empty();
}

}  // namespace

std::span<const Measure* const> CredentialTables::measures() {
  return kMeasures;
}

void CredentialTables::add_to(Observation& observation, const kafka::ClusterView& view,
                              NumberSymbols& numbers, Now now) {
  keys_.add(view.cluster);
  const auto keys = keys_.finish();
  add_single_row(observation, kRefused, keys, view.why_denied.empty() ? 0 : 1,
                 was_tried(view) ? Unknown::known : Unknown::not_asked);
  add_single_row(observation, kProblem, keys, view.credentials_problem.empty() ? 0 : 1);
  Column own_expiry(kOwnExpiry, 1);
  if (view.own_certificate_expiry) {
    own_keys_.add(view.cluster);
    own_expiry.add(to_seconds(*view.own_certificate_expiry - now.wall));
  }
  observation.tables.push_back(std::move(own_expiry).build(own_keys_.finish()));
  Column expiry(kBrokerExpiry, view.brokers.size());
  for (const auto& [id, broker] : view.brokers) {
    if (!broker.certificate_expiry) continue;
    broker_keys_.add(view.cluster, numbers.of(id));
    expiry.add(to_seconds(*broker.certificate_expiry - now.wall));
  }
  observation.tables.push_back(std::move(expiry).build(broker_keys_.finish()));
  if (!view.why_denied.empty())
    observation.problems.push_back(
        {"the credentials are not accepted: " + view.why_denied, cluster_entity(view)});
  if (!view.credentials_problem.empty())
    observation.problems.push_back(
        {"the former credentials are still in use: " + view.credentials_problem,
         cluster_entity(view)});
}

}  // namespace highwater::collectors
