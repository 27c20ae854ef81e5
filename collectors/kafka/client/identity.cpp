#include "collectors/kafka/client/identity.h"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

#include "collectors/kafka/client/greeting.h"
#include "collectors/kafka/wire/sasl.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

// Offered by the controllers of a KRaft cluster, and by no broker.
constexpr auto kBrokerRegistration = static_cast<ApiKey>(62);

Failure no_metadata(const Connection& connection) {
  const auto offered = connection.offered(ApiKey::kMetadata);
  if (!offered && connection.offered(kBrokerRegistration))
    return {FailureKind::unsupported,
            "this is the port of a KRaft controller: give one of a broker"};
  if (!offered) return {FailureKind::unsupported, "it offers no Metadata: this is not a broker"};
  if (offered->max_version < implemented(ApiKey::kMetadata)->min_version)
    return {FailureKind::unsupported,
            fmt::format("it is older than Kafka 2.4, the oldest version that Highwater watches: it "
                        "offers Metadata up to version {}",
                        offered->max_version)};
  return {FailureKind::unsupported,
          fmt::format("it is newer than what Highwater speaks: it offers Metadata from version {}",
                      offered->min_version)};
}

DescribeConfigsRequest own_id(int32_t broker) {
  DescribeConfigsRequest request;
  request.resources.push_back({ConfigResourceType::kBroker, std::to_string(broker),
                               std::vector<std::string>{"node.id", "broker.id"}});
  return request;
}

std::optional<int32_t> to_id(std::string_view text) {
  int32_t id = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  return error == std::errc() && id >= 0 ? std::optional(id) : std::nullopt;
}

// The id in "Unexpected broker id, expected 3 or empty string, but received 2": a broker describes
// nobody's configuration but its own.
std::optional<int32_t> id_in_refusal(std::string_view message) {
  constexpr std::string_view kBefore = ", expected ";
  const size_t at = message.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  return to_id(message.substr(at + kBefore.size()));
}

// As "node.id" and, before KRaft, "broker.id"; nothing when it was chosen by the cluster.
std::optional<int32_t> id_in_config(const DescribeConfigsResponse::Resource& response) {
  for (const auto& entry : response.configs) {
    if (const auto id = to_id(entry.value.value_or(""))) return id;
  }
  return std::nullopt;
}

// Whether it is the expected broker; unproven when it may not be asked.
Answer<bool> prove_broker(const DescribeConfigsResponse& answer, int32_t expected) {
  if (answer.results.size() != 1) return false;
  const auto& response = answer.results.front();
  std::optional<int32_t> id;
  if (response.error_code == ErrorCode::kNone)
    id = id_in_config(response);
  else if (response.error_code == ErrorCode::kInvalidRequest)
    id = id_in_refusal(response.error_message.value_or(""));
  if (!id) return response.error_code == ErrorCode::kNone && !response.configs.empty();
  if (*id == expected) return true;
  return fail_with(FailureKind::stranger,
                   fmt::format("broker {} answers at the address of broker {}", *id, expected));
}

}  // namespace

MetadataRequest brokers_only() {
  MetadataRequest request;
  request.topics.emplace();
  return request;
}

std::optional<Failure> foreign_cluster(const MetadataResponse& metadata,
                                       const std::string& cluster_id) {
  if (cluster_id.empty() || !metadata.cluster_id || *metadata.cluster_id == cluster_id)
    return std::nullopt;
  return Failure{
      FailureKind::stranger,
      fmt::format("belongs to cluster '{}', and '{}' is the one that is watched",
                  printable_excerpt(*metadata.cluster_id), printable_excerpt(cluster_id))};
}

asio::awaitable<Answer<Identity>> identify(std::shared_ptr<Connection> connection,
                                           ExpectedIdentity expected, Duration timeout) {
  if (!connection->version(ApiKey::kMetadata))
    co_return tl::unexpected<Failure>(no_metadata(*connection));
  MetadataRequest brokers = brokers_only();
  Answer<MetadataResponse> metadata = co_await connection->ask(std::move(brokers), timeout);
  if (!metadata && metadata.error().kind == FailureKind::lost) {
    co_return fail_with(FailureKind::not_served,
                        "it answers ApiVersions and closes the connection at any other request");
  }
  if (!metadata) co_return tl::unexpected<Failure>(metadata.error());
  if (auto foreign = foreign_cluster(*metadata, expected.cluster_id))
    co_return tl::unexpected<Failure>(std::move(*foreign));
  Identity identity{std::move(*metadata), false};
  if (expected.broker < 0 || !connection->version(ApiKey::kDescribeConfigs)) co_return identity;
  DescribeConfigsRequest id = own_id(expected.broker);
  const auto config = co_await connection->ask(std::move(id), timeout);
  if (!config) co_return tl::unexpected<Failure>(config.error());
  const Answer<bool> proven = prove_broker(*config, expected.broker);
  if (!proven) co_return tl::unexpected<Failure>(proven.error());
  identity.broker_proven = *proven;
  co_return identity;
}

asio::awaitable<std::optional<std::string>> offered_logins(std::shared_ptr<NameLookup> names,
                                                           std::shared_ptr<TlsContext> tls,
                                                           std::string host, int32_t port,
                                                           Duration timeout) {
  const auto connected =
      co_await Connection::connect(std::move(names), std::move(host), port, timeout);
  if (!connected) co_return std::nullopt;
  const auto connection = *connected;
  std::optional<std::string> logins;
  Security without_login{std::move(tls), nullptr};
  const auto hello = co_await greet(connection, std::move(without_login), timeout);
  if (hello) {
    // No mechanism has this name: the answer lists those that there are.
    SaslHandshakeRequest request;
    const auto answer = co_await connection->ask(std::move(request), timeout);
    if (answer && answer->error_code != ErrorCode::kIllegalSaslState) {
      logins.emplace();
      for (const std::string& mechanism : answer->mechanisms)
        *logins += (logins->empty() ? "" : ", ") + printable_excerpt(mechanism, 20);
    }
  }
  connection->close({FailureKind::not_usable, "no longer needed"});
  co_return logins;
}

std::string login_wanted(const std::string& logins) {
  return fmt::format(
      "it asks for a login (SASL: {}), and none is configured: set `protocol` to "
      "SASL_SSL or SASL_PLAINTEXT, and `mechanism`, under `security`",
      logins.empty() ? "of no kind it names" : logins);
}

}  // namespace highwater::kafka
