// Frames through a TAP device: one read or write a frame, since the kernel offers nothing wider without io_uring.
// With `headers` (IFF_VNET_HDR) each stands behind a virtio_net_hdr, which goes with it. A socket that keeps the bounds
// of messages behaves the same, which tests use.
#pragma once

#include "ring.h"

namespace taploom {

/** Sends what is queued. Returns 0 once the queue is empty, or the errno that stopped it before that. */
int tap_transmit(int fd, TransmitQueue& queue, bool headers);

/** Receives up to `budget` frames. Returns 0 where there may be more, EAGAIN where there are none, or why not. */
int tap_receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget, bool headers);

}  // namespace taploom
