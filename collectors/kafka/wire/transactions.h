// Transactions and who began them: ListTransactions (versions 0 and 1) and DescribeTransactions
// (0). Each broker tells of those it coordinates, and leaves out silently what we have no right to
// see.
//
// Used by the client and the simulator. Plain values, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/error_code.h"

namespace highwater::kafka {

struct ListTransactionsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kListTransactions;

  struct Transaction {
    std::string transactional_id;
    std::int64_t producer_id = -1;
    std::string state;  // "Ongoing"

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Transaction&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code{};
  std::vector<std::string> unknown_state_filters;
  std::vector<Transaction> transactions;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListTransactionsResponse&) const = default;
};

struct ListTransactionsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kListTransactions;
  using Response = ListTransactionsResponse;

  std::vector<std::string> state_filters;      // none: all
  std::vector<std::int64_t> producer_filters;  // none: all
  std::int64_t duration_filter_ms = -1;        // v1+: only those older than that; -1: all

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const ListTransactionsRequest&) const = default;
};

struct DescribeTransactionsResponse {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeTransactions;

  struct Topic {
    std::string name;
    std::vector<std::int32_t> partitions;

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Topic&) const = default;
  };

  struct Transaction {
    ErrorCode error_code{};
    std::string transactional_id;
    std::string state;
    std::int32_t timeout_ms = 0;
    std::int64_t start_time_ms = -1;  // since 1970, by the coordinator's clock; -1: none is open
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::vector<Topic> topics;  // what it wrote to, and has not been told the end of yet

    template <class Codec>
    void fields(Codec& codec);
    bool operator==(const Transaction&) const = default;
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Transaction> transactions;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeTransactionsResponse&) const = default;
};

struct DescribeTransactionsRequest {
  static constexpr ApiKey kApiKey = ApiKey::kDescribeTransactions;
  using Response = DescribeTransactionsResponse;

  std::vector<std::string> transactional_ids;

  template <class Codec>
  void fields(Codec& codec);
  bool operator==(const DescribeTransactionsRequest&) const = default;
};

}  // namespace highwater::kafka
