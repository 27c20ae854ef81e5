// The building blocks: numbers, lengths, nullable and tagged fields, headers, names, versions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "collectors/kafka/wire/consumer_protocol.h"
#include "collectors/kafka/wire/frame.h"
#include "tests/kafka/wire/wire_messages.h"

namespace highwater::kafka {
namespace {

using testing::HasSubstr;

Bytes bytes(std::initializer_list<int> values) {
  Bytes result;
  for (const int value : values) result.push_back(static_cast<std::byte>(value));
  return result;
}

template <class T>
Bytes written(const T& value, bool flexible) {
  Writer writer(0, flexible);
  writer.write(value);
  return std::move(writer.bytes());
}

template <class T>
T read_back(const Bytes& input, bool flexible) {
  T value{};
  Reader reader(input, 0, flexible);
  reader.read(value);
  reader.expect_end();
  EXPECT_TRUE(reader.ok());
  return value;
}

template <class T>
std::string problem(const Bytes& input, bool flexible) {
  T value{};
  Reader reader(input, 0, flexible);
  reader.read(value);
  return reader.ok() ? "" : reader.error().message;
}

constexpr bool kClassic = false;
constexpr bool kFlexible = true;

TEST(WirePrimitives, NumbersAreBigEndian) {
  EXPECT_EQ(written(std::int8_t{-2}, kClassic), bytes({0xfe}));
  EXPECT_EQ(written(std::int16_t{0x0102}, kClassic), bytes({1, 2}));
  EXPECT_EQ(written(std::int32_t{-2}, kClassic), bytes({0xff, 0xff, 0xff, 0xfe}));
  EXPECT_EQ(written(std::int64_t{0x0102030405060708}, kClassic), bytes({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(read_back<std::int16_t>(bytes({0xff, 0xfe}), kClassic), -2);
  EXPECT_EQ(read_back<std::int64_t>(bytes({1, 2, 3, 4, 5, 6, 7, 8}), kClassic), 0x0102030405060708);
  EXPECT_TRUE(read_back<bool>(bytes({7}), kClassic));
}

TEST(WirePrimitives, UnsignedVarintsTakeSevenBitsAByte) {
  const auto encoded = [](std::uint32_t value) {
    Writer writer(0, kFlexible);
    writer.uvarint(value);
    return std::move(writer.bytes());
  };
  EXPECT_EQ(encoded(0), bytes({0}));
  EXPECT_EQ(encoded(127), bytes({0x7f}));
  EXPECT_EQ(encoded(300), bytes({0xac, 0x02}));
  EXPECT_EQ(encoded(UINT32_MAX), bytes({0xff, 0xff, 0xff, 0xff, 0x0f}));
  for (const std::uint32_t value : {0U, 127U, 128U, 300U, 1U << 28, UINT32_MAX}) {
    const Bytes input = encoded(value);
    Reader reader(input, 0, kFlexible);
    EXPECT_EQ(reader.uvarint(), value);
    EXPECT_TRUE(reader.ok());
    EXPECT_EQ(reader.remaining(), 0U);
  }
}

TEST(WirePrimitives, UnsignedVarintsOfMoreThan32BitsAreRefused) {
  for (const Bytes& input :
       {bytes({0xff, 0xff, 0xff, 0xff, 0x1f}), bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0x01}),
        bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff})}) {
    EXPECT_THAT(problem<std::string>(input, kFlexible), HasSubstr("more than 32 bits"));
  }
  EXPECT_THAT(problem<std::string>(bytes({0x80}), kFlexible),
              HasSubstr("in the middle of a length"));
}

TEST(WirePrimitives, StringsHaveAClassicAndACompactForm) {
  EXPECT_EQ(written(std::string("ab"), kClassic), bytes({0, 2, 'a', 'b'}));
  EXPECT_EQ(written(std::string("ab"), kFlexible), bytes({3, 'a', 'b'}));
  using Nullable = std::optional<std::string>;
  EXPECT_EQ(written(Nullable(), kClassic), bytes({0xff, 0xff}));
  EXPECT_EQ(written(Nullable(), kFlexible), bytes({0}));
  EXPECT_EQ(read_back<Nullable>(bytes({0xff, 0xff}), kClassic), std::nullopt);
  EXPECT_EQ(read_back<Nullable>(bytes({1}), kFlexible), "");
  EXPECT_EQ(read_back<std::string>(bytes({3, 'a', 'b'}), kFlexible), "ab");
}

TEST(WirePrimitives, StringsAreMadeValidUtf8) {
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_EQ(read_back<std::string>(bytes({0, 3, 'a', 0xff, 'b'}), kClassic),
            "a" + replacement + "b");
  EXPECT_EQ(read_back<std::string>(bytes({3, 0xc3, 0xa4}), kFlexible), "\xC3\xA4");
  EXPECT_EQ(read_back<std::optional<std::string>>(bytes({2, 0xc3}), kFlexible), replacement);
}

TEST(WirePrimitives, ListsHaveAClassicAndACompactForm) {
  using Numbers = std::vector<std::int16_t>;
  EXPECT_EQ(written(Numbers{1, 2}, kClassic), bytes({0, 0, 0, 2, 0, 1, 0, 2}));
  EXPECT_EQ(written(Numbers{1, 2}, kFlexible), bytes({3, 0, 1, 0, 2}));
  EXPECT_EQ(written(std::optional<Numbers>(), kClassic), bytes({0xff, 0xff, 0xff, 0xff}));
  EXPECT_EQ(written(std::optional<Numbers>(), kFlexible), bytes({0}));
  EXPECT_EQ(read_back<std::optional<Numbers>>(bytes({0}), kFlexible), std::nullopt);
  EXPECT_EQ(read_back<Numbers>(bytes({3, 0, 1, 0, 2}), kFlexible), (Numbers{1, 2}));
  EXPECT_EQ(read_back<Bytes>(bytes({3, 8, 9}), kFlexible), bytes({8, 9}));
}

TEST(WirePrimitives, NullIsRefusedWhereItHasNoMeaning) {
  EXPECT_THAT(problem<std::string>(bytes({0}), kFlexible), HasSubstr("string is null"));
  EXPECT_THAT(problem<std::string>(bytes({0xff, 0xff}), kClassic), HasSubstr("string is null"));
  EXPECT_THAT(problem<std::vector<std::int8_t>>(bytes({0}), kFlexible), HasSubstr("list is null"));
  EXPECT_THAT(problem<Bytes>(bytes({0}), kFlexible), HasSubstr("bytes is null"));
}

TEST(WirePrimitives, NegativeLengthsOtherThanNullAreRefused) {
  EXPECT_THAT(problem<std::string>(bytes({0xff, 0xfe}), kClassic), HasSubstr("negative"));
  EXPECT_THAT(problem<std::vector<std::int8_t>>(bytes({0x80, 0, 0, 0}), kClassic),
              HasSubstr("negative"));
}

TEST(WirePrimitives, LengthsBeyondTheFrameAreRefused) {
  EXPECT_THAT(problem<std::string>(bytes({0, 3, 'a', 'b'}), kClassic),
              HasSubstr("than what remains"));
  EXPECT_THAT(problem<std::vector<std::int32_t>>(bytes({0, 0, 0, 2, 0, 0, 0, 1}), kClassic),
              HasSubstr("than what remains"));
}

TEST(WirePrimitives, TheFirstFaultIsTheOneReported) {
  const Bytes input = bytes({0, 9, 'a'});
  Reader reader(input, 0, kClassic);
  std::string first;
  std::vector<std::int32_t> second;
  reader(first, second);
  ASSERT_FALSE(reader.ok());
  EXPECT_EQ(reader.error().message, "malformed at byte 2 of 3: a length is more than what remains");
}

TEST(WireTags, UnknownOnesAreSkippedInEveryStruct) {
  // ListGroups v3: throttle, error, one group with tag 5 of two bytes, then tag 300 of none.
  const Bytes body = bytes({0, 0, 0, 0, 0, 0, 2, 2, 'g', 1, 1, 5, 2, 0xaa, 0xbb, 1, 0xac, 2, 0});
  const auto response = decode_response<ListGroupsResponse>(body, 3);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->groups, (std::vector<ListGroupsResponse::Group>{{"g", "", "", ""}}));
}

