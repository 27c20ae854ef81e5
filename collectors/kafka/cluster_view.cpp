#include "collectors/kafka/cluster_view.h"

namespace highwater::kafka {

std::string_view status_name(BrokerStatus status) {
  switch (status) {
    case BrokerStatus::connecting:
      return "connecting";
    case BrokerStatus::up:
      return "up";
    case BrokerStatus::crashed:
      return "crashed";
    case BrokerStatus::hung:
      return "hung";
    case BrokerStatus::cut_off:
      return "cut_off";
    case BrokerStatus::refuses:
      return "refuses";
    case BrokerStatus::stopped:
      return "stopped";
  }
  return "connecting";
}

std::string_view group_type_name(GroupType type) {
  switch (type) {
    case GroupType::unknown:
      return "unknown";
    case GroupType::classic:
      return "classic";
    case GroupType::consumer:
      return "consumer";
    case GroupType::share:
      return "share";
  }
  return "unknown";
}

}  // namespace highwater::kafka
