#include <fmt/format.h>

#include <algorithm>

#include "agent/import/client/known_properties.h"
#include "agent/import/client/reading.h"
#include "agent/import/yaml_text.h"

namespace highwater::agent::client {
namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

// "file:///run/token" and "file:/run/token" are the same file.
std::string path_of_url(std::string_view url) {
  std::string_view path = url.substr(std::string_view("file:").size());
  const size_t begin = std::min(path.find_first_not_of('/'), path.size());
  if (begin > 0) path.remove_prefix(begin - 1);
  return std::string(path);
}

// What a login module's options say goes before properties of their own, as it does in Kafka.
class LoginReader {
 public:
  LoginReader(Reading& reading, Settings& security) : reading_(reading), security_(security) {}

  void read() {
    const std::string mechanism =
        upper(reading_.take_first({"sasl.mechanism", "sasl.mechanisms"}).value_or("GSSAPI"));
    security_.emplace_back("mechanism", plain_or_quoted(mechanism));
    read_jaas_config();
    if (mechanism == "GSSAPI")
      read_kerberos();
    else if (mechanism == "OAUTHBEARER")
      read_oauth();
    else if (mechanism == "AWS_MSK_IAM")
      read_aws();
    else
      read_password();
    for (const std::string_view key :
         {"sasl.login.callback.handler.class", "sasl.client.callback.handler.class"}) {
      const auto handler = reading_.take(key);
      if (handler && !is_known_handler(*handler))
        reading_.lose(key, "credentials that come from a class of Java cannot be taken over");
    }
    for (const auto& [name, value] : options_)
      reading_.lose("sasl.jaas.config", fmt::format("'{}' has no counterpart", one_line(name)));
  }

 private:
  void read_jaas_config() {
    const auto text = reading_.take("sasl.jaas.config");
    if (!text) return;
    Result<JaasEntry> entry = read_jaas(*text);
    if (entry)
      options_ = std::move(entry->options);
    else
      reading_.lose("sasl.jaas.config", entry.error().message);
  }

  std::optional<std::string> option(std::string_view name) {
    const auto found = std::ranges::find(options_, name, &Options::value_type::first);
    if (found == options_.end()) return std::nullopt;
    std::string value = std::move(found->second);
    options_.erase(found);
    return value;
  }

  // An option of the login module, or the first of these properties.
  void add(Settings& settings, const char* key, std::optional<std::string> in_entry,
           std::initializer_list<std::string_view> properties) {
    const auto property = reading_.take_first(properties);
    if (in_entry || property) settings.emplace_back(key, quoted(in_entry ? *in_entry : *property));
  }
  void add_secret(Settings& settings, const char* key, const std::optional<std::string>& in_entry,
                  std::initializer_list<std::string_view> properties, const char* variable) {
    std::string_view where = "sasl.jaas.config";
    std::optional<std::string> value = in_entry;
    for (const std::string_view property : properties) {
      if (auto one = reading_.take(property); one && !value) {
        value = std::move(one);
        where = property;
      }
    }
    if (value) settings.emplace_back(key, reading_.secret(where, *value, variable));
  }

  void read_password() {
    add(security_, "username", option("username"), {"sasl.username"});
    add_secret(security_, "password", option("password"), {"sasl.password"}, "KAFKA_PASSWORD");
  }

  void read_kerberos() {
    for (const std::string_view done_otherwise :
         {"useKeyTab", "storeKey", "useTicketCache", "doNotPrompt", "refreshKrb5Config", "renewTGT",
          "isInitiator", "debug"})
      (void)option(done_otherwise);
    auto keytab = option("keyTab");
    if (keytab && keytab->starts_with("file:")) keytab = path_of_url(*keytab);
    auto cache = option("ticketCache");
    if (cache && cache->find(':') == std::string::npos) cache->insert(0, "FILE:");
    Settings kerberos;
    add(kerberos, "keytab", keytab, {"sasl.kerberos.keytab"});
    add(kerberos, "principal", option("principal"), {"sasl.kerberos.principal"});
    add(kerberos, "cache", cache, {});
    add(kerberos, "service", option("serviceName"), {"sasl.kerberos.service.name"});
    if (!kerberos.empty()) security_.emplace_back("kerberos", flow_map(kerberos));
  }

  void read_oauth() {
    Settings oauth;
    const auto url = reading_.take("sasl.oauthbearer.token.endpoint.url");
    if (!url)
      reading_.lose("sasl.mechanism",
                    "where tokens come from is not in it: write 'token_url' or 'token_file' under "
                    "'oauth'");
    else if (url->starts_with("file:"))
      oauth.emplace_back("token_file", quoted(path_of_url(*url)));
    else
      oauth.emplace_back("token_url", quoted(*url));
    add(oauth, "client_id", option("clientId"),
        {"sasl.oauthbearer.client.credentials.client.id", "sasl.oauthbearer.client.id"});
    add_secret(
        oauth, "client_secret", option("clientSecret"),
        {"sasl.oauthbearer.client.credentials.client.secret", "sasl.oauthbearer.client.secret"},
        "KAFKA_CLIENT_SECRET");
    add(oauth, "scope", option("scope"), {"sasl.oauthbearer.scope"});
    if (const Settings extensions = read_extensions(); !extensions.empty())
      oauth.emplace_back("extensions", flow_map(extensions));
    (void)reading_.take("sasl.oauthbearer.sub.claim.name");  // of the broker
    const auto method = reading_.take("sasl.oauthbearer.method");
    if (method && upper(*method) != "OIDC")
      reading_.lose("sasl.oauthbearer.method", "tokens come from a token server or from a file");
    security_.emplace_back("oauth", flow_map(oauth));
  }

  Settings read_extensions() {
    constexpr std::string_view kPrefix = "extension_";
    Settings extensions;
    std::erase_if(options_, [&](const auto& option) {
      if (!option.first.starts_with(kPrefix)) return false;
      extensions.emplace_back(plain_or_quoted(option.first.substr(kPrefix.size())),
                              quoted(option.second));
      return true;
    });
    // librdkafka: "name=value,name=value".
    const std::string listed = reading_.take("sasl.oauthbearer.extensions").value_or("");
    for (const std::string_view one : pieces(listed)) {
      const size_t sign = std::min(one.find('='), one.size());
      extensions.emplace_back(plain_or_quoted(one.substr(0, sign)),
                              quoted(one.substr(std::min(sign + 1, one.size()))));
    }
    return extensions;
  }

  void read_aws() {
    Settings aws;
    add(aws, "profile", option("awsProfileName"), {});
    add(aws, "role_arn", option("awsRoleArn"), {});
    if (!aws.empty()) security_.emplace_back("aws", flow_map(aws));
  }

  Reading& reading_;
  Settings& security_;
  Options options_;  // of the login module that nobody took yet
};

}  // namespace

void read_login(Reading& reading, Settings& security) {
  LoginReader(reading, security).read();
}

}  // namespace highwater::agent::client
