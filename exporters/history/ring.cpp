#include "exporters/history/ring.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace highwater::history {

Level Level::of(double value) {
  if (std::isnan(value)) return unknown(Unknown::failed);
  constexpr float kMost = 3e38F;
  const auto bits = std::bit_cast<uint32_t>(
      static_cast<float>(std::clamp(value, -static_cast<double>(kMost), double{kMost})));
  Level level;
  // To the nearest, and to the even one of two.
  level.bits_ = static_cast<uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
  return level;
}

Level Level::unknown(Unknown reason) {
  Level level;
  level.bits_ = static_cast<uint16_t>(kNan + 1 + static_cast<uint16_t>(reason));
  return level;
}

Level Level::from_bits(uint16_t bits) {
  Level level;
  level.bits_ = bits;
  return level;
}

float Level::value() const {
  return std::bit_cast<float>(static_cast<uint32_t>(bits_) << 16);
}

Unknown Level::reason() const {
  if (is_number() || !is_recorded()) return Unknown::known;
  return static_cast<Unknown>(bits_ - kNan - 1);
}

void Step::add(Level level) {
  if (!level.is_recorded()) return;
  last = level;
  const bool first = !min.is_number();
  if (!level.is_number()) {
    if (first) min = max = level;
    return;
  }
  if (first || level.value() < min.value()) min = level;
  if (first || level.value() > max.value()) max = level;
}

void Step::add(const Step& later) {
  add(later.min);
  add(later.max);
  add(later.last);
}

void Ring::add(WallTime at, Level level, Duration hold) {
  const int64_t step = number(at);
  if (!chunks_kept_.empty()) {
    const Chunk& newest = chunks_kept_.back();
    const int64_t before = int64_t{newest.number} * chunk_steps_ + newest.filled - 1;
    const Level held = read(newest, static_cast<uint16_t>(newest.filled - 1)).last;
    if ((step - before) * step_ <= hold) {
      for (int64_t between = before + 1; between < step; ++between) add(between, held);
    }
  }
  add(step, level);
}

void Ring::add(int64_t step, Level level) {
  const auto number = static_cast<int32_t>(step / chunk_steps_);
  const auto index = static_cast<uint16_t>(step % chunk_steps_);
  if (chunks_kept_.empty() || chunks_kept_.back().number < number) {
    forget_until(number - chunks_);
    chunks_kept_.push_back({number, index, index, nullptr, {}});
  }
  Chunk& newest = chunks_kept_.back();
  // The wall clock was set back: what it says again was said already.
  if (newest.number > number || index + 1 < newest.filled) return;
  Step now = index + 1 == newest.filled ? read(newest, index) : Step{};
  now.add(level);
  write(newest, index, now);
}

void Ring::write(Chunk& chunk, uint16_t index, const Step& step) {
  const bool first = chunk.filled == chunk.begin;
  const bool only = chunk.filled == chunk.begin + 1 && index + 1 == chunk.filled;
  const bool even = first || only || (index <= chunk.filled && step == chunk.even);
  if (chunk.steps == nullptr && even) {
    chunk.even = step;
  } else {
    if (chunk.steps == nullptr) {
      chunk.steps = std::make_unique<Step[]>(chunk_steps_);
      std::fill(chunk.steps.get() + chunk.begin, chunk.steps.get() + chunk.filled, chunk.even);
      bytes_ += chunk_steps_ * sizeof(Step);
    }
    chunk.steps[index] = step;
  }
  chunk.filled = static_cast<uint16_t>(index + 1);
}

Step Ring::read(const Chunk& chunk, uint16_t index) {
  if (index < chunk.begin || index >= chunk.filled) return {};
  return chunk.steps == nullptr ? chunk.even : chunk.steps[index];
}

std::vector<Step> Ring::between(WallTime from, WallTime until) const {
  std::vector<Step> steps;
  if (until <= from) return steps;
  auto chunk = chunks_kept_.begin();
  for (int64_t step = number(from); step <= number(until - Duration(1)); ++step) {
    const int64_t wanted = step / chunk_steps_;
    while (chunk != chunks_kept_.end() && chunk->number < wanted) ++chunk;
    const bool kept = chunk != chunks_kept_.end() && chunk->number == wanted;
    steps.push_back(kept ? read(*chunk, static_cast<uint16_t>(step % chunk_steps_)) : Step{});
  }
  return steps;
}

std::optional<int32_t> Ring::oldest_uneven() const {
  const auto found =
      std::ranges::find_if(chunks_kept_, [](const Chunk& chunk) { return chunk.steps != nullptr; });
  if (found == chunks_kept_.end()) return std::nullopt;
  return found->number;
}

void Ring::forget_until(int32_t chunk) {
  const auto kept =
      std::ranges::find_if(chunks_kept_, [chunk](const Chunk& one) { return one.number > chunk; });
  for (auto it = chunks_kept_.begin(); it != kept; ++it) {
    if (it->steps != nullptr) bytes_ -= chunk_steps_ * sizeof(Step);
  }
  chunks_kept_.erase(chunks_kept_.begin(), kept);
}

namespace {

void write_step(const Step& step, ArchiveWriter& out) {
  for (const Level level : {step.min, step.max, step.last}) out.number(level.bits());
}

Step read_step(ArchiveReader& in) {
  Step step;
  for (Level Step::*const level : {&Step::min, &Step::max, &Step::last})
    step.*level = Level::from_bits(in.number<uint16_t>());
  return step;
}

}  // namespace

void Ring::write(ArchiveWriter& out) const {
  out.number(static_cast<uint16_t>(chunks_kept_.size()));
  for (const Chunk& chunk : chunks_kept_) {
    out.number(chunk.number);
    out.number(chunk.begin);
    out.number(chunk.filled);
    out.number(static_cast<uint8_t>(chunk.steps != nullptr));
    if (chunk.steps == nullptr) {
      write_step(chunk.even, out);
      continue;
    }
    for (uint16_t i = chunk.begin; i < chunk.filled; ++i) write_step(chunk.steps[i], out);
  }
}

void Ring::read(ArchiveReader& in, WallTime now) {
  const auto count = in.number<uint16_t>();
  if (count > chunks_ + 1) in.fail();
  for (uint16_t i = 0; i < count && in.ok(); ++i) {
    Chunk chunk;
    chunk.number = in.number<int32_t>();
    chunk.begin = in.number<uint16_t>();
    chunk.filled = in.number<uint16_t>();
    const bool uneven = in.number<uint8_t>() != 0;
    const bool later = chunks_kept_.empty() || chunk.number > chunks_kept_.back().number;
    if (!later || chunk.begin >= chunk.filled || chunk.filled > chunk_steps_) in.fail();
    if (!in.ok()) return;
    const bool future = int64_t{chunk.number} * chunk_steps_ > number(now);
    if (uneven) {
      chunk.steps = std::make_unique<Step[]>(chunk_steps_);
      for (uint16_t step = chunk.begin; step < chunk.filled; ++step)
        chunk.steps[step] = read_step(in);
    } else {
      chunk.even = read_step(in);
    }
    if (future) continue;
    if (uneven) bytes_ += chunk_steps_ * sizeof(Step);
    chunks_kept_.push_back(std::move(chunk));
  }
}

}  // namespace highwater::history
