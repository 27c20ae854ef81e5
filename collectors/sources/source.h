// What a source is: a page of numbers that others offer over HTTP or in a file, and how it is read.
// Made by the configuration, immutable afterwards; any thread.
//
// How bytes come over the network is not known here: the agent hands in a Transfer.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/core/symbol.h"
#include "agent/core/table.h"
#include "agent/core/time.h"

namespace highwater::sources {

enum class PageFormat : uint8_t { prometheus, json };

// How it says who asks; at most one of the two.
struct Credentials {
  std::string user;  // basic authentication
  std::string password;
  std::string password_file;      // its first line; read anew for each request, as is the next
  std::string bearer_token_file;  // empty: no bearer token
};

struct SourceSettings {
  Symbol name;
  Symbol cluster;    // what its rows say when their measure does not
  std::string url;   // empty: files
  std::string path;  // of files; the last part of it may be a glob
  PageFormat format = PageFormat::prometheus;
  Duration every = std::chrono::seconds(15);
  Duration timeout = std::chrono::seconds(5);  // for everything together
  size_t limit = size_t{16} << 20;             // bytes of one page
  Duration max_age = std::chrono::hours(1);    // of a file; an older one says nothing any more
  Credentials credentials;
  std::string ca_file;      // PEM; empty: the system's
  bool verify = true;       // false accepts any certificate
  std::string certificate;  // PEM, of the client; empty: none
  std::string key;          // of the certificate; empty: in the same file
};

// Why a source could not be read.
struct Failure {
  Unknown reason = Unknown::failed;
  std::string what;  // one sentence, without a secret
};
template <class T>
using Read = tl::expected<T, Failure>;
[[nodiscard]] inline tl::unexpected<Failure> unreadable(std::string what,
                                                        Unknown reason = Unknown::failed) {
  return tl::unexpected<Failure>({reason, std::move(what)});
}

struct Page {
  std::string text;
  std::string content_type;  // as the server said it; may be empty
};

// Brings the page of a source with a URL: within its timeout and limit, or earlier when asked to
// stop. Called on the source's own thread.
using Transfer = std::function<Read<Page>(const SourceSettings&, std::stop_token)>;

}  // namespace highwater::sources
