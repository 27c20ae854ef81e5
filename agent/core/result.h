// Result<T>: how functions below agent/ report failure. Used by every room, on any thread.
//
// An Error says what was tried, on what, and what went wrong, in words a person can act on. Errors
// travel as values; an exception of a third-party library is caught in the one file that calls the
// library.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace highwater {

struct Error {
  std::string message;  // one sentence, no trailing newline; never contains a secret

  // The same error with what was being done put in front: "read rules.yaml: permission denied".
  [[nodiscard]] Error in(const std::string& context) const { return {context + ": " + message}; }
  bool operator==(const Error&) const = default;
};

template <class T>
using Result = tl::expected<T, Error>;

// `return fail("...");` in a function that returns any Result<T>.
inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

}  // namespace highwater
