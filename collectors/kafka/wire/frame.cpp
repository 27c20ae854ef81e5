#include "collectors/kafka/wire/frame.h"

#include <fmt/format.h>

#include <cstring>

namespace highwater::kafka {
namespace {

// Header fields are in the classic form even where the body is flexible.
constexpr bool kClassic = false;

void write_length(Bytes& frame) {
  const auto length = static_cast<std::uint32_t>(frame.size() - kFrameLengthSize);
  const std::uint32_t bits = swap_to_network<std::uint32_t>(length);
  std::memcpy(frame.data(), &bits, sizeof bits);
}

}  // namespace

std::int32_t frame_length(std::span<const std::byte, kFrameLengthSize> bytes) {
  std::int32_t length = 0;
  Reader reader(bytes, 0, kClassic);
  reader.read(length);
  return length;
}

Result<RequestHeader> decode_request_header(std::span<const std::byte> payload) {
  RequestHeader header;
  Reader reader(payload, 0, kClassic);
  reader(header.api_key, header.api_version, header.correlation_id, header.client_id);
  if (request_header_version(header.api_key, header.api_version) >= 2) reader.skip_tagged();
  if (!reader.ok()) return tl::unexpected(reader.error().in("decode request header"));
  header.body = reader.rest();
  return header;
}

Result<ResponseHeader> decode_response_header(std::span<const std::byte> payload, ApiKey key,
                                              std::int16_t version) {
  ResponseHeader header;
  Reader reader(payload, 0, kClassic);
  reader(header.correlation_id);
  if (response_header_version(key, version) >= 1) reader.skip_tagged();
  if (!reader.ok()) return tl::unexpected(detail::decoding_error(reader, key, "response header"));
  header.body = reader.rest();
  return header;
}

namespace detail {

Writer begin_request(ApiKey key, std::int16_t version, std::int32_t correlation_id,
                     std::string_view client_id) {
  Writer writer(version, kClassic);
  writer(std::int32_t{0}, key, version, correlation_id, client_id);
  if (request_header_version(key, version) >= 2) writer.uvarint(0);
  writer.set_flexible(is_flexible(key, version));
  return writer;
}

Writer begin_response(ApiKey key, std::int16_t version, std::int32_t correlation_id) {
  Writer writer(version, is_flexible(key, version));
  writer(std::int32_t{0}, correlation_id);
  if (response_header_version(key, version) >= 1) writer.uvarint(0);
  return writer;
}

Bytes finish_frame(Writer&& writer) {
  Bytes frame = std::move(writer.bytes());
  write_length(frame);
  return frame;
}

Error decoding_error(const Reader& reader, ApiKey key, std::string_view direction) {
  return reader.error().in(
      fmt::format("decode {} v{} {}", api_name(key), reader.version(), direction));
}

}  // namespace detail
}  // namespace highwater::kafka
