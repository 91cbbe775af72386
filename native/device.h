// Network devices of the kernel: opening TAPs and packet sockets, and asking about a device.
// Linux: Documentation/networking/tuntap.rst, packet(7), netdevice(7). Needs CAP_NET_ADMIN (TAP, MTU) and
// CAP_NET_RAW (packet sockets). A name is looked up in the network namespace of the calling thread, and only to open
// the device: it may be renamed or moved later, and another device may get its name. What is open is known by its fd
// (a TAP) or its index (an interface).
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
  uint32_t index = 0;
  int mtu = 0;           // bytes, before the call changed it
  bool offload = false;  // a TAP: its frames stand behind headers, and may have things left undone
};

/** Attaches to a TAP device, making it where there is none, with offloads where the kernel has them. `mtu` 0 leaves the
 *  MTU as it is. `queues`: queue pairs, 1 or more; the kernel is told to keep each flow in one of several. */
Failure open_tap(const char* name, int mtu, uint32_t queues, Device& device);

/** Gives a TAP back as one that takes finished frames only and steers by itself, for whoever opens it next. */
void leave_tap(int fd);

/** A packet socket on a device: promiscuous, not fed with what leaves, each frame behind a virtio_net_hdr. Fails with
 *  EPROTOTYPE if the device has no Ethernet frames (tun, WireGuard, PPP) or is the loopback device. */
Failure open_packet(const char* name, Device& device);

/** An fd more for what another one is. */
Failure duplicate(int fd, Fd& other);

/** 0 where there is no such device. */
uint32_t device_index(const char* name);
/** "" where there is no such device. */
std::string device_name(uint32_t index);
/** The TAP's present name, wherever it is; "" if the device was deleted. */
std::string tap_name(int fd);
/** Fails with EBADFD if the TAP was deleted, and with EXDEV if it is in another network namespace. */
Failure set_tap_mtu(int fd, int mtu);

/** Whether frames can leave through a packet socket: 0, ENETDOWN, ENOLINK (no carrier), or ENODEV where its device
 *  is gone. */
int packet_link(int fd);

}  // namespace taploom
