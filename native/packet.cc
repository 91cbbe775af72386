// See packet.h.

#include "packet.h"

#include <algorithm>
#include <cerrno>

namespace taploom {

PacketSender::PacketSender() {
  for (uint32_t i = 0; i < BATCH; i++) {
    parts_[i][0] = {&header_, sizeof header_};
    messages_[i].msg_hdr.msg_iov = parts_[i];
  }
}

/** Gathers the frames at the front, as far as they are well formed. */
uint32_t PacketSender::fill(TransmitQueue& queue) {
  const uint32_t count = std::min(queue.size(), BATCH);
  for (uint32_t i = 0; i < count; i++) {
    const int parts = queue.gather(i, parts_[i] + 1, tags_[i]);
    if (parts == 0) return i;
    messages_[i].msg_hdr.msg_iovlen = 1 + static_cast<size_t>(parts);
  }
  return count;
}

int PacketSender::transmit(int fd, TransmitQueue& queue) {
  while (!queue.empty()) {
    const uint32_t count = fill(queue);
    if (count == 0) {
      queue.fail(Reason::malformed);
      continue;
    }
    const int sent = sendmmsg(fd, messages_, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      queue.consume(static_cast<uint32_t>(sent));
    } else if (const int error = errno; !concerns_frame_only(error, queue)) {
      return error;
    }
  }
  return 0;
}

}  // namespace taploom
