// Network devices of the kernel: opening TAPs and packet sockets, and asking about a device.
// Linux: Documentation/networking/tuntap.rst, packet(7), netdevice(7). Needs CAP_NET_ADMIN (TAP, MTU) and
// CAP_NET_RAW (packet sockets). Every name is looked up in the network namespace of the calling thread.
#pragma once

#include <cstdint>
#include <vector>

#include "failure.h"
#include "fd.h"

namespace taploom {

struct Device {
  Fd fd;
  std::vector<Fd> further;  // of a TAP with several queue pairs: the others
  bool created = false;  // made by the call, and gone once its fd is closed
  int mtu = 0;           // bytes
  bool offload = false;  // a TAP: its frames stand behind headers, and may have things left undone
};

/** Attaches to a TAP device, making it where there is none, with offloads where the kernel has them. `mtu` 0 leaves the
 *  MTU as it is. `queues`: queue pairs, 1 or more; the kernel is told to keep each flow in one of several. */
Failure open_tap(const char* name, int mtu, uint32_t queues, Device& device);

/** Gives a TAP back as one that takes finished frames only and steers by itself, for whoever opens it next. */
void leave_tap(int fd);

/** A packet socket on a device: promiscuous, not fed with what leaves, each frame behind a virtio_net_hdr. */
Failure open_packet(const char* name, Device& device);

/** An fd more for what another one is. */
Failure duplicate(int fd, Fd& other);

/** 0 where there is no such device. */
uint32_t device_index(const char* name);
Failure device_mtu(const char* name, int& mtu);
Failure set_device_mtu(const char* name, int mtu);

/** Whether frames can leave through a packet socket: 0, ENETDOWN, ENOLINK (no carrier), or ENODEV where its device
 *  is gone. */
int packet_link(int fd);

}  // namespace taploom
