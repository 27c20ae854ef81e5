#include "collectors/kafka/brokers/node_questions.h"

#include <utility>

#include "collectors/kafka/client/identity.h"
#include "collectors/kafka/offsets_topic.h"
#include "collectors/kafka/poll/unknown_reason.h"

namespace highwater::kafka {
namespace {

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

ProbeOutcome outcome_of(FailureKind kind) {
  if (is_denial(kind)) return ProbeOutcome::distrusted;
  // Ours to mend: it says nothing of the broker.
  if (kind == FailureKind::not_usable) return ProbeOutcome::none;
  return kind == FailureKind::unsupported ? ProbeOutcome::answered : ProbeOutcome::failed;
}

Probed failed_probe(const Failure& failure) {
  Probed probed;
  probed.outcome = outcome_of(failure.kind);
  probed.why = failure.what;
  return probed;
}

bool names_no_controller(const Answer<DescribeQuorumResponse>& answer) {
  if (!answer) return answer.error().kind != FailureKind::unsupported;
  const Unknown reason = reason_of(answer->error_code);
  if (reason == Unknown::denied || reason == Unknown::unsupported) return false;
  if (answer->error_code != ErrorCode::kNone || answer->topics.empty() ||
      answer->topics.front().partitions.empty())
    return true;
  const auto& partition = answer->topics.front().partitions.front();
  return partition.error_code != ErrorCode::kNone || partition.leader_id < 0;
}

asio::awaitable<Answer<std::shared_ptr<Connection>>> open_session(std::shared_ptr<LinkTools> tools,
                                                                  std::string host, int32_t port,
                                                                  LinkSettings settings) {
  const auto connected =
      co_await Connection::connect(tools->names, std::move(host), port, settings.connect_timeout);
  if (!connected) co_return tl::unexpected<Failure>(connected.error());
  const auto connection = *connected;
  const auto greeted = co_await greet(connection, tools->security, settings.request_timeout);
  if (!greeted) co_return tl::unexpected<Failure>(greeted.error());
  co_return connection;
}

asio::awaitable<Answer<MetadataResponse>> ask_metadata(std::shared_ptr<Connection> connection,
                                                       LinkSettings settings, bool of_others) {
  MetadataRequest request = brokers_only();
  if (of_others) {
    MetadataRequest::Topic topic;
    topic.name = kOffsetsTopic;
    request.topics->push_back(std::move(topic));
  }
  co_return co_await connection->ask(std::move(request), settings.request_timeout);
}

// As far as it says.
asio::awaitable<bool> has_controller(std::shared_ptr<Connection> connection,
                                     LinkSettings settings) {
  if (!connection->version(ApiKey::kDescribeQuorum)) co_return true;
  DescribeQuorumRequest quorum;
  const auto answer = co_await connection->ask(std::move(quorum), settings.request_timeout);
  co_return !names_no_controller(answer);
}

}  // namespace

asio::awaitable<Probed> probe_broker(std::shared_ptr<LinkTools> tools, std::string host,
                                     int32_t port, LinkSettings settings) {
  const SteadyTime begun = steady_now();
  const auto connected =
      co_await Connection::connect(tools->names, std::move(host), port, settings.connect_timeout);
  if (!connected) co_return failed_probe(connected.error());
  const auto connection = *connected;
  const SteadyTime there = steady_now();
  Security without_login;
  without_login.tls = tools->security.tls;
  const auto answer = co_await greet(connection, without_login, settings.request_timeout);
  Probed probed = answer ? Probed{} : failed_probe(answer.error());
  probed.connect = there - begun;
  if (answer) {
    probed.outcome = ProbeOutcome::answered;
    probed.first_answer = steady_now() - there;
  }
  connection->close({FailureKind::not_usable, "no longer needed"});
  co_return probed;
}

asio::awaitable<Answer<PeerAnswer>> ask_peer(std::shared_ptr<LinkTools> tools, std::string host,
                                             int32_t port, LinkSettings settings, bool of_others) {
  const auto opened = co_await open_session(tools, std::move(host), port, settings);
  if (!opened) co_return tl::unexpected<Failure>(opened.error());
  Answer<PeerAnswer> answer;
  auto metadata = co_await ask_metadata(*opened, settings, of_others);
  if (metadata)
    answer->metadata = std::move(*metadata);
  else
    answer = tl::unexpected<Failure>(metadata.error());
  if (answer && of_others) answer->has_controller = co_await has_controller(*opened, settings);
  (*opened)->close({FailureKind::not_usable, "no longer needed"});
  co_return answer;
}

}  // namespace highwater::kafka
