// highwater-transactions: a producer and a consumer of exactly-once topics with librdkafka, for the
// tests on real brokers.
//
//   highwater-transactions write SERVERS TOPIC TRANSACTIONAL-ID STEP...
//
// Writes to partition 0, a transaction for each step: commit:5 or abort:3, with so many records.
//
//   highwater-transactions read SERVERS TOPIC GROUP
//
// Reads committed records and commits "the last record and one", as most users of librdkafka do,
// until it is told to end (SIGTERM). A line "committed OFFSET" for each commit.
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace {

volatile std::sig_atomic_t stopping = 0;

[[noreturn]] void fail(const std::string& what) {
  fmt::print(stderr, "highwater-transactions: {}\n", what);
  std::exit(1);
}

void check(rd_kafka_resp_err_t error, const char* what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    fail(fmt::format("{}: {}", what, rd_kafka_err2str(error)));
}
void check(rd_kafka_error_t* error, const char* what) {
  if (error != nullptr) fail(fmt::format("{}: {}", what, rd_kafka_error_string(error)));
}

using Client = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   decltype(&rd_kafka_topic_partition_list_destroy)>;

constexpr int kPatienceMs = 60'000;

Client make_client(rd_kafka_type_t type, const std::string& servers, const char* setting,
                   const std::string& value) {
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  const auto set = [settings](const char* name, const std::string& to) {
    char error[256];
    if (rd_kafka_conf_set(settings, name, to.c_str(), error, sizeof(error)) != RD_KAFKA_CONF_OK)
      fail(error);
  };
  set("bootstrap.servers", servers);
  set(setting, value);
  if (type == RD_KAFKA_CONSUMER) {
    set("enable.auto.commit", "false");
    set("auto.offset.reset", "earliest");
    set("isolation.level", "read_committed");
  }
  char error[256];
  rd_kafka_t* client = rd_kafka_new(type, settings, error, sizeof(error));
  if (client == nullptr) fail(error);
  return {client, rd_kafka_destroy};
}

void write(const std::string& servers, const std::string& topic, const std::string& id,
           std::span<char*> steps) {
  const Client client = make_client(RD_KAFKA_PRODUCER, servers, "transactional.id", id);
  check(rd_kafka_init_transactions(client.get(), kPatienceMs), "init_transactions");
  for (const std::string_view step : steps) {
    const size_t colon = step.find(':');
    if (colon == std::string_view::npos) fail("a step is commit:N or abort:N");
    check(rd_kafka_begin_transaction(client.get()), "begin_transaction");
    for (int left = std::atoi(step.substr(colon + 1).data()); left > 0; --left) {
      check(rd_kafka_producev(client.get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                              RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(const_cast<char*>("x"), 1),
                              RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
            "produce");
    }
    check(rd_kafka_flush(client.get(), kPatienceMs), "flush");
    if (step.starts_with("abort"))
      check(rd_kafka_abort_transaction(client.get(), kPatienceMs), "abort_transaction");
    else
      check(rd_kafka_commit_transaction(client.get(), kPatienceMs), "commit_transaction");
  }
}

void read(const std::string& servers, const std::string& topic, const std::string& group) {
  const Client client = make_client(RD_KAFKA_CONSUMER, servers, "group.id", group);
  const Partitions position(rd_kafka_topic_partition_list_new(1),
                            rd_kafka_topic_partition_list_destroy);
  rd_kafka_topic_partition_list_add(position.get(), topic.c_str(), 0);
  check(rd_kafka_subscribe(client.get(), position.get()), "subscribe");
  while (stopping == 0) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(client.get(), 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      position->elems[0].offset = message->offset + 1;
      check(rd_kafka_commit(client.get(), position.get(), 0), "commit");
      fmt::print("committed {}\n", message->offset + 1);
      std::fflush(stdout);
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(client.get());
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGTERM, [](int) { stopping = 1; });
  const std::string_view verb = count > 1 ? arguments[1] : "";
  if (verb == "write" && count > 5)
    write(arguments[2], arguments[3], arguments[4], std::span(arguments + 5, arguments + count));
  else if (verb == "read" && count == 5)
    read(arguments[2], arguments[3], arguments[4]);
  else
    fail("write SERVERS TOPIC TRANSACTIONAL-ID STEP... | read SERVERS TOPIC GROUP");
  return 0;
}
