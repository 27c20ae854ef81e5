#include "collectors/node_collector.h"

#include <memory>
#include <utility>

namespace highwater::collectors {

NodeCollector::NodeCollector(kafka::NodeProbeSettings settings, Symbol node, bool judges_cluster,
                             Log& log, Publish publish)
    : publish_(std::move(publish)),
      interpreter_(Symbol(settings.cluster.name), std::move(node), judges_cluster),
      probe_(std::move(settings), log,
             [this](const kafka::NodeView& view, Now at, Duration cadence) {
               publish_(
                   std::make_shared<const Observation>(interpreter_.interpret(view, at, cadence)));
             }) {}

}  // namespace highwater::collectors
