// Frames through an AF_PACKET socket: many a system call, each behind a virtio_net_hdr. packet(7).
// Owns the scratch that recvmmsg and sendmmsg want.
#pragma once

#include <linux/if_packet.h>
#include <sys/socket.h>

#include "ring.h"

namespace taploom {

/** What stands before each frame (virtio 1.2, 5.1.6); <linux/virtio_net.h> has a member named "class". */
struct VirtioNetHeader {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t header_length;
  uint16_t gso_size;
  uint16_t csum_start;
  uint16_t csum_offset;
};
static_assert(sizeof(VirtioNetHeader) == 10);

class PacketIo {
 public:
  PacketIo();
  PacketIo(const PacketIo&) = delete;  // its arrays point into each other
  PacketIo& operator=(const PacketIo&) = delete;

  /** As tap_transmit and tap_receive. */
  int transmit(int fd, TransmitQueue& queue);
  int receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget);

 private:
  static constexpr uint32_t BATCH = 64;

  /** Room for the one control message that is asked for, PACKET_AUXDATA. */
  union Control {
    cmsghdr alignment;
    uint8_t bytes[CMSG_SPACE(sizeof(tpacket_auxdata))];
  };

  uint32_t fill(TransmitQueue& queue);
  void hand_on(uint32_t index, uint32_t port, ReceiveBatch& batch);

  mmsghdr out_[BATCH] = {};
  iovec out_parts_[BATCH][1 + FRAME_PARTS] = {};
  uint32_t out_tags_[BATCH] = {};
  VirtioNetHeader out_header_ = {};  // all zeros: nothing is left to the card

  mmsghdr in_[BATCH] = {};
  iovec in_parts_[BATCH][2] = {};
  VirtioNetHeader in_headers_[BATCH] = {};
  Control in_controls_[BATCH] = {};
};

}  // namespace taploom
