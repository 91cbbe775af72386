// See pipe.h.

#include "pipe.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace taploom {

namespace {

/** The `bytes` of a ring from a cursor on, in the one or two pieces that they lie in. */
struct Segments {
  Segments(uint8_t* ring, uint32_t ring_size, uint32_t cursor, uint32_t bytes) {
    const uint32_t offset = cursor & (ring_size - 1);
    const uint32_t first = std::min(bytes, ring_size - offset);
    parts[0] = {ring + offset, first};
    parts[1] = {ring, bytes - first};
    message.msg_iov = parts;
    message.msg_iovlen = bytes > first ? 2 : 1;
  }
  iovec parts[2];
  msghdr message = {};
};

}  // namespace

void Pipe::reset() const {
  for (const uint32_t field :
       {PIPE_IN_HEAD, PIPE_IN_TAIL, PIPE_OUT_HEAD, PIPE_OUT_TAIL, PIPE_FAULT, PIPE_HUNGRY}) {
    publish(pipe_ + field, 0);
  }
}

bool Pipe::drained() const {
  const uint32_t used = load(pipe_ + PIPE_IN_HEAD) - load_acquire(pipe_ + PIPE_IN_TAIL);
  return used == 0 || used > size_ || load(pipe_ + PIPE_HUNGRY) != 0;
}

int Pipe::receive(int fd) const {
  const uint32_t head = load(pipe_ + PIPE_IN_HEAD);
  const uint32_t used = head - load_acquire(pipe_ + PIPE_IN_TAIL);
  if (used > size_) return EPROTO;
  if (used == size_) return ENOBUFS;
  Segments free(pipe_ + PIPE_IN, size_, head, size_ - used);
  const ssize_t received = recvmsg(fd, &free.message, MSG_DONTWAIT);
  if (received < 0) return errno;
  if (received == 0) return ESHUTDOWN;
  store(pipe_ + PIPE_HUNGRY, 0);  // that was said of fewer bytes
  publish(pipe_ + PIPE_IN_HEAD, head + static_cast<uint32_t>(received));
  return 0;
}

int Pipe::send(int fd) const {
  const uint32_t head = load_acquire(pipe_ + PIPE_OUT_HEAD);
  uint32_t tail = load(pipe_ + PIPE_OUT_TAIL);
  if (head - tail > size_) return EPROTO;
  while (tail != head) {
    Segments waiting(pipe_ + PIPE_IN + size_, size_, tail, head - tail);
    const ssize_t sent = sendmsg(fd, &waiting.message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno;
    tail += static_cast<uint32_t>(sent);
    publish(pipe_ + PIPE_OUT_TAIL, tail);
  }
  return 0;
}

}  // namespace taploom
