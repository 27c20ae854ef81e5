#include "collectors/cluster/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

using kafka::NodeBroker;
using kafka::PeerVerdict;
using kafka::ProbeOutcome;

const std::vector<std::string_view> kNode{"cluster", "node"};
const std::vector<std::string_view> kBroker{"cluster", "node", "broker"};

const Measure kClusterReachable{"node_cluster_reachable",
                                "Whether any broker of the cluster answers this node.",
                                Unit::boolean, MeasureType::gauge, kNode};
const Measure kReachable{"node_broker_reachable",
                         "Whether the broker answered the newest probe from this node: a new "
                         "connection and ApiVersions, without a login; unknown until the first "
                         "probe has ended.",
                         Unit::boolean, MeasureType::gauge, kBroker};
const Measure kCutOff{
    "node_broker_cut_off",
    "Whether this node does not reach the broker while others do: brokers that "
    "are reached list it, and followers are in sync with it; unknown while nobody "
    "else can be asked, or the cluster has no controller.",
    Unit::boolean, MeasureType::gauge, kBroker};
const Measure kConnect{"node_broker_connect_seconds",
                       "How long the newest probe of the broker took from the lookup of its name "
                       "to the TCP connection.",
                       Unit::seconds, MeasureType::gauge, kBroker};
const Measure kFirstAnswer{"node_broker_first_answer_seconds",
                           "How long the newest probe of the broker took from the connection to "
                           "the answer to ApiVersions, the TLS handshake included.",
                           Unit::seconds, MeasureType::gauge, kBroker};

constexpr std::array<const Measure*, 5> kMeasures{&kClusterReachable, &kReachable, &kCutOff,
                                                  &kConnect, &kFirstAnswer};

bool is_reached(const NodeBroker& broker) {
  return broker.outcome == ProbeOutcome::answered || broker.outcome == ProbeOutcome::distrusted;
}

// What peers said before it failed here says nothing of now.
PeerVerdict fresh_verdict(const NodeBroker& broker) {
  return broker.peers_asked < broker.failing_since ? PeerVerdict::unknown : broker.peers;
}

std::string_view peers_text(PeerVerdict verdict) {
  switch (verdict) {
    case PeerVerdict::unknown:
      return "no other broker could be asked about it";
    case PeerVerdict::serving:
      return "other brokers reach it";
    case PeerVerdict::unfollowed:
      return "no follower is in sync with it either";
    case PeerVerdict::not_listed:
      return "other brokers do not list it";
  }
  return {};
}

struct Columns {
  explicit Columns(size_t rows)
      : reachable(kReachable, rows),
        cut_off(kCutOff, rows),
        connect(kConnect, rows),
        first_answer(kFirstAnswer, rows) {}

  void add(const NodeBroker& broker) {
    const bool failed = broker.outcome == ProbeOutcome::failed;
    const bool reached = is_reached(broker);
    if (!failed && !reached) {
      for (Column* column : {&reachable, &cut_off, &connect, &first_answer})
        column->add(kNoValue, Unknown::not_asked);
      return;
    }
    reachable.add(reached ? 1 : 0);
    const PeerVerdict verdict = reached ? PeerVerdict::serving : fresh_verdict(broker);
    cut_off.add(verdict == PeerVerdict::unknown
                    ? kNoValue
                    : (failed && verdict == PeerVerdict::serving ? 1.0 : 0.0),
                verdict == PeerVerdict::unknown ? Unknown::broker_unreachable : Unknown::known);
    add_time(connect, broker.connect, Unknown::broker_unreachable);
    add_time(first_answer, broker.first_answer,
             reached ? Unknown::not_asked : Unknown::broker_unreachable);
  }

  static void add_time(Column& column, const std::optional<Duration>& time, Unknown otherwise) {
    column.add(time ? to_seconds(*time) : kNoValue, time ? Unknown::known : otherwise);
  }

  Column reachable, cut_off, connect, first_answer;
};

}  // namespace

NodeInterpreter::NodeInterpreter(Symbol cluster, Symbol node, bool judges_cluster)
    : cluster_(std::move(cluster)), node_(std::move(node)), judges_cluster_(judges_cluster) {}

std::span<const Measure* const> NodeInterpreter::measures() {
  return kMeasures;
}

Observation NodeInterpreter::interpret(const kafka::NodeView& view, Now now, Duration cadence) {
  Observation observation;
  observation.cluster = cluster_;
  observation.part = "node";
  observation.at = now;
  observation.cadence = cadence;
  node_keys_.add(cluster_, node_);
  const auto node = node_keys_.finish();
  add_single_row(observation, kClusterReachable, node, view.reached ? 1 : 0);
  if (!view.why_unlisted.empty())
    observation.notes.push_back({Entity(kNode, node->row(0)), view.why_unlisted});
  // Until somebody has told which brokers there are, nothing is said of any.
  if (view.brokers.empty()) return observation;
  Columns columns(broker_keys_.expected_rows());
  for (const auto& [id, broker] : view.brokers) {
    broker_keys_.add(cluster_, node_, numbers_.of(id));
    columns.add(broker);
  }
  const auto keys = broker_keys_.finish();
  size_t row = 0;
  for (const auto& [id, broker] : view.brokers) {
    const auto cells = keys->row(row++);
    if (broker.why.empty()) continue;
    std::string text = broker.why;
    if (!is_reached(broker)) text += fmt::format("; {}", peers_text(fresh_verdict(broker)));
    observation.notes.push_back({Entity(kBroker, cells), std::move(text)});
  }
  observation.tables.push_back(std::move(columns.reachable).build(keys));
  if (!judges_cluster_) observation.tables.push_back(std::move(columns.cut_off).build(keys));
  observation.tables.push_back(std::move(columns.connect).build(keys));
  observation.tables.push_back(std::move(columns.first_answer).build(keys));
  numbers_.trim();
  return observation;
}

}  // namespace highwater::collectors
