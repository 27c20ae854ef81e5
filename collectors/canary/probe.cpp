// highwater-canary, the probe: sends one small record per tick to each partition of a topic and
// reads it again. Reads its settings from standard input, one line, and writes a report to standard
// output per tick; ends with standard input.
//
// It is a program of its own, started by the agent: whatever the client library does there, crash
// or hang, the watch goes on. It never creates or alters a topic, and can do no harm: one record of
// less than 300 bytes per partition and tick, at most ten under way in each, and nothing for five
// minutes after the cluster refused it.
#include <fcntl.h>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "collectors/canary/client.h"
#include "collectors/canary/report.h"

namespace highwater::canary {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr size_t kMostQueued = kMaxPartitions * (CanaryLedger::kMaxUnderWay + 1);
constexpr Duration kPauseAfterRefusal = minutes(5);
constexpr Duration kTopicChecked = seconds(30);  // so often is the topic looked at
constexpr int kMetadataTimeoutMs = 5000;
// One in so many records is told as a trace, and each that took longer than this.
constexpr uint64_t kTracedEach = 60;
constexpr Duration kSlow = seconds(1);
constexpr size_t kMaxJourneys = 20;  // of one report

SteadyTime steady_now() {
  return std::chrono::steady_clock::now();
}

std::string error_text(rd_kafka_resp_err_t error) {
  return rd_kafka_err2str(error);
}

// The cluster will not have our records at all: trying on would only add to its trouble.
bool refuses(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
         error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
         error == RD_KAFKA_RESP_ERR_POLICY_VIOLATION || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
         error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         error == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         error == RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT;
}

// Both ends live as long as the process.
struct WakePipe {
  int read_end = -1;
  int write_end = -1;

  WakePipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("no pipe");
    read_end = ends[0];
    write_end = ends[1];
  }
};

struct Sent {
  TraceId trace;
  SpanId span;
  WallTime at;
  Duration produce{};
};

struct Partition {
  CanaryLedger ledger;
  PartitionReport report;  // the samples since the last one
  std::map<uint64_t, Sent> traced;
};

// "hwc1 RUN SEQUENCE": what a record says. The run tells our records from those of other agents,
// and from our own of before a restart.
struct Payload {
  static std::string write(const std::string& run, uint64_t sequence) {
    return fmt::format("hwc1 {} {}", run, sequence);
  }
  static std::optional<uint64_t> read(std::string_view text, const std::string& run) {
    const std::string start = fmt::format("hwc1 {} ", run);
    if (!text.starts_with(start)) return std::nullopt;
    text.remove_prefix(start.size());
    uint64_t sequence = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return sequence;
  }
};

class Probe {
 public:
  explicit Probe(ProbeSettings settings)
      : settings_(std::move(settings)),
        run_(TraceId::random().hex()),
        producer_(make_producer(settings_, kMostQueued, this,
                                [](rd_kafka_t*, const rd_kafka_message_t* message, void* probe) {
                                  static_cast<Probe*>(probe)->delivered(*message);
                                })),
        consumer_(make_consumer(
            settings_, this,
            [](rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t*,
               void* probe) { static_cast<Probe*>(probe)->committed(error); })),
        topic_(rd_kafka_topic_new(consumer_.get(), settings_.topic.c_str(), nullptr)) {
    rd_kafka_poll_set_consumer(consumer_.get());
    wake_on(rd_kafka_queue_get_main(producer_.get()));
    wake_on(rd_kafka_queue_get_consumer(consumer_.get()));
  }

