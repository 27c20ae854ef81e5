// The codec against every frame captured from real brokers, whatever is in it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kafka/wire/wire_messages.h"

namespace highwater::kafka {
namespace {

TEST(CapturedFrames, StartWithTheirLength) {
  for (const CapturedFrame& frame : captured_frames()) {
    SCOPED_TRACE(frame.name);
    EXPECT_EQ(frame_length(std::span(frame.bytes).first<kFrameLengthSize>()),
              static_cast<std::int32_t>(frame.payload().size()));
  }
}

// The answer's strictness about left-over bytes makes this also "is read to the last byte".
TEST(CapturedFrames, AreEncodedToTheSameBytesAfterDecoding) {
  for (const CapturedFrame& frame : captured_frames()) {
    SCOPED_TRACE(frame.name);
    const bool known = with_request_type(frame.api_key, [&]<class Request>() {
      if (frame.response) {
        using Response = typename Request::Response;
        const auto header = decode_response_header(frame.payload(), frame.api_key, frame.version);
        ASSERT_TRUE(header) << header.error().message;
        const auto response = decode_response<Response>(header->body, frame.version);
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(encode_response(*response, frame.version, header->correlation_id), frame.bytes);
      } else {
        const auto header = decode_request_header(frame.payload());
        ASSERT_TRUE(header) << header.error().message;
        EXPECT_EQ(header->api_key, frame.api_key);
        EXPECT_EQ(header->api_version, frame.version);
        ASSERT_EQ(header->client_id, "highwater-frames");
        const auto request = decode_request<Request>(header->body, frame.version);
        ASSERT_TRUE(request) << request.error().message;
        EXPECT_EQ(
            encode_request(*request, frame.version, header->correlation_id, *header->client_id),
            frame.bytes);
      }
    });
    EXPECT_TRUE(known);
  }
}

TEST(CapturedFrames, FailCleanlyWhereverTheyAreCutOff) {
  for (const CapturedFrame& frame : captured_frames()) {
    SCOPED_TRACE(frame.name);
    const Bytes body = frame.body();
    with_message_type(frame.api_key, frame.response, [&]<class Message>() {
      for (std::size_t size = 0; size < body.size(); ++size) {
        const Bytes cut(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
        const auto message = decode_message<Message>(cut, frame.version);
        ASSERT_FALSE(message) << "cut off after " << size << " of " << body.size() << " bytes";
        EXPECT_THAT(message.error().message, testing::HasSubstr(" of " + std::to_string(size)));
      }
    });
  }
}

TEST(CapturedFrames, FailCleanlyWhereverTheirHeaderIsCutOff) {
  for (const CapturedFrame& frame : captured_frames()) {
    SCOPED_TRACE(frame.name);
    const std::size_t header_size = frame.payload().size() - frame.body().size();
    for (std::size_t size = 0; size < header_size; ++size) {
      const Bytes cut(frame.payload().begin(),
                      frame.payload().begin() + static_cast<std::ptrdiff_t>(size));
      if (frame.response) {
        EXPECT_FALSE(decode_response_header(cut, frame.api_key, frame.version)) << size;
      } else {
        EXPECT_FALSE(decode_request_header(cut)) << size;
      }
    }
  }
}

// Each byte replaced by values that make lengths, counts and numbers extreme: thousands of
// well-formed and malformed variants of what real brokers send.
TEST(CapturedFrames, WithAnyByteChangedFailCleanlyOrKeepTheirMeaningOnTheWayBack) {
  for (const CapturedFrame& frame : captured_frames()) {
    SCOPED_TRACE(frame.name);
    const Bytes body = frame.body();
    with_message_type(frame.api_key, frame.response, [&]<class Message>() {
      for (std::size_t at = 0; at < body.size(); ++at) {
        for (const int value : {0x00, 0x01, 0x02, 0x7f, 0x80, 0xfe, 0xff}) {
          Bytes changed = body;
          changed[at] = static_cast<std::byte>(value);
          const auto message = decode_message<Message>(changed, frame.version);
          if (!message) continue;
          const auto again =
              decode_message<Message>(encode_body(*message, frame.version), frame.version);
          ASSERT_TRUE(again) << again.error().message;
          ASSERT_EQ(*again, *message) << "byte " << at << " = " << value;
        }
      }
    });
  }
}

TEST(CapturedFrames, CoverEveryImplementedVersionInBothDirections) {
  for (const ApiVersionRange& api : implemented_apis()) {
    for (auto version = api.min_version; version <= api.max_version; ++version) {
      const std::string name = std::string(api_name(api.api_key)) + ".v" + std::to_string(version);
      EXPECT_NO_THROW(captured_frame(name + ".request")) << name;
      EXPECT_NO_THROW(captured_frame(name + ".response")) << name;
    }
  }
}

}  // namespace
}  // namespace highwater::kafka
