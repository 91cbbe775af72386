// The one check of the geometry against the memory's length, and what the system is told about the memory.
// madvise(2), MADV_HUGEPAGE.

#include "memory.h"

#include <sys/mman.h>

namespace taploom {

namespace {

constexpr uint32_t CUT_COUNT = 256;       // a cut's index is one byte
constexpr uint32_t START_MAX = 255;       // so is a frame's start
constexpr uint32_t PORT_ID_COUNT = 65536;  // a port's id is two
constexpr uint32_t RX_COUNT_MAX = 65535;  // what turn() returns has its flags above this

constexpr uintptr_t LARGE_PAGE = 2 << 20;

constexpr bool is_power_of_two(uint32_t value) { return value != 0 && (value & (value - 1)) == 0; }

}  // namespace

bool Memory::holds(uint64_t offset, uint64_t bytes, uint64_t alignment) const {
  return offset % alignment == 0 && bytes <= size_ && offset <= size_ - bytes;
}

bool Memory::holds_pipe(uint64_t offset) const {
  return holds(offset, PIPE_IN + 2 * uint64_t{geometry.pipe_size}, 4);
}

void prefer_large_pages(const uint8_t* from, size_t bytes) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(from);
  const uintptr_t first = (begin + LARGE_PAGE - 1) & ~(LARGE_PAGE - 1);
  const uintptr_t end = (begin + bytes) & ~(LARGE_PAGE - 1);
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

const char* Memory::misplaced() const {
  const Geometry& g = geometry;
  if (reinterpret_cast<uintptr_t>(base_) % 4 != 0) return "memory";
  if (g.rx_max == 0 || g.rx_max > RX_COUNT_MAX) return "rxMax";
  if (!holds(g.rx, uint64_t{g.rx_max} * DESC_SIZE, 4)) return "rx";
  if (g.slot_count == 0) return "slotCount";
  if (!holds(g.slots, uint64_t{g.slot_size} * g.slot_count, 1)) return "slots";
  if (g.headroom < VNET_SIZE || g.headroom & START_HEADER || g.headroom + START_HEADER > START_MAX) return "headroom";
  if (g.frame_max < FRAME_MIN || uint64_t{g.headroom} + START_HEADER + g.frame_max > g.slot_size) return "frameMax";
  if (g.ports_max == 0 || g.ports_max > PORT_ID_COUNT) return "portsMax";
  if (!holds(g.dirty_count, 4, 4)) return "dirtyCount";
  if (!holds(g.dirty_list, uint64_t{g.ports_max} * 2, 2)) return "dirtyList";
  if (!is_power_of_two(g.ring_size)) return "ringSize";
  if (g.queue_size % 4 != 0 || g.queue_size < RING_SLOTS + uint64_t{g.ring_size} * DESC_SIZE) return "queueSize";
  if (!holds(g.queues, uint64_t{g.queue_size} * g.ports_max, 4)) return "queues";
  if (!holds(g.cuts, CUT_COUNT * 4, 4)) return "cuts";
  if (!is_power_of_two(g.pipe_size) || g.pipe_size > size_) return "pipeSize";
  return nullptr;
}

}  // namespace taploom
