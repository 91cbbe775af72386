// See checksum.h.

#include "checksum.h"

#include <cstring>

namespace taploom {

uint16_t ones_sum(const uint8_t* bytes, uint32_t length, uint16_t before) {
  uint64_t total = before;
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

void complete_checksum(uint8_t* frame, uint32_t length, uint32_t start, uint32_t offset) {
  const uint64_t field = uint64_t{start} + offset;
  if (start >= length || field + 2 > length) return;
  uint16_t checksum = static_cast<uint16_t>(~ones_sum(frame + start, length - start));
  // 0 means "none" to UDP, and its other form is as good to TCP.
  if (checksum == 0) checksum = 0xffff;
  memcpy(frame + field, &checksum, sizeof checksum);
}

}  // namespace taploom
