// Checksums that a sender on the same machine left to the network card to finish (virtio 1.2, 5.1.6.2,
// VIRTIO_NET_HDR_F_NEEDS_CSUM; RFC 1071).
#pragma once

#include <cstdint>

namespace taploom {

/** Ones' complement sum of the bytes and of what was summed before, not inverted. In the byte order of the machine,
 *  which the folded result keeps (RFC 1071, 2 (B)). */
uint16_t ones_sum(const uint8_t* bytes, uint32_t length, uint16_t before = 0);

/** Sums the frame from `start` to its end into the field at `start + offset`, where the sum over the pseudo
 *  header stands already. Leaves the frame alone where the field does not lie inside it. */
void complete_checksum(uint8_t* frame, uint32_t length, uint32_t start, uint32_t offset);

}  // namespace taploom
