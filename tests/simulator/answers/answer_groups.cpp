#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "collectors/kafka/wire/consumer_protocol.h"
#include "collectors/kafka/wire/writer.h"
#include "tests/simulator/answers/answer.h"

namespace highwater::simulator {
namespace {

using kafka::ErrorCode;

constexpr std::int32_t kAllOfGroup = 3400;
constexpr std::int16_t kFirstThatTellsMissing = 6;  // of DescribeGroups

std::string type_name(GroupType type) {
  switch (type) {
    case GroupType::kClassic:
      return "classic";
    case GroupType::kConsumer:
      return "consumer";
    case GroupType::kShare:
      return "share";
    case GroupType::kStreams:
      return "streams";
  }
  return "";
}

std::string protocol_type(const Group& group) {
  if (group.spec.offsets_only) return "";
  if (group.spec.type == GroupType::kShare) return "share";
  if (group.spec.type == GroupType::kStreams) return "streams";
  return group.spec.type == GroupType::kConsumer ? "consumer" : group.spec.protocol_type;
}

std::string state(const Group& group, Duration now) {
  if (group.spec.members == 0) return "Empty";
  if (!group.rebalancing(now)) return "Stable";
  switch (group.spec.type) {
    case GroupType::kClassic:
      return "PreparingRebalance";
    case GroupType::kConsumer:
    case GroupType::kStreams:
      return "Reconciling";
    case GroupType::kShare:
      return "Stable";
  }
  return "";
}

std::string member_id(const Group& group, std::int32_t member) {
  const std::int32_t number = group.spec.first_member + member;
  return fmt::format("consumer-{}-{}-5f0c1e9a-0000-4000-8000-{:012}", group.spec.name, number,
                     number);
}
std::string client_id(const Group& group, std::int32_t member) {
  return fmt::format("consumer-{}-{}", group.spec.name, group.spec.first_member + member);
}
constexpr const char* kClientHost = "/127.0.0.1";

// The partitions of all topics are dealt out to the members one by one.
template <class Topics, class Add>
void deal(const Group& group, std::int32_t member, Topics& topics, Add add) {
  std::int64_t number = 0;
  for (const GroupTopic& read : group.topics) {
    std::vector<std::int32_t> mine;
    for (size_t p = 0; p < read.positions.size(); ++p, ++number) {
      if (number % group.spec.members == member) mine.push_back(static_cast<std::int32_t>(p));
    }
    if (!mine.empty()) add(topics, read.name, std::move(mine));
  }
}

kafka::GroupAssignment assignment_of(const World& world, const Group& group, std::int32_t member) {
  kafka::GroupAssignment assignment;
  deal(group, member, assignment.topic_partitions,
       [&](auto& topics, const std::string& name, std::vector<std::int32_t> partitions) {
         const Topic* topic = world.topic(name);
         topics.push_back(
             {topic == nullptr ? kafka::Uuid{} : topic->id, name, std::move(partitions)});
       });
  return assignment;
}

std::vector<std::string> topic_names(const Group& group) {
  std::vector<std::string> names;
  for (const GroupTopic& read : group.topics) names.push_back(read.name);
  return names;
}

// ConsumerProtocolSubscription, version 0: its topics, and no user data.
kafka::Bytes subscription_of(const Group& group) {
  kafka::Writer writer(0, false);
  writer(std::int16_t{0}, topic_names(group), std::int32_t{-1});
  return std::move(writer.bytes());
}

kafka::DescribeGroupsResponse::Member classic_member(const Group& group, std::int32_t number,
                                                     Duration now) {
  kafka::DescribeGroupsResponse::Member member;
  member.member_id = member_id(group, number);
  member.client_id = client_id(group, number);
  member.client_host = kClientHost;
  if (group.spec.protocol_type != "consumer" || group.rebalancing(now)) return member;
  member.member_metadata = subscription_of(group);
  kafka::ConsumerAssignment assignment;
  assignment.version = 3;
  deal(group, number, assignment.topics,
       [](auto& topics, const std::string& name, std::vector<std::int32_t> partitions) {
         topics.push_back({name, std::move(partitions)});
       });
  member.member_assignment = kafka::encode_consumer_assignment(assignment);
  return member;
}

kafka::DescribeGroupsResponse::Group describe_classic(const Viewpoint& view,
                                                      const std::string& name) {
  kafka::DescribeGroupsResponse::Group answer;
  answer.group_id = name;
  answer.error_code =
      view.world.group_denied(name) ? ErrorCode::kGroupAuthorizationFailed : view.coordinates(name);
  if (answer.error_code != ErrorCode::kNone) return answer;
  const Group* group = view.world.group(name);
  if (group == nullptr || group->spec.type != GroupType::kClassic) {
    answer.group_state = "Dead";
    if (view.version >= kFirstThatTellsMissing) {
      answer.error_code = ErrorCode::kGroupIdNotFound;
      answer.error_message = group == nullptr
                                 ? fmt::format("Group {} not found.", name)
                                 : fmt::format("Group {} is not a classic group.", name);
    }
    return answer;
  }
  answer.group_state = state(*group, view.now);
  answer.protocol_type = protocol_type(*group);
  if (answer.group_state == "Stable") answer.protocol_data = "range";
  for (std::int32_t i = 0; i < group->spec.members; ++i)
    answer.members.push_back(classic_member(*group, i, view.now));
  return answer;
}

// What describing groups that are not classic has in common. The group when there is one to
// describe.
template <class Answer>
const Group* describe_modern(const Viewpoint& view, const std::string& name, GroupType type,
                             bool operations, Answer& answer) {
  answer.group_id = name;
  answer.error_code =
      view.world.group_denied(name) ? ErrorCode::kGroupAuthorizationFailed : view.coordinates(name);
  if (answer.error_code != ErrorCode::kNone) return nullptr;
  const Group* group = view.world.group(name);
  if (group == nullptr || group->spec.type != type) {
    answer.error_code = ErrorCode::kGroupIdNotFound;
    answer.error_message = group == nullptr
                               ? fmt::format("Group {} not found.", name)
                               : fmt::format("Group {} is not a {} group.", name, type_name(type));
    return nullptr;
  }
  answer.group_state = state(*group, view.now);
  answer.group_epoch = group->epoch;
  answer.assignment_epoch = group->spec.members == 0 ? group->epoch - 1 : group->epoch;
  if constexpr (requires { answer.assignor_name; })
    answer.assignor_name = type == GroupType::kShare ? "simple" : "uniform";
  if (operations) answer.authorized_operations = kAllOfGroup;
  return group;
}

bool matches(const std::vector<std::string>& filter, std::string_view value) {
  return filter.empty() || std::ranges::find(filter, value) != filter.end();
}

bool any_loading(const Viewpoint& view) {
  const Topic* offsets = view.world.topic(kOffsetsTopic);
  return offsets != nullptr && std::ranges::any_of(offsets->partitions, [&](const Partition& p) {
           return p.leader == view.self && view.now < p.loading_until;
         });
}

kafka::FindCoordinatorResponse::Coordinator find_coordinator(const Viewpoint& view,
                                                             const std::string& key) {
  kafka::FindCoordinatorResponse::Coordinator answer;
  answer.key = key;
  if (view.world.group_denied(key)) {
    answer.error_code = ErrorCode::kGroupAuthorizationFailed;
    return answer;
  }
  const Partition* home = view.world.home_of(key);
  const BrokerInfo* broker = home == nullptr ? nullptr : view.world.broker(home->leader);
  if (broker == nullptr || !view.world.alive.contains(broker->id)) {
    answer.error_code = ErrorCode::kCoordinatorNotAvailable;
    return answer;
  }
  answer.node_id = broker->id;
  answer.host = broker->host;
  answer.port = broker->port;
  answer.error_message = view.version < 4 ? "NONE" : "";
  return answer;
}

}  // namespace

kafka::FindCoordinatorResponse answer(const Viewpoint& view,
                                      const kafka::FindCoordinatorRequest& request) {
  kafka::FindCoordinatorResponse answer;
  for (const std::string& key : request.coordinator_keys)
    answer.coordinators.push_back(find_coordinator(view, key));
  return answer;
}

kafka::ListGroupsResponse answer(const Viewpoint& view, const kafka::ListGroupsRequest& request) {
  kafka::ListGroupsResponse answer;
  if (any_loading(view)) {
    answer.error_code = ErrorCode::kCoordinatorLoadInProgress;
    return answer;
  }
  for (const auto& [name, group] : view.world.groups) {
    if (view.coordinates(name) != ErrorCode::kNone) continue;
    // Whoever may describe the cluster sees every group, also those that then refuse to be read.
    if (view.world.denied.cluster && view.world.group_denied(name)) continue;
    kafka::ListGroupsResponse::Group listed{name, protocol_type(group), state(group, view.now),
                                            type_name(group.spec.type)};
    if (matches(request.states_filter, listed.group_state) &&
        matches(request.types_filter, listed.group_type))
      answer.groups.push_back(std::move(listed));
  }
  return answer;
}

kafka::DescribeGroupsResponse answer(const Viewpoint& view,
                                     const kafka::DescribeGroupsRequest& request) {
  kafka::DescribeGroupsResponse answer;
  for (const std::string& name : request.groups) {
    answer.groups.push_back(describe_classic(view, name));
    if (request.include_authorized_operations &&
        answer.groups.back().error_code == ErrorCode::kNone)
      answer.groups.back().authorized_operations = kAllOfGroup;
  }
  return answer;
}

kafka::ConsumerGroupDescribeResponse answer(const Viewpoint& view,
                                            const kafka::ConsumerGroupDescribeRequest& request) {
  kafka::ConsumerGroupDescribeResponse answer;
  for (const std::string& name : request.group_ids) {
    auto& described = answer.groups.emplace_back();
    const Group* group = describe_modern(view, name, GroupType::kConsumer,
                                         request.include_authorized_operations, described);
    if (group == nullptr) continue;
    // Members that have not taken over the newest assignment yet: the group reconciles.
    const bool behind = group->rebalancing(view.now);
    for (std::int32_t i = 0; i < group->spec.members; ++i) {
      kafka::ConsumerGroupDescribeResponse::Member member;
      member.member_id = member_id(*group, i);
      member.member_epoch = behind ? group->epoch - 1 : group->epoch;
      member.client_id = client_id(*group, i);
      member.client_host = kClientHost;
      member.subscribed_topic_names = topic_names(*group);
      member.target_assignment = assignment_of(view.world, *group, i);
      if (!behind) member.assignment = member.target_assignment;
      member.member_type = 1;
      described.members.push_back(std::move(member));
    }
  }
  return answer;
}

kafka::ShareGroupDescribeResponse answer(const Viewpoint& view,
                                         const kafka::ShareGroupDescribeRequest& request) {
  kafka::ShareGroupDescribeResponse answer;
  for (const std::string& name : request.group_ids) {
    auto& described = answer.groups.emplace_back();
    if (!view.world.share_groups) {
      described.group_id = name;
      described.error_code = ErrorCode::kUnsupportedVersion;
      continue;
    }
    const Group* group = describe_modern(view, name, GroupType::kShare,
                                         request.include_authorized_operations, described);
    if (group == nullptr) continue;
    for (std::int32_t i = 0; i < group->spec.members; ++i) {
      kafka::ShareGroupDescribeResponse::Member member;
      member.member_id = member_id(*group, i);
      member.member_epoch = group->epoch;
      member.client_id = client_id(*group, i);
      member.client_host = kClientHost;
      member.subscribed_topic_names = topic_names(*group);
      member.assignment = assignment_of(view.world, *group, i);
      described.members.push_back(std::move(member));
    }
  }
  return answer;
}

// One subtopology reads each topic: "0" the first.
kafka::StreamsGroupDescribeResponse answer(const Viewpoint& view,
                                           const kafka::StreamsGroupDescribeRequest& request) {
  using Response = kafka::StreamsGroupDescribeResponse;
  Response answer;
  for (const std::string& name : request.group_ids) {
    auto& described = answer.groups.emplace_back();
    const Group* group = describe_modern(view, name, GroupType::kStreams,
                                         request.include_authorized_operations, described);
    if (group == nullptr) continue;
    auto& subtopologies =
        described.topology.emplace(Response::Topology{1, {}}).subtopologies.emplace();
    std::map<std::string, std::string> ids;  // by topic
    for (const std::string& topic : topic_names(*group)) {
      const std::string id = std::to_string(ids.size());
      subtopologies.push_back({id, {topic}, {}, {}, {}});
      ids.emplace(topic, id);
    }
    const bool behind = group->rebalancing(view.now);
    for (std::int32_t i = 0; i < group->spec.members; ++i) {
      Response::Member member;
      member.member_id = member_id(*group, i);
      member.member_epoch = behind ? group->epoch - 1 : group->epoch;
      member.client_id = client_id(*group, i);
      member.client_host = kClientHost;
      member.process_id = member.member_id;
      deal(*group, i, member.target_assignment.active_tasks,
           [&](auto& tasks, const std::string& topic, std::vector<std::int32_t> partitions) {
             tasks.push_back({ids.at(topic), std::move(partitions)});
           });
      if (!behind) member.assignment = member.target_assignment;
      described.members.push_back(std::move(member));
    }
  }
  return answer;
}

}  // namespace highwater::simulator
