// ConfigReader: one entry of a receiver's `slack_configs:` or the like: what all kinds have, and
// where their secrets are. Used by receivers.cpp; one thread.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/import/alertmanager/receivers.h"

namespace highwater::agent::alertmanager {

// What is said once for the whole file, however often it stands there.
class Tally {
 public:
  void add(const std::string& what, int line);
  void report(std::vector<Loss>& losses) const;

 private:
  struct Seen {
    int line = 0;
    size_t more = 0;
  };
  std::map<std::string, Seen> seen_;
};

struct Surroundings {
  const YamlNode& global;
  Fields& fields;
  std::vector<Loss>& losses;
  std::vector<Variable>& variables;
  Tally& tally;
  std::set<std::string>& variable_names;
};

class ConfigReader {
 public:
  // `receiver` is the name of theirs; `kind` of ours.
  ConfigReader(const YamlNode& config, std::string receiver, std::string kind,
               Surroundings& surroundings);

  [[nodiscard]] OurReceiver& ours() { return ours_; }
  [[nodiscard]] const YamlNode& node() const { return config_; }

  // The text of a key; else that of the key of `global:`, if one is named.
  [[nodiscard]] std::string text(std::string_view key, std::string_view global_key = "");
  [[nodiscard]] std::optional<bool> flag(std::string_view key, std::string_view global_key = "");
  // Where a secret is, as YAML: "{file: PATH}", or "{env: NAME}" when it stands in their file.
  // Empty: it is nowhere.
  [[nodiscard]] std::string secret(std::string_view key, std::string_view global_key = "");
  void set(std::string key, std::string yaml);
  // Sets it unless it is empty; quotes it.
  void set_text(std::string key, std::string_view text);

  void read_send_resolved(bool by_default);
  // Texts that Highwater writes by itself. What is Alertmanager's default is no loss.
  void drop_texts(std::initializer_list<std::string_view> keys);
  // `http_config:`, its own or of `global:`. Logins become headers where the kind has them.
  void read_http(bool has_headers);
  void read_email_tls();
  // The token of `authorization:` or of `bearer_token:`, as YAML.
  [[nodiscard]] std::string bearer_token();
  void lose(std::string_view what);

 private:
  void read_tls(const YamlNode& tls);
  [[nodiscard]] const YamlNode& http();
  [[nodiscard]] std::string secret_in(const YamlNode& map, std::string_view key,
                                      std::string_view purpose, const std::string& form = "");
  [[nodiscard]] std::string variable(std::string_view purpose, std::string_view key,
                                     const std::string& form, const YamlNode& at);
  [[nodiscard]] std::string file(const std::string& path, int line);

  const YamlNode& config_;
  std::string receiver_;
  Surroundings& around_;
  OurReceiver ours_;
};

// "yes" is a truth value in Alertmanager's YAML.
[[nodiscard]] std::optional<bool> flag_of(const YamlNode& map, std::string_view key,
                                          Fields& fields);
// Whether it is a template, which only Alertmanager can fill in.
[[nodiscard]] bool is_template(std::string_view text);

}  // namespace highwater::agent::alertmanager
