#include "rules/slo/budget_points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace highwater::rules {
namespace {

constexpr uint32_t kBlockPoints = 64;
constexpr size_t kLongestPacked = 1 + 4 * 10;  // a tag and four numbers

// How a packed point's numbers are written; the first byte of each.
//   bit 0     a number of minutes follows; otherwise it is one
//   bits 1-2  known: all of the time, nothing, or a number
//   bits 3-4  first: nothing, thousandths, or as many whole ones
//   bits 5-6  total: as much as known, thousandths, or whole ones
enum class Form : uint8_t { usual = 0, thousandths = 1, whole = 2, nothing = 3 };
constexpr uint8_t kMinutesFollow = 1;
constexpr unsigned kKnownShift = 1;
constexpr unsigned kFirstShift = 3;
constexpr unsigned kTotalShift = 5;
constexpr uint64_t kMostMinutes = 10'000'000'000;

Form form_in(uint8_t tag, unsigned shift) {
  return static_cast<Form>((tag >> shift) & 3);
}

uint64_t whole_number(double value) {
  return value <= 0 ? 0 : static_cast<uint64_t>(std::min(value, 9e18));
}

class ByteWriter {
 public:
  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_[size_++] = static_cast<uint8_t>(value | 0x80);
    bytes_[size_++] = static_cast<uint8_t>(value);
  }
  // A count of thousandths; `usual` is written as nothing at all.
  void amount(uint64_t value, uint64_t usual, unsigned shift) {
    Form form = Form::usual;
    if (value != usual) form = value % 1000 == 0 ? Form::whole : Form::thousandths;
    tag(static_cast<uint8_t>(static_cast<uint8_t>(form) << shift));
    if (form != Form::usual) number(form == Form::whole ? value / 1000 : value);
  }
  void tag(uint8_t bits) { bytes_[0] |= bits; }
  [[nodiscard]] const uint8_t* begin() const { return bytes_.data(); }
  [[nodiscard]] const uint8_t* end() const { return bytes_.data() + size_; }

 private:
  std::array<uint8_t, kLongestPacked> bytes_{};
  size_t size_ = 1;
};

// Reads packed points one after the other; what cannot be is refused.
class ByteReader {
 public:
  ByteReader(const BudgetPoint& before, std::string_view bytes)
      : point_(before), next_(bytes.begin()), end_(bytes.end()) {}

  [[nodiscard]] const BudgetPoint& point() const { return point_; }
  [[nodiscard]] bool at_end() const { return next_ == end_; }

  bool read() {
    if (next_ == end_) return false;
    const auto tag = static_cast<uint8_t>(*next_++);
    uint64_t minutes = 1;
    if ((tag & kMinutesFollow) != 0 && !number(minutes)) return false;
    if ((tag & 0x80) != 0 || minutes == 0 || minutes > kMostMinutes) return false;
    const int64_t passed = static_cast<int64_t>(minutes) * kMinute;
    uint64_t known = 0;
    uint64_t first = 0;
    uint64_t total = 0;
    if (!amount(form_in(tag, kKnownShift), static_cast<uint64_t>(passed), known) ||
        !amount(form_in(tag, kFirstShift), 0, first) ||
        !amount(form_in(tag, kTotalShift), known, total)) {
      return false;
    }
    point_.at = floor_to(point_.at, kMinute) + passed;
    point_.sums.first += static_cast<double>(first);
    point_.sums.total += static_cast<double>(total);
    point_.sums.known += static_cast<double>(known);
    return true;
  }

 private:
  bool amount(Form form, uint64_t usual, uint64_t& value) {
    switch (form) {
      case Form::usual:
        value = usual;
        return true;
      case Form::nothing:
        value = 0;
        return true;
      case Form::thousandths:
        return number(value);
      case Form::whole:
        if (!number(value) || value > std::numeric_limits<uint64_t>::max() / 1000) return false;
        value *= 1000;
        return true;
    }
    return false;
  }

