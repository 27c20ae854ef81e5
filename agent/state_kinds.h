// The kinds of records in the state that are the agent's own. Used by the state keeper alone.
#pragma once

#include <string_view>

namespace highwater::agent {

// By notice and receiver: kTold or kUntold, and which text waits for it.
inline constexpr std::string_view kNoticeKind = "notice";
inline constexpr std::string_view kTextKind = "notice_text";
// By incident and receiver: what the receiver asked to be kept.
inline constexpr std::string_view kHandleKind = "handle";
// An entry of the history of deliveries.
inline constexpr std::string_view kDeliveryKind = "delivery";
// One record: who there is to be told.
inline constexpr std::string_view kReceiverKind = "receivers";
inline constexpr std::string_view kReceiverKey = "names";
// By receiver: the incidents it has heard of.
inline constexpr std::string_view kToldKind = "told";
// One record: the incidents that are silenced.
inline constexpr std::string_view kHiddenKind = "hidden";
inline constexpr std::string_view kHiddenKey = "incidents";

inline constexpr char kTold = '1';
inline constexpr char kUntold = '0';

}  // namespace highwater::agent
