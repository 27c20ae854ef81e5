// Fuzz target for recordings:  recording_fuzz FOLDER -max_len=1048576 -timeout=20
//
// The input is the records of one file, each behind the lowest two bytes of its length: what stands
// before them in a file, checksums, would keep a fuzzer out. Whatever decodes must come back the
// same when it is encoded and decoded again.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "agent/recording/decoder.h"
#include "agent/recording/encoder.h"
#include "agent/recording/frames.h"

namespace highwater::agent {
namespace {

const Measure kUp{
    "broker_up", "Yes or no.", Unit::boolean, MeasureType::gauge, {"cluster", "broker"}};
const Measure kLeader{"partition_leader",
                      "A broker.",
                      Unit::none,
                      MeasureType::gauge,
                      {"cluster", "topic", "partition"}};

const Catalogue& catalogue() {
  static const Catalogue instance({&kUp, &kLeader});
  return instance;
}

void require(bool promise) {
  if (!promise) std::abort();
}

// What everybody relies on who reads an observation.
void check(const Observation& observation) {
  for (const Table& table : observation.tables) {
    require(table.measure != nullptr && table.keys != nullptr);
    require(table.values.size() == table.keys->rows());
    require(table.unknown.empty() || table.unknown.size() == table.values.size());
    require(table.keys->dimensions().size() == table.measure->dimensions.size());
  }
  for (const Relation& relation : observation.relations) {
    for (const auto& [from, to] : relation.pairs)
      require(from < relation.from->rows() && to < relation.to->rows());
  }
}

bool same(const KeySetPtr& one, const KeySetPtr& other) {
  if (one == nullptr || other == nullptr) return one == other;
  if (one->rows() != other->rows()) return false;
  for (size_t row = 0; row < one->rows(); ++row) {
    if (!std::ranges::equal(one->row(row), other->row(row))) return false;
  }
  return std::ranges::equal(one->dimensions(), other->dimensions());
}

bool same(const Table& one, const Table& other) {
  if (one.measure != other.measure || !same(one.keys, other.keys)) return false;
  for (size_t row = 0; row < one.rows(); ++row) {
    if (one.reason(row) != other.reason(row)) return false;
    if (one.known(row) &&
        std::bit_cast<uint64_t>(one.values[row]) != std::bit_cast<uint64_t>(other.values[row]))
      return false;
  }
  return true;
}

bool same(const Relation& one, const Relation& other) {
  return one.name == other.name && same(one.from, other.from) && same(one.to, other.to) &&
         one.pairs == other.pairs;
}

bool same(const Observation& one, const Observation& other) {
  const auto equal = [](const auto& a, const auto& b) { return same(a, b); };
  return one.part == other.part && one.at.steady == other.at.steady &&
         one.at.wall == other.at.wall && one.cadence == other.cadence &&
         std::ranges::equal(one.tables, other.tables, equal) &&
         std::ranges::equal(one.relations, other.relations, equal);
}

void decode(std::string_view input) {
  // Small, so that what takes too much is found by memory and not by patience.
  constexpr DecodeLimits kLimits{.values = 1'000'000, .texts = 100'000};
  NamePool names;
  RecordingDecoder decoder(catalogue(), names, kLimits);
  bool first = true;
  Recorded current;
  std::optional<RecordingEncoder> encoder;
  RecordingDecoder again(catalogue(), names, kLimits);
  while (input.size() >= 2) {
    const size_t size = static_cast<uint8_t>(input[0]) | static_cast<uint8_t>(input[1]) << 8U;
    const std::string_view record = input.substr(2, size);
    input.remove_prefix(2 + record.size());
    if (first) {
      if (!decoder.begin(record)) return;
      first = false;
      continue;
    }
    const auto moment = decoder.moment(record);
    if (!moment) {
      require(!moment.error().message.empty());
      return;
    }
    if (!encoder) {
      encoder.emplace(decoder.session(), moment->now);
      require(again.begin(encoder->begin()).has_value());
    }
    for (const DecodedObservation& one : moment->observations) {
      check(*one.observation);
      current[{one.observation->cluster, one.observation->part}] = one.observation;
    }
    const auto repeated = again.moment(encoder->encode(current, moment->now, false, {}));
    require(repeated.has_value());
    for (const DecodedObservation& one : repeated->observations)
      require(same(*one.observation, *current[{one.observation->cluster, one.observation->part}]));
  }
}

}  // namespace
}  // namespace highwater::agent

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  highwater::agent::decode(input);
  // And as a file, with whatever its lengths and checksums say.
  highwater::agent::FrameReader frames(input);
  while (frames.next().outcome == highwater::agent::FrameOutcome::frame) {
  }
  return 0;
}