  bool number(uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (next_ == end_) return false;
      const auto byte = static_cast<uint8_t>(*next_++);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  BudgetPoint point_;
  std::string_view::iterator next_;
  std::string_view::iterator end_;
};

ByteWriter pack(const BudgetPoint& before, const BudgetPoint& point) {
  ByteWriter out;
  const int64_t passed = point.at - floor_to(before.at, kMinute);
  if (passed != kMinute) {
    out.tag(kMinutesFollow);
    out.number(static_cast<uint64_t>(passed / kMinute));
  }
  const uint64_t known = whole_number(point.sums.known - before.sums.known);
  if (known == 0) {
    out.tag(static_cast<uint8_t>(static_cast<uint8_t>(Form::nothing) << kKnownShift));
  } else {
    out.amount(known, static_cast<uint64_t>(passed), kKnownShift);
  }
  out.amount(whole_number(point.sums.first - before.sums.first), 0, kFirstShift);
  out.amount(whole_number(point.sums.total - before.sums.total), known, kTotalShift);
  return out;
}

// By a sixteenth, not twofold: there are as many of these as entities.
template <class T>
void grow(std::vector<T>& values, size_t more) {
  if (values.capacity() - values.size() >= more) return;
  values.reserve(values.size() + std::max(more, values.size() / 16));
}

bool on_one_line(const BudgetPoint& a, const BudgetPoint& b, const BudgetPoint& c) {
  const auto first = static_cast<double>(b.at - a.at);
  const auto second = static_cast<double>(c.at - b.at);
  const auto straight = [&](double BudgetTotals::*sum) {
    return (b.sums.*sum - a.sums.*sum) * second == (c.sums.*sum - b.sums.*sum) * first;
  };
  return straight(&BudgetTotals::first) && straight(&BudgetTotals::total) &&
         straight(&BudgetTotals::known);
}

constexpr int64_t kFarthest = 9'000'000'000'000;  // milliseconds; nanoseconds still fit 64 bits
constexpr double kLargest = 1e30;

// As the sums of one budget: none falls, known fits the time. Rounding may have added one.
bool can_follow(const BudgetPoint& before, const BudgetPoint& point) {
  const auto rises = [](double low, double high) {
    return high >= low && high <= kLargest && high >= 0 && high == std::floor(high);
  };
  const auto passed = static_cast<double>(point.at - before.at);
  return point.at <= kFarthest && rises(before.sums.first, point.sums.first) &&
         rises(before.sums.total, point.sums.total) && rises(before.sums.known, point.sums.known) &&
         point.sums.known - before.sums.known <= passed + 2;
}

}  // namespace

BudgetTotals on_line(const BudgetPoint& from, const BudgetPoint& to, double at) {
  const double share = (at - static_cast<double>(from.at)) / static_cast<double>(to.at - from.at);
  const auto between = [share](double low, double high) { return low + (high - low) * share; };
  return {between(from.sums.first, to.sums.first), between(from.sums.total, to.sums.total),
          between(from.sums.known, to.sums.known)};
}

BudgetTotals rounded(const BudgetTotals& sums) {
  return {std::round(sums.first), std::round(sums.total), std::round(sums.known)};
}

BudgetPoints::BudgetPoints(const BudgetPoint& first) : last_(first) {
  blocks_.push_back({first, 0, 1});
}

void BudgetPoints::append(const BudgetPoint& point) {
  if (blocks_.empty() || blocks_.back().count == kBlockPoints) {
    grow(blocks_, 1);
    blocks_.push_back({point, static_cast<uint32_t>(bytes_.size()), 1});
    last_ = point;
    return;
  }
  const ByteWriter packed_point = pack(last_, point);
  grow(bytes_, static_cast<size_t>(packed_point.end() - packed_point.begin()));
  bytes_.insert(bytes_.end(), packed_point.begin(), packed_point.end());
  ++blocks_.back().count;
  // What will be read back, were a number too large to be exact.
  ByteReader reader(last_, {reinterpret_cast<const char*>(packed_point.begin()),
                            static_cast<size_t>(packed_point.end() - packed_point.begin())});
  reader.read();
  last_ = reader.point();
}

