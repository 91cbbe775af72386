// See checksum.h.

#include "checksum.h"

#include <cstring>

namespace taploom {

namespace {

/** Ones' complement sum in the byte order of the machine, which the folded result keeps (RFC 1071, 2 (B)). */
uint16_t sum(const uint8_t* bytes, uint32_t length) {
  uint64_t total = 0;
  for (; length >= 4; bytes += 4, length -= 4) {
    uint32_t word;
    memcpy(&word, bytes, 4);
    total += word;
  }
  if (length > 0) {
    uint32_t word = 0;
    memcpy(&word, bytes, length);
    total += word;
  }
  while (total >> 16) total = (total & 0xffff) + (total >> 16);
  return static_cast<uint16_t>(total);
}

}  // namespace

void complete_checksum(uint8_t* frame, uint32_t length, uint32_t start, uint32_t offset) {
  const uint64_t field = uint64_t{start} + offset;
  if (start >= length || field + 2 > length) return;
  uint16_t checksum = static_cast<uint16_t>(~sum(frame + start, length - start));
  // 0 means "none" to UDP, and its other form is as good to TCP.
  if (checksum == 0) checksum = 0xffff;
  memcpy(frame + field, &checksum, sizeof checksum);
}

}  // namespace taploom
