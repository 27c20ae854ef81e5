#include "rules/incidents/fault.h"

#include <algorithm>
#include <array>
#include <utility>

namespace highwater::rules {
namespace {

constexpr std::array<std::pair<std::string_view, Fault>, 7> kFaults{
    {{"cluster", Fault::cluster},
     {"quorum", Fault::quorum},
     {"broker", Fault::broker},
     {"log_dir", Fault::log_dir},
     {"offline", Fault::offline},
     {"writes_refused", Fault::writes_refused},
     {"loss", Fault::loss}}};

constexpr std::array<std::pair<std::string_view, CauseKind>, 10> kCauseKinds{
    {{"cluster", CauseKind::cluster},
     {"quorum", CauseKind::quorum},
     {"broker", CauseKind::broker},
     {"coordinator", CauseKind::coordinator},
     {"log_dir", CauseKind::log_dir},
     {"partition", CauseKind::partition},
     {"writes", CauseKind::writes},
     {"topic", CauseKind::topic},
     {"members", CauseKind::members},
     {"same", CauseKind::same}}};

template <class Pairs>
std::vector<std::string> names_of(const Pairs& pairs) {
  std::vector<std::string> names;
  for (const auto& [name, value] : pairs) names.emplace_back(name);
  return names;
}

template <class Value, class Pairs>
std::optional<Value> find_name(const Pairs& pairs, std::string_view name) {
  for (const auto& [known, value] : pairs) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace

FaultTraits::FaultTraits(const FaultKeys& keys, std::span<const std::string_view> dimensions)
    : fault(keys.fault.value_or(default_fault(dimensions))),
      ground(keys.fault.has_value()),
      caused_by(keys.caused_by.value_or(default_causes(dimensions))),
      consequence(keys.consequence),
      summary_of_many(keys.summary_of_many) {}

Fault default_fault(std::span<const std::string_view> dimensions) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(dimensions, name) != dimensions.end();
  };
  if (has("group")) return Fault::group;
  if (has("partition")) return Fault::partition;
  if (has("log_dir")) return Fault::log_dir;
  if (has("broker")) return Fault::broker;
  if (has("topic")) return Fault::topic;
  return dimensions.size() < 2 ? Fault::none : Fault::other;
}

CauseKinds default_causes(std::span<const std::string_view> dimensions) {
  const auto has = [&](std::string_view name) {
    return std::ranges::find(dimensions, name) != dimensions.end();
  };
  CauseKinds kinds{CauseKind::cluster, CauseKind::same};
  if (has("group")) {
    kinds.add(CauseKind::coordinator);
    kinds.add(CauseKind::members);
  }
  if (has("group") || has("topic")) {
    kinds.add(CauseKind::partition);
    kinds.add(CauseKind::broker);
    kinds.add(CauseKind::log_dir);
  }
  if (has("topic") && !has("group")) kinds.add(CauseKind::writes);
  if (has("broker")) kinds.add(CauseKind::broker);
  if (has("log_dir")) kinds.add(CauseKind::log_dir);
  return kinds;
}

std::optional<CauseKind> kind_of(Fault fault) {
  switch (fault) {
    case Fault::cluster:
      return CauseKind::cluster;
    case Fault::quorum:
      return CauseKind::quorum;
    case Fault::broker:
      return CauseKind::broker;
    case Fault::log_dir:
      return CauseKind::log_dir;
    case Fault::offline:
      return CauseKind::partition;
    case Fault::writes_refused:
      return CauseKind::writes;
    case Fault::topic:
      return CauseKind::topic;
    case Fault::group:
    case Fault::loss:
      return CauseKind::members;
    case Fault::partition:
    case Fault::none:
    case Fault::other:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Fault> parse_fault(std::string_view name) {
  return find_name<Fault>(kFaults, name);
}
std::vector<std::string> fault_names() {
  return names_of(kFaults);
}

std::optional<CauseKind> parse_cause_kind(std::string_view name) {
  return find_name<CauseKind>(kCauseKinds, name);
}
std::vector<std::string> cause_kind_names() {
  return names_of(kCauseKinds);
}
std::string_view cause_kind_name(CauseKind kind) {
  return kCauseKinds[static_cast<size_t>(kind)].first;
}

bool is_component(Fault fault) {
  switch (fault) {
    case Fault::cluster:
    case Fault::quorum:
    case Fault::broker:
    case Fault::log_dir:
      return true;
    case Fault::offline:
    case Fault::writes_refused:
    case Fault::loss:
    case Fault::partition:
    case Fault::topic:
    case Fault::group:
    case Fault::none:
    case Fault::other:
      return false;
  }
  return false;
}

int depth(Fault fault) {
  switch (fault) {
    case Fault::cluster:
      return 0;
    case Fault::broker:
      return 1;
    case Fault::quorum:  // is lost with its brokers
      return 2;
    case Fault::log_dir:
      return 3;
    case Fault::offline:
    case Fault::writes_refused:
    case Fault::partition:
      return 4;
    case Fault::topic:
      return 5;
    case Fault::group:
    case Fault::loss:
      return 6;
    case Fault::other:
    case Fault::none:
      return 7;
  }
  return 7;
}

int gravity(Fault fault) {
  switch (fault) {
    case Fault::cluster:
      return 7;
    case Fault::quorum:
      return 6;
    case Fault::broker:
      return 5;
    case Fault::log_dir:
      return 4;
    case Fault::loss:
      return 3;
    case Fault::offline:
      return 2;
    case Fault::writes_refused:
      return 1;
    case Fault::partition:
    case Fault::topic:
    case Fault::group:
    case Fault::none:
    case Fault::other:
      return 0;
  }
  return 0;
}

}  // namespace highwater::rules
