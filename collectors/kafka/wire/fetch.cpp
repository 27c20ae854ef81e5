#include "collectors/kafka/wire/fetch.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {
namespace {

constexpr std::int8_t kMagic = 2;
constexpr std::int16_t kTransactional = 0x10;  // bits of the attributes
constexpr std::int16_t kControl = 0x20;
// After the batch's own length.
constexpr std::int32_t kRestOfHeader = static_cast<std::int32_t>(BatchHeader::kSize) - 12;

// The header as it is on the wire.
struct RawHeader {
  std::int64_t base_offset = 0;
  std::int32_t length = kRestOfHeader;
  std::int32_t leader_epoch = 0;
  std::int8_t magic = kMagic;
  std::uint32_t checksum = 0;
  std::int16_t attributes = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t base_timestamp = 0;
  std::int64_t max_timestamp = 0;
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = 0;
  std::int32_t base_sequence = -1;
  std::int32_t record_count = 0;

  template <class Codec>
  void fields(Codec& codec) {
    codec(base_offset, length, leader_epoch, magic, checksum, attributes, last_offset_delta,
          base_timestamp, max_timestamp, producer_id, producer_epoch, base_sequence, record_count);
  }
};

}  // namespace

std::optional<BatchHeader> decode_batch_header(std::span<const std::byte> records) {
  Reader reader(records, 0, false);
  RawHeader raw;
  reader.read(raw);
  const bool sound = reader.ok() && raw.magic == kMagic && raw.length >= kRestOfHeader &&
                     raw.base_offset >= 0 && raw.last_offset_delta >= 0 && raw.record_count >= 0;
  if (!sound || raw.base_offset > INT64_MAX - raw.last_offset_delta) return std::nullopt;
  BatchHeader header;
  header.base_offset = raw.base_offset;
  header.last_offset = raw.base_offset + raw.last_offset_delta;
  header.transactional = (raw.attributes & kTransactional) != 0;
  header.control = (raw.attributes & kControl) != 0;
  header.producer_id = raw.producer_id;
  header.record_count = raw.record_count;
  return header;
}

Bytes encode_batch_header(const BatchHeader& header) {
  RawHeader raw;
  raw.base_offset = header.base_offset;
  raw.last_offset_delta = static_cast<std::int32_t>(header.last_offset - header.base_offset);
  raw.attributes = static_cast<std::int16_t>((header.transactional ? kTransactional : 0) |
                                             (header.control ? kControl : 0));
  raw.producer_id = header.producer_id;
  raw.record_count = header.record_count;
  Writer writer(0, false);
  writer.write(raw);
  return std::move(writer.bytes());
}

template <class Codec>
void FetchRequest::fields(Codec& codec) {
  codec(replica_id, max_wait_ms, min_bytes, max_bytes, isolation_level, session_id, session_epoch,
        topics, forgotten_topics, rack);
}

template <class Codec>
void FetchRequest::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void FetchRequest::Partition::fields(Codec& codec) {
  codec(partition_index, current_leader_epoch, fetch_offset, log_start_offset, partition_max_bytes);
}

template <class Codec>
void FetchRequest::ForgottenTopic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void FetchResponse::fields(Codec& codec) {
  codec(throttle_time_ms, error_code, session_id, topics);
}

template <class Codec>
void FetchResponse::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

template <class Codec>
void FetchResponse::Partition::fields(Codec& codec) {
  codec(partition_index, error_code, high_watermark, last_stable_offset, log_start_offset,
        aborted_transactions, preferred_read_replica);
  codec.first_bytes(records, kKeptBytes);
}

template <class Codec>
void FetchResponse::AbortedTransaction::fields(Codec& codec) {
  codec(producer_id, first_offset);
}

template void FetchRequest::fields(Reader&);
template void FetchRequest::fields(Writer&);
template void FetchResponse::fields(Reader&);
template void FetchResponse::fields(Writer&);

}  // namespace highwater::kafka
