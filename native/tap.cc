// See tap.h.

#include "tap.h"

#include <unistd.h>

namespace taploom {

int tap_transmit(int fd, TransmitQueue& queue) {
  iovec parts[FRAME_PARTS];
  uint32_t tag;
  while (!queue.empty()) {
    const int count = queue.gather(0, parts, tag);
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

int tap_receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget) {
  const uint32_t capacity = batch.capacity();
  for (; budget > 0; budget--) {
    uint8_t* room = batch.room();
    if (!room) return 0;
    const ssize_t length = read(fd, room, capacity);
    if (length < 0) return errno;
    if (length == 0) return EPIPE;  // no frame is empty: this is a socket whose peer is gone
    batch.add(port, static_cast<uint32_t>(length));
  }
  return 0;
}

}  // namespace taploom
