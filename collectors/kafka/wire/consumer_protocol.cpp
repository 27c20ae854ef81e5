#include "collectors/kafka/wire/consumer_protocol.h"

#include "collectors/kafka/wire/reader.h"
#include "collectors/kafka/wire/writer.h"

namespace highwater::kafka {
namespace {

// Whatever the version says, this format has no compact types.
constexpr bool kClassic = false;

}  // namespace

template <class Codec>
void ConsumerAssignment::fields(Codec& codec) {
  codec(version, topics);
}

template <class Codec>
void ConsumerAssignment::Topic::fields(Codec& codec) {
  codec(name, partitions);
}

Result<ConsumerAssignment> decode_consumer_assignment(std::span<const std::byte> bytes) {
  ConsumerAssignment assignment;
  if (bytes.empty()) return assignment;
  Reader reader(bytes, 0, kClassic);
  reader.read(assignment);
  if (!reader.ok()) return tl::unexpected(reader.error().in("decode a group member's assignment"));
  return assignment;
}

Bytes encode_consumer_assignment(const ConsumerAssignment& assignment) {
  Writer writer(0, kClassic);
  writer.write(assignment);
  writer(std::optional<std::vector<std::int8_t>>());  // no user data
  return std::move(writer.bytes());
}

}  // namespace highwater::kafka
