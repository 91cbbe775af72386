// See packet_receiver.h.

#include "packet_receiver.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "checksum.h"

namespace taploom {

namespace {

constexpr uint16_t TPID_DEFAULT = 0x8100;  // IEEE 802.1Q, table 9-1

// A merged frame has an IP packet of up to 65,535 bytes, behind the MACs, the type and some tags.
constexpr uint32_t MERGED_MAX = 65535 + FRAME_MIN + 4 * TAG_SIZE;

/** The tag that the kernel took off the frame and tells about beside it, as on the wire; 0: none. */
uint32_t tag_beside(const msghdr& message) {
  const cmsghdr* control = CMSG_FIRSTHDR(&message);
  if (!control || control->cmsg_level != SOL_PACKET || control->cmsg_type != PACKET_AUXDATA) return 0;
  if (control->cmsg_len < CMSG_LEN(sizeof(tpacket_auxdata))) return 0;
  tpacket_auxdata aux;
  memcpy(&aux, CMSG_DATA(control), sizeof aux);
  if (!(aux.tp_status & TP_STATUS_VLAN_VALID)) return 0;
  const uint32_t tpid = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ? aux.tp_vlan_tpid : TPID_DEFAULT;
  return __builtin_bswap32(tpid << 16 | aux.tp_vlan_tci);
}

}  // namespace

PacketReceiver::PacketReceiver(uint32_t frame_max)
    : frame_max_(frame_max),
      // In front of each frame, room for its tag; behind it one byte, so that a longer one is known by its length.
      buffer_size_(TAG_SIZE + std::max(frame_max + 1, MERGED_MAX)),
      buffers_(new uint8_t[uint64_t{BATCH} * buffer_size_]) {
  for (uint32_t i = 0; i < BATCH; i++) {
    parts_[i][0] = {&headers_[i], sizeof headers_[i]};
    parts_[i][1] = {buffer(i) + TAG_SIZE, buffer_size_ - TAG_SIZE};
    messages_[i].msg_hdr.msg_iov = parts_[i];
    messages_[i].msg_hdr.msg_iovlen = 2;
    messages_[i].msg_hdr.msg_control = &controls_[i];
  }
}

int PacketReceiver::receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget) {
  if (next_ == fetched_) {
    if (const int error = fetch(fd)) return error;
  }
  for (; budget > 0 && next_ < fetched_; budget--) {
    uint8_t* room = batch.room();
    if (!room) return 0;
    hand_on(port, room, batch);
  }
  return next_ < fetched_ || fetched_ == BATCH ? 0 : EAGAIN;
}

int PacketReceiver::fetch(int fd) {
  next_ = fetched_ = 0;
  for (uint32_t i = 0; i < BATCH; i++) messages_[i].msg_hdr.msg_controllen = sizeof controls_[i];
  // MSG_TRUNC: lengths are those of the frames, also of frames that are longer than their buffer.
  const int received = recvmmsg(fd, messages_, BATCH, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  // EINVAL: a merged frame of a kind that the header has no name for; the kernel has dropped it.
  if (received < 0) return errno == EINVAL ? EAGAIN : errno;
  fetched_ = static_cast<uint32_t>(received);
  return 0;
}

/** Puts back the tag that the kernel took off, and finds out whether the frame is to be taken apart; where it is not,
 *  finishes the checksum that was left to a card. */
void PacketReceiver::begin(uint32_t index) {
  VirtioNetHeader header = headers_[index];
  const uint32_t got = messages_[index].msg_len;
  frame_ = buffer(index) + TAG_SIZE;
  length_ = got > sizeof header ? got - sizeof header : 0;
  if (length_ > buffer_size_ - TAG_SIZE) return;  // cut off: the core drops it by its length
  const uint32_t tag = tag_beside(messages_[index].msg_hdr);
  if (tag != 0 && length_ >= TAG_OFFSET) {
    frame_ -= TAG_SIZE;
    length_ += TAG_SIZE;
    memmove(frame_, frame_ + TAG_SIZE, TAG_OFFSET);
    memcpy(frame_ + TAG_OFFSET, &tag, TAG_SIZE);
    header.csum_start = static_cast<uint16_t>(header.csum_start + TAG_SIZE);
  }
  segments_ = Segmenter(frame_, length_, frame_max_, header);
  if (segments_.too_many()) {
    length_ = frame_max_ + 1;  // the core drops it by its length, as malformed
  } else if (segments_.done() && header.flags & NEEDS_CHECKSUM) {
    complete_checksum(frame_, length_, header.csum_start, header.csum_offset);
  }
}

/** Passes the next frame, or segment of one, to the core. */
void PacketReceiver::hand_on(uint32_t port, uint8_t* room, ReceiveBatch& batch) {
  if (segments_.done()) begin(next_);
  if (!segments_.done()) {
    batch.add(port, segments_.next(room));
  } else {
    if (length_ <= batch.capacity()) memcpy(room, frame_, length_);  // past it, the length says all
    batch.add(port, length_);
  }
  if (segments_.done()) next_++;
}

}  // namespace taploom