TEST(WireTags, AKnownOneCannotReachBeyondItsOwnSize) {
  // Tag 1, the epoch, needs eight bytes and announces four; eight follow.
  const Bytes body = bytes({0, 0, 1, 0, 0, 0, 0, 1, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0});
  const auto response = decode_response<ApiVersionsResponse>(body, 3);
  ASSERT_FALSE(response);
  EXPECT_THAT(response.error().message,
              HasSubstr("decode ApiVersions v3 response: malformed at byte 10"));
}

TEST(WireTags, WhatAKnownOneDoesNotReadOfItselfIsSkipped) {
  const Bytes body = bytes({0, 0, 1, 0, 0, 0, 0, 1, 3, 2, 1, 0xaa});
  const auto response = decode_response<ApiVersionsResponse>(body, 3);
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_TRUE(response->zk_migration_ready);
}

TEST(WireTags, DefaultsAreNotWritten) {
  EXPECT_EQ(encode_body(ApiVersionsResponse(), 3), bytes({0, 0, 1, 0, 0, 0, 0, 0}));
}

TEST(WireFrames, BytesAfterAResponseAreRefusedAndAfterARequestIgnored) {
  Bytes response = encode_body(ListGroupsResponse(), 5);
  response.push_back(std::byte{0});
  const auto decoded = decode_response<ListGroupsResponse>(response, 5);
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error().message, HasSubstr("more bytes follow"));

  Bytes request = encode_body(ListGroupsRequest(), 5);
  request.push_back(std::byte{0});
  EXPECT_TRUE(decode_request<ListGroupsRequest>(request, 5));
}

