// See ring.h.

#include "ring.h"

#include <algorithm>
#include <cstring>

namespace taploom {

namespace {

/** Takes a frame apart into what is to be written of it. */
class Parts {
 public:
  Parts(iovec* parts, uint32_t left) : parts_(parts), left_(left) {}

  void add(void* bytes, uint32_t size) {
    size = std::min(size, left_);
    if (size > 0) parts_[count++] = {bytes, size};
    left_ -= size;
  }

  int count = 0;

 private:
  iovec* const parts_;
  uint32_t left_;
};

/** The offsets in a header whose frame gains so many bytes, or loses them, behind its MACs. */
void move_offsets(VirtioNetHeader& header, int bytes) {
  if (header.flags & NEEDS_CHECKSUM) header.csum_start = static_cast<uint16_t>(header.csum_start + bytes);
  if (header.header_length > 0) {  // a hint: where it has no more room it stays
    header.header_length = static_cast<uint16_t>(std::min(header.header_length + bytes, UINT16_MAX));
  }
}

}  // namespace

bool TransmitQueue::describe(uint32_t ahead, Outgoing& out, uint32_t& tag) const {
  const uint8_t* words = descriptor(ahead);
  const uint32_t slot = load(words + DESC_SLOT);
  const uint32_t length_and_cut = load(words + DESC_LENGTH);
  const uint32_t shape = load(words + DESC_SHAPE);  // port, start and pop, once and together
  tag = load(words + DESC_TAG);

  const Geometry& g = memory_.geometry;
  out.length = length_and_cut & ((1u << CUT_SHIFT) - 1);
  out.start = shape >> START_SHIFT & 0xff;
  out.pop = shape >> POP_SHIFT;
  out.push = tag ? TAG_SIZE : 0;
  if (slot >= g.slot_count || (out.pop != 0 && out.pop != TAG_SIZE) || out.length < FRAME_MIN + out.push) return false;
  // None of these has more than 24 bits.
  if (out.start + out.length - out.push + out.pop > g.slot_size) return false;

  const uint32_t cut = load(memory_.at(g.cuts + (length_and_cut >> CUT_SHIFT) * 4));
  out.left = std::min(out.length, std::max(cut, FRAME_MIN));
  out.frame = memory_.slot(slot) + out.start;
  return true;
}

int TransmitQueue::split(const Outgoing& out, iovec* parts, uint32_t& tag) {
  if (out.push + out.pop == 0) {
    parts[0] = {out.frame, out.left};
    return 1;
  }
  Parts pieces(parts, out.left);
  pieces.add(out.frame, TAG_OFFSET);
  pieces.add(&tag, out.push);
  pieces.add(out.frame + TAG_OFFSET + out.pop, out.length);
  return pieces.count;
}

int TransmitQueue::gather(uint32_t ahead, iovec* parts, uint32_t& tag) const {
  Outgoing out;
  return describe(ahead, out, tag) ? split(out, parts, tag) : 0;
}

int TransmitQueue::gather_with_header(uint32_t ahead, iovec* parts, uint32_t& tag,
                                      VirtioNetHeader& header) const {
  Outgoing out;
  if (!describe(ahead, out, tag) || out.start < VNET_SIZE) return 0;
  const bool whole = out.left == out.length;
  const bool has_header = out.start & START_HEADER;
  uint8_t* before = out.frame - VNET_SIZE;
  if (out.push + out.pop == 0 && whole) {
    if (!has_header) memset(before, 0, VNET_SIZE);
    parts[0] = {before, VNET_SIZE + out.left};
    return 1;
  }
  header = {};  // of what is cut off nothing can be finished
  if (has_header && whole) {
    memcpy(&header, before, VNET_SIZE);
    move_offsets(header, static_cast<int>(out.push) - static_cast<int>(out.pop));
  }
  parts[0] = {&header, VNET_SIZE};
  return 1 + split(out, parts + 1, tag);
}

}  // namespace taploom
