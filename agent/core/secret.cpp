#include "agent/core/secret.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "agent/core/small_file.h"

namespace highwater {
namespace {

constexpr size_t kLongest = size_t{16} * 1024;

Result<std::string> first_line(std::string text, const std::string& where) {
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) return fail(fmt::format("the secret in {} is empty", where));
  return text;
}

}  // namespace

Secret Secret::in_file(std::string path) {
  Secret secret(std::move(path));
  secret.from_ = From::file;
  return secret;
}

Secret Secret::in_environment(std::string name) {
  Secret secret(std::move(name));
  secret.from_ = From::environment;
  return secret;
}

Secret Secret::behind(std::string prefix) const {
  Secret secret = *this;
  secret.prefix_ = std::move(prefix);
  return secret;
}

Result<std::string> Secret::value() const {
  Result<std::string> found = text_;
  switch (from_) {
    case From::here:
      break;
    case From::file:
      found = read_small_file(text_, kLongest);
      if (!found)
        return fail(
            fmt::format("the secret in {} cannot be read: {}", text_, found.error().message));
      found = first_line(std::move(*found), text_);
      break;
    case From::environment:
      // Nothing of ours changes the environment.
      const char* const text = std::getenv(text_.c_str());  // NOLINT(concurrency-mt-unsafe)
      if (text == nullptr) return fail(fmt::format("the environment has no variable {}", text_));
      found = first_line(text, "the variable " + text_);
      break;
  }
  if (found) found->insert(0, prefix_);
  return found;
}

}  // namespace highwater
