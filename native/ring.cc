// See ring.h.

#include "ring.h"

#include <algorithm>

namespace taploom {

int TransmitQueue::gather(uint32_t ahead, iovec* parts, uint32_t& tag) const {
  const uint8_t* words = descriptor(ahead);
  const uint32_t slot = load(words + DESC_SLOT);
  const uint32_t length_and_cut = load(words + DESC_LENGTH);
  const uint32_t shape = load(words + DESC_SHAPE);  // port, start and pop, once and together
  tag = load(words + DESC_TAG);

  const Geometry& g = memory_.geometry;
  const uint32_t length = length_and_cut & ((1u << CUT_SHIFT) - 1);
  const uint32_t start = shape >> START_SHIFT & 0xff;
  const uint32_t pop = shape >> POP_SHIFT;
  const uint32_t push = tag ? TAG_SIZE : 0;
  if (slot >= g.slot_count || (pop != 0 && pop != TAG_SIZE) || length < FRAME_MIN + push) return 0;
  // None of these has more than 24 bits.
  if (start + length - push + pop > g.slot_size) return 0;

  const uint32_t cut = load(memory_.at(g.cuts + (length_and_cut >> CUT_SHIFT) * 4));
  uint32_t left = std::min(length, std::max(cut, FRAME_MIN));
  uint8_t* frame = memory_.slot(slot) + start;
  if (push + pop == 0) {
    parts[0] = {frame, left};
    return 1;
  }
  int count = 0;
  const auto part = [&](void* bytes, uint32_t size) {
    size = std::min(size, left);
    if (size > 0) parts[count++] = {bytes, size};
    left -= size;
  };
  part(frame, TAG_OFFSET);
  part(&tag, push);
  part(frame + TAG_OFFSET + pop, left);
  return count;
}

}  // namespace taploom
