#include "exporters/otlp/exporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <random>

#include "exporters/http/peer_text.h"
#include "exporters/otlp/encode.h"
#include "exporters/push/retry_after.h"

namespace highwater::otlp {
namespace {

constexpr Duration kIdle = std::chrono::hours(1);
constexpr Duration kMaxBackoff = std::chrono::seconds(30);
// What the collector did not take is in the body: worth a wait, but sending twice is worse.
constexpr Duration kLinger = std::chrono::seconds(1);

double random_chance() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(engine);
}

// As OTLP says: these may work later, everything else will not.
bool retryable(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

TraceExporter::TraceExporter(TraceConfig config, const Clock& clock, Log& log,
                             TraceExporterOptions options)
    : config_(std::move(config)),
      clock_(clock),
      log_(log),
      options_(std::move(options)),
      selector_(config_.sampler),
      queue_(config_.queue_size) {
  if (!enabled()) return;
  if (!options_.chance) options_.chance = random_chance;
  if (!options_.transport) {
    options_.transport = [client = std::make_shared<http::Client>()](const http::Request& request) {
      return client->send(request);
    };
  }
  thread_ = std::thread([this] { run(); });
}

TraceExporter::~TraceExporter() {
  stop(Duration::zero());
}

void TraceExporter::publish(const ReportPtr& report) {
  if (!enabled()) return;
  for (Span& span : selector_.select(*report)) queue_.push(std::move(span));
}

std::function<void(Span)> TraceExporter::sink() {
  return [this](Span span) {
    if (enabled()) queue_.push(std::move(span));
  };
}

void TraceExporter::stop(Duration limit) {
  if (!thread_.joinable()) return;
  const SteadyTime deadline = clock_.now().steady + limit;
  queue_.close();
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    changed_.wait_until(lock, deadline, [this] { return ended_; });
  }
  cancel_.request_stop();
  thread_.join();
  const TraceStats final = stats();
  if (final.dropped > 0 || final.rejected > 0)
    log_.warning("some spans never reached the collector",
                 {{"dropped", final.dropped}, {"rejected", final.rejected}});
}

TraceStats TraceExporter::stats() const {
  TraceStats stats;
  {
    const std::lock_guard lock(mutex_);
    stats = stats_;
  }
  stats.dropped += queue_.dropped();
  stats.pending = queue_.size();
  return stats;
}

void TraceExporter::run() {
  while (true) {
    const std::vector<Span> batch = next_batch();
    if (batch.empty() && queue_.closed() && queue_.size() == 0) break;
    if (!batch.empty()) send(batch);
  }
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::vector<Span> TraceExporter::next_batch() {
  std::vector<Span> batch;
  auto first = queue_.pop_until(clock_.now().steady + kIdle);
  if (!first) return batch;
  batch.push_back(std::move(*first));
  const SteadyTime until = clock_.now().steady + config_.delay;
  while (batch.size() < config_.batch_size) {
    auto span = queue_.pop_until(until);
    if (!span) break;
    batch.push_back(std::move(*span));
  }
  return batch;
}

void TraceExporter::send(const std::vector<Span>& batch) {
  const SteadyTime give_up_at = clock_.now().steady + config_.export_timeout;
  const std::string body = encode_request(batch, config_.resource);
  for (int attempts = 1; attempts <= kMaxAttempts; ++attempts) {
    if (cancel_.stop_requested()) break;
    const Attempt last = attempt(body, batch.size(), give_up_at);
    if (last.delivered) return;
    if (!last.again || attempts == kMaxAttempts) break;
    if (!wait_to_retry(attempts, last, give_up_at)) break;
  }
  const std::lock_guard lock(mutex_);
  stats_.dropped += batch.size();
}

TraceExporter::Attempt TraceExporter::attempt(const std::string& body, size_t spans,
                                              SteadyTime give_up_at) {
  const Now now = clock_.now();
  http::Request request;
  request.method = "POST";
  request.url = config_.endpoint;
  request.headers = config_.headers;
  request.tls = config_.tls;
  request.content_type = "application/x-protobuf";
  request.body = body;
  request.deadline =
      std::clamp<Duration>(give_up_at - now.steady, std::chrono::milliseconds(1), config_.timeout);
  request.max_response_bytes = 64 * 1024;
  request.linger = kLinger;
  request.stop = cancel_.get_token();
  const Result<http::Response> answer = options_.transport(request);
  if (!answer) {
    note_failure("no answer", answer.error().message);
    return {.delivered = false, .again = true, .retry_after = {}};
  }
  if (answer->status >= 200 && answer->status < 300) {
    note_success(spans, *answer);
    return {.delivered = true, .again = false, .retry_after = {}};
  }
  const std::string fault = fmt::format("HTTP {}", answer->status);
  const std::string moved = http::moved_to(*answer, request);
  note_failure(fault, moved.empty() ? fault : fault + ": " + moved);
  return {.delivered = false,
          .again = retryable(answer->status),
          .retry_after = parse_retry_after(answer->header("Retry-After"), now.wall)};
}

bool TraceExporter::wait_to_retry(int attempts, const Attempt& last, SteadyTime give_up_at) {
  const Duration full =
      std::min<Duration>(options_.first_backoff * (1 << (attempts - 1)), kMaxBackoff);
  const double share = 0.5 + options_.chance() / 2;
  Duration wait(static_cast<Duration::rep>(static_cast<double>(full.count()) * share));
  if (last.retry_after) wait = std::max(wait, *last.retry_after);
  const SteadyTime until = clock_.now().steady + wait;
  if (until >= give_up_at) return false;
  std::unique_lock lock(mutex_);
  // Stopping cuts the wait short once: a last attempt, then the batch is given up.
  if (stopping_) return false;
  changed_.wait_until(lock, until, [this] { return stopping_; });
  return true;
}

void TraceExporter::note_failure(const std::string& fault, const std::string& error) {
  {
    const std::lock_guard lock(mutex_);
    ++stats_.failed_attempts;
    stats_.last_error = error;
  }
  if (fault_ != fault) log_.warning("traces cannot be delivered", {{"error", error}});
  fault_ = fault;
}

void TraceExporter::note_success(size_t spans, const http::Response& response) {
  const PartialSuccess partial = decode_response(response.body);
  const uint64_t rejected = std::min<uint64_t>(partial.rejected_spans, spans);
  {
    const std::lock_guard lock(mutex_);
    stats_.sent += spans - rejected;
    stats_.rejected += rejected;
    stats_.last_error.clear();
  }
  if (!fault_.empty()) log_.info("traces are delivered again");
  fault_.clear();
  if (!partial.message.empty() || rejected > 0) {
    log_.on_change("otlp/partial", partial.message, LogLevel::warning,
                   "the collector did not take everything",
                   {{"rejected", rejected}, {"error", partial.message}});
  }
}

}  // namespace highwater::otlp
