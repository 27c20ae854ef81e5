// The members of a group as its coordinator describes them, one overload for each kind of group.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "collectors/kafka/cluster_view.h"
#include "collectors/kafka/wire/groups.h"
#include "collectors/kafka/wire/streams_groups.h"

namespace highwater::kafka {

// `protocol` is the protocol type of the listing: the assignments of a classic group can be read
// where it is "consumer".
[[nodiscard]] std::vector<GroupMember> members_of(const DescribeGroupsResponse::Group& group,
                                                  const std::string& protocol);
[[nodiscard]] std::vector<GroupMember> members_of(
    const ConsumerGroupDescribeResponse::Group& group);
[[nodiscard]] std::vector<GroupMember> members_of(const ShareGroupDescribeResponse::Group& group);
// A task of a Streams group is a partition of each topic that its subtopology reads; standby and
// warm-up tasks read none. Nothing when the assignment would be more than a million partitions.
[[nodiscard]] std::optional<std::vector<GroupMember>> members_of(
    const StreamsGroupDescribeResponse::Group& group);

}  // namespace highwater::kafka
