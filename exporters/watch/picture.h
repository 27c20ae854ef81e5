// What `highwater watch` shows: the answer of `/api/v1/status` as rows. Names are cleaned for a
// terminal here, once; the answer is not trusted. Pure and immutable; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/core/result.h"
#include "exporters/status/terminal.h"

namespace highwater::watch {

// The lists on the screen, from top to bottom.
enum class Section : uint8_t { incidents, clusters, budgets, groups };
inline constexpr std::array<Section, 4> kSections{Section::incidents, Section::clusters,
                                                  Section::budgets, Section::groups};

// What every row has.
struct Row {
  std::string key;                       // the same in each answer that has the row
  std::string search;                    // what a filter is looked for in, in lower case
  const nlohmann::json* json = nullptr;  // its object in the answer, which Picture owns
};

struct IncidentRow : Row {
  std::string severity;  // "page"
  std::string title;
  std::string opened;    // a time as text, which sorts as the time does
  std::string since;     // "12 min ago"
  std::string standing;  // "silenced", "acknowledged", or nothing
};

struct BrokerMark {
  std::string id;
  TextCell state;          // "up", "crashed", "unknown"
  std::optional<bool> up;  // nothing: unknown
};

struct ClusterRow : Row {
  std::string name;
  size_t brokers_up = 0;
  size_t broker_count = 0;
  size_t group_count = 0;
  std::vector<BrokerMark> brokers;
};

struct BudgetRow : Row {
  std::string cluster;
  std::string slo;
  std::string entity;          // "group=payments topic=orders"; empty while nothing of it was read
  std::optional<double> left;  // a ratio
  std::optional<double> coverage;
};

struct GroupRow : Row {
  std::string cluster;
  std::string group;
  std::string topic;  // empty: of none is a lag known
  std::optional<double> lag_seconds;
  std::optional<double> lag_records;
};

struct Picture {
  std::shared_ptr<const nlohmann::json> status;  // the answer itself
  std::string version;                           // of the agent
  std::string now;                               // by the agent's clock
  std::string quiet_since;                       // a time; empty: none is known
  std::string unsure;                            // why nothing can be said; empty: it can
  std::vector<std::string> unknown;              // what is not known at the moment
  std::vector<std::string> notices;              // what the agent says of itself
  size_t incident_count = 0;                     // also those that the answer left out
  size_t budget_count = 0;                       // the same
  size_t group_count = 0;                        // groups, of which each has rows by topic
  std::vector<IncidentRow> incidents;
  std::vector<ClusterRow> clusters;
  std::vector<BudgetRow> budgets;
  std::vector<GroupRow> groups;
};
using PicturePtr = std::shared_ptr<const Picture>;

// Of ASCII letters, as in Row::search.
[[nodiscard]] std::string in_lower_case(std::string text);

// Fails when `json` is no status.
[[nodiscard]] Result<PicturePtr> read_picture(std::string_view json);

[[nodiscard]] size_t row_count(const Picture& picture, Section section);
[[nodiscard]] const Row& row(const Picture& picture, Section section, size_t index);

}  // namespace highwater::watch
