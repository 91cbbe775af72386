// See packet.h.

#include "packet.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace taploom {

namespace {

/** Whether the device still holds frames that were sent through the socket. */
bool has_backlog(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 && bytes > 0;
}

void fail(TransmitQueue& queue, uint32_t count) {
  for (; count > 0; count--) queue.fail(Reason::queueFull);
}

}  // namespace

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

int PacketSender::send(int fd, uint32_t first, uint32_t count) {
  return sendmmsg(fd, messages_ + first, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/** The first of `count` frames was refused. Drops it if the device takes one behind it, or after its last try. Returns
 *  whether to go on with what is at the front now. */
bool PacketSender::get_past(int fd, TransmitQueue& queue, uint32_t count, Refusals& refusals) {
  uint32_t refused = 1;
  refusals.refused(has_backlog(fd));
  for (; refused < count && refused <= refusals.reach(); refused++) {
    const int sent = send(fd, refused, count - refused);
    if (sent > 0) {
      fail(queue, refused);
      queue.consume(static_cast<uint32_t>(sent));
      refusals.was_policy();
      return true;
    }
    if (errno != ENOBUFS) break;
  }
  if (!refusals.gives_up()) return false;
  // A full device may take the frames behind it later; nobody knows yet.
  fail(queue, refusals.has_backlog() ? 1 : refused);
  return true;
}

int PacketSender::transmit(int fd, TransmitQueue& queue, Refusals& refusals) {
  while (!queue.empty()) {
    const uint32_t count = fill(queue);
    if (count == 0) {
      queue.fail(Reason::malformed);
      continue;
    }
    const int sent = send(fd, 0, count);
    if (sent > 0) {
      refusals.passed();
      queue.consume(static_cast<uint32_t>(sent));
    } else if (const int error = errno; error == ENOBUFS) {
      if (!get_past(fd, queue, count, refusals)) return error;
    } else if (!concerns_frame_only(error, queue)) {
      return error;
    }
  }
  return 0;
}

}  // namespace taploom
