#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/cluster/brokers.h"
#include "tests/collectors/fixture.h"

namespace highwater::collectors {
namespace {

using kafka::BrokerStatus;
using kafka::ClusterView;

Observation interpret(const ClusterView& view) {
  return BrokersInterpreter().interpret(view, {}, at(0));
}

TEST(Credentials, AcceptedByAllAreZero) {
  const Observation seen = interpret(healthy_cluster());
  EXPECT_EQ(cell(seen, "cluster_credentials_refused", {}), is(0));
  EXPECT_EQ(cell(seen, "cluster_credentials_stale", {}), is(0));
}

TEST(Credentials, RefusedByABrokerSayNothingOfTheBroker) {
  ClusterView view = healthy_cluster();
  view.brokers.at(2).status = BrokerStatus::denied;
  view.why_denied = "broker 2: SASL/PLAIN: it refuses the login of 'highwater'";
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_credentials_refused", {}), is(1));
  EXPECT_EQ(cell(seen, "broker_up", {"2"}), unknown(Unknown::broker_unreachable));
  EXPECT_EQ(cell(seen, "broker_failed", {"2"}), unknown(Unknown::broker_unreachable));
  EXPECT_EQ(cell(seen, "broker_status", {"2", "denied"}), is(1));
  EXPECT_EQ(cell(seen, "cluster_reachable", {}), is(1));
  EXPECT_EQ(note(seen, cluster_entity(view)), view.why_denied);
  EXPECT_THAT(problems(seen),
              testing::ElementsAre("the credentials are not accepted: " + view.why_denied));
}

TEST(Credentials, RefusedByAllLeaveOpenWhetherTheClusterAnswers) {
  ClusterView view = healthy_cluster();
  for (auto& [id, broker] : view.brokers) broker.status = BrokerStatus::denied;
  view.reachable = false;
  view.why_unreachable = view.why_denied = "TLS: its certificate expired";
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_reachable", {}), unknown(Unknown::broker_unreachable));
  EXPECT_EQ(note(seen, cluster_entity(view)), "TLS: its certificate expired") << "said once";
}

TEST(Credentials, ThatCouldNotBeRenewedAreSaid) {
  ClusterView view = healthy_cluster();
  view.credentials_problem = "the key does not belong to the certificate";
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "cluster_credentials_stale", {}), is(1));
  EXPECT_EQ(cell(seen, "cluster_credentials_refused", {}), is(0));
}

TEST(Credentials, OfCertificatesHaveAnEnd) {
  ClusterView view = healthy_cluster();
  view.own_certificate_expiry = at(0).wall + std::chrono::hours(24);
  view.brokers.at(2).certificate_expiry = at(0).wall - std::chrono::hours(1);
  const Observation seen = interpret(view);
  EXPECT_EQ(cell(seen, "client_certificate_expiry_seconds", {}), is(24 * 3600));
  EXPECT_EQ(cell(seen, "broker_certificate_expiry_seconds", {"2"}), is(-3600));
}

}  // namespace
}  // namespace highwater::collectors
