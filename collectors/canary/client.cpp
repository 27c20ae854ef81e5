#include "collectors/canary/client.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <stdexcept>
#include <utility>

namespace highwater::canary {
namespace {

// How long a record may wait for the cluster before the client gives it up.
constexpr const char* kDeliveryTimeoutMs = "30000";

struct DestroyConf {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
using Conf = std::unique_ptr<rd_kafka_conf_t, DestroyConf>;
using Settings = std::initializer_list<std::pair<const char*, std::string>>;

void set(rd_kafka_conf_t* conf, Settings settings) {
  std::array<char, 256> error{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), error.data(), error.size()) !=
        RD_KAFKA_CONF_OK)
      throw std::runtime_error(fmt::format("{}: {}", name, error.data()));
  }
}

Conf make_conf(const ProbeSettings& settings, void* owner) {
  Conf conf(rd_kafka_conf_new());
  set(conf.get(), {{"bootstrap.servers", settings.servers}, {"client.id", "highwater-canary"}});
  for (const auto& [name, value] : settings.properties) set(conf.get(), {{name.c_str(), value}});
  rd_kafka_conf_set_opaque(conf.get(), owner);
  // What is wrong is told in the reports; standard error is the agent's, and not for others' lines.
  rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  rd_kafka_conf_set_error_cb(conf.get(), [](rd_kafka_t*, int, const char*, void*) {});
  return conf;
}

Client make_client(rd_kafka_type_t type, Conf conf) {
  std::array<char, 256> error{};
  Client client(rd_kafka_new(type, conf.get(), error.data(), error.size()));
  if (client == nullptr) throw std::runtime_error(error.data());
  (void)conf.release();  // it is the client's now
  return client;
}

}  // namespace

Client make_producer(const ProbeSettings& settings, size_t most_queued, void* owner,
                     OnDelivery on_delivery) {
  Conf conf = make_conf(settings, owner);
  set(conf.get(), {{"acks", "all"},
                   {"linger.ms", "0"},
                   {"message.timeout.ms", kDeliveryTimeoutMs},
                   {"queue.buffering.max.messages", std::to_string(most_queued)}});
  rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
  return make_client(RD_KAFKA_PRODUCER, std::move(conf));
}

Client make_consumer(const ProbeSettings& settings, void* owner, OnCommit on_commit) {
  Conf conf = make_conf(settings, owner);
  set(conf.get(), {{"group.id", settings.group},
                   {"enable.auto.commit", "false"},
                   {"enable.auto.offset.store", "false"},
                   {"auto.offset.reset", "latest"},
                   {"allow.auto.create.topics", "false"},
                   {"fetch.wait.max.ms", "100"},
                   {"queued.max.messages.kbytes", "1024"}});
  rd_kafka_conf_set_offset_commit_cb(conf.get(), on_commit);
  return make_client(RD_KAFKA_CONSUMER, std::move(conf));
}

}  // namespace highwater::canary
