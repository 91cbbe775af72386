// Frames through a TAP device, one read or write a frame; tap_batch.h has many a system call.
// With `headers` (IFF_VNET_HDR) each stands behind a virtio_net_hdr, which goes with it. A socket that keeps the bounds
// of messages behaves the same, which tests use.
#pragma once

#include "ring.h"

namespace taploom {

/** Bytes that a device may hand in before the next one gets its chance: what is copied in should still be in the
 *  second-level cache when it is copied out. */
constexpr uint32_t TAP_RECEIVE_BYTES = 512 << 10;

/** Sends what is queued. Returns 0 once the queue is empty, or the errno that stopped it before that. */
int tap_transmit(int fd, TransmitQueue& queue, bool headers);

/** Receives up to `budget` frames. Returns 0 where there may be more, EAGAIN where there are none, or why not. */
int tap_receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget, bool headers);

/** Where the kernel is to put a frame that gets `room`, and how much of it there may be. */
inline uint8_t* tap_place(uint8_t* room, bool headers) {
  return headers ? room + ReceiveBatch::HEADER_ROOM - VNET_SIZE : room;
}
inline uint32_t tap_capacity(const ReceiveBatch& batch, bool headers) {
  return batch.capacity() + (headers ? VNET_SIZE : 0);
}

/** Hands on what was read into the place of the next room: `got` bytes, of which the header is a part. */
void tap_add(ReceiveBatch& batch, uint32_t port, uint32_t got, bool headers);

/** The parts of the frame that is `ahead` places from the front of a queue, as TransmitQueue::gather. */
inline int tap_gather(const TransmitQueue& queue, uint32_t ahead, bool headers, iovec* parts, uint32_t& tag,
                      VirtioNetHeader& header) {
  return headers ? queue.gather_with_header(ahead, parts, tag, header) : queue.gather(ahead, parts, tag);
}

}  // namespace taploom
