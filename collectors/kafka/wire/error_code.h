// The error codes of Kafka's answers, by the names that Kafka's own documentation and tools print.
//
// Used by whoever reads an answer: an error belongs to a request, a topic, a partition or a group,
// and is data. Constants and pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace highwater::kafka {

// The codes that a client which only reads can meet. Others occur and are kept as they are: never
// assume that one of these was sent.
enum class ErrorCode : std::int16_t {
  kUnknownServerError = -1,
  kNone = 0,
  kOffsetOutOfRange = 1,
  kCorruptMessage = 2,
  kUnknownTopicOrPartition = 3,
  kLeaderNotAvailable = 5,
  kNotLeaderOrFollower = 6,
  kRequestTimedOut = 7,
  kBrokerNotAvailable = 8,
  kReplicaNotAvailable = 9,
  kMessageTooLarge = 10,
  kNetworkException = 13,
  kCoordinatorLoadInProgress = 14,
  kCoordinatorNotAvailable = 15,
  kNotCoordinator = 16,
  kInvalidTopicException = 17,
  kIllegalGeneration = 22,
  kInconsistentGroupProtocol = 23,
  kInvalidGroupId = 24,
  kUnknownMemberId = 25,
  kInvalidSessionTimeout = 26,
  kRebalanceInProgress = 27,
  kTopicAuthorizationFailed = 29,
  kGroupAuthorizationFailed = 30,
  kClusterAuthorizationFailed = 31,
  kUnsupportedSaslMechanism = 33,
  kIllegalSaslState = 34,
  kUnsupportedVersion = 35,
  kTopicAlreadyExists = 36,
  kInvalidPartitions = 37,
  kInvalidConfig = 40,
  kNotController = 41,
  kInvalidRequest = 42,
  kUnsupportedForMessageFormat = 43,
  kPolicyViolation = 44,
  kTransactionalIdAuthorizationFailed = 53,
  kSecurityDisabled = 54,
  kKafkaStorageError = 56,
  kLogDirNotFound = 57,
  kSaslAuthenticationFailed = 58,
  kDelegationTokenAuthorizationFailed = 65,
  kGroupIdNotFound = 69,
  kListenerNotFound = 72,
  kFencedLeaderEpoch = 74,
  kUnknownLeaderEpoch = 75,
  kOffsetNotAvailable = 78,
  kMemberIdRequired = 79,
  kFencedInstanceId = 82,
  kEligibleLeadersNotAvailable = 83,
  kInvalidRecord = 87,
  kUnstableOffsetCommit = 88,
  kThrottlingQuotaExceeded = 89,
  kResourceNotFound = 91,
  kPositionOutOfRange = 99,
  kUnknownTopicId = 100,
  kInconsistentTopicId = 103,
  kInconsistentClusterId = 104,
  kTransactionalIdNotFound = 105,
  kFencedMemberEpoch = 110,
  kUnreleasedInstanceId = 111,
  kUnsupportedAssignor = 112,
  kStaleMemberEpoch = 113,
  kMismatchedEndpointType = 114,
  kUnsupportedEndpointType = 115,
  kUnknownControllerId = 116,
  kInvalidShareSessionEpoch = 123,
  kRebootstrapRequired = 129,
};

// "NOT_COORDINATOR"; "" for a code that is not listed above.
std::string_view error_name(ErrorCode code);

// For people: "NOT_COORDINATOR (16)", or "error 999" for a code that is not listed above.
std::string describe(ErrorCode code);

}  // namespace highwater::kafka
