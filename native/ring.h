// The two places where frames change hands with the core: a port's transmit queue and a turn's receive
// descriptors. Both trust nothing that they read there; see memory.h.
#pragma once

#include <sys/uio.h>

#include <cerrno>
#include <cstdint>

#include "memory.h"
#include "virtio.h"

namespace taploom {

/** Parts that a frame is gathered from: its MACs, the tag that is put in, the rest. */
constexpr int FRAME_PARTS = 3;

/** The consumer's side of a port's transmit queue, for one batch: publishes what it consumed when it goes. */
class TransmitQueue {
 public:
  TransmitQueue(const Memory& memory, uint32_t port)
      : memory_(memory), ring_(memory.queue(port)), mask_(memory.geometry.ring_size - 1) {
    head_ = load_acquire(ring_ + RING_HEAD);
    tail_ = published_ = load(ring_ + RING_TAIL);
    if (head_ - tail_ > memory.geometry.ring_size) tail_ = head_;  // no cursors: nothing can be told from them
  }
  ~TransmitQueue() {
    if (tail_ != published_) publish(ring_ + RING_TAIL, tail_);
  }
  TransmitQueue(const TransmitQueue&) = delete;
  TransmitQueue& operator=(const TransmitQueue&) = delete;

  uint32_t size() const { return head_ - tail_; }
  bool empty() const { return head_ == tail_; }

  /** Where the frame that is `ahead` places from the front lies, as parts; the tag that they point to stands in
   *  `tag`. Returns how many parts, 0 for a descriptor that does not describe a frame inside a slot. */
  int gather(uint32_t ahead, iovec* parts, uint32_t& tag) const;

  /** The same with the frame's header as part of the first part or before it; `parts` has room for one more. `header`
   *  is scratch: what stands in the slot is not changed but for the headroom of frames without one. */
  int gather_with_header(uint32_t ahead, iovec* parts, uint32_t& tag, VirtioNetHeader& header) const;

  /** The frames at the front have left. */
  void consume(uint32_t count) { tail_ += count; }

  /** The frame at the front will not leave: tells the core why. */
  void fail(Reason reason) {
    store_u8(descriptor(0) + DESC_POP, static_cast<uint8_t>(DESC_FAILED + static_cast<uint8_t>(reason)));
    tail_++;
  }

  void fail_all(Reason reason) {
    while (!empty()) fail(reason);
  }

 private:
  /** A descriptor that was found to describe a frame inside a slot. */
  struct Outgoing {
    uint8_t* frame;
    uint32_t start;   // in the slot
    uint32_t length;  // on the wire, with its tag
    uint32_t left;    // what the cut leaves of that
    uint32_t push;    // bytes that are put in and taken out behind the MACs
    uint32_t pop;
  };

  bool describe(uint32_t ahead, Outgoing& out, uint32_t& tag) const;
  static int split(const Outgoing& out, iovec* parts, uint32_t& tag);

  uint8_t* descriptor(uint32_t ahead) const {
    return ring_ + RING_SLOTS + uint64_t{(tail_ + ahead) & mask_} * DESC_SIZE;
  }

  const Memory& memory_;
  uint8_t* const ring_;
  const uint32_t mask_;
  uint32_t head_;
  uint32_t tail_;
  uint32_t published_;
};

/** The descriptors that the core armed with empty slots, for one turn. */
class ReceiveBatch {
 public:
  explicit ReceiveBatch(const Memory& memory) : memory_(memory) {}

  /** Bytes between the room and that of a frame behind a header. */
  static constexpr uint32_t HEADER_ROOM = START_HEADER;

  uint32_t filled() const { return filled_; }

  /** Of all frames so far. */
  uint64_t bytes() const { return bytes_; }

  /** Where the next frame goes, or the one `ahead` places after it: `capacity()` bytes with headroom in front. nullptr
   *  where no more descriptors are armed, or where what stands there is no slot. */
  uint8_t* room(uint32_t ahead = 0) const {
    const Geometry& g = memory_.geometry;
    if (filled_ + ahead >= g.rx_max) return nullptr;
    const uint32_t slot = load(memory_.receive_descriptor(filled_ + ahead) + DESC_SLOT);
    return slot < g.slot_count ? memory_.slot(slot) + g.headroom : nullptr;
  }

  /** Makes the room `ahead` places after the next one the next, and that one the other. Both must be there. */
  void bring_forward(uint32_t ahead) {
    uint8_t* next = memory_.receive_descriptor(filled_) + DESC_SLOT;
    uint8_t* other = memory_.receive_descriptor(filled_ + ahead) + DESC_SLOT;
    const uint32_t slot = load(next);
    store(next, load(other));
    store(other, slot);
  }
  bool full() const { return room() == nullptr; }

  /** One byte more than a frame may have, where the slot has it, so that a longer one is known by its length. */
  uint32_t capacity() const {
    const Geometry& g = memory_.geometry;
    return g.headroom + HEADER_ROOM + g.frame_max < g.slot_size ? g.frame_max + 1 : g.frame_max;
  }

  /** Hands on the frame of `length` bytes that stands in the room. Past frameMax the core drops it. */
  void add(uint32_t port, uint32_t length) { add(port, length, 0); }

  /** The same for one that stands HEADER_ROOM further on, behind its header. */
  void add_behind_header(uint32_t port, uint32_t length) { add(port, length, HEADER_ROOM); }

 private:
  void add(uint32_t port, uint32_t length, uint32_t further) {
    uint8_t* descriptor = memory_.receive_descriptor(filled_++);
    bytes_ += length;
    store(descriptor + DESC_LENGTH, length);
    store_u16(descriptor + DESC_PORT, static_cast<uint16_t>(port));
    store_u8(descriptor + DESC_START, static_cast<uint8_t>(memory_.geometry.headroom + further));
  }

  const Memory& memory_;
  uint32_t filled_ = 0;
  uint64_t bytes_ = 0;
};

/** Decides what an error in sending means. True: it was about this one frame, which was failed (or is to be tried
 *  again at once); false: it is about the device, the frame stays where it is. */
inline bool concerns_frame_only(int error, TransmitQueue& queue) {
  switch (error) {
    case EAGAIN:
    case ENOBUFS:
    case EIO:
    case ENETDOWN:
    case EBADFD:
    case ENODEV:
    case ENXIO:
      return false;
    case EINTR:
      return true;
    case EMSGSIZE:
      queue.fail(Reason::mtu);
      return true;
    case EINVAL:  // a header that the kernel does not believe
      queue.fail(Reason::malformed);
      return true;
    default:
      queue.fail(Reason::queueFull);
      return true;
  }
}

}  // namespace taploom
