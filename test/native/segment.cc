// The segmenter as a filter: for each line "LONGEST HEADER FRAME" on stdin, the last two in hex, it prints the
// segments in hex with spaces between, "whole", or "too-many". Each frame and each segment stands in memory that is
// exactly as long as it may be, so that the sanitizers see a step outside. Run by segment.test.ts.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include "../../native/segment.h"

using namespace taploom;

namespace {

std::unique_ptr<uint8_t[]> bytes_of(const std::string& hex) {
  std::unique_ptr<uint8_t[]> bytes(new uint8_t[hex.size() / 2]);
  for (size_t i = 0; i < hex.size() / 2; i++) {
    bytes[i] = static_cast<uint8_t>(strtoul(hex.substr(i * 2, 2).c_str(), nullptr, 16));
  }
  return bytes;
}

void print(const uint8_t* bytes, uint32_t length) {
  for (uint32_t i = 0; i < length; i++) printf("%02x", bytes[i]);
}

void run(uint32_t longest, const std::string& header_hex, const std::string& frame_hex) {
  VirtioNetHeader header;
  memcpy(&header, bytes_of(header_hex).get(), sizeof header);
  const std::unique_ptr<uint8_t[]> frame = bytes_of(frame_hex);
  Segmenter segments(frame.get(), static_cast<uint32_t>(frame_hex.size() / 2), longest, header);
  if (segments.done()) printf(segments.too_many() ? "too-many" : "whole");
  for (const char* between = ""; !segments.done(); between = " ") {
    const std::unique_ptr<uint8_t[]> room(new uint8_t[longest]);
    printf("%s", between);
    print(room.get(), segments.next(room.get()));
  }
  printf("\n");
}

}  // namespace

int main() {
  uint32_t longest;
  std::string header, frame;
  while (std::cin >> longest >> header >> frame) run(longest, header, frame);
  return 0;
}
