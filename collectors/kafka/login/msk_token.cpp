#include "collectors/kafka/login/msk_token.h"

#include <fmt/format.h>

#include <utility>

#include "agent/core/digest.h"

namespace highwater::kafka {
namespace {

constexpr auto kLife = std::chrono::minutes(15);

}  // namespace

std::string msk_token(const aws::Keys& keys, const std::string& region, WallTime at) {
  const std::string url =
      presigned_url(keys, {region, "kafka-cluster"}, fmt::format("kafka.{}.amazonaws.com", region),
                    {{"Action", "kafka-cluster:Connect"}}, kLife, at);
  return base64url(url + "&User-Agent=highwater");
}

std::optional<std::string> region_in(std::string_view host) {
  constexpr std::string_view kDomain = ".amazonaws.com";
  const size_t end = host.find(kDomain);
  if (end == std::string_view::npos) return std::nullopt;
  host = host.substr(0, end);
  for (const std::string_view service : {".kafka.", ".kafka-serverless."}) {
    const size_t at = host.rfind(service);
    if (at != std::string_view::npos) return std::string(host.substr(at + service.size()));
  }
  return std::nullopt;
}

MskTokens::MskTokens(AwsSettings settings, aws::Environment environment, AskHttp ask)
    : settings_(std::move(settings)),
      environment_(std::move(environment)),
      credentials_({settings_.profile, settings_.role_arn}, environment_, std::move(ask)) {}

std::string MskTokens::region(const std::string& host) const {
  if (!settings_.region.empty()) return settings_.region;
  if (auto found = region_in(host)) return *found;
  const std::string region = environment_("AWS_REGION");
  return region.empty() ? environment_("AWS_DEFAULT_REGION") : region;
}

Result<std::string> MskTokens::current(const std::string& host, Now now, std::stop_token stop) {
  const std::string region = this->region(host);
  if (region.empty())
    return fail("the region is not known: set `aws: {region: ...}`, or AWS_REGION");
  const auto keys = credentials_.current(region, now, std::move(stop));
  if (!keys) return fail(keys.error().message);
  return msk_token(*keys, region, now.wall);
}

}  // namespace highwater::kafka
