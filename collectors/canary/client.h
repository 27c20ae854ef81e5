// The client library as the probe uses it: owners of its handles, and its settings. One thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <memory>
#include <string>

#include "collectors/canary/report.h"

namespace highwater::canary {

template <class T, void (*Destroy)(T*)>
struct Destroyer {
  void operator()(T* pointer) const { Destroy(pointer); }
};
using Client = std::unique_ptr<rd_kafka_t, Destroyer<rd_kafka_t, rd_kafka_destroy>>;
using Topic =
    std::unique_ptr<rd_kafka_topic_t, Destroyer<rd_kafka_topic_t, rd_kafka_topic_destroy>>;
using PartitionList = std::unique_ptr<
    rd_kafka_topic_partition_list_t,
    Destroyer<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>>;

using OnDelivery = void (*)(rd_kafka_t*, const rd_kafka_message_t*, void*);
using OnCommit = void (*)(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*,
                          void*);

// `owner` is handed to the callback, which runs when the client is polled. Both throw
// std::runtime_error when the library refuses a setting.
[[nodiscard]] Client make_producer(const ProbeSettings& settings, size_t most_queued, void* owner,
                                   OnDelivery on_delivery);
[[nodiscard]] Client make_consumer(const ProbeSettings& settings, void* owner, OnCommit on_commit);

}  // namespace highwater::canary
