// Frames out through AF_PACKET sockets: many a system call, each behind a virtio_net_hdr. packet(7).
// Owns the scratch that sendmmsg wants. What comes in is packet_receiver.h's.
#pragma once

#include <sys/socket.h>

#include "refusals.h"
#include "ring.h"
#include "virtio.h"

namespace taploom {

class PacketSender {
 public:
  PacketSender();
  PacketSender(const PacketSender&) = delete;  // its arrays point into each other
  PacketSender& operator=(const PacketSender&) = delete;

  /** As tap_transmit; ENOBUFS: to be tried again after `refusals.wait_ms()`. */
  int transmit(int fd, TransmitQueue& queue, Refusals& refusals);

 private:
  static constexpr uint32_t BATCH = 64;

  uint32_t fill(TransmitQueue& queue);
  bool get_past(int fd, TransmitQueue& queue, uint32_t count, Refusals& refusals);
  int send(int fd, uint32_t first, uint32_t count);

  mmsghdr messages_[BATCH] = {};
  iovec parts_[BATCH][1 + FRAME_PARTS] = {};
  uint32_t tags_[BATCH] = {};
  VirtioNetHeader header_ = {};  // all zeros: nothing is left to the card
};

}  // namespace taploom
