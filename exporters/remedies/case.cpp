#include "exporters/remedies/case.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/core/utf8.h"
#include "exporters/value_text.h"

namespace highwater::remedies {
namespace {

constexpr size_t kListed = 5;

bool may_stand_for_another(std::string_view name) {
  constexpr size_t kHash = 16;
  if (name == "(no name)") return true;
  if (name.size() <= kHash || name[name.size() - kHash - 1] != '~') return false;
  return name.substr(name.size() - kHash).find_first_not_of("0123456789abcdef") ==
         std::string_view::npos;
}

}  // namespace

std::string Case::kafka(std::string_view program, std::string_view arguments,
                        PlaceholderValues values) const {
  // Its other option of that meaning is as young as Kafka 4.2.
  const bool election = program == "kafka-leader-election.sh";
  const std::string_view settings = !access.secured ? ""
                                    : election      ? " --admin.config client.properties"
                                                    : " --command-config client.properties";
  values.emplace_back("bootstrap", access.bootstrap);
  return fill_command(
      fmt::format("{} --bootstrap-server {{bootstrap}}{} {}", program, settings, arguments),
      values);
}

Remedy no_remedy(std::string why) {
  return {{}, {}, std::move(why)};
}

std::string counted(double count, std::string_view noun) {
  return fmt::format("{} {}{}", value_text(count, Unit::count), noun, count == 1 ? "" : "s");
}

std::string listed(std::span<const std::string> names) {
  std::string text;
  const size_t shown = names.size() <= kListed ? names.size() : kListed - 1;
  for (size_t i = 0; i < shown; ++i) {
    const bool last = i + 1 == names.size();
    text += (i == 0 ? "" : last ? " and " : ", ") + names[i];
  }
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::string brokers_text(const ClusterFacts& facts, std::span<const std::string> brokers) {
  if (brokers.size() != 1) return "brokers " + listed(brokers);
  const std::string address = facts.broker_address(brokers[0]);
  return "broker " + brokers[0] + (address.empty() ? "" : " (" + address + ")");
}

bool can_be_typed(std::string_view name) {
  if (may_stand_for_another(name)) return false;
  while (!name.empty()) {
    if (utf8::sequence_length(name) == 0 || utf8::control_length(name) > 0) return false;
    name.remove_prefix(utf8::character_length(name));
  }
  return true;
}

}  // namespace highwater::remedies