BudgetPoints::Pair BudgetPoints::around(int64_t at) const {
  const size_t block = block_of(at);
  ByteReader reader(blocks_[block].first, packed(block));
  BudgetPoint before = reader.point();
  while (reader.read()) {
    if (reader.point().at > at) return {before, reader.point()};
    before = reader.point();
  }
  return {before, block + 1 < blocks_.size() ? blocks_[block + 1].first : last_};
}

void BudgetPoints::thin(int64_t from, int64_t until) {
  const size_t first_block = block_of(from);
  const size_t last_block = block_of(until);
  const std::vector<BudgetPoint> points = unpack(first_block, last_block);
  const auto between_hours = [&](const BudgetPoint& point) {
    return point.at > from && point.at < until && point.at % kHour != 0;
  };
  if (std::none_of(points.begin() + 1, points.end(), between_hours)) return;

  std::vector<BudgetPoint> kept = {points.front()};
  const auto keep = [&](const BudgetPoint& point) {
    const bool superfluous = kept.size() > 1 && kept.back().at > from && kept.back().at < until &&
                             on_one_line(kept[kept.size() - 2], kept.back(), point);
    if (superfluous) kept.pop_back();
    kept.push_back(point);
  };
  const auto keep_hour = [&](size_t next, int64_t hour) {
    keep({hour, rounded(on_line(points[next - 1], points[next], static_cast<double>(hour)))});
  };
  int64_t hour_end = 0;  // of the hour whose points are being dropped
  for (size_t i = 1; i < points.size(); ++i) {
    const BudgetPoint& point = points[i];
    if (hour_end != 0 && point.at > hour_end) keep_hour(i, hour_end);
    if (point.at >= hour_end) hour_end = 0;
    if (!between_hours(point)) {
      keep(point);
    } else if (hour_end == 0) {
      const int64_t hour = floor_to(point.at, kHour);
      if (hour > kept.back().at) keep_hour(i, hour);
      hour_end = hour + kHour;
    }
  }
  replace(first_block, last_block, kept);
}

void BudgetPoints::forget(int64_t before) {
  size_t dropped = 0;
  while (dropped + 1 < blocks_.size() && blocks_[dropped + 1].first.at <= before) ++dropped;
  if (dropped == 0) return;
  const uint32_t offset = blocks_[dropped].offset;
  blocks_.erase(blocks_.begin(), blocks_.begin() + static_cast<ptrdiff_t>(dropped));
  bytes_.erase(bytes_.begin(), bytes_.begin() + offset);
  for (Block& block : blocks_) block.offset -= offset;
}

size_t BudgetPoints::size() const {
  size_t count = 0;
  for (const Block& block : blocks_) count += block.count;
  return count;
}

size_t BudgetPoints::heap_bytes() const {
  return blocks_.capacity() * sizeof(Block) + bytes_.capacity();
}

size_t BudgetPoints::block_of(int64_t at) const {
  const auto after =
      std::upper_bound(blocks_.begin(), blocks_.end(), at,
                       [](int64_t time, const Block& block) { return time < block.first.at; });
  return after == blocks_.begin() ? 0 : static_cast<size_t>(after - blocks_.begin()) - 1;
}

std::string_view BudgetPoints::packed(size_t block) const {
  const size_t end = block + 1 < blocks_.size() ? blocks_[block + 1].offset : bytes_.size();
  return {reinterpret_cast<const char*>(bytes_.data()) + blocks_[block].offset,
          end - blocks_[block].offset};
}

// With the point that follows the last block, when there is one.
std::vector<BudgetPoint> BudgetPoints::unpack(size_t first_block, size_t last_block) const {
  std::vector<BudgetPoint> points;
  for (size_t block = first_block; block <= last_block; ++block) {
    ByteReader reader(blocks_[block].first, packed(block));
    do {
      points.push_back(reader.point());
    } while (reader.read());
  }
  if (last_block + 1 < blocks_.size()) points.push_back(blocks_[last_block + 1].first);
  return points;
}

