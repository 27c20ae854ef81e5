#include "collectors/kafka/brokers/investigation.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <iterator>
#include <set>
#include <utility>

#include "collectors/kafka/client/gather.h"
#include "collectors/kafka/client/identity.h"

namespace highwater::kafka {
namespace {

using std::chrono::milliseconds;

constexpr auto kLongEnough = milliseconds(500);
// Until ZooKeeper's controller has taken one that led nothing out of the ISRs.
constexpr auto kLongForFollower = milliseconds(2000);
constexpr auto kStep = milliseconds(50);
constexpr auto kAnswerWithin = milliseconds(200);
// Any of them knows; that one is late to learn of a stop only makes it take longer.
constexpr size_t kAskedAtOnce = 5;
// Two losses a minute apart are both looked at closely; a storm of them at two rounds a second.
constexpr double kRoundsAtOnce = 20;
constexpr double kRoundsPerSecond = 2;
constexpr size_t kMaxSpans = 20;
constexpr size_t kMaxTopics = 10;  // in a question

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

Duration patience(const std::optional<HeldReplica>& held) {
  return held && !held->led ? kLongForFollower : kLongEnough;
}

}  // namespace

// One question to several brokers. Listed by anybody is listed: they do not learn of an orderly
// stop in the same instant.
struct Investigation::Round {
  bool answered = false;
  std::set<int32_t> listed;
  std::vector<MetadataResponse::Topic> topics;

  void add(MetadataResponse metadata) {
    answered = true;
    for (const auto& broker : metadata.brokers) listed.insert(broker.node_id);
    std::ranges::move(metadata.topics, std::back_inserter(topics));
  }
  // Whoever knows of it suffices: they do not learn of it in the same instant either.
  [[nodiscard]] bool handed_over(int32_t broker, const HeldReplica& held) const {
    return std::ranges::any_of(topics, [&](const MetadataResponse::Topic& topic) {
      return topic.name == held.topic &&
             std::ranges::any_of(topic.partitions, [&](const auto& partition) {
               return partition.partition_index == held.partition && partition.leader_id >= 0 &&
                      partition.leader_id != broker && partition.isr_nodes.size() > 0 &&
                      std::ranges::find(partition.isr_nodes, broker) == partition.isr_nodes.end();
             });
    });
  }
};

Investigation::Investigation(asio::any_io_executor executor, KafkaAdmin& admin, Conclude conclude)
    : executor_(executor),
      admin_(admin),
      conclude_(std::move(conclude)),
      rounds_(kRoundsAtOnce, kRoundsPerSecond),
      timer_(executor) {}

Investigation::~Investigation() {
  *alive_ = false;
  timer_.cancel();
}

void Investigation::begin(int32_t broker, Span loss, std::optional<HeldReplica> held) {
  const auto [entry, added] = suspects_.try_emplace(broker);
  if (!added) return;
  entry->second.since = steady_now();
  entry->second.held = std::move(held);
  entry->second.verdict.spans.push_back(std::move(loss));
  if (std::exchange(running_, true)) return;
  asio::co_spawn(executor_, run(this, alive_), asio::detached);
}

asio::awaitable<void> Investigation::run(Investigation* self, std::shared_ptr<bool> alive) {
  std::error_code ignored;
  while (*alive && !self->suspects_.empty()) {
    const std::vector<int32_t> others = self->whom_to_ask();
    if (others.empty()) {
      std::vector<int32_t> all;
      for (const auto& [broker, suspect] : self->suspects_) all.push_back(broker);
      self->conclude_all(all);
      continue;
    }
    if (const Duration wait = self->rounds_.wait(steady_now()); wait > Duration::zero()) {
      self->timer_.expires_after(wait);
      co_await self->timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      continue;
    }
    self->rounds_.take(steady_now());
    const auto round = std::make_shared<Round>();
    const Now asked = SystemClock().now();
    std::vector<asio::awaitable<void>> questions;
    for (const int32_t other : others) {
      const auto question = [](KafkaAdmin* admin, int32_t whom, MetadataRequest request,
                               std::shared_ptr<Round> into) -> asio::awaitable<void> {
        auto metadata = co_await admin->ask(whom, std::move(request));
        if (metadata) into->add(std::move(*metadata));
      };
      questions.push_back(question(&self->admin_, other, self->what_to_ask(), round));
    }
    co_await gather(std::move(questions), kAnswerWithin);
    if (!*alive) co_return;
    self->note_answers(*round, asked);
    self->timer_.expires_after(kStep);
    co_await self->timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (*alive) self->running_ = false;
}

// In turn, so that the same five are not asked each time.
std::vector<int32_t> Investigation::whom_to_ask() {
  std::vector<int32_t> others = admin_.usable();
  std::erase_if(others, [this](int32_t broker) { return suspects_.contains(broker); });
  if (others.size() <= kAskedAtOnce) return others;
  std::ranges::rotate(others,
                      others.begin() + static_cast<std::ptrdiff_t>(next_++ % others.size()));
  others.resize(kAskedAtOnce);
  return others;
}

MetadataRequest Investigation::what_to_ask() const {
  std::set<std::string> names;
  for (const auto& [broker, suspect] : suspects_) {
    if (suspect.held && names.size() < kMaxTopics) names.insert(suspect.held->topic);
  }
  MetadataRequest request = brokers_only();
  for (const std::string& name : names) request.topics->push_back({{}, name});
  return request;
}

void Investigation::note_answers(const Round& round, Now asked) {
  const SteadyTime now = steady_now();
  std::vector<int32_t> done;
  for (auto& [broker, suspect] : suspects_) {
    // What was asked before it was lost says nothing of it.
    if (suspect.since > asked.steady) continue;
    if (round.answered) {
      suspect.verdict.listed = round.listed.contains(broker);
      suspect.verdict.handed_over = suspect.held && round.handed_over(broker, *suspect.held);
      if (suspect.verdict.spans.size() < kMaxSpans)
        suspect.verdict.spans.push_back(request_span("kafka.request Metadata", broker, asked, ""));
    }
    if (suspect.verdict.listed == false || suspect.verdict.handed_over ||
        now - suspect.since >= patience(suspect.held))
      done.push_back(broker);
  }
  conclude_all(done);
}

// What is called may end or begin other investigations.
void Investigation::conclude_all(const std::vector<int32_t>& brokers) {
  for (const int32_t broker : brokers) {
    const auto found = suspects_.find(broker);
    if (found == suspects_.end()) continue;
    Verdict verdict = std::move(found->second.verdict);
    suspects_.erase(found);
    conclude_(broker, std::move(verdict));
  }
}

Span request_span(const char* name, int32_t broker, Now start, const std::string& error) {
  Span span;
  span.id = SpanId::random();
  span.name = name;
  span.kind = SpanKind::client;
  span.start = start.wall;
  span.duration = std::chrono::steady_clock::now() - start.steady;
  span.error = error;
  span.attributes = {{"messaging.system", "kafka"},
                     {"messaging.kafka.broker.id", std::to_string(broker)}};
  return span;
}

}  // namespace highwater::kafka
