// Identity: who answers on a connection, and whether it serves us. Asked on every new connection
// before anything it says is used: an address may have been taken over by another cluster or
// another broker, and a listener that answers ApiVersions may want a login before anything else.
// On the cluster's thread.
#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "collectors/kafka/client/connection.h"
#include "collectors/kafka/client/failure.h"
#include "collectors/kafka/client/name_lookup.h"
#include "collectors/kafka/client/tls_context.h"
#include "collectors/kafka/wire/metadata.h"

namespace highwater::kafka {

struct ExpectedIdentity {
  std::string cluster_id;  // "": not known yet
  int32_t broker = -1;     // -1: any broker of the cluster
};

struct Identity {
  MetadataResponse metadata;  // of brokers alone
  // The broker said itself that it has the expected id. False where its configuration may not be
  // read, which needs DESCRIBE_CONFIGS on the cluster.
  bool broker_proven = false;
};

// After the handshake. Fails with unsupported (a controller's port, or a version we do not speak),
// not_served, stranger, or as ask() does.
asio::awaitable<Answer<Identity>> identify(std::shared_ptr<Connection> connection,
                                           ExpectedIdentity expected, Duration timeout);

// Of any answer to Metadata: why it is not from the cluster that is meant.
[[nodiscard]] std::optional<Failure> foreign_cluster(const MetadataResponse& metadata,
                                                     const std::string& cluster_id);

// The request that identify() begins with, which is also how a broker is probed: nothing less
// proves that it works for us.
[[nodiscard]] MetadataRequest brokers_only();

// Which logins the broker offers, by one more connection: "SCRAM-SHA-512, PLAIN". Nothing when it
// does not say that it wants one.
asio::awaitable<std::optional<std::string>> offered_logins(std::shared_ptr<NameLookup> names,
                                                           std::shared_ptr<TlsContext> tls,
                                                           std::string host, int32_t port,
                                                           Duration timeout);
[[nodiscard]] std::string login_wanted(const std::string& logins);  // a sentence for people

}  // namespace highwater::kafka
