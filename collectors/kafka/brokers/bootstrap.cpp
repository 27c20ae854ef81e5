#include "collectors/kafka/brokers/bootstrap.h"

#include <fmt/format.h>

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/this_coro.hpp>
#include <asio/use_awaitable.hpp>
#include <map>
#include <utility>

#include "collectors/kafka/client/deadline.h"
#include "collectors/printable_excerpt.h"

namespace highwater::kafka {
namespace {

// For the servers that are slower than the first, while it is not known which cluster is meant.
constexpr auto kOthersWithin = std::chrono::seconds(1);

using Outcome = std::optional<Answer<MetadataResponse>>;  // nothing: not yet

struct Asked {
  explicit Asked(const asio::any_io_executor& executor) : wake(executor) {}
  asio::steady_timer wake;
  std::vector<Outcome> outcomes;
};

std::string name_of(const BootstrapServer& server) {
  return fmt::format("{}:{}", server.host, server.port);
}

asio::awaitable<Answer<Identity>> greet(BootstrapServer server, LinkSettings settings,
                                        std::shared_ptr<LinkTools> tools) {
  const SteadyTime deadline =
      std::chrono::steady_clock::now() + settings.connect_timeout + settings.request_timeout;
  const auto connected = co_await Connection::connect(tools->names, server.host, server.port,
                                                      settings.connect_timeout);
  if (!connected) co_return tl::unexpected<Failure>(connected.error());
  const auto connection = *connected;
  const auto hello = co_await greet(connection, tools->security, remaining(deadline));
  if (!hello) {
    const bool unclear = hello.error().kind == FailureKind::lost && !tools->security.tls;
    co_return fail_with(hello.error().kind,
                        fmt::format("{}: {}{}", name_of(server), hello.error().what,
                                    unclear ? ", as a listener with TLS does, a proxy without a "
                                              "broker, or a quota"
                                            : ""));
  }
  ExpectedIdentity anybody;
  auto identity = co_await identify(connection, std::move(anybody), settings.request_timeout);
  connection->close({FailureKind::not_usable, "no longer needed"});
  if (!identity) identity.error().what = name_of(server) + ": " + identity.error().what;
  co_return identity;
}

asio::awaitable<Answer<MetadataResponse>> ask_server(BootstrapServer server, LinkSettings settings,
                                                     std::shared_ptr<LinkTools> tools) {
  auto identity = co_await greet(server, settings, tools);
  if (identity && !identity->metadata.brokers.empty()) co_return std::move(identity->metadata);
  if (identity) co_return fail_with(FailureKind::not_served, name_of(server) + " knows no brokers");
  if (identity.error().kind == FailureKind::not_served) {
    const auto logins = co_await offered_logins(tools->names, tools->security.tls, server.host,
                                                server.port, settings.request_timeout);
    if (logins) identity.error().what = name_of(server) + ": " + login_wanted(*logins);
  }
  co_return tl::unexpected<Failure>(identity.error());
}

asio::awaitable<void> note_outcome(std::shared_ptr<Asked> asked, size_t place,
                                   BootstrapServer server, LinkSettings settings,
                                   std::shared_ptr<LinkTools> tools) {
  asked->outcomes[place] = co_await ask_server(std::move(server), settings, std::move(tools));
  asked->wake.cancel();
}

bool is_of_cluster(const Outcome& outcome, const std::string& cluster_id) {
  return outcome && *outcome && !foreign_cluster(**outcome, cluster_id);
}

std::string most_told_id(const std::vector<Outcome>& outcomes) {
  std::map<std::string, int> counts;
  std::string best;
  for (const Outcome& outcome : outcomes) {
    if (outcome && *outcome) ++counts[(*outcome)->cluster_id.value_or("")];
  }
  for (const Outcome& outcome : outcomes) {
    if (!outcome || !*outcome) continue;
    const std::string id = (*outcome)->cluster_id.value_or("");
    if (best.empty() || counts[id] > counts[best]) best = id;
  }
  return best;
}

BootstrapResult judge(const std::vector<BootstrapServer>& servers,
                      const std::vector<Outcome>& outcomes, std::string cluster_id) {
  BootstrapResult result;
  if (cluster_id.empty()) cluster_id = most_told_id(outcomes);
  const auto add = [&](const std::string& problem) {
    result.why += (result.why.empty() ? "" : "; ") + problem;
  };
  for (size_t i = 0; i < servers.size(); ++i) {
    if (!outcomes[i]) continue;
    const Answer<MetadataResponse>& answer = *outcomes[i];
    if (!answer) {
      add(answer.error().what);
      if (is_denial(answer.error().kind) && result.why_denied.empty())
        result.why_denied = answer.error().what;
    } else if (const auto foreign = foreign_cluster(*answer, cluster_id)) {
      add(fmt::format("{} {}", name_of(servers[i]), foreign->what));
      result.strangers.push_back(
          fmt::format("bootstrap server {} {}", name_of(servers[i]), foreign->what));
    } else if (!result.metadata) {
      result.metadata = *answer;
    }
  }
  if (result.metadata) {
    result.why.clear();
    result.why_denied.clear();
  }
  return result;
}

}  // namespace

asio::awaitable<BootstrapResult> ask_bootstrap(std::vector<BootstrapServer> servers,
                                               std::string cluster_id, LinkSettings settings,
                                               std::shared_ptr<LinkTools> tools) {
  const auto executor = co_await asio::this_coro::executor;
  const auto asked = std::make_shared<Asked>(executor);
  asked->outcomes.resize(servers.size());
  for (size_t i = 0; i < servers.size(); ++i)
    asio::co_spawn(executor, note_outcome(asked, i, servers[i], settings, tools), asio::detached);
  SteadyTime until = SteadyTime::max();
  while (!std::ranges::all_of(asked->outcomes, &Outcome::has_value)) {
    const bool found = std::ranges::any_of(asked->outcomes, [&](const Outcome& outcome) {
      return is_of_cluster(outcome, cluster_id);
    });
    const SteadyTime now = std::chrono::steady_clock::now();
    if (found && !cluster_id.empty()) break;
    if (found && until == SteadyTime::max()) until = now + kOthersWithin;
    if (now >= until) break;
    asked->wake.expires_at(until);
    std::error_code ignored;
    co_await asked->wake.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_return judge(servers, asked->outcomes, std::move(cluster_id));
}

}  // namespace highwater::kafka
