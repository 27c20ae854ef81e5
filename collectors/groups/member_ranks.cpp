#include "collectors/groups/member_ranks.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "collectors/tables/column.h"

namespace highwater::collectors {
namespace {

const Measure kRank{
    "group_member_rank",
    "Place of the group's member by the lowest partition that it reads, from 0; the "
    "sidecar of the first one notifies for the group; own says whether the member is of "
    "this pod; unknown of a member without partitions; only with a scope.",
    Unit::none,
    MeasureType::gauge,
    {"cluster", "group", "member", "own"}};
constexpr std::array<const Measure*, 1> kMeasures{&kRank};

using Lowest = std::pair<std::string_view, int32_t>;  // topic, partition

std::optional<Lowest> lowest_of(const kafka::GroupMember& member) {
  std::optional<Lowest> lowest;
  for (const auto& [topic, partitions] : member.assignment) {
    if (partitions.empty()) continue;
    const Lowest of_topic{topic.text(), *std::ranges::min_element(partitions)};
    lowest = lowest ? std::min(*lowest, of_topic) : of_topic;
  }
  return lowest;
}

// Kafka writes "/10.1.2.3", and a host name in front of it where it knows one.
std::string_view address_of(std::string_view client_host) {
  const size_t slash = client_host.rfind('/');
  return slash == std::string_view::npos ? client_host : client_host.substr(slash + 1);
}

bool matches(const Secret& wanted, std::string_view found) {
  const auto text = wanted.value();
  return text && !text->empty() && found == *text;
}

bool is_empty(const Secret& secret) {
  return secret == Secret();
}

// Clients put a number or the name of a thread behind what they were given: "payments-7d-1".
bool is_client(const Secret& wanted, std::string_view client_id) {
  const auto text = wanted.value();
  if (!text || text->empty()) return false;
  return client_id == *text || client_id.starts_with(*text + "-");
}

}  // namespace

std::span<const Measure* const> MemberRanks::measures() {
  return kMeasures;
}

MemberRanks::MemberRanks(kafka::OwnMember own, std::set<std::string> addresses)
    : own_(std::move(own)), addresses_(std::move(addresses)) {}

bool MemberRanks::is_own(const kafka::GroupMember& member) const {
  const std::string_view host = address_of(member.client_host);
  if (own_ == kafka::OwnMember()) return addresses_.contains(std::string(host));
  return (is_empty(own_.host) || matches(own_.host, host)) &&
         (is_empty(own_.client_id) || is_client(own_.client_id, member.client_id)) &&
         (is_empty(own_.instance_id) || matches(own_.instance_id, member.instance_id));
}

MemberRanks::Ranks MemberRanks::ranked(const std::vector<kafka::GroupMember>& members,
                                       const Ranks& before) {
  std::vector<Lowest> all;
  for (const kafka::GroupMember& member : members) {
    if (const auto lowest = lowest_of(member)) all.push_back(*lowest);
  }
  std::ranges::sort(all);
  const auto repeated = std::ranges::unique(all);
  all.erase(repeated.begin(), repeated.end());
  Ranks ranks;
  for (const kafka::GroupMember& member : members) {
    std::optional<uint32_t>& rank = ranks[member.member_id];
    if (const auto lowest = lowest_of(member)) {
      rank = static_cast<uint32_t>(std::ranges::lower_bound(all, *lowest) - all.begin());
    } else if (all.empty()) {
      // While a group rebalances nobody is assigned anything: those who stay keep their place.
      const auto known = before.find(member.member_id);
      if (known != before.end()) rank = known->second;
    }
  }
  return ranks;
}

void MemberRanks::add_to(Observation& observation, const kafka::ClusterView& view) {
  Column column(kRank, keys_.expected_rows());
  std::map<Symbol, Ranks> all;
  for (const kafka::GroupView& group : view.groups) {
    if (!group.members) continue;
    Ranks& ranks = all[group.id] = ranked(*group.members, last_[group.id]);
    std::vector<const kafka::GroupMember*> shown;
    for (const kafka::GroupMember& member : *group.members) shown.push_back(&member);
    std::ranges::stable_sort(shown, {}, [&](const kafka::GroupMember* member) {
      return ranks[member->member_id].value_or(UINT32_MAX);
    });
    if (shown.size() > kMostRanked) shown.resize(kMostRanked);
    for (const kafka::GroupMember* const member : shown) {
      const std::optional<uint32_t> rank = ranks[member->member_id];
      keys_.add(view.cluster, group.id, Symbol(member->member_id), is_own(*member) ? yes_ : no_);
      const bool known = rank && group.members_reason == Unknown::known;
      column.add(rank ? *rank : kNoValue,
                 known ? Unknown::known : first_unknown(group.members_reason, Unknown::not_asked));
    }
  }
  last_ = std::move(all);
  observation.tables.push_back(std::move(column).build(keys_.finish()));
}

std::set<std::string> own_addresses() {
  std::set<std::string> addresses;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return addresses;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(first, &freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const int family = one->ifa_addr->sa_family;
    const void* address = nullptr;
    if (family == AF_INET)
      address = &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr;
    else if (family == AF_INET6)
      address = &reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
    if (address != nullptr && inet_ntop(family, address, text.data(), text.size()) != nullptr)
      addresses.insert(text.data());
  }
  return addresses;
}

}  // namespace highwater::collectors
