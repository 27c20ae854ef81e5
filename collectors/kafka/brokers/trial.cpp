#include "collectors/kafka/brokers/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "agent/core/web_text.h"
#include "collectors/kafka/brokers/bootstrap.h"
#include "collectors/kafka/brokers/trial_rights.h"
#include "collectors/kafka/client/deadline.h"
#include "collectors/kafka/client/gather.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

constexpr size_t kMostBrokers = 100;

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

// What the coroutines share; whoever is late still finds it.
struct Work {
  Trial trial;
  std::shared_ptr<LinkTools> tools;
  Duration each{};                                       // for one server
  std::vector<std::shared_ptr<Connection>> connections;  // by server; null: it failed
  std::vector<MetadataResponse> metadata;                // likewise
};

std::string advice_of(const Failure& failure, bool advertised) {
  const std::string where =
      advertised ? ". The address is what the broker advertises: advertised.listeners" : "";
  switch (failure.kind) {
    case FailureKind::refused:
      return "nobody listens there: does the broker run, and is it the right port?" + where;
    case FailureKind::no_route:
      return "packets do not arrive: a firewall, a security group, or a wrong address" + where;
    case FailureKind::unresolved:
      return "the name has no address here: mend DNS or the name" + where;
    case FailureKind::timed_out:
      return "somebody accepts connections and does not answer: the process hangs, or it is no "
             "Kafka";
    default:
      return "";
  }
}

std::string offered_text(const Connection& connection) {
  const auto metadata = connection.version(ApiKey::kMetadata);
  return fmt::format("{} APIs{}", connection.offered_apis(),
                     metadata ? fmt::format(", Metadata in version {}", *metadata) : "");
}

void add_step(TriedServer& server, std::string_view name, SteadyTime begun, std::string found) {
  server.steps.push_back({std::string(name), steady_now() - begun, std::move(found), ""});
}

void add_failure(TriedServer& server, std::string_view name, SteadyTime begun,
                 const Failure& failure) {
  server.failed = true;
  server.steps.push_back({std::string(name), steady_now() - begun, failure.what,
                          advice_of(failure, server.broker >= 0)});
}

// The steps of a greeting, from the notes that the connection keeps of it.
void add_greeting(TriedServer& server, const Connection& connection, const SaslSettings* sasl,
                  const Answer<ApiVersionsResponse>& hello) {
  const auto& steps = connection.steps();
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto& [name, begun] = steps[i];
    const bool last = i + 1 == steps.size();
    if (last && !hello) {
      add_failure(server, name, begun, hello.error());
      return;
    }
    std::string found;
    if (name == kTlsStep) found = connection.tls_text();
    if (name == kVersionsStep) found = offered_text(connection);
    if (name == kLoginStep && sasl != nullptr)
      found = fmt::format("SASL/{}{}", mechanism_name(sasl->mechanism),
                          sasl->username.empty() ? "" : " as '" + sasl->username + "'");
    const SteadyTime ended = last ? steady_now() : steps[i + 1].second;
    server.steps.push_back({std::string(name), ended - begun, std::move(found), ""});
  }
}

asio::awaitable<void> try_server(std::shared_ptr<Work> work, size_t place, std::string host,
                                 int32_t port, const SaslSettings* sasl) {
  const SteadyTime deadline = steady_now() + work->each;
  const auto server = [&]() -> TriedServer& { return work->trial.servers[place]; };
  SteadyTime begun = steady_now();
  const auto connected =
      co_await Connection::connect(work->tools->names, host, port, remaining(deadline));
  if (!connected) {
    add_failure(server(), "connect", begun, connected.error());
    co_return;
  }
  const auto connection = *connected;
  add_step(server(), "connect", begun, "");
  const auto hello = co_await greet(connection, work->tools->security, remaining(deadline));
  add_greeting(server(), *connection, sasl, hello);
  if (!hello) co_return;
  begun = steady_now();
  ExpectedIdentity expected{work->trial.cluster_id, server().broker};
  auto identity = co_await identify(connection, std::move(expected), remaining(deadline));
  if (!identity && identity.error().kind == FailureKind::not_served) {
    const auto logins = co_await offered_logins(work->tools->names, work->tools->security.tls, host,
                                                port, remaining(deadline));
    if (logins) identity.error().what = login_wanted(*logins);
  }
  if (!identity) {
    add_failure(server(), "who it is", begun, identity.error());
    co_return;
  }
  add_step(server(), "who it is", begun,
           fmt::format("cluster {}, which has {} broker{}",
                       printable_excerpt(identity->metadata.cluster_id.value_or("without an id")),
                       identity->metadata.brokers.size(),
                       identity->metadata.brokers.size() == 1 ? "" : "s"));
  work->metadata[place] = std::move(identity->metadata);
  work->connections[place] = connection;
}