TEST(WireFrames, TheHeaderOfAnUnknownRequestIsStillRead) {
  const Bytes payload = bytes({0, 99, 0, 7, 0, 0, 0, 42, 0xff, 0xff, 1, 2, 3});
  const auto header = decode_request_header(payload);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->api_key, ApiKey{99});
  EXPECT_EQ(header->api_version, 7);
  EXPECT_EQ(header->correlation_id, 42);
  EXPECT_EQ(header->client_id, std::nullopt);
  EXPECT_EQ(header->body.size(), 3U);
  EXPECT_FALSE(implemented(header->api_key));
  EXPECT_EQ(api_name(header->api_key), "");
}

TEST(WireFrames, ApiVersionsAnswersHaveTheOldHeaderInEveryVersion) {
  EXPECT_EQ(response_header_version(ApiKey::kApiVersions, 3), 0);
  EXPECT_EQ(request_header_version(ApiKey::kApiVersions, 3), 2);
  EXPECT_EQ(response_header_version(ApiKey::kMetadata, 12), 1);
  EXPECT_EQ(response_header_version(ApiKey::kListOffsets, 5), 0);
}

TEST(WireVersions, TheHighestCommonOneIsUsed) {
  const ApiVersionRange ours{ApiKey::kMetadata, 9, 12};
  EXPECT_EQ(common_version(ours, {ApiKey::kMetadata, 0, 13}), 12);
  EXPECT_EQ(common_version(ours, {ApiKey::kMetadata, 0, 9}), 9);
  EXPECT_EQ(common_version(ours, {ApiKey::kMetadata, 0, 8}), std::nullopt);
  EXPECT_EQ(common_version(ours, {ApiKey::kMetadata, 13, 15}), std::nullopt);
}

TEST(WireErrorCodes, HaveKafkasNamesAndSurviveWhenUnknown) {
  EXPECT_EQ(error_name(ErrorCode::kNotCoordinator), "NOT_COORDINATOR");
  EXPECT_EQ(error_name(ErrorCode::kNone), "NONE");
  EXPECT_EQ(error_name(ErrorCode{999}), "");
  EXPECT_EQ(describe(ErrorCode::kNotCoordinator), "NOT_COORDINATOR (16)");
  EXPECT_EQ(describe(ErrorCode{999}), "error 999");

  ListGroupsResponse response;
  response.error_code = ErrorCode{999};
  EXPECT_EQ(decode_response<ListGroupsResponse>(encode_body(response, 3), 3)->error_code,
            ErrorCode{999});
}

TEST(ConsumerAssignments, ComeBackAsTheyWere) {
  const ConsumerAssignment assignment{3, {{"orders", {0, 2}}, {"payments", {}}}};
  EXPECT_EQ(decode_consumer_assignment(encode_consumer_assignment(assignment)), assignment);
}

TEST(ConsumerAssignments, OfNoBytesAreEmpty) {
  EXPECT_EQ(decode_consumer_assignment({}), ConsumerAssignment());
}

TEST(ConsumerAssignments, OfLaterVersionsAreReadAsFarAsTheyAreKnown) {
  ConsumerAssignment assignment{9, {{"orders", {1}}}};
  Bytes encoded = encode_consumer_assignment(assignment);
  encoded.insert(encoded.end(), 20, std::byte{0xee});
  EXPECT_EQ(decode_consumer_assignment(encoded), assignment);
}

TEST(ConsumerAssignments, OfOtherProtocolsFailCleanly) {
  const auto assignment = decode_consumer_assignment(bytes({0, 1, 0x7f, 0xff, 0xff, 0xff, 0, 0}));
  ASSERT_FALSE(assignment);
  EXPECT_THAT(assignment.error().message, HasSubstr("a group member's assignment"));
}

}  // namespace
}  // namespace highwater::kafka
