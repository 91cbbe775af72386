// Frames that come in through one AF_PACKET socket: many a system call, each behind a virtio_net_hdr, what was merged
// taken apart. packet(7). Owns the buffers that the kernel writes to, and what did not fit the core's descriptors yet:
// it goes on in the next turn, in order, before anything new is received.
#pragma once

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>

#include "ring.h"
#include "segment.h"
#include "virtio.h"

namespace taploom {

class PacketReceiver {
 public:
  /** `frame_max`: longest frame that the core takes, bytes. */
  explicit PacketReceiver(uint32_t frame_max);
  PacketReceiver(const PacketReceiver&) = delete;  // its arrays point into each other
  PacketReceiver& operator=(const PacketReceiver&) = delete;

  /** As tap_receive. */
  int receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget);

 private:
  static constexpr uint32_t BATCH = 32;

  /** Room for the one control message that is asked for, PACKET_AUXDATA. */
  union Control {
    cmsghdr alignment;
    uint8_t bytes[CMSG_SPACE(sizeof(tpacket_auxdata))];
  };

  int fetch(int fd);
  void begin(uint32_t index);
  void hand_on(uint32_t port, uint8_t* room, ReceiveBatch& batch);
  uint8_t* buffer(uint32_t index) const { return buffers_.get() + uint64_t{index} * buffer_size_; }

  const uint32_t frame_max_;
  const uint32_t buffer_size_;
  const std::unique_ptr<uint8_t[]> buffers_;  // pages that no long frame came to cost address space only
  mmsghdr messages_[BATCH] = {};
  iovec parts_[BATCH][2] = {};
  VirtioNetHeader headers_[BATCH] = {};
  Control controls_[BATCH] = {};

  uint32_t fetched_ = 0;  // messages of the last system call
  uint32_t next_ = 0;     // the first of them that was not handed on whole
  // That message, once begun.
  uint8_t* frame_ = nullptr;
  uint32_t length_ = 0;
  Segmenter segments_;  // what is left of it, where it is taken apart
};

}  // namespace taploom
