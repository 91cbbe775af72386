// The memory that is shared with the core, as a base, a length and a geometry that was checked against it once.
// Whoever else has this memory may write anything into it at any time. So nothing that stands in it is believed:
// each field is loaded once, into a local, and that local is checked. After `misplaced` has found nothing, the
// places named by the geometry are inside for every index below its counts; offsets are added up in 64 bits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "layout.h"

namespace taploom {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the memory map is little-endian");

/** Byte offsets and counts; interface Geometry in src/port/addon.ts says what they mean. */
struct Geometry {
  uint32_t rx;
  uint32_t rx_max;
  uint32_t slots;
  uint32_t slot_size;
  uint32_t slot_count;
  uint32_t headroom;
  uint32_t frame_max;
  uint32_t dirty_count;
  uint32_t dirty_list;
  uint32_t queues;
  uint32_t queue_size;
  uint32_t ring_size;
  uint32_t ports_max;
  uint32_t cuts;
  uint32_t pipe_size;
};

class Memory {
 public:
  Memory(uint8_t* base, uint64_t size, const Geometry& geometry) : geometry(geometry), base_(base), size_(size) {}

  /** Name of the first field of the geometry that does not fit this memory or the others; nullptr: all do. */
  const char* misplaced() const;

  /** Whether the pipe that starts at `offset` lies inside. */
  bool holds_pipe(uint64_t offset) const;

  uint8_t* at(uint64_t offset) const { return base_ + offset; }

  uint8_t* slot(uint32_t slot) const { return at(geometry.slots + uint64_t{slot} * geometry.slot_size); }
  uint8_t* receive_descriptor(uint32_t index) const { return at(geometry.rx + uint64_t{index} * DESC_SIZE); }
  uint8_t* queue(uint32_t port) const { return at(geometry.queues + uint64_t{port} * geometry.queue_size); }

  const Geometry geometry;

 private:
  bool holds(uint64_t offset, uint64_t bytes, uint64_t alignment) const;

  uint8_t* const base_;
  const uint64_t size_;
};

// Loads and stores that the compiler neither repeats nor splits.

inline uint32_t load(const uint8_t* field) {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(field), __ATOMIC_RELAXED);
}

inline uint32_t load_acquire(const uint8_t* field) {
  return __atomic_load_n(reinterpret_cast<const uint32_t*>(field), __ATOMIC_ACQUIRE);
}

inline uint16_t load_u16(const uint8_t* field) {
  return __atomic_load_n(reinterpret_cast<const uint16_t*>(field), __ATOMIC_RELAXED);
}

inline void store(uint8_t* field, uint32_t value) {
  __atomic_store_n(reinterpret_cast<uint32_t*>(field), value, __ATOMIC_RELAXED);
}

inline void store_u16(uint8_t* field, uint16_t value) {
  __atomic_store_n(reinterpret_cast<uint16_t*>(field), value, __ATOMIC_RELAXED);
}

inline void store_u8(uint8_t* field, uint8_t value) { __atomic_store_n(field, value, __ATOMIC_RELAXED); }

/** Publishes what was written before it. Sequentially consistent, as the atomics of WebAssembly are. */
inline void publish(uint8_t* field, uint32_t value) {
  __atomic_store_n(reinterpret_cast<uint32_t*>(field), value, __ATOMIC_SEQ_CST);
}

/** Asks for large pages under a part of the memory: where each look goes to another place, finding small pages costs
 *  more than the look. Where the system has none, nothing changes. */
void prefer_large_pages(const uint8_t* from, size_t bytes);

}  // namespace taploom
