#include "collectors/kafka/login/login_gate.h"

#include <algorithm>
#include <utility>

namespace highwater::kafka {
namespace {

constexpr auto kStep = std::chrono::seconds(10);
constexpr int kMostSteps = 3;
// So long a login that was accepted says that the secret is right.
constexpr auto kRightFor = std::chrono::minutes(1);

}  // namespace

std::optional<Failure> LoginGate::closed(const std::string& address, size_t secret,
                                         SteadyTime now) {
  if (secret_ != secret) {
    secret_ = secret;
    refusals_.clear();
    accepted_at_.reset();
  }
  const Refusal* const refusal = refusal_of(address, now);
  return refusal == nullptr ? std::nullopt : std::optional(refusal->why);
}

void LoginGate::refused(const std::string& address, size_t secret, Failure why, SteadyTime now) {
  if (secret_ != secret) return;
  Refusal& refusal = refusals_[address];
  refusal.count = std::min(refusal.count + 1, kMostSteps);
  refusal.until = now + kStep * refusal.count;
  refusal.why = std::move(why);
}

void LoginGate::accepted(const std::string& address, size_t secret, SteadyTime now) {
  if (secret_ != secret) return;
  refusals_.erase(address);
  accepted_at_ = now;
}

Duration LoginGate::wait(const std::string& address, SteadyTime now) const {
  const Refusal* const refusal = refusal_of(address, now);
  return refusal == nullptr ? Duration::zero() : refusal->until - now;
}

bool LoginGate::accepted_lately(SteadyTime now) const {
  return accepted_at_ && now - *accepted_at_ < kRightFor;
}

const LoginGate::Refusal* LoginGate::refusal_of(const std::string& address, SteadyTime now) const {
  if (const auto own = refusals_.find(address); own != refusals_.end() && own->second.until > now)
    return &own->second;
  if (accepted_lately(now)) return nullptr;
  const auto any = std::ranges::find_if(
      refusals_, [now](const auto& entry) { return entry.second.until > now; });
  return any == refusals_.end() ? nullptr : &any->second;
}

}  // namespace highwater::kafka
