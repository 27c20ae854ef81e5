// AnswerMutator: what a broken broker, proxy or cable makes of answers. Changes frames at random:
// bytes flipped or set to extremes, pieces lost, doubled or moved, lengths that lie, whole answers
// twice. The addresses of brokers stay whole, so that a test connects to nobody else. The same seed
// makes the same changes. Used on the simulator's thread, counted from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>

#include "collectors/kafka/wire/primitives.h"

namespace highwater::simulator {

class AnswerMutator {
 public:
  explicit AnswerMutator(std::uint32_t seed) : random_(seed) {}

  void change(kafka::Bytes& frame);
  // One in this many answers is changed; 0: none.
  void set_one_in(std::uint32_t answers) { one_in_ = answers; }
  [[nodiscard]] std::uint64_t changed() const { return changed_; }

 private:
  void change_somehow(kafka::Bytes& frame);
  void flip_bytes(kafka::Bytes& frame);
  void set_extreme(kafka::Bytes& frame);
  void move_piece(kafka::Bytes& frame);
  void lie_about_length(kafka::Bytes& frame);
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }

  std::mt19937 random_;
  std::atomic<std::uint32_t> one_in_ = 0;
  std::atomic<std::uint64_t> changed_ = 0;
};

}  // namespace highwater::simulator
