// What stands before each frame on a TAP with IFF_VNET_HDR, and on a packet socket with PACKET_VNET_HDR: what the
// sender left to its card to do.
// virtio 1.2, 5.1.6, in the byte order of the machine; <linux/virtio_net.h> has a member named "class".
#pragma once

#include <cstdint>

#include "layout.h"

namespace taploom {

struct VirtioNetHeader {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t header_length;  // a hint only; Linux writes what is handy to it
  uint16_t gso_size;       // payload of a segment
  uint16_t csum_start;
  uint16_t csum_offset;
};
static_assert(sizeof(VirtioNetHeader) == VNET_SIZE);

// flags
constexpr uint8_t NEEDS_CHECKSUM = 1;

// gso_type
constexpr uint8_t GSO_TCPV4 = 1;
constexpr uint8_t GSO_TCPV6 = 4;
constexpr uint8_t GSO_UDP_L4 = 5;
constexpr uint8_t GSO_ECN = 0x80;  // beside those of TCP

}  // namespace taploom
