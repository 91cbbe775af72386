// See segment.h.

#include "segment.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"
#include "layout.h"

namespace taploom {

namespace {

constexpr uint16_t TYPE_IPV4 = 0x0800;
constexpr uint16_t TYPE_IPV6 = 0x86dd;
constexpr uint16_t TYPE_C_TAG = 0x8100;
constexpr uint16_t TYPE_S_TAG = 0x88a8;
constexpr uint32_t TYPE_SIZE = 2;

constexpr uint8_t PROTOCOL_TCP = 6;
constexpr uint8_t PROTOCOL_UDP = 17;

// IPv4, RFC 791, 3.1.
constexpr uint32_t IPV4_SIZE = 20;  // without options
constexpr uint32_t IPV4_TOTAL = 2;
constexpr uint32_t IPV4_ID = 4;
constexpr uint32_t IPV4_FRAGMENT = 6;
constexpr uint16_t IPV4_IS_FRAGMENT = 0x3fff;  // more of them, or an offset
constexpr uint32_t IPV4_PROTOCOL = 9;
constexpr uint32_t IPV4_CHECKSUM = 10;
constexpr uint32_t IPV4_ADDRESSES = 12;
constexpr uint32_t IPV4_ADDRESSES_SIZE = 8;

// IPv6, RFC 8200, 3.
constexpr uint32_t IPV6_SIZE = 40;
constexpr uint32_t IPV6_PAYLOAD = 4;
constexpr uint32_t IPV6_NEXT = 6;
constexpr uint32_t IPV6_ADDRESSES = 8;
constexpr uint32_t IPV6_ADDRESSES_SIZE = 32;

// TCP, RFC 9293, 3.1.
constexpr uint32_t TCP_SIZE = 20;  // without options
constexpr uint32_t TCP_SEQUENCE = 4;
constexpr uint32_t TCP_DATA_OFFSET = 12;
constexpr uint32_t TCP_FLAGS = 13;
constexpr uint32_t TCP_CHECKSUM = 16;
constexpr uint8_t TCP_FIN = 0x01;
constexpr uint8_t TCP_PSH = 0x08;
constexpr uint8_t TCP_CWR = 0x80;

// UDP, RFC 768.
constexpr uint32_t UDP_SIZE = 8;
constexpr uint32_t UDP_LENGTH = 4;
constexpr uint32_t UDP_CHECKSUM = 6;

// See hasTooMany in assembly/offload.ts.
constexpr uint32_t SEGMENT_SHORT = 36;
constexpr uint32_t SHORT_SEGMENTS_MAX = 128;

uint16_t get_u16(const uint8_t* field) { return static_cast<uint16_t>(field[0] << 8 | field[1]); }

uint32_t get_u32(const uint8_t* field) { return uint32_t{get_u16(field)} << 16 | get_u16(field + 2); }

void put_u16(uint8_t* field, uint32_t value) {
  field[0] = static_cast<uint8_t>(value >> 8);
  field[1] = static_cast<uint8_t>(value);
}

void put_u32(uint8_t* field, uint32_t value) {
  put_u16(field, value >> 16);
  put_u16(field + 2, value);
}

}  // namespace

Segmenter::Segmenter(const uint8_t* frame, uint32_t length, uint32_t longest, const VirtioNetHeader& header)
    : frame_(frame), length_(length), size_(header.gso_size), at_(length) {
  const uint8_t type = header.gso_type & static_cast<uint8_t>(~GSO_ECN);
  is_tcp_ = type == GSO_TCPV4 || type == GSO_TCPV6;
  if (!is_tcp_ && type != GSO_UDP_L4) return;
  if (!find_network(type) || !find_transport(is_tcp_ ? PROTOCOL_TCP : PROTOCOL_UDP)) return;
  if (size_ == 0 || length - payload_ <= size_ || payload_ + size_ > longest) return;
  // A checksum that starts elsewhere is that of an inner packet: what these headers carry is a tunnel.
  const uint32_t checksum = is_tcp_ ? TCP_CHECKSUM : UDP_CHECKSUM;
  if (header.flags & NEEDS_CHECKSUM && (header.csum_start != transport_ || header.csum_offset != checksum)) return;
  too_many_ = size_ < SEGMENT_SHORT && length - payload_ > size_ * SHORT_SEGMENTS_MAX;
  if (!too_many_) at_ = payload_;
}

/** Finds the IP header behind any VLAN tags. Whether it is of the version that `gso_type` wants. */
bool Segmenter::find_network(uint8_t gso_type) {
  uint32_t type_at = TAG_OFFSET;
  uint16_t type;
  for (;; type_at += TAG_SIZE) {
    if (!fits(type_at, TYPE_SIZE)) return false;
    type = get_u16(frame_ + type_at);
    if (type != TYPE_C_TAG && type != TYPE_S_TAG) break;
  }
  network_ = type_at + TYPE_SIZE;
  is_ipv6_ = type == TYPE_IPV6;
  return (type == TYPE_IPV4 && gso_type != GSO_TCPV6) || (type == TYPE_IPV6 && gso_type != GSO_TCPV4);
}

/** Finds the transport header and the payload. Whether they are there, and the IP packet fills the frame. */
bool Segmenter::find_transport(uint8_t protocol) {
  const uint8_t* ip = frame_ + network_;
  if (is_ipv6_) {
    transport_ = network_ + IPV6_SIZE;
    if (!fits(network_, IPV6_SIZE) || ip[0] >> 4 != 6 || ip[IPV6_NEXT] != protocol) return false;
    if (get_u16(ip + IPV6_PAYLOAD) != length_ - transport_) return false;
  } else {
    if (!fits(network_, IPV4_SIZE) || ip[0] >> 4 != 4 || ip[IPV4_PROTOCOL] != protocol) return false;
    const uint32_t size = (ip[0] & 0xfu) * 4;
    transport_ = network_ + size;
    if (size < IPV4_SIZE || get_u16(ip + IPV4_TOTAL) != length_ - network_) return false;
    if (get_u16(ip + IPV4_FRAGMENT) & IPV4_IS_FRAGMENT) return false;
  }
  if (!fits(transport_, is_tcp_ ? TCP_SIZE : UDP_SIZE)) return false;
  const uint32_t size = is_tcp_ ? (frame_[transport_ + TCP_DATA_OFFSET] >> 4) * 4u : UDP_SIZE;
  payload_ = transport_ + size;
  return payload_ <= length_ && (!is_tcp_ || size >= TCP_SIZE);
}

uint32_t Segmenter::next(uint8_t* to) {
  const uint32_t size = std::min(size_, length_ - at_);
  const uint32_t length = payload_ + size;
  memcpy(to, frame_, payload_);
  memcpy(to + payload_, frame_ + at_, size);
  write_network(to, length);
  if (is_tcp_) {
    write_tcp(to, length);
  } else {
    write_udp(to, length);
  }
  at_ += size;
  index_++;
  return length;
}

void Segmenter::write_network(uint8_t* to, uint32_t length) const {
  uint8_t* ip = to + network_;
  if (is_ipv6_) return put_u16(ip + IPV6_PAYLOAD, length - transport_);
  put_u16(ip + IPV4_TOTAL, length - network_);
  put_u16(ip + IPV4_ID, get_u16(ip + IPV4_ID) + index_);
  put_u16(ip + IPV4_CHECKSUM, 0);
  const uint16_t checksum = static_cast<uint16_t>(~ones_sum(ip, transport_ - network_));
  memcpy(ip + IPV4_CHECKSUM, &checksum, sizeof checksum);
}

void Segmenter::write_tcp(uint8_t* to, uint32_t length) const {
  uint8_t* tcp = to + transport_;
  put_u32(tcp + TCP_SEQUENCE, get_u32(tcp + TCP_SEQUENCE) + (at_ - payload_));
  const bool last = at_ + (length - payload_) == length_;
  if (!last) tcp[TCP_FLAGS] &= static_cast<uint8_t>(~(TCP_FIN | TCP_PSH));
  if (index_ > 0) tcp[TCP_FLAGS] &= static_cast<uint8_t>(~TCP_CWR);  // said once is enough
  write_checksum(to, length);
}

void Segmenter::write_udp(uint8_t* to, uint32_t length) const {
  uint8_t* udp = to + transport_;
  put_u16(udp + UDP_LENGTH, length - transport_);
  if (!is_ipv6_ && get_u16(udp + UDP_CHECKSUM) == 0) return;  // its sender does without
  write_checksum(to, length);
}

/** Sums the pseudo header into the field, as a sender that leaves the rest to its card, and then the rest. */
void Segmenter::write_checksum(uint8_t* to, uint32_t length) const {
  const uint8_t* addresses = to + network_ + (is_ipv6_ ? IPV6_ADDRESSES : IPV4_ADDRESSES);
  uint8_t rest[4];
  put_u16(rest, is_tcp_ ? PROTOCOL_TCP : PROTOCOL_UDP);
  put_u16(rest + 2, length - transport_);
  const uint16_t sum = ones_sum(addresses, is_ipv6_ ? IPV6_ADDRESSES_SIZE : IPV4_ADDRESSES_SIZE,
                                ones_sum(rest, sizeof rest));
  const uint32_t offset = is_tcp_ ? TCP_CHECKSUM : UDP_CHECKSUM;
  memcpy(to + transport_ + offset, &sum, sizeof sum);
  complete_checksum(to, length, transport_, offset);
}

}  // namespace taploom
