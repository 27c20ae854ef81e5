// Whole requests and responses: what is written to and read from a connection to a broker.
//
// A frame is a length of four bytes, a header and a body. The encode functions give complete
// frames. The decode functions take what follows the length: first the header, which also yields
// the body, then the body with the version that was asked for. Used by the client (encode_request,
// decode_response) and by the simulator (the other two). Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/core/result.h"
#include "collectors/kafka/wire/api.h"
#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {

inline constexpr std::size_t kFrameLengthSize = 4;

// The length at the start of a frame, as sent: it may be negative or absurd, and is the caller's to
// bound.
std::int32_t frame_length(std::span<const std::byte, kFrameLengthSize> bytes);

struct RequestHeader {
  ApiKey api_key{};
  std::int16_t api_version = 0;
  std::int32_t correlation_id = 0;
  std::optional<std::string> client_id;
  std::span<const std::byte> body;  // part of what was decoded
};

struct ResponseHeader {
  std::int32_t correlation_id = 0;
  std::span<const std::byte> body;  // part of what was decoded
};

// An API or version that is not implemented still gives its header; check implemented() before
// reading the body.
Result<RequestHeader> decode_request_header(std::span<const std::byte> payload);
Result<ResponseHeader> decode_response_header(std::span<const std::byte> payload, ApiKey key,
                                              std::int16_t version);

namespace detail {
Writer begin_request(ApiKey key, std::int16_t version, std::int32_t correlation_id,
                     std::string_view client_id);
Writer begin_response(ApiKey key, std::int16_t version, std::int32_t correlation_id);
Bytes finish_frame(Writer&& writer);
Error decoding_error(const Reader& reader, ApiKey key, std::string_view direction);
}  // namespace detail

template <class Request>
Bytes encode_request(const Request& request, std::int16_t version, std::int32_t correlation_id,
                     std::string_view client_id) {
  Writer writer = detail::begin_request(Request::kApiKey, version, correlation_id, client_id);
  writer.write(request);
  return detail::finish_frame(std::move(writer));
}

template <class Response>
Bytes encode_response(const Response& response, std::int16_t version, std::int32_t correlation_id) {
  Writer writer = detail::begin_response(Response::kApiKey, version, correlation_id);
  writer.write(response);
  return detail::finish_frame(std::move(writer));
}

// Bytes left over are a fault: a layout that was misunderstood must not yield numbers.
template <class Response>
Result<Response> decode_response(std::span<const std::byte> body, std::int16_t version) {
  Reader reader(body, version, is_flexible(Response::kApiKey, version));
  Response response;
  reader.read(response);
  reader.expect_end();
  if (!reader.ok()) {
    return tl::unexpected(detail::decoding_error(reader, Response::kApiKey, "response"));
  }
  return response;
}

// Bytes left over are ignored, as brokers do: some clients send a stray one.
template <class Request>
Result<Request> decode_request(std::span<const std::byte> body, std::int16_t version) {
  Reader reader(body, version, is_flexible(Request::kApiKey, version));
  Request request;
  reader.read(request);
  if (!reader.ok()) {
    return tl::unexpected(detail::decoding_error(reader, Request::kApiKey, "request"));
  }
  return request;
}

}  // namespace highwater::kafka
