#include "agent/import/alertmanager/configs.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/import/yaml_text.h"

namespace highwater::agent::alertmanager {
namespace {

// "ONCALL_SLACK_URL"
std::string variable_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z')
      name += static_cast<char>(c - 'a' + 'A');
    else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
      name += c;
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  name.resize(std::min<size_t>(name.size(), 80));
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) name.insert(0, "RECEIVER_");
  return name;
}

// What Alertmanager has when nothing is written; `amtool config show` writes it out.
bool is_default(const YamlNode& node) {
  const auto is = [](const YamlNode& one) { return is_default(one); };
  switch (node.kind) {
    case YamlNode::Kind::null:
      return true;
    case YamlNode::Kind::scalar: {
      const std::string& text = node.scalar;
      const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
      return text.empty() || text == "false" || text == "0" || text == "HTML" ||
             (has("{{ template \"") && has(".default.")) || has(".Alerts.Firing | len") ||
             has(".Alerts.Resolved | len") || has("if eq .Status \"firing\" }}danger");
    }
    case YamlNode::Kind::list:
      return std::ranges::all_of(node.items, is);
    case YamlNode::Kind::map:
      return std::ranges::all_of(node.entries, [&](const auto& entry) {
        const std::string& key = entry.first.scalar;
        return key == "From" || key == "To" || is(entry.second);
      });
  }
  return false;
}

}  // namespace

void Tally::add(const std::string& what, int line) {
  const auto [place, first] = seen_.emplace(what, Seen{line, 0});
  if (!first) ++place->second.more;
}

void Tally::report(std::vector<Loss>& losses) const {
  for (const auto& [what, seen] : seen_) {
    const std::string more = seen.more == 0 ? std::string()
                                            : fmt::format(" (and in {} more place{})", seen.more,
                                                          seen.more == 1 ? "" : "s");
    losses.push_back({seen.line, what + more});
  }
}

ConfigReader::ConfigReader(const YamlNode& config, std::string receiver, std::string kind,
                           Surroundings& surroundings)
    : config_(config), receiver_(std::move(receiver)), around_(surroundings) {
  ours_.line = config.line;
  ours_.kind = std::move(kind);
  around_.fields.open(config);
}

std::string ConfigReader::text(std::string_view key, std::string_view global_key) {
  std::string text = around_.fields.text(config_, key);
  if (text.empty() && !global_key.empty()) text = around_.fields.text(around_.global, global_key);
  return text;
}

std::optional<bool> ConfigReader::flag(std::string_view key, std::string_view global_key) {
  auto flag = flag_of(config_, key, around_.fields);
  if (!flag && !global_key.empty()) flag = flag_of(around_.global, global_key, around_.fields);
  return flag;
}

std::string ConfigReader::secret(std::string_view key, std::string_view global_key) {
  std::string own = secret_in(config_, key, fmt::format("{}_{}_{}", receiver_, ours_.kind, key));
  if (!own.empty() || global_key.empty()) return own;
  return secret_in(around_.global, global_key, global_key);
}

std::string ConfigReader::secret_in(const YamlNode& map, std::string_view key,
                                    std::string_view purpose, const std::string& form) {
  const std::string file_key = fmt::format("{}_file", key);
  const std::string path = around_.fields.text(map, file_key);
  if (!path.empty()) return file(path, map.find(file_key)->line);
  if (around_.fields.text(map, key).empty()) return {};
  return variable(purpose, key, form, *map.find(key));
}

// One place of their file is one variable, however many receivers use it.
std::string ConfigReader::variable(std::string_view purpose, std::string_view key,
                                   const std::string& form, const YamlNode& at) {
  const auto same = std::ranges::find_if(around_.variables, [&](const Variable& one) {
    return one.line == at.line && one.column == at.column && one.form == form;
  });
  if (same != around_.variables.end()) return fmt::format("{{env: {}}}", same->name);
  const std::string wanted = variable_name(purpose);
  std::string name = wanted;
  for (int i = 2; !around_.variable_names.insert(name).second; ++i)
    name = fmt::format("{}_{}", wanted, i);
  around_.variables.push_back({name, std::string(key), form, at.line, at.column});
  return fmt::format("{{env: {}}}", name);
}

std::string ConfigReader::file(const std::string& path, int line) {
  if (!path.starts_with('/'))
    around_.tally.add("a path is relative: here it begins at the folder of highwater.yaml", line);
  return fmt::format("{{file: {}}}", quoted(path));
}