// `points` end as unpack() makes them end.
void BudgetPoints::replace(size_t first_block, size_t last_block,
                           const std::vector<BudgetPoint>& points) {
  const bool to_the_end = last_block + 1 == blocks_.size();
  BudgetPoints fresh;
  for (size_t i = 0; i + (to_the_end ? 0 : 1) < points.size(); ++i) fresh.append(points[i]);
  if (to_the_end) last_ = fresh.last_;

  const uint32_t begin = blocks_[first_block].offset;
  const uint32_t end =
      to_the_end ? static_cast<uint32_t>(bytes_.size()) : blocks_[last_block + 1].offset;
  for (Block& block : fresh.blocks_) block.offset += begin;
  const auto moved = static_cast<uint32_t>(fresh.bytes_.size()) - (end - begin);  // modulo 2^32
  for (size_t i = last_block + 1; i < blocks_.size(); ++i) blocks_[i].offset += moved;

  const auto byte = [&](uint32_t offset) { return bytes_.begin() + offset; };
  const auto after = bytes_.erase(byte(begin), byte(end));
  bytes_.insert(after, fresh.bytes_.begin(), fresh.bytes_.end());
  const auto block = [&](size_t index) { return blocks_.begin() + static_cast<ptrdiff_t>(index); };
  const auto next = blocks_.erase(block(first_block), block(last_block + 1));
  blocks_.insert(next, fresh.blocks_.begin(), fresh.blocks_.end());
  if (bytes_.capacity() > bytes_.size() * 5 / 4 + 64) bytes_.shrink_to_fit();
  if (blocks_.capacity() > blocks_.size() * 5 / 4 + 2) blocks_.shrink_to_fit();
}

void BudgetPoints::encode(LittleEndianWriter& out) const {
  out.put(static_cast<uint32_t>(blocks_.size()));
  out.put(static_cast<uint32_t>(bytes_.size()));
  for (const Block& block : blocks_) {
    out.put(block.first.at);
    out.put(block.first.sums.first);
    out.put(block.first.sums.total);
    out.put(block.first.sums.known);
    out.put(block.offset);
    out.put(block.count);
  }
  out.put_bytes(bytes_.data(), bytes_.size());
}

bool BudgetPoints::decode(LittleEndianReader& in, BudgetPoints& out) {
  constexpr size_t kEncodedBlock = 8 + 3 * 8 + 2 * 4;
  BudgetPoints points;
  const size_t blocks = in.get<uint32_t>();
  const size_t bytes = in.get<uint32_t>();
  if (!in.ok() || blocks == 0 || blocks > in.left() / kEncodedBlock) return false;
  points.blocks_.resize(blocks);
  for (Block& block : points.blocks_) {
    block.first.at = in.get<int64_t>();
    block.first.sums.first = in.get<double>();
    block.first.sums.total = in.get<double>();
    block.first.sums.known = in.get<double>();
    block.offset = in.get<uint32_t>();
    block.count = in.get<uint32_t>();
  }
  const std::string_view text = in.get_bytes(bytes);
  if (!in.ok()) return false;
  points.bytes_.assign(text.begin(), text.end());
  if (!points.consistent()) return false;
  out = std::move(points);
  return true;
}

// Whether the numbers read are a rising sequence of points; finds the last one.
bool BudgetPoints::consistent() {
  last_ = blocks_.front().first;
  if (last_.at < -kFarthest || blocks_.front().offset != 0) return false;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const size_t end = i + 1 < blocks_.size() ? blocks_[i + 1].offset : bytes_.size();
    if (block.offset > end || end > bytes_.size()) return false;
    if (i > 0 && (block.first.at % kMinute != 0 || block.first.at <= last_.at)) return false;
    if (!can_follow(last_, block.first)) return false;
    ByteReader reader(block.first, packed(i));
    last_ = block.first;
    uint32_t count = 1;
    for (; !reader.at_end(); ++count) {
      if (!reader.read() || !can_follow(last_, reader.point())) return false;
      last_ = reader.point();
    }
    if (count != block.count || count > kBlockPoints) return false;
  }
  return true;
}

}  // namespace highwater::rules