asio::awaitable<void> try_servers(std::shared_ptr<Work> work, const SaslSettings* sasl,
                                  std::vector<MetadataResponse::Broker> servers) {
  std::vector<asio::awaitable<void>> tasks;
  for (const auto& [id, host, port, rack] : servers) {
    const size_t place = work->trial.servers.size();
    work->trial.servers.push_back({host_and_port(host, port), id, {}, false});
    work->connections.emplace_back();
    work->metadata.emplace_back();
    tasks.push_back(try_server(work, place, host, port, sasl));
  }
  co_await gather(std::move(tasks), work->each + std::chrono::milliseconds(200));
}

// The cluster is that of the first server that answered; others do not belong to it.
void name_strangers(Work& work) {
  for (size_t i = 0; i < work.metadata.size(); ++i) {
    if (work.connections[i] == nullptr) continue;
    const auto foreign = foreign_cluster(work.metadata[i], work.trial.cluster_id);
    if (!foreign) continue;
    TriedServer& server = work.trial.servers[i];
    server.failed = true;
    server.steps.back().found = foreign->what;
    work.connections[i] = nullptr;
  }
}

std::vector<MetadataResponse::Broker> known_brokers(Work& work) {
  for (const MetadataResponse& metadata : work.metadata) {
    if (metadata.brokers.empty()) continue;
    work.trial.cluster_id = metadata.cluster_id.value_or("");
    name_strangers(work);
    auto brokers = metadata.brokers;
    std::ranges::sort(brokers, {}, &MetadataResponse::Broker::node_id);
    if (brokers.size() > kMostBrokers) {
      work.trial.not_tried = brokers.size() - kMostBrokers;
      brokers.resize(kMostBrokers);
    }
    return brokers;
  }
  return {};
}

asio::awaitable<void> try_all(std::shared_ptr<Work> work, const ClusterSettings& settings,
                              bool& ended) {
  const SaslSettings* const sasl = settings.security.sasl ? &*settings.security.sasl : nullptr;
  std::vector<MetadataResponse::Broker> bootstrap;
  for (const auto& [host, port] : settings.bootstrap) bootstrap.push_back({-1, host, port, {}});
  co_await try_servers(work, sasl, std::move(bootstrap));
  co_await try_servers(work, sasl, known_brokers(*work));
  std::vector<GreetedBroker> brokers;
  for (size_t i = 0; i < work->connections.size(); ++i) {
    const int32_t id = work->trial.servers[i].broker;
    if (work->connections[i] && id >= 0) brokers.push_back({id, work->connections[i]});
  }
  std::optional<Scope> scope = settings.scope;
  if (!brokers.empty())
    work->trial.rights = co_await ask_rights(std::move(brokers), std::move(scope), work->each);
  ended = true;
}

}  // namespace

Trial try_cluster(const ClusterSettings& settings, Duration limit) {
  // Of an own loop, so that nothing of it goes on when this returns.
  asio::io_context loop;
  const auto work = std::make_shared<Work>();
  work->trial.cluster = settings.name;
  work->tools = std::make_shared<LinkTools>();
  work->tools->security = make_security(settings.security, settings.ask_http);
  work->each = limit * 3 / 10;  // three rounds
  bool ended = false;
  asio::co_spawn(loop, try_all(work, settings, ended), asio::detached);
  const SteadyTime deadline = steady_now() + limit;
  while (!ended && steady_now() < deadline && loop.run_one_until(deadline) > 0) {
  }
  Trial trial = std::move(work->trial);
  for (TriedServer& server : trial.servers) {
    if (!server.steps.empty()) continue;
    server.failed = true;
    server.steps.push_back({"connect", work->each, "it has not answered in time", ""});
  }
  if (work->tools->security.login) work->tools->security.login->close();
  work->tools->names->close();
  return trial;
}

}  // namespace highwater::kafka
