#include "exporters/notify/receivers/settings.h"

#include <functional>

namespace highwater::notify {
namespace {

template <class Value, class Values>
Value value_or(const Values& values, std::string_view key, Value fallback) {
  const auto found = values.find(key);
  if (found == values.end()) return fallback;
  const Value* const value = std::get_if<Value>(&found->second);
  return value != nullptr ? *value : fallback;
}

}  // namespace

Secret Settings::secret(std::string_view key, Secret fallback) const {
  return value_or(values_, key, std::move(fallback));
}

std::vector<Secret> Settings::secrets(std::string_view key) const {
  return value_or(values_, key, std::vector<Secret>());
}

std::string Settings::text(std::string_view key, std::string fallback) const {
  return value_or(values_, key, std::move(fallback));
}

std::vector<std::string> Settings::texts(std::string_view key) const {
  return value_or(values_, key, std::vector<std::string>());
}

bool Settings::flag(std::string_view key, bool fallback) const {
  return value_or(values_, key, fallback);
}

int64_t Settings::number(std::string_view key, int64_t fallback) const {
  return value_or(values_, key, fallback);
}

SecretHeaders Settings::headers(std::string_view key) const {
  return value_or(values_, key, SecretHeaders());
}

std::vector<Secret> Settings::all_secrets() const {
  std::vector<Secret> all;
  for (const auto& [key, value] : values_) {
    if (const auto* const one = std::get_if<Secret>(&value)) all.push_back(*one);
    if (const auto* const several = std::get_if<std::vector<Secret>>(&value))
      all.insert(all.end(), several->begin(), several->end());
    if (const auto* const headers = std::get_if<SecretHeaders>(&value)) {
      for (const auto& [name, secret] : *headers) all.push_back(secret);
    }
  }
  return all;
}

}  // namespace highwater::notify
