#include "rules/routing/ack_links.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <utility>

#include "agent/core/digest.h"

namespace highwater::rules {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kMaxTokenBytes = 200;
constexpr std::string_view kKeyKey = "key";
constexpr std::string_view kPurpose = "highwater acknowledge ";

std::string random_key() {
  std::string key(kKeyBytes, '\0');
  // So few bytes come at once, or never.
  if (::getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size()))
    throw std::runtime_error("the operating system gives no random numbers");
  return key;
}

// As long for a wrong first byte as for a wrong last one.
bool is_same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

std::string signature(const std::string& key, std::string_view claim) {
  return base64url(hmac_sha256(key, std::string(kPurpose) + std::string(claim)));
}

std::optional<uint64_t> number_of(std::string_view text) {
  uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

// What a token says: "INCIDENT.USES.EXPIRES".
struct Claim {
  uint64_t incident = 0;
  uint64_t uses = 0;
  uint64_t expires = 0;  // seconds since 1970
};
std::optional<Claim> claim_of(std::string_view text) {
  Claim claim;
  for (uint64_t* const part : {&claim.incident, &claim.uses, &claim.expires}) {
    const size_t dot = std::min(text.find('.'), text.size());
    const auto number = number_of(text.substr(0, dot));
    if (!number) return std::nullopt;
    *part = *number;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  if (!text.empty()) return std::nullopt;
  return claim;
}

int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

AckLinks::AckLinks() : keys_{random_key()} {}

uint64_t AckLinks::uses_of(uint64_t incident) const {
  const auto found = uses_.find(incident);
  return found == uses_.end() ? 0 : found->second;
}

std::string AckLinks::token(uint64_t incident, WallTime now) const {
  // To the hour, so that what is told again within it is the same.
  const WallTime hour = std::chrono::ceil<std::chrono::hours>(now);
  const std::lock_guard lock(mutex_);
  const std::string claim =
      fmt::format("{}.{}.{}", incident, uses_of(incident), seconds_of(hour + kValidFor));
  return claim + "." + signature(keys_.front(), claim);
}

AckLinks::Verdict AckLinks::check(uint64_t incident, std::string_view token, WallTime now) const {
  const size_t dot = token.rfind('.');
  if (token.size() > kMaxTokenBytes || dot == std::string_view::npos) return Verdict::forged;
  const std::string_view text = token.substr(0, dot);
  const std::string_view given = token.substr(dot + 1);
  const std::lock_guard lock(mutex_);
  const bool is_signed = std::ranges::any_of(
      keys_, [&](const std::string& key) { return is_same(signature(key, text), given); });
  const auto claim = claim_of(text);
  if (!is_signed || !claim) return Verdict::forged;
  if (claim->incident != incident) return Verdict::other_incident;
  if (seconds_of(now) >= static_cast<int64_t>(claim->expires)) return Verdict::expired;
  return claim->uses == uses_of(incident) ? Verdict::valid : Verdict::used;
}

void AckLinks::use(uint64_t incident) {
  const std::lock_guard lock(mutex_);
  ++uses_[incident];
  ++version_;
}

void AckLinks::keep_only(const std::set<uint64_t>& open) {
  const std::lock_guard lock(mutex_);
  if (std::erase_if(uses_, [&](const auto& one) { return !open.contains(one.first); }) > 0)
    ++version_;
}

uint64_t AckLinks::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

void AckLinks::add_records(std::vector<StateRecord>& records) const {
  const std::lock_guard lock(mutex_);
  records.push_back({std::string(kAckLinkKind), std::string(kKeyKey), base64(keys_.front())});
  for (const auto& [incident, uses] : uses_)
    records.push_back({std::string(kAckLinkKind), std::to_string(incident), std::to_string(uses)});
}

std::vector<std::string> AckLinks::restore(std::span<const StateRecord> records) {
  std::vector<std::string> problems;
  const std::lock_guard lock(mutex_);
  for (const StateRecord& record : records) {
    if (record.kind != kAckLinkKind) continue;
    if (record.key == kKeyKey) {
      auto key = base64_decoded(record.value);
      if (key && key->size() == kKeyBytes)
        keys_ = {std::move(*key), keys_.front()};
      else
        problems.emplace_back("the key of links that acknowledge: links sent before are not valid");
      continue;
    }
    const auto incident = number_of(record.key);
    const auto uses = number_of(record.value);
    if (incident && uses)
      uses_[*incident] = std::max(uses_[*incident], *uses);
    else
      problems.emplace_back("whether a link that acknowledges was used");
  }
  ++version_;
  return problems;
}

}  // namespace highwater::rules
