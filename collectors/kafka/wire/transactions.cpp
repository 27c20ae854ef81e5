#include "collectors/kafka/wire/transactions.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

template <class Codec>
void ListTransactionsRequest::fields(Codec& codec) {
  codec(state_filters, producer_filters);
  if (codec.version() >= 1) codec(duration_filter_ms);
}

template <class Codec>
void ListTransactionsResponse::fields(Codec& codec) {
  codec(throttle_time_ms, error_code, unknown_state_filters, transactions);
}

template <class Codec>
void ListTransactionsResponse::Transaction::fields(Codec& codec) {
  codec(transactional_id, producer_id, state);
}

template <class Codec>
void DescribeTransactionsRequest::fields(Codec& codec) {
  codec(transactional_ids);
}

template <class Codec>
void DescribeTransactionsResponse::fields(Codec& codec) {
  codec(throttle_time_ms, transactions);
}

template <class Codec>
void DescribeTransactionsResponse::Transaction::fields(Codec& codec) {
  codec(error_code, transactional_id, state, timeout_ms, start_time_ms, producer_id, producer_epoch,
        topics);
}

template <class Codec>
void DescribeTransactionsResponse::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template void ListTransactionsRequest::fields(Reader&);
template void ListTransactionsRequest::fields(Writer&);
template void ListTransactionsResponse::fields(Reader&);
template void ListTransactionsResponse::fields(Writer&);
template void DescribeTransactionsRequest::fields(Reader&);
template void DescribeTransactionsRequest::fields(Writer&);
template void DescribeTransactionsResponse::fields(Reader&);
template void DescribeTransactionsResponse::fields(Writer&);

}  // namespace highwater::kafka
