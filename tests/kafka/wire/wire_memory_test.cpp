// What hostile bytes can make the decoder allocate. operator new is replaced, to count.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "collectors/kafka/wire/consumer_protocol.h"
#include "tests/kafka/wire/wire_messages.h"

namespace {

std::size_t allocated = 0;

}  // namespace

// Not inlined: the compiler would take malloc and free in one function for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  allocated += size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace highwater::kafka {
namespace {

// An error message, and the one element that versions for a single group always have.
constexpr std::size_t kFixedCost = 2048;

// What may be allocated for a body: lists by the reader's own limit, and its text, which is never
// copied twice.
std::size_t allowance(std::size_t body_size) {
  return kFixedCost + 4096 + (Reader::kMemoryPerByte + 2) * body_size;
}

// Decodes and gives what that allocated altogether.
template <class Message>
std::size_t cost_of(const Bytes& body, std::int16_t version) {
  const std::size_t before = allocated;
  { const auto message = decode_message<Message>(body, version); }
  return allocated - before;
}

void append(Bytes& bytes, std::initializer_list<int> values) {
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
}

Bytes prefixed(std::initializer_list<int> values, std::size_t padding = 0) {
  Bytes bytes;
  append(bytes, values);
  bytes.insert(bytes.end(), padding, std::byte{0});
  return bytes;
}

TEST(WireMemory, AListOfTwoBillionCostsNothing) {
  // DescribeConfigs v2 (classic): throttle, then a count of 2^31 - 1.
  EXPECT_LT(cost_of<DescribeConfigsResponse>(prefixed({0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}), 2),
            kFixedCost);
  // Metadata v12 (compact): the count is 2^32 - 2.
  EXPECT_LT(cost_of<MetadataResponse>(prefixed({0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, 64), 12),
            kFixedCost);
}

TEST(WireMemory, AListAsLongAsTheFrameCostsAFixedMultipleOfIt) {
  constexpr std::size_t kSize = 1 << 20;
  // Every remaining byte is announced as one more group.
  Bytes body = prefixed({0, 0, 0, 0, 0, 0, 0xff, 0xff, 0x3f}, kSize);
  const std::size_t cost = cost_of<ListGroupsResponse>(body, 5);
  EXPECT_LE(cost, allowance(body.size()));
  EXPECT_FALSE(decode_response<ListGroupsResponse>(body, 5));
}

TEST(WireMemory, ManyListsTogetherCostAFixedMultipleOfTheFrame) {
  // DescribeConfigs: resources whose lists of configurations each claim all that remains.
  Bytes body = prefixed({0, 0, 0, 0, 0, 0, 0x10, 0});
  for (int i = 0; i < 4096; ++i) {
    append(body, {0, 0, 0xff, 0xff, 2, 0, 0, 0, 0, 0x10, 0});
    append(body, {0, 0, 0xff, 0xff, 0, 5, 0, 0, 0, 0x10, 0});
  }
  EXPECT_LE(cost_of<DescribeConfigsResponse>(body, 2), allowance(body.size()));
}

TEST(WireMemory, EndlessTagsCostNothing) {
  // ListGroups v3, its body's tags: as many as bytes remain, each empty.
  Bytes body = prefixed({0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0x3f}, 2 << 20);
  EXPECT_LT(cost_of<ListGroupsResponse>(body, 3), kFixedCost);
  // 2^32 - 1 of them.
  body = prefixed({0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f}, 64);
  EXPECT_LT(cost_of<ListGroupsResponse>(body, 3), kFixedCost);
  EXPECT_FALSE(decode_response<ListGroupsResponse>(body, 3));
}

TEST(WireMemory, AHostileAssignmentCostsNothing) {
  const Bytes bytes = prefixed({0, 3, 0x7f, 0xff, 0xff, 0xff}, 32);
  const std::size_t before = allocated;
  EXPECT_FALSE(decode_consumer_assignment(bytes));
  EXPECT_LT(allocated - before, kFixedCost);
}

TEST(WireMemory, CapturedFramesWithAnyLengthMadeHugeStayWithinTheLimit) {
  for (const CapturedFrame& frame : captured_frames()) {
    const Bytes body = frame.body();
    with_message_type(frame.api_key, frame.response, [&]<class Message>() {
      for (std::size_t at = 0; at < body.size(); ++at) {
        Bytes changed = body;
        for (std::size_t i = at; i < std::min(at + 4, body.size()); ++i) {
          changed[i] = std::byte{i == at ? std::uint8_t{0x7f} : std::uint8_t{0xff}};
          ASSERT_LE(cost_of<Message>(changed, frame.version), allowance(body.size()))
              << frame.name << ", byte " << at;
        }
      }
    });
  }
}

// The leanest answers that are still honest must not meet the limit.
TEST(WireMemory, AHundredThousandPartitionsAndGroupsAreRead) {
  MetadataResponse metadata;
  metadata.topics.resize(1000);
  for (auto& topic : metadata.topics) {
    topic.name = "t";
    topic.partitions.resize(100);
  }
  EXPECT_TRUE(decode_response<MetadataResponse>(encode_body(metadata, 9), 9));

  ListGroupsResponse groups;
  groups.groups.resize(100'000, {"g", "", "", ""});
  EXPECT_TRUE(decode_response<ListGroupsResponse>(encode_body(groups, 3), 3));

  OffsetFetchResponse offsets;
  offsets.groups.resize(100'000, {"g", {{"t", {{}}}}, {}});
  EXPECT_TRUE(decode_response<OffsetFetchResponse>(encode_body(offsets, 8), 8));
}

}  // namespace
}  // namespace highwater::kafka
