// Takes apart what a sender left merged for its card to split, or a card merged in receiving: one TCP segment or UDP
// datagram at a time, as they would have been on the wire. RFC 9293, 3.1 (fields of TCP), RFC 3168, 6.1.2 (CWR),
// RFC 768, RFC 791, RFC 8200; VLAN tags in front are kept. Pure: owns nothing, reads the one frame.
#pragma once

#include <cstdint>

#include "virtio.h"

namespace taploom {

class Segmenter {
 public:
  /** Has nothing to give. */
  Segmenter() = default;

  /** Has nothing to give, either, where the frame is not merged, where its headers contradict what `header` says or
   *  are of a kind that is not split (IPv6 extension headers, fragments, tunnels), or where a segment would have
   *  more than `longest` bytes. `frame` must stay as it is until the last segment is taken. */
  Segmenter(const uint8_t* frame, uint32_t length, uint32_t longest, const VirtioNetHeader& header);

  bool done() const { return at_ == length_; }

  /** Whether it has nothing to give because the frame would become absurdly many: see hasTooMany in
   *  assembly/offload.ts. */
  bool too_many() const { return too_many_; }

  /** Writes the next segment, unless done; `to` has room for `longest` bytes. Returns its length. */
  uint32_t next(uint8_t* to);

 private:
  bool find_network(uint8_t gso_type);
  bool find_transport(uint8_t protocol);
  bool fits(uint32_t offset, uint32_t bytes) const { return offset + bytes <= length_; }

  void write_network(uint8_t* to, uint32_t length) const;
  void write_tcp(uint8_t* to, uint32_t length) const;
  void write_udp(uint8_t* to, uint32_t length) const;
  void write_checksum(uint8_t* to, uint32_t length) const;

  const uint8_t* frame_ = nullptr;
  uint32_t length_ = 0;
  uint32_t size_ = 0;       // payload of a segment, but for the last
  uint32_t at_ = 0;         // where the next segment's payload stands in the frame
  uint32_t index_ = 0;      // how many segments were taken
  // Offsets in the frame, and so in each segment.
  uint32_t network_ = 0;
  uint32_t transport_ = 0;
  uint32_t payload_ = 0;
  bool is_ipv6_ = false;
  bool is_tcp_ = false;
  bool too_many_ = false;
};

}  // namespace taploom
