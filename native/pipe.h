// Bytes between a stream socket and a pair of byte rings; what they mean is the core's business.
// Cursors that cannot be are an error (EPROTO): what stands between them is no longer known.
#pragma once

#include <cstdint>

#include "memory.h"

namespace taploom {

class Pipe {
 public:
  Pipe(const Memory& memory, uint32_t offset) : pipe_(memory.at(offset)), size_(memory.geometry.pipe_size) {}

  /** As new, on both sides: for a new peer. */
  void reset() const;

  /** Whether the core wants the peer hung up on. */
  bool faulted() const { return load(pipe_ + PIPE_FAULT) != 0; }

  /** Whether bytes of the peer have a place; also where the cursors are broken, so that receive() gets to say so. */
  bool has_room() const { return load(pipe_ + PIPE_IN_HEAD) - load_acquire(pipe_ + PIPE_IN_TAIL) != size_; }

  /** Whether the core has taken what came in, but for a record whose rest is missing. Of broken cursors nothing can be
   *  taken. */
  bool drained() const;

  /** Takes in what fits, in one call. Returns 0, EAGAIN where there is nothing, ENOBUFS where nothing fits, ESHUTDOWN
   *  where the peer closed, or what failed. */
  int receive(int fd) const;

  /** Sends until all is sent (0) or until an error (EAGAIN: the peer does not read fast enough). */
  int send(int fd) const;

  void discard_output() const { publish(pipe_ + PIPE_OUT_TAIL, load_acquire(pipe_ + PIPE_OUT_HEAD)); }

 private:
  uint8_t* const pipe_;
  const uint32_t size_;
};

}  // namespace taploom
