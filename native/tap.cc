// See tap.h.

#include "tap.h"

#include <unistd.h>

namespace taploom {

namespace {

/** Bytes that a device may hand in before the next one gets its chance: what is copied in should still be in the
 *  second-level cache when it is copied out. */
constexpr uint32_t RECEIVE_BYTES = 512 << 10;

int gather(const TransmitQueue& queue, bool headers, iovec* parts, uint32_t& tag, VirtioNetHeader& header) {
  return headers ? queue.gather_with_header(parts, tag, header) : queue.gather(0, parts, tag);
}

}  // namespace

int tap_transmit(int fd, TransmitQueue& queue, bool headers) {
  iovec parts[1 + FRAME_PARTS];
  uint32_t tag;
  VirtioNetHeader header;
  while (!queue.empty()) {
    const int count = gather(queue, headers, parts, tag, header);
    if (count == 0) {
      queue.fail(Reason::malformed);
      continue;
    }
    const ssize_t sent = count == 1 ? write(fd, parts[0].iov_base, parts[0].iov_len) : writev(fd, parts, count);
    if (sent >= 0) {
      queue.consume(1);
    } else if (const int error = errno; !concerns_frame_only(error, queue)) {
      return error;
    }
  }
  return 0;
}

int tap_receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget, bool headers) {
  const uint32_t before = headers ? VNET_SIZE : 0;
  const uint32_t capacity = before + batch.capacity();
  for (uint32_t bytes = 0; budget > 0 && bytes < RECEIVE_BYTES; budget--) {
    uint8_t* room = batch.room();
    if (!room) return 0;
    if (headers) room += ReceiveBatch::HEADER_ROOM - VNET_SIZE;
    const ssize_t got = read(fd, room, capacity);
    if (got < 0) return errno;
    if (got == 0) return EPIPE;  // no frame is empty: this is a socket whose peer is gone
    const uint32_t length = static_cast<uint32_t>(got) > before ? static_cast<uint32_t>(got) - before : 0;
    if (headers) {
      batch.add_behind_header(port, length);
    } else {
      batch.add(port, length);
    }
    bytes += length;
  }
  return 0;
}

}  // namespace taploom
