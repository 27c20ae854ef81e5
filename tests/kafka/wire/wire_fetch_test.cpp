// Fetch, and the header of a batch of records.
#include <gtest/gtest.h>

#include <random>

#include "collectors/kafka/wire/fetch.h"
#include "tests/kafka/wire/wire_messages.h"

namespace highwater::kafka {
namespace {

constexpr std::int16_t kVersion = 11;

TEST(Fetch, KeepsTheBeginningOfTheRecordsAndReadsOnBehindThem) {
  FetchResponse sent;
  sent.topics.push_back({"orders", {{}, {}}});
  sent.topics[0].partitions[0].records = Bytes(100'000, std::byte{7});
  sent.topics[0].partitions[1].partition_index = 5;
  const auto read = decode_message<FetchResponse>(encode_body(sent, kVersion), kVersion);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->topics[0].partitions[0].records, Bytes(FetchResponse::kKeptBytes, std::byte{7}));
  EXPECT_EQ(read->topics[0].partitions[1].partition_index, 5);
}

TEST(Fetch, RefusesRecordsThatAreLongerThanTheAnswer) {
  FetchResponse sent;
  sent.topics.push_back({"orders", {{}}});
  sent.topics[0].partitions[0].records = Bytes(200, std::byte{7});
  Bytes body = encode_body(sent, kVersion);
  body.resize(body.size() - 1);
  EXPECT_FALSE(decode_message<FetchResponse>(body, kVersion));
}

TEST(Fetch, OfARealBrokerTellsAMarkerFromARecord) {
  const auto batch_of = [](const char* name) {
    const auto response = captured<FetchResponse>(name);
    return decode_batch_header(response.topics.at(0).partitions.at(0).records).value();
  };
  const BatchHeader record = batch_of("Fetch.v11.record.response");
  EXPECT_EQ(record.base_offset, 0);
  EXPECT_EQ(record.last_offset, 0);
  EXPECT_EQ(record.record_count, 1);
  EXPECT_TRUE(record.transactional);
  EXPECT_FALSE(record.control);
  const BatchHeader marker = batch_of("Fetch.v11.response");
  EXPECT_EQ(marker.base_offset, 1);
  EXPECT_EQ(marker.last_offset, 1);
  EXPECT_TRUE(marker.control);
  EXPECT_EQ(marker.producer_id, record.producer_id);
}

TEST(BatchHeader, ComesBackAsItWasWritten) {
  BatchHeader header{1'000'000'007, 1'000'000'010};
  header.transactional = header.control = true;
  header.producer_id = 4001;
  header.record_count = 3;
  const Bytes bytes = encode_batch_header(header);
  EXPECT_EQ(bytes.size(), BatchHeader::kSize);
  EXPECT_EQ(decode_batch_header(bytes), header);
}

TEST(BatchHeader, IsNothingWhereverItIsCutOff) {
  const Bytes bytes = encode_batch_header({5, 9});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_batch_header(std::span(bytes).first(size))) << size;
}

TEST(BatchHeader, OfAnOlderFormatIsNothing) {
  Bytes bytes = encode_batch_header({5, 9});
  for (const int magic : {0, 1, 3}) {
    bytes[16] = static_cast<std::byte>(magic);
    EXPECT_FALSE(decode_batch_header(bytes)) << magic;
  }
}

TEST(BatchHeader, OfRandomBytesIsNothingOrHasSoundOffsets) {
  std::mt19937 random(1);
  for (int i = 0; i < 200'000; ++i) {
    Bytes bytes = encode_batch_header({5, 9});
    const int changes = 1 + static_cast<int>(random() % 20);
    for (int change = 0; change < changes; ++change)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    const auto header = decode_batch_header(bytes);
    if (!header) continue;
    EXPECT_GE(header->base_offset, 0);
    EXPECT_GE(header->last_offset, header->base_offset);
    EXPECT_GE(header->record_count, 0);
  }
}

}  // namespace
}  // namespace highwater::kafka
