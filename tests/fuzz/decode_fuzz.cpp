// Fuzz target for every decoder of Kafka's wire format:  decode_fuzz [FOLDER] -max_total_time=120
//
// The input is a frame without its length, behind one byte: what it is taken for. 0: a request,
// whose header says which. 1: the answer that the next four bytes (API key, version) ask for. 2:
// the assignment of a group's member. Whatever decodes must come back the same when it is encoded
// and decoded again.
#include <cstdlib>

#include "collectors/kafka/wire/consumer_protocol.h"
#include "tests/kafka/wire/wire_messages.h"

namespace highwater::kafka {
namespace {

template <class Message>
void decode_and_return(std::span<const std::byte> body, std::int16_t version) {
  const auto message = decode_message<Message>(body, version);
  if (!message) return;
  const auto again = decode_message<Message>(encode_body(*message, version), version);
  if (!again || !(*again == *message)) std::abort();
}

void decode_any(ApiKey key, std::int16_t version, bool response, std::span<const std::byte> body) {
  const auto range = implemented(key);
  if (!range || !range->contains(version)) return;
  with_message_type(key, response,
                    [&]<class Message>() { decode_and_return<Message>(body, version); });
}

void decode_request_frame(std::span<const std::byte> payload) {
  const auto header = decode_request_header(payload);
  if (header) decode_any(header->api_key, header->api_version, false, header->body);
}

void decode_response_frame(std::span<const std::byte> input) {
  ApiKey key{};
  std::int16_t version = 0;
  Reader reader(input, 0, false);
  reader(key, version);
  const auto header = decode_response_header(reader.rest(), key, version);
  if (header) decode_any(key, version, true, header->body);
}

}  // namespace
}  // namespace highwater::kafka

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto input = std::as_bytes(std::span(data, size)).subspan(1);
  switch (data[0]) {
    case 0:
      highwater::kafka::decode_request_frame(input);
      break;
    case 1:
      highwater::kafka::decode_response_frame(input);
      break;
    case 2:
      static_cast<void>(highwater::kafka::decode_consumer_assignment(input));
      break;
  }
  return 0;
}