  // Until standard input ends.
  void run() {
    SteadyTime next = steady_now();
    while (wait_until(next)) {
      rd_kafka_poll(producer_.get(), 0);
      read_all();
      const SteadyTime now = steady_now();
      if (now < next) continue;
      // A tick that was missed is not made up for.
      next = std::max(next + settings_.every, now);
      tick(now);
    }
    rd_kafka_purge(producer_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(producer_.get(), 500);
  }

 private:
  // Something in the queue wakes us at once: what is measured must not wait for us.
  void wake_on(rd_kafka_queue_t* queue) {
    rd_kafka_queue_io_event_enable(queue, wake_.write_end, "w", 1);
    rd_kafka_queue_destroy(queue);
  }

  // Waits for news or the time; false when standard input ended.
  bool wait_until(SteadyTime time) const {
    std::array<pollfd, 2> waited{{{STDIN_FILENO, POLLIN, 0}, {wake_.read_end, POLLIN, 0}}};
    const auto left = std::chrono::ceil<milliseconds>(time - steady_now()).count();
    if (poll(waited.data(), waited.size(), static_cast<int>(std::max<int64_t>(left, 0))) <= 0)
      return true;
    std::array<char, 256> ignored{};
    if (waited[1].revents != 0) (void)!read(wake_.read_end, ignored.data(), ignored.size());
    return waited[0].revents == 0 || read(STDIN_FILENO, ignored.data(), ignored.size()) > 0;
  }

  void tick(SteadyTime now) {
    if (now >= check_topic_at_) check_topic(now);
    if (sending(now)) {
      for (auto& [number, partition] : partitions_) send(number, partition, now);
    }
    commit(now);
    report(now);
  }

  [[nodiscard]] bool sending(SteadyTime now) const {
    return why_not_.empty() && now >= paused_until_;
  }

  // The consumer asks, because a producer that asks for a topic may create it.
  void check_topic(SteadyTime now) {
    check_topic_at_ = now + kTopicChecked;
    const rd_kafka_metadata_t* metadata = nullptr;
    const rd_kafka_resp_err_t error =
        rd_kafka_metadata(consumer_.get(), 0, topic_.get(), &metadata, kMetadataTimeoutMs);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
      // What is known stays: a cluster that does not answer is what the records are there to show.
      if (partitions_.empty()) why_not_ = fmt::format("no metadata: {}", error_text(error));
      return;
    }
    const auto& topic = metadata->topics[0];
    if (topic.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      why_not_ = fmt::format("topic {}: {}", settings_.topic, error_text(topic.err));
    } else {
      why_not_.clear();
      told_partitions_ = topic.partition_cnt;
      add_partitions(std::min<int32_t>(topic.partition_cnt, kMaxPartitions));
    }
    rd_kafka_metadata_destroy(metadata);
  }

  void add_partitions(int32_t count) {
    if (static_cast<size_t>(count) == partitions_.size()) return;
    PartitionList list(rd_kafka_topic_partition_list_new(count));
    for (int32_t number = 0; number < count; ++number) {
      const bool known = !partitions_.try_emplace(number).second;
      auto* const entry =
          rd_kafka_topic_partition_list_add(list.get(), settings_.topic.c_str(), number);
      entry->offset =
          known && next_offsets_.contains(number) ? next_offsets_.at(number) : RD_KAFKA_OFFSET_END;
    }
    rd_kafka_assign(consumer_.get(), list.get());
  }

