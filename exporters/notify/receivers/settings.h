// Settings: what the configuration says of one receiver, by the table of its kind. The reader of the
// configuration fills them, checked; the JSON Schema and the documentation come from the same
// table. A value; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "agent/core/secret.h"
#include "exporters/http/client.h"

namespace highwater::notify {

enum class SettingType : uint8_t {
  address,    // a Secret: an http or https URL
  addresses,  // Secrets: one such URL or several
  secret,     // a Secret
  secrets,    // Secrets: one or several
  text,       // a string
  texts,      // strings: one or several
  flag,       // a bool
  number,     // an int64_t within the bounds
  choice,     // a string: one of the choices
  headers,    // SecretHeaders
  path,       // a string: absolute, relative ones begin at the configuration's folder
};

struct Setting {
  std::string key{};
  SettingType type = SettingType::text;
  bool required = false;
  std::string fallback{};  // what holds without it, for the documentation
  std::string help{};      // one sentence
  std::vector<std::string> choices{};
  int64_t lowest = 0;
  int64_t highest = 0;
};

using SecretHeaders = std::vector<std::pair<std::string, Secret>>;

class Settings {
 public:
  using Value = std::variant<Secret, std::vector<Secret>, std::string, std::vector<std::string>, bool,
                             int64_t, SecretHeaders>;

  void set(const std::string& key, Value value) { values_[key] = std::move(value); }
  [[nodiscard]] bool has(std::string_view key) const { return values_.contains(key); }
  // What is not there is empty, or `fallback`.
  [[nodiscard]] Secret secret(std::string_view key, Secret fallback = {}) const;
  [[nodiscard]] std::vector<Secret> secrets(std::string_view key) const;
  [[nodiscard]] std::string text(std::string_view key, std::string fallback = {}) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view key) const;
  [[nodiscard]] bool flag(std::string_view key, bool fallback) const;
  [[nodiscard]] int64_t number(std::string_view key, int64_t fallback) const;
  [[nodiscard]] SecretHeaders headers(std::string_view key) const;
  // Every secret there is, in any setting.
  [[nodiscard]] std::vector<Secret> all_secrets() const;

  http::TlsOptions tls;

 private:
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace highwater::notify