void ConfigReader::set(std::string key, std::string yaml) {
  if (!yaml.empty()) ours_.settings.emplace_back(std::move(key), std::move(yaml));
}

void ConfigReader::set_text(std::string key, std::string_view text) {
  if (!text.empty()) set(std::move(key), quoted(text));
}

void ConfigReader::read_send_resolved(bool by_default) {
  ours_.send_resolved = flag("send_resolved").value_or(by_default);
}

void ConfigReader::drop_texts(std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const YamlNode* const node = config_.find(key);
    if (node == nullptr) continue;
    if (!is_default(*node))
      around_.tally.add("texts and looks of messages: Highwater writes its own", node->line);
    around_.fields.take(*node);
  }
}

const YamlNode& ConfigReader::http() {
  const YamlNode& own = around_.fields.map(config_, "http_config");
  if (own.kind == YamlNode::Kind::map) return own;
  return around_.fields.map(around_.global, "http_config");
}

std::string ConfigReader::bearer_token() {
  const YamlNode& config = http();
  const std::string purpose = fmt::format("{}_{}_token", receiver_, ours_.kind);
  if (std::string token = secret_in(config, "bearer_token", purpose); !token.empty()) return token;
  const YamlNode& authorization = around_.fields.map(config, "authorization");
  const std::string type = peek(authorization, "type");
  if (!type.empty() && type != "Bearer") return {};
  (void)around_.fields.text(authorization, "type");
  return secret_in(authorization, "credentials", purpose);
}

void ConfigReader::read_http(bool has_headers) {
  const YamlNode& config = http();
  if (config.kind != YamlNode::Kind::map) return;
  Fields& fields = around_.fields;
  for (const std::string_view key : {"follow_redirects", "enable_http2", "proxy_from_environment"})
    (void)fields.text(config, key);
  read_tls(fields.map(config, "tls_config"));
  if (has_headers) {
    set("bearer_token", bearer_token());
    const std::string purpose = fmt::format("{}_{}_authorization", receiver_, ours_.kind);
    const YamlNode& basic = fields.map(config, "basic_auth");
    const YamlNode& other = fields.map(config, "authorization");
    const std::string user = fields.text(basic, "username");
    std::string header;
    if (basic.kind == YamlNode::Kind::map) {
      for (const std::string_view key : {"password", "password_file"})
        (void)fields.text(basic, key);
      header = variable(purpose, "basic_auth", "Basic, and the base64 of USER:PASSWORD", basic);
    } else if (!peek(other, "type").empty() && peek(other, "type") != "Bearer") {
      const std::string form = fields.text(other, "type") + ", and the credentials";
      for (const std::string_view key : {"credentials", "credentials_file"})
        (void)fields.text(other, key);
      header = variable(purpose, "authorization", form, other);
    }
    if (!header.empty()) set("headers", fmt::format("{{Authorization: {}}}", header));
  }
  // Proxies, OAuth, and whatever else there is.
  fields.report(config, fmt::format("receiver '{}': http_config", receiver_), around_.losses);
}

void ConfigReader::read_email_tls() {
  const YamlNode& own = around_.fields.map(config_, "tls_config");
  const bool has_own = own.kind == YamlNode::Kind::map;
  read_tls(has_own ? own : around_.fields.map(around_.global, "smtp_tls_config"));
}

void ConfigReader::read_tls(const YamlNode& tls) {
  if (tls.kind != YamlNode::Kind::map) return;
  Fields& fields = around_.fields;
  const auto path = [&](std::string_view key, const char* ours) {
    const std::string text = fields.text(tls, key);
    if (text.empty()) return;
    (void)file(text, tls.line);
    set_text(ours, text);
  };
  path("ca_file", "ca_file");
  path("cert_file", "certificate");
  path("key_file", "key");
  if (flag_of(tls, "insecure_skip_verify", fields).value_or(false)) set("verify", "false");
}

void ConfigReader::lose(std::string_view what) {
  around_.losses.push_back({config_.line, fmt::format("receiver '{}': {}", receiver_, what)});
}

std::optional<bool> flag_of(const YamlNode& map, std::string_view key, Fields& fields) {
  std::string text = peek(map, key);
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  const bool yes = text == "true" || text == "yes" || text == "on" || text == "y";
  const bool no = text == "false" || text == "no" || text == "off" || text == "n";
  if (!yes && !no) return std::nullopt;
  (void)fields.text(map, key);
  return yes;
}

bool is_template(std::string_view text) {
  return text.find("{{") != std::string_view::npos;
}

}  // namespace highwater::agent::alertmanager
