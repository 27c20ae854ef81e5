// highwater-traffic: writes to partition 0 of a topic, reads it and commits, and tells the truth
// about it, so that a test can compare what a monitor says.
//
//   highwater-traffic SERVERS TOPIC GROUP PATTERN SECONDS
//
// A line for each record that was acknowledged: "record OFFSET SENT ACKNOWLEDGED", and for each
// commit: "commit OFFSET BEFORE AFTER"; moments in milliseconds since 1970. Patterns: constant,
// bursts, idle (nothing is written after a while), paused (nothing for a while), slow (the consumer
// is), catching-up (it sleeps first), reprocessing (it begins again in the middle).
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace {

using std::chrono::milliseconds;

int64_t now() {
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

template <class... Values>
void say(fmt::format_string<Values...> format, Values&&... values) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  fmt::print(format, std::forward<Values>(values)...);
  std::fflush(stdout);
}

[[noreturn]] void fail(const std::string& what) {
  fmt::print(stderr, "highwater-traffic: {}\n", what);
  std::exit(1);
}

void check(rd_kafka_resp_err_t error, const char* what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail(fmt::format("{}: {}", what, rd_kafka_err2str(error)));
}

using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   decltype(&rd_kafka_topic_partition_list_destroy)>;

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail("a record was not taken");
  const auto sent = reinterpret_cast<intptr_t>(message->_private);
  say("record {} {} {}\n", message->offset, sent, now());
}

Client make_client(rd_kafka_type_t type, const std::string& servers, const std::string& group) {
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  const auto set = [settings](const char* name, const std::string& value) {
    char error[256];
    if (rd_kafka_conf_set(settings, name, value.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK)
      fail(error);
  };
  set("bootstrap.servers", servers);
  if (type == RD_KAFKA_PRODUCER) {
    set("acks", "all");
    set("linger.ms", "5");
    rd_kafka_conf_set_dr_msg_cb(settings, on_delivery);
  } else {
    set("group.id", group);
    set("enable.auto.commit", "false");
    set("auto.offset.reset", "earliest");
    set("max.poll.interval.ms", "86400000");  // some patterns read nothing for long
  }
  char error[256];
  rd_kafka_t* client = rd_kafka_new(type, settings, error, sizeof(error));
  if (client == nullptr) fail(error);
  return {client, rd_kafka_destroy};
}

struct Pattern {
  std::string name;
  double seconds = 60;

  // Records a second, and what the consumer may read, at this part (0 to 1) of the time.
  [[nodiscard]] double produce(double part, double at) const {
    if (name == "bursts") return std::fmod(at, 7) < 1.3 ? 60 : 0;
    if (name == "idle") return part < 0.4 ? 20 : 0;
    if (name == "paused") return part < 0.3 || part > 0.6 ? 20 : 0;
    return 20;
  }
  [[nodiscard]] double consume(double part) const {
    if (name == "slow") return 12;
    if (name == "idle") return part < 0.3 ? 1e6 : 1;
    if (name == "catching-up") return part < 0.4 ? 0 : 30;
    if (name == "reprocessing") return part < 0.5 ? 1e6 : 30;
    return 1e6;
  }
};

class Clock {
 public:
  [[nodiscard]] double seconds() const { return static_cast<double>(now() - start_) / 1000; }

 private:
  int64_t start_ = now();
};

void produce(const std::string& servers, const std::string& topic, const Pattern& pattern,
             const Clock& clock) {
  const Client client = make_client(RD_KAFKA_PRODUCER, servers, "");
  double owed = 0;
  double before = clock.seconds();
  while (before < pattern.seconds) {
    const double at = clock.seconds();
    owed += pattern.produce(at / pattern.seconds, at) * (at - before);
    before = at;
    for (; owed >= 1; --owed) {
      check(rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                              RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(const_cast<char*>("x"), 1),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                              RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(now())), RD_KAFKA_V_END),
            "produce");
    }
    rd_kafka_poll(client.get(), 10);
  }
  check(rd_kafka_flush(client.get(), 10'000), "flush");
}

void consume(const std::string& servers, const std::string& topic, const std::string& group,
             const Pattern& pattern, const Clock& clock) {
  const Client client = make_client(RD_KAFKA_CONSUMER, servers, group);
  const Partitions position(rd_kafka_topic_partition_list_new(1),
                            rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(position.get(), topic.c_str(), 0);
  check(rd_kafka_subscribe(client.get(), position.get()), "subscribe");
  int64_t next = 0;
  int64_t committed = -1;
  double allowed = 0;
  double before = clock.seconds();
  double commit_at = 0;
  bool again = pattern.name == "reprocessing";
  while (before < pattern.seconds) {
    const double at = clock.seconds();
    const double rate = pattern.consume(at / pattern.seconds);
    allowed = std::min(allowed + rate * (at - before), std::max(rate, 1.0));
    before = at;
    if (again && at > pattern.seconds / 2) {
      again = false;
      allowed = 0;
      next = 0;
      position->elems[0].offset = 0;
      if (rd_kafka_error_t* error = rd_kafka_seek_partitions(client.get(), position.get(), 10'000))
        fail(rd_kafka_error_string(error));
    }
    while (allowed >= 1) {
      rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), 20);
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        next = message->offset + 1;
        --allowed;
      }
      rd_kafka_message_destroy(message);
    }
    if (at >= commit_at && next != committed) {
      const Partitions offsets(rd_kafka_topic_partition_list_new(1),
                               rd_kafka_topic_partition_list_destroy);
      rd_kafka_topic_partition_list_add(offsets.get(), topic.c_str(), 0)->offset = next;
      const int64_t asked = now();
      check(rd_kafka_commit(client.get(), offsets.get(), 0), "commit");
      say("commit {} {} {}\n", next, asked, now());
      committed = next;
      commit_at = at + 1.5;
    }
    std::this_thread::sleep_for(milliseconds(10));
  }
  rd_kafka_consumer_close(client.get());
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 6) fail("SERVERS TOPIC GROUP PATTERN SECONDS");
  const std::string servers = arguments[1];
  const std::string topic = arguments[2];
  const Pattern pattern{arguments[4], std::atof(arguments[5])};
  const Clock clock;
  std::thread producer([&] { produce(servers, topic, pattern, clock); });
  consume(servers, topic, arguments[3], pattern, clock);
  producer.join();
  return 0;
}