  void send(int32_t number, Partition& partition, SteadyTime now) {
    if (!partition.ledger.may_send(now)) return;
    const uint64_t sequence = ++sequence_;
    const std::string payload = Payload::write(run_, sequence);
    const Sent sent{TraceId::random(), SpanId::random(), SystemClock().now().wall, {}};
    const std::string parent = traceparent(sent.trace, sent.span);
    partition.ledger.sent(sequence, now);
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        producer_.get(), RD_KAFKA_V_TOPIC(settings_.topic.c_str()), RD_KAFKA_V_PARTITION(number),
        RD_KAFKA_V_VALUE(const_cast<char*>(payload.data()), payload.size()),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_HEADER("traceparent", parent.data(), parent.size()),
        RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(sequence)), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      partition.traced.emplace(sequence, sent);
      while (partition.traced.size() > CanaryLedger::kMaxUnderWay)
        partition.traced.erase(partition.traced.begin());
      return;
    }
    refuse(partition, sequence, error, now);
  }

  void refuse(Partition& partition, uint64_t sequence, rd_kafka_resp_err_t error, SteadyTime now) {
    partition.ledger.refused(sequence);
    partition.report.error = error_text(error);
    if (!refuses(error)) return;
    paused_until_ = now + kPauseAfterRefusal;
    refusal_ = fmt::format("the cluster refuses the records: {}", error_text(error));
  }

  // The cluster's answer, or the client's when it gave up.
  void delivered(const rd_kafka_message_t& message) {
    const auto found = partitions_.find(message.partition);
    if (found == partitions_.end()) return;
    Partition& partition = found->second;
    const auto sequence = reinterpret_cast<uint64_t>(message._private);
    const SteadyTime now = steady_now();
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      refuse(partition, sequence, message.err, now);
      return;
    }
    partition.report.error.clear();
    const auto took = partition.ledger.taken(sequence, message.offset, now);
    if (!took) return;
    partition.report.produced.push_back(*took);
    if (const auto sent = partition.traced.find(sequence); sent != partition.traced.end())
      sent->second.produce = *took;
  }

  void read_all() {
    using Message = std::unique_ptr<rd_kafka_message_t,
                                    Destroyer<rd_kafka_message_t, rd_kafka_message_destroy>>;
    while (const Message message{rd_kafka_consumer_poll(consumer_.get(), 0)}) {
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) received(*message);
    }
  }

  void received(const rd_kafka_message_t& message) {
    const auto found = partitions_.find(message.partition);
    if (found == partitions_.end()) return;
    Partition& partition = found->second;
    next_offsets_[message.partition] = message.offset + 1;
    const auto sequence = Payload::read(
        std::string_view(static_cast<const char*>(message.payload), message.len), run_);
    if (!sequence) {
      partition.ledger.read_up_to(message.offset);
      return;
    }
    const auto took = partition.ledger.received(*sequence, message.offset, steady_now());
    if (!took) return;
    partition.report.end_to_end.push_back(*took);
    tell_journey(partition, *sequence, *took);
  }

  void tell_journey(Partition& partition, uint64_t sequence, Duration took) {
    const auto sent = partition.traced.find(sequence);
    if (sent == partition.traced.end()) return;
    const Sent record = sent->second;
    partition.traced.erase(sent);
    if (journeys_.size() >= kMaxJourneys) return;
    if (took < kSlow && sequence % kTracedEach != 1) return;
    journeys_.push_back(
        {record.trace, record.span, SpanId::random(), record.at, record.produce, took});
  }

  void commit(SteadyTime now) {
    if (next_offsets_.empty() || commit_sent_) return;
    PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(next_offsets_.size())));
    for (const auto& [number, offset] : next_offsets_) {
      rd_kafka_topic_partition_list_add(list.get(), settings_.topic.c_str(), number)->offset =
          offset;
    }
    if (rd_kafka_commit(consumer_.get(), list.get(), 1) == RD_KAFKA_RESP_ERR_NO_ERROR)
      commit_sent_ = now;
  }

  void committed(rd_kafka_resp_err_t error) {
    if (commit_sent_ && error == RD_KAFKA_RESP_ERR_NO_ERROR)
      commits_.push_back(steady_now() - *commit_sent_);
    commit_sent_.reset();
  }

  void report(SteadyTime now) {
    ProbeReport report;
    report.sending = sending(now);
    report.why = !why_not_.empty() ? why_not_ : report.sending ? "" : refusal_;
    report.partitions = told_partitions_;
    report.commits.swap(commits_);
    report.journeys.swap(journeys_);
    for (auto& [number, partition] : partitions_) {
      PartitionReport one = partition.report;
      one.partition = number;
      one.counts = partition.ledger.counts();
      one.waiting = partition.ledger.waiting(now);
      one.unanswered = partition.ledger.unanswered(now);
      report.probed.push_back(std::move(one));
      partition.report.produced.clear();
      partition.report.end_to_end.clear();
    }
    std::cout << write_report(report) << std::endl;  // NOLINT: the agent waits for the line
    if (!std::cout) std::exit(0);                    // nobody listens any more
  }

  const ProbeSettings settings_;
  const std::string run_;
  const WakePipe wake_;
  Client producer_;
  Client consumer_;
  Topic topic_;
  std::map<int32_t, Partition> partitions_;
  std::map<int32_t, int64_t> next_offsets_;  // to be committed
  int32_t told_partitions_ = 0;
  uint64_t sequence_ = 0;
  SteadyTime check_topic_at_{};
  SteadyTime paused_until_{};
  std::string why_not_ = "the topic was not looked at yet";
  std::string refusal_;
  std::optional<SteadyTime> commit_sent_;
  std::vector<Duration> commits_;
  std::vector<Journey> journeys_;
};

constexpr const char* kWhatItIs =
    "highwater-canary is the probe of clusters[].canary. The agent ('highwater run')\n"
    "starts it; do not start it yourself. It sends a small record per tick to each\n"
    "partition of the canary's topic and reads it again. It reads its settings from\n"
    "standard input and writes its reports to standard output.\n"
    "docs/canary.md says more.\n";

// Somebody started it by hand.
int say_what_it_is(bool asked) {
  (asked ? std::cout : std::cerr) << kWhatItIs;
  return asked ? 0 : 2;
}

int run_probe() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the agent, which ends us
  std::string line;
  if (!std::getline(std::cin, line)) return 0;
  const Result<ProbeSettings> settings = read_settings(line);
  if (!settings) {
    std::cerr << "highwater-canary is started by the agent: " << settings.error().message << "\n";
    return 2;
  }
  try {
    Probe(*settings).run();
  } catch (const std::exception& error) {
    std::cerr << "highwater-canary: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace highwater::canary

int main(int argc, char** argv) {
  using namespace highwater::canary;  // NOLINT(google-build-using-namespace)
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (argc > 1 || isatty(STDIN_FILENO) != 0)
    return say_what_it_is(word == "--help" || word == "-h");
  return run_probe();
}
