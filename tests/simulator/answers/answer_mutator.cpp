#include "tests/simulator/answers/answer_mutator.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace highwater::simulator {
namespace {

using kafka::Bytes;

constexpr std::size_t kLength = 4;
// Length and correlation id: what lies behind is the answer itself.
constexpr std::size_t kBody = 8;

void put_length(Bytes& frame, std::uint32_t length) {
  for (std::size_t i = 0; i < kLength; ++i)
    frame[i] = static_cast<std::byte>(length >> (24 - 8 * i));
}

std::size_t addresses_in(const Bytes& frame) {
  constexpr std::string_view kAddress = "127.0.0.1";
  const std::string_view text(reinterpret_cast<const char*>(frame.data()), frame.size());
  std::size_t count = 0;
  for (std::size_t at = text.find(kAddress); at != text.npos; at = text.find(kAddress, at + 1))
    ++count;
  return count;
}

}  // namespace

void AnswerMutator::change(Bytes& frame) {
  const std::uint32_t one_in = one_in_;
  if (one_in == 0 || frame.size() <= kBody || random_() % one_in != 0) return;
  Bytes changed = frame;
  change_somehow(changed);
  // Whoever is sent elsewhere by a test must not go there.
  if (addresses_in(changed) < addresses_in(frame)) return;
  frame = std::move(changed);
  ++changed_;
}

void AnswerMutator::change_somehow(Bytes& frame) {
  switch (below(20)) {
    case 0:
      return lie_about_length(frame);
    case 1: {  // the answer comes twice
      const Bytes copy = frame;
      frame.insert(frame.end(), copy.begin(), copy.end());
      return;
    }
    case 2:  // it ends in the middle, and says so
      frame.resize(kBody + below(frame.size() - kBody));
      return put_length(frame, static_cast<std::uint32_t>(frame.size() - kLength));
    case 3:  // another correlation id
      frame[kLength + below(kBody - kLength)] = static_cast<std::byte>(random_());
      return;
    case 4:
    case 5:
    case 6:
      return move_piece(frame);
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      return set_extreme(frame);
    default:
      return flip_bytes(frame);
  }
}

void AnswerMutator::flip_bytes(Bytes& frame) {
  for (std::size_t left = 1 + below(4); left > 0; --left)
    frame[kBody + below(frame.size() - kBody)] ^= static_cast<std::byte>(1 + below(255));
}

// As lengths, counts, offsets, epochs and times can be.
void AnswerMutator::set_extreme(Bytes& frame) {
  constexpr std::array kFirst{0x00, 0x7f, 0x80, 0xff};
  constexpr std::array kRest{0x00, 0xff, 0xff, 0x00};
  const std::size_t which = below(kFirst.size());
  const std::size_t size = std::size_t{1} << below(4);
  const std::size_t at = kBody + below(frame.size() - kBody);
  for (std::size_t i = 0; i < size && at + i < frame.size(); ++i)
    frame[at + i] = static_cast<std::byte>(i == 0 ? kFirst[which] : kRest[which]);
}

// Cut out, and perhaps put in elsewhere or twice; the length stays true.
void AnswerMutator::move_piece(Bytes& frame) {
  const std::size_t at = kBody + below(frame.size() - kBody);
  const std::size_t size = 1 + below(std::min<std::size_t>(64, frame.size() - at));
  const auto first = frame.begin() + static_cast<std::ptrdiff_t>(at);
  const Bytes piece(first, first + static_cast<std::ptrdiff_t>(size));
  if (below(2) == 0) frame.erase(first, first + static_cast<std::ptrdiff_t>(size));
  if (below(3) > 0) {
    const std::size_t to = kBody + below(frame.size() - kBody + 1);
    frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(to), piece.begin(), piece.end());
  }
  put_length(frame, static_cast<std::uint32_t>(frame.size() - kLength));
}

void AnswerMutator::lie_about_length(Bytes& frame) {
  const auto size = static_cast<std::uint32_t>(frame.size() - kLength);
  const std::array<std::uint32_t, 6> lies{0, 3, size - 1, size + 1, 0x7fffffff, 0x80000000};
  put_length(frame, lies[below(lies.size())]);
}

}  // namespace highwater::simulator
