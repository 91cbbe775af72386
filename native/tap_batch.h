// Frames through TAP devices, many a system call where the system has io_uring and they are many; else one by one, as
// in tap.h. Owns the ring, the scratch of a batch, and what is known of how many frames a device has at a time.
#pragma once

#include <memory>
#include <vector>

#include "ring.h"
#include "uring.h"

namespace taploom {

class TapBatch {
 public:
  explicit TapBatch(uint32_t ports_max) : ring_(Uring::create()), expected_(ports_max, 1) {}

  /** As tap_transmit. */
  int transmit(int fd, TransmitQueue& queue, bool headers);

  /** As tap_receive. */
  int receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget, bool headers);

 private:
  uint32_t fill(int fd, TransmitQueue& queue, bool headers);
  int receive_some(int fd, uint32_t port, ReceiveBatch& batch, uint32_t wanted, bool headers);
  uint32_t ask(int fd, const ReceiveBatch& batch, uint32_t count, bool headers);

  const std::unique_ptr<Uring> ring_;  // nullptr: there is none
  std::vector<uint8_t> expected_;      // by port: how many reads are worth trying at once
  iovec parts_[Uring::BATCH][1 + FRAME_PARTS];
  uint32_t tags_[Uring::BATCH];
  VirtioNetHeader headers_[Uring::BATCH];
};

}  // namespace taploom
