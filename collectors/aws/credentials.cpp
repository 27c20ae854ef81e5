#include "collectors/aws/credentials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string_view>
#include <utility>

#include "agent/core/secret.h"
#include "agent/core/web_text.h"
#include "collectors/aws/shared_files.h"
#include "collectors/printable_excerpt.h"

namespace highwater::aws {
namespace {

using Json = nlohmann::json;

// Keys are renewed so long before they end, and tried again after so long when that fails.
constexpr auto kRenewBefore = std::chrono::minutes(5);
constexpr auto kAgainAfter = std::chrono::seconds(5);
constexpr int kDeepestProfile = 4;  // profiles that lead to each other
// An instance's metadata answers at once, or this is no instance.
constexpr auto kMetadataWithin = std::chrono::seconds(1);
constexpr std::string_view kMetadata = "http://169.254.169.254";
constexpr std::string_view kContainer = "http://169.254.170.2";

// "2026-01-02T03:04:05Z", also with parts of a second
std::optional<WallTime> to_time(const std::string& text) {
  std::tm parts{};
  std::istringstream in(text);
  in >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%S");
  if (in.fail()) return std::nullopt;
  return WallTime{std::chrono::seconds(timegm(&parts))};
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string element(std::string_view xml, std::string_view name) {
  const std::string open = fmt::format("<{}>", name);
  const size_t begin = xml.find(open);
  if (begin == std::string_view::npos) return "";
  const size_t end = xml.find("</", begin);
  if (end == std::string_view::npos) return "";
  return std::string(xml.substr(begin + open.size(), end - begin - open.size()));
}

std::string form_of(const Pairs& fields) {
  std::string text;
  for (const auto& [name, value] : fields)
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, percent_encoded(value));
  return text;
}

// "sts.eu-central-1.amazonaws.com" of "https://sts.eu-central-1.amazonaws.com/"
std::string host_of(std::string_view url) {
  url.remove_prefix(std::min(url.find("://") + 3, url.size()));
  return std::string(url.substr(0, url.find('/')));
}

// Amazon's tools send a token of the environment to this machine, to the two addresses of ECS and
// EKS, or over TLS.
bool may_be_container(std::string_view url) {
  if (url.starts_with("https://")) return true;
  const std::string host = host_of(url);
  for (const std::string_view allowed :
       {"127.0.0.1", "localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"}) {
    if (host == allowed || host.starts_with(std::string(allowed) + ":"))
      return url.starts_with("http://");
  }
  return false;
}

std::string of_answer(const HttpAnswer& answer) {
  const std::string code = element(answer.body, "Code");
  const std::string message = element(answer.body, "Message");
  return fmt::format("it answers with status {}{}{}", answer.status,
                     code.empty() ? "" : ": " + printable_excerpt(code, 60),
                     message.empty() ? "" : ": " + printable_excerpt(message, 160));
}

}  // namespace

Environment process_environment() {
  return [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
}

AwsCredentials::AwsCredentials(CredentialSettings settings, Environment environment, AskHttp ask)
    : settings_(std::move(settings)), environment_(std::move(environment)), ask_(std::move(ask)) {}

Result<Keys> AwsCredentials::current(const std::string& region, Now now, std::stop_token stop) {
  const bool valid = kept_ && (!kept_->expiry || now.wall < *kept_->expiry);
  if (valid && kept_->expiry && now.wall < *kept_->expiry - kRenewBefore) return kept_->keys;
  const bool too_soon = failed_at_ && now.steady - *failed_at_ < kAgainAfter;
  if (!too_soon) {
    auto found = search({region, now.wall, std::move(stop)});
    if (found) {
      kept_ = std::move(*found);
      failed_at_.reset();
      problem_.clear();
      return kept_->keys;
    }
    failed_at_ = now.steady;
    problem_ = found.error().message;
  }
  if (valid) return kept_->keys;
  return fail(problem_);
}

AwsCredentials::Outcome AwsCredentials::search(const Search& search) const {
  std::string why;
  const auto note = [&](std::string_view place, const Outcome& outcome) {
    why += fmt::format("{}{}: {}", why.empty() ? "" : "; ", place, outcome.error().message);
  };
  Outcome found = from_environment();
  if (!found) {
    note("environment", found);
    found = from_profile(profile_name(), search, 0);
  }
  const bool profile_meant = !settings_.profile.empty() || !environment_("AWS_PROFILE").empty();
  if (!found) note(fmt::format("profile '{}'", profile_name()), found);
  if (!found && !profile_meant) {
    found =
        from_web_identity(environment_("AWS_WEB_IDENTITY_TOKEN_FILE"), environment_("AWS_ROLE_ARN"),
                          environment_("AWS_ROLE_SESSION_NAME"), search);
    if (!found) note("web identity", found);
    if (!found) found = from_container(search);
    if (!found) note("container", found);
    if (!found) found = from_instance(search);
    if (!found) note("instance", found);
  }
  if (!found) return fail("no credentials of AWS: " + why);
  return settings_.role_arn.empty() ? found : assume(*found, settings_.role_arn, "", search);
}

std::string AwsCredentials::profile_name() const {
  if (!settings_.profile.empty()) return settings_.profile;
  const std::string name = environment_("AWS_PROFILE");
  return name.empty() ? "default" : name;
}

AwsCredentials::Outcome AwsCredentials::from_environment() const {
  if (!settings_.profile.empty()) return fail("not looked at, for there is a 'profile'");
  Found found{{environment_("AWS_ACCESS_KEY_ID"), environment_("AWS_SECRET_ACCESS_KEY"),
               environment_("AWS_SESSION_TOKEN")},
              std::nullopt};
  if (found.keys.access_key_id.empty()) return fail("AWS_ACCESS_KEY_ID is not set");
  if (found.keys.secret_access_key.empty()) return fail("AWS_SECRET_ACCESS_KEY is not set");
  return found;
}

AwsCredentials::Outcome AwsCredentials::from_profile(const std::string& name, const Search& search,
                                                     int depth) const {
  const auto path = [this](const char* variable, std::string_view usual) {
    const std::string named = environment_(variable);
    return named.empty() ? fmt::format("{}/.aws/{}", environment_("HOME"), usual) : named;
  };
  const auto profiles = read_profiles(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
                                      path("AWS_CONFIG_FILE", "config"));
  if (!profiles) return fail(profiles.error().message);
  const auto found = profiles->find(name);
  if (found == profiles->end()) return fail(fmt::format("there is no profile '{}'", name));
  const Profile& profile = found->second;
  const auto value = [&](std::string_view key) {
    const auto entry = profile.find(key);
    return entry == profile.end() ? std::string() : entry->second;
  };
  const std::string role = value("role_arn");
  if (!role.empty() && !value("web_identity_token_file").empty())
    return from_web_identity(value("web_identity_token_file"), role, value("role_session_name"),
                             search);
  const std::string source = value("source_profile");
  if (!role.empty() && !source.empty() && (source != name || value("aws_access_key_id").empty())) {
    if (depth >= kDeepestProfile) return fail("its profiles lead to each other");
    const auto base = from_profile(source, search, depth + 1);
    if (!base) return fail(fmt::format("source_profile '{}': {}", source, base.error().message));
    return assume(*base, role, value("external_id"), search);
  }
  const Found keys{
      {value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_session_token")},
      std::nullopt};
  if (keys.keys.access_key_id.empty() || keys.keys.secret_access_key.empty())
    return fail(
        "it has no aws_access_key_id and aws_secret_access_key, no role_arn with a "
        "source_profile, and no web_identity_token_file");
  return role.empty() ? Outcome(keys) : assume(keys, role, value("external_id"), search);
}

AwsCredentials::Outcome AwsCredentials::from_web_identity(const std::string& token_file,
                                                          const std::string& role,
                                                          const std::string& session,
                                                          const Search& search) const {
  if (token_file.empty()) return fail("AWS_WEB_IDENTITY_TOKEN_FILE is not set");
  if (role.empty()) return fail("there is no role for it: AWS_ROLE_ARN");
  const auto token = Secret::in_file(token_file).value();
  if (!token) return fail(token.error().message);
  HttpQuestion question;
  question.method = "POST";
  question.url = sts_url(search.region);
  question.body = form_of({{"Action", "AssumeRoleWithWebIdentity"},
                           {"Version", "2011-06-15"},
                           {"RoleArn", role},
                           {"RoleSessionName", session.empty() ? "highwater" : session},
                           {"WebIdentityToken", *token}});
  question.content_type = "application/x-www-form-urlencoded";
  question.stop = search.stop;
  return ask_sts(std::move(question));
}

AwsCredentials::Outcome AwsCredentials::assume(const Found& found, const std::string& role,
                                               const std::string& external_id,
                                               const Search& search) const {
  Pairs fields{{"Action", "AssumeRole"},
               {"Version", "2011-06-15"},
               {"RoleArn", role},
               {"RoleSessionName", "highwater"}};
  if (!external_id.empty()) fields.emplace_back("ExternalId", external_id);
  HttpQuestion question;
  question.method = "POST";
  question.url = sts_url(search.region);
  question.body = form_of(fields);
  question.content_type = "application/x-www-form-urlencoded";
  question.headers = signed_headers(found.keys, {search.region, "sts"}, host_of(question.url),
                                    question.body, search.now);
  question.stop = search.stop;
  auto outcome = ask_sts(std::move(question));
  if (!outcome)
    return fail(
        fmt::format("role '{}': {}", printable_excerpt(role, 120), outcome.error().message));
  return outcome;
}

std::string AwsCredentials::sts_url(const std::string& region) const {
  const std::string own = environment_("AWS_ENDPOINT_URL_STS");
  if (!own.empty()) return own;
  return fmt::format("https://sts.{}.amazonaws.com{}/", region,
                     region.starts_with("cn-") ? ".cn" : "");
}

AwsCredentials::Outcome AwsCredentials::ask_sts(HttpQuestion question) const {
  const auto answer = ask_(question);
  if (!answer) return fail(answer.error().message);
  if (answer->status != 200) return fail("STS: " + of_answer(*answer));
  Found found{{element(answer->body, "AccessKeyId"), element(answer->body, "SecretAccessKey"),
               element(answer->body, "SessionToken")},
              to_time(element(answer->body, "Expiration"))};
  if (found.keys.access_key_id.empty() || found.keys.secret_access_key.empty() || !found.expiry)
    return fail("STS answers without credentials");
  return found;
}

namespace {

// Of containers and instances.
std::optional<std::pair<Keys, WallTime>> keys_in(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Keys keys{text_at(json, "AccessKeyId"), text_at(json, "SecretAccessKey"), text_at(json, "Token")};
  const auto expiry = to_time(text_at(json, "Expiration"));
  if (keys.access_key_id.empty() || keys.secret_access_key.empty() || !expiry) return std::nullopt;
  return std::pair(std::move(keys), *expiry);
}

}  // namespace

AwsCredentials::Outcome AwsCredentials::from_container(const Search& search) const {
  const std::string relative = environment_("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = environment_("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (relative.empty() && full.empty())
    return fail(
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and AWS_CONTAINER_CREDENTIALS_FULL_URI are not "
        "set");
  HttpQuestion question;
  question.url = relative.empty() ? full : std::string(kContainer) + relative;
  question.within = kMetadataWithin;
  question.stop = search.stop;
  if (!may_be_container(question.url))
    return fail("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor of this machine");
  std::string token = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string file = environment_("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
      !file.empty()) {
    auto read = Secret::in_file(file).value();
    if (!read) return fail(read.error().message);
    token = std::move(*read);
  }
  if (!token.empty()) question.headers.emplace_back("Authorization", token);
  const auto answer = ask_(question);
  if (!answer) return fail(answer.error().message);
  if (answer->status != 200) return fail(of_answer(*answer));
  auto found = keys_in(answer->body);
  if (!found) return fail("it answers without credentials");
  return Found{std::move(found->first), found->second};
}

AwsCredentials::Outcome AwsCredentials::from_instance(const Search& search) const {
  if (environment_("AWS_EC2_METADATA_DISABLED") == "true")
    return fail("AWS_EC2_METADATA_DISABLED is set");
  std::string base = environment_("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) base = kMetadata;
  while (base.ends_with('/')) base.pop_back();
  const auto ask = [&](std::string_view method, std::string_view path,
                       Pairs headers) -> Result<std::string> {
    HttpQuestion question;
    question.method = method;
    question.url = fmt::format("{}/latest/{}", base, path);
    question.headers = std::move(headers);
    question.within = kMetadataWithin;
    question.stop = search.stop;
    auto answer = ask_(question);
    if (!answer) return fail(answer.error().message);
    if (answer->status != 200) return fail(fmt::format("{}: {}", path, of_answer(*answer)));
    return std::move(answer->body);
  };
  const auto token = ask("PUT", "api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}});
  if (!token) return fail(token.error().message);
  const Pairs pass{{"X-aws-ec2-metadata-token", *token}};
  const std::string roles = "meta-data/iam/security-credentials/";
  const auto role = ask("GET", roles, pass);
  if (!role) return fail(role.error().message);
  const auto answer = ask("GET", roles + role->substr(0, role->find_first_of("\r\n")), pass);
  if (!answer) return fail(answer.error().message);
  auto found = keys_in(*answer);
  if (!found) return fail("its role has no credentials");
  return Found{std::move(found->first), found->second};
}

}  // namespace highwater::aws
