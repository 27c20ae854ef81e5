// The properties of a client while they are taken over, one by one. Used by the import command; one
// thread.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/import/client/properties.h"
#include "agent/import/fields.h"

namespace highwater::agent::client {

// Keys and values as YAML writes them.
using Settings = std::vector<std::pair<std::string, std::string>>;
// "{key: value, key: value}".
[[nodiscard]] std::string flow_map(const Settings& settings);

class Reading {
 public:
  explicit Reading(std::vector<Property> properties) : properties_(std::move(properties)) {}
  Reading(const Reading&) = delete;  // properties are known by their addresses
  Reading& operator=(const Reading&) = delete;

  [[nodiscard]] const Property* find(std::string_view key) const;
  // Its value, if it is there and not empty. It counts as taken over, whatever becomes of it.
  std::optional<std::string> take(std::string_view key);
  // The first that is there of several names for the same; all are taken.
  std::optional<std::string> take_first(std::initializer_list<std::string_view> keys);
  [[nodiscard]] std::vector<const Property*> left() const;

  void lose(std::string_view key, const std::string& why);
  // How our YAML has the secret that is this property's value, or stands in it. A secret is named,
  // never written: the output is shown, piped and kept. `variable` is where it shall be found.
  std::string secret(std::string_view key, const std::string& value, const char* variable);

  [[nodiscard]] const std::vector<Loss>& losses() const { return losses_; }
  // "NAME is the secret of line 4 (sasl.password)".
  [[nodiscard]] const std::vector<std::string>& variables() const { return variables_; }

 private:
  std::vector<Property> properties_;
  std::vector<const Property*> taken_;
  std::vector<Loss> losses_;
  std::vector<std::string> variables_;
};

// What `security:` has of TLS, in tls.cpp, and of the login, in login.cpp.
void read_tls(Reading& reading, Settings& security);
void read_login(Reading& reading, Settings& security);

}  // namespace highwater::agent::client
