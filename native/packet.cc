// See packet.h.

#include "packet.h"

#include <algorithm>
#include <cstring>

#include "checksum.h"

namespace taploom {

namespace {

constexpr uint16_t TPID_DEFAULT = 0x8100;  // IEEE 802.1Q, table 9-1

constexpr uint8_t NEEDS_CHECKSUM = 1;      // VIRTIO_NET_HDR_F_NEEDS_CSUM

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

PacketIo::PacketIo() {
  for (uint32_t i = 0; i < BATCH; i++) {
    out_parts_[i][0] = {&out_header_, sizeof out_header_};
    out_[i].msg_hdr.msg_iov = out_parts_[i];
    in_parts_[i][0] = {&in_headers_[i], sizeof in_headers_[i]};
    in_[i].msg_hdr.msg_iov = in_parts_[i];
    in_[i].msg_hdr.msg_iovlen = 2;
    in_[i].msg_hdr.msg_control = &in_controls_[i];
  }
}

/** Gathers the frames at the front, as far as they are well formed. */
uint32_t PacketIo::fill(TransmitQueue& queue) {
  const uint32_t count = std::min(queue.size(), BATCH);
  for (uint32_t i = 0; i < count; i++) {
    const int parts = queue.gather(i, out_parts_[i] + 1, out_tags_[i]);
    if (parts == 0) return i;
    out_[i].msg_hdr.msg_iovlen = 1 + static_cast<size_t>(parts);
  }
  return count;
}

int PacketIo::transmit(int fd, TransmitQueue& queue) {
  while (!queue.empty()) {
    const uint32_t count = fill(queue);
    if (count == 0) {
      queue.fail(Reason::malformed);
      continue;
    }
    const int sent = sendmmsg(fd, out_, count, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      queue.consume(static_cast<uint32_t>(sent));
    } else if (const int error = errno; !concerns_frame_only(error, queue)) {
      return error;
    }
  }
  return 0;
}

int PacketIo::receive(int fd, uint32_t port, ReceiveBatch& batch, uint32_t budget) {
  const uint32_t wanted = std::min(budget, BATCH);
  uint32_t count = 0;
  for (; count < wanted; count++) {
    uint8_t* room = batch.room(count);
    if (!room) break;
    in_parts_[count][1] = {room, batch.capacity()};
    in_[count].msg_hdr.msg_controllen = sizeof in_controls_[count];
  }
  if (count == 0) return 0;
  // MSG_TRUNC: lengths are those of the frames, also of frames that are longer than their room.
  const int received = recvmmsg(fd, in_, count, MSG_DONTWAIT | MSG_TRUNC, nullptr);
  if (received < 0) return errno;
  for (uint32_t i = 0; i < static_cast<uint32_t>(received); i++) hand_on(i, port, batch);
  return static_cast<uint32_t>(received) < count ? EAGAIN : 0;
}

/** Finishes what the kernel left undone, then passes the frame to the core. */
void PacketIo::hand_on(uint32_t index, uint32_t port, ReceiveBatch& batch) {
  uint8_t* frame = static_cast<uint8_t*>(in_parts_[index][1].iov_base);
  const VirtioNetHeader& header = in_headers_[index];
  const uint32_t got = in_[index].msg_len;
  const uint32_t length = got > sizeof header ? got - sizeof header : 0;
  if (length > batch.capacity()) return batch.add(port, length, 0);  // cut off: the core drops it by its length
  if (header.flags & NEEDS_CHECKSUM) {
    complete_checksum(frame, length, header.csum_start, header.csum_offset);
  }
  const uint32_t tag = tag_beside(in_[index].msg_hdr);
  if (tag == 0 || length < TAG_OFFSET) return batch.add(port, length, 0);
  memmove(frame - TAG_SIZE, frame, TAG_OFFSET);
  memcpy(frame - TAG_SIZE + TAG_OFFSET, &tag, TAG_SIZE);
  batch.add(port, length + TAG_SIZE, TAG_SIZE);
}

}  // namespace taploom
