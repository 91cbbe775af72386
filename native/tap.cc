// See tap.h.

#include "tap.h"

#include <unistd.h>

namespace taploom {

int tap_transmit(int fd, TransmitQueue& queue, bool headers) {
  iovec parts[1 + FRAME_PARTS];
  uint32_t tag;
  VirtioNetHeader header;
  while (!queue.empty()) {
    const int count = tap_gather(queue, 0, headers, parts, tag, header);
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
  for (const uint64_t end = batch.bytes() + TAP_RECEIVE_BYTES; budget > 0 && batch.bytes() < end; budget--) {
    uint8_t* room = batch.room();
    if (!room) return 0;
    const ssize_t got = read(fd, tap_place(room, headers), tap_capacity(batch, headers));
    if (got < 0) return errno;
    if (got == 0) return EPIPE;  // no frame is empty: this is a socket whose peer is gone
    tap_add(batch, port, static_cast<uint32_t>(got), headers);
  }
  return 0;
}

void tap_add(ReceiveBatch& batch, uint32_t port, uint32_t got, bool headers) {
  if (headers) {
    batch.add_behind_header(port, got > VNET_SIZE ? got - VNET_SIZE : 0);
  } else {
    batch.add(port, got);
  }
}

}  // namespace taploom
