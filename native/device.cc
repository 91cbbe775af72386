// See device.h.

#include "device.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "steering.h"
#include "virtio.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23  // Linux 4.20
#endif
#ifndef TUNGETDEVNETNS
#define TUNGETDEVNETNS _IO('T', 227)  // Linux 5.2
#endif
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20  // Linux 6.2
#define TUN_F_USO6 0x40
#endif

namespace taploom {

namespace {

constexpr int ETHERTYPE_ALL = 0x0003;  // ETH_P_ALL; <linux/if_ether.h> quarrels with libc's headers
// A burst waits here while the worker is busy: some 2,000 full frames as the kernel accounts for them.
constexpr int PACKET_BUFFER_BYTES = 4 << 20;

constexpr uint32_t QUEUE_FRAMES_MAX = 65536;  // more than wait in a TAP's queue

Failure failed(const char* doing, const char* name) {
  const int error = errno;  // before anything below can change it
  return {error, std::string(doing) + " \"" + name + '"'};
}

/** Fills in the name, or says why no device can have it. A "%d" would make the kernel choose another name. */
Failure request_for(const char* name, ifreq& request) {
  request = {};
  const size_t length = strlen(name);
  if (length == 0 || strchr(name, '%')) return {EINVAL, std::string("no name for a network device: \"") + name + '"'};
  if (length >= IFNAMSIZ) {
    return {ENAMETOOLONG, std::string("a network device's name has 15 bytes at most, not \"") + name + '"'};
  }
  memcpy(request.ifr_name, name, length);
  return {};
}

Fd open_tun() { return Fd(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)); }

/** Any socket will do to ask about devices. */
Fd control_socket() { return Fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)); }

/** Asks about the device that `request` names, in the caller's namespace. */
Failure ask(unsigned long what, const char* doing, ifreq& request) {
  const Fd control = control_socket();
  if (!control || ioctl(control.get(), what, &request) < 0) return failed(doing, request.ifr_name);
  return {};
}

/** Whether a TAP's device is in the caller's network namespace: 0, EXDEV, or why that cannot be told. */
int find_namespace(int tap) {
  const Fd its(ioctl(tap, TUNGETDEVNETNS));
  if (!its) return errno;
  struct stat theirs;
  struct stat ours;
  if (fstat(its.get(), &theirs) < 0 || stat("/proc/thread-self/ns/net", &ours) < 0) return errno;
  return theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino ? 0 : EXDEV;
}

Failure change_mtu(ifreq& request, int mtu) {
  request.ifr_mtu = mtu;
  return ask(SIOCSIFMTU, "setting the MTU of", request);
}

/** Attaches with one queue, as one of several where somebody made the device with many: the flags must be the same. */
int attach_tap(int fd, ifreq& request, bool many) {
  unsigned int known = 0;
  const short headers = ioctl(fd, TUNGETFEATURES, &known) == 0 && known & IFF_VNET_HDR ? IFF_VNET_HDR : 0;
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | headers);
  if (!many) {
    if (ioctl(fd, TUNSETIFF, &request) == 0) return 0;
    if (errno != EINVAL) return -1;
  }
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_MULTI_QUEUE | headers);
  return ioctl(fd, TUNSETIFF, &request);
}

/** Whether frames stand behind headers, as is so of all queues of a device or of none: who was first has chosen. */
bool has_headers(int fd) {
  ifreq request = {};
  return ioctl(fd, TUNGETIFF, &request) == 0 && request.ifr_flags & IFF_VNET_HDR;
}

/** Asks for headers of the size that is read and written here, and for all offloads that the kernel has. 0, or -1. */
int set_offloads(int fd, bool headers) {
  // Whoever had a persistent device before may have left it expecting partial checksums and large segments.
  if (!headers) return ioctl(fd, TUNSETOFFLOAD, 0);
  const int size = sizeof(VirtioNetHeader);
  if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0) return -1;
  constexpr unsigned long checksums_and_tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
  constexpr unsigned long udp = TUN_F_USO4 | TUN_F_USO6;
  for (const unsigned long offloads : {checksums_and_tcp | udp, checksums_and_tcp}) {
    if (ioctl(fd, TUNSETOFFLOAD, offloads) == 0) return 0;
  }
  return ioctl(fd, TUNSETOFFLOAD, 0);
}

/** Drops what came to a queue before all were there: some of it would be another's now, behind what comes there. */
void empty(int fd) {
  uint8_t start[VNET_SIZE + FRAME_MIN];
  uint32_t frames = 0;
  while (frames < QUEUE_FRAMES_MAX && read(fd, start, sizeof start) >= 0) frames++;
}

/** Attaches the queues beside the first, whose request is repeated. */
Failure attach_further(ifreq& request, uint32_t count, Device& device) {
  for (uint32_t i = 0; i < count; i++) {
    Fd fd = open_tun();
    if (!fd || ioctl(fd.get(), TUNSETIFF, &request) < 0) return failed("adding a queue to TAP", request.ifr_name);
    device.further.push_back(std::move(fd));
  }
  return {};
}

int set_option(int fd, int option, int value) {
  return setsockopt(fd, SOL_PACKET, option, &value, sizeof value);
}

int join_promiscuous(int fd, int index) {
  packet_mreq membership = {};
  membership.mr_ifindex = index;
  membership.mr_type = PACKET_MR_PROMISC;
  return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof membership);
}

int bind_packet(int fd, int index) {
  sockaddr_ll address = {};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETHERTYPE_ALL);
  address.sll_ifindex = index;
  return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

/** Whether the device that the socket is bound to has Ethernet frames, as a Linux bridge wants it: 0, or errno. */
int require_ethernet(int fd) {
  sockaddr_ll address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) return errno;
  return address.sll_hatype == ARPHRD_ETHER ? 0 : EPROTOTYPE;  // the loopback device has a type of its own
}

void enlarge_buffer(int fd) {
  const int bytes = PACKET_BUFFER_BYTES;
  // Past the system's limit with CAP_NET_ADMIN, up to it without; the socket works either way.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) < 0) {
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  }
}

}  // namespace

Failure open_tap(const char* name, int mtu, uint32_t queues, Device& device) {
  ifreq request;
  if (Failure failure = request_for(name, request)) return failure;
  const bool existed = device_index(name) != 0;
  Fd fd = open_tun();
  if (!fd) return failed("opening /dev/net/tun for", name);
  if (attach_tap(fd.get(), request, queues > 1) < 0) return failed("attaching to TAP", name);
  device.offload = has_headers(fd.get());
  if (set_offloads(fd.get(), device.offload) < 0) return failed("setting the offloads of TAP", name);
  // Attached a moment ago, the device is here and has this name.
  ifreq asked = request;  // whose flags the further queues need
  if (Failure failure = ask(SIOCGIFMTU, "asking for the MTU of", asked)) return failure;
  device.mtu = asked.ifr_mtu;
  if (queues > 1) {
    steer_flows(fd.get());
    if (Failure failure = attach_further(request, queues - 1, device)) return failure;
    empty(fd.get());
    for (const Fd& queue : device.further) empty(queue.get());
  }
  // Last, for a device that is there already keeps it, should the rest fail.
  if (mtu > 0) {
    if (Failure failure = change_mtu(request, mtu)) return failure;
  }
  device.fd = std::move(fd);
  device.created = !existed;
  return {};
}

void leave_tap(int fd) {
  (void)ioctl(fd, TUNSETOFFLOAD, 0);
  steer_no_more(fd);
}

Failure open_packet(const char* name, Device& device) {
  ifreq request;
  if (Failure failure = request_for(name, request)) return failure;
  // Protocol 0: nothing is received before bind() has chosen the device.
  Fd fd(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failed("opening a packet socket for", name);
  const int index = static_cast<int>(device_index(name));
  if (index == 0) return {ENODEV, std::string("looking for device \"") + name + '"'};
  if (set_option(fd.get(), PACKET_AUXDATA, 1) < 0 || set_option(fd.get(), PACKET_VNET_HDR, 1) < 0 ||
      set_option(fd.get(), PACKET_IGNORE_OUTGOING, 1) < 0) {
    return failed("preparing a packet socket for", name);
  }
  enlarge_buffer(fd.get());
  if (bind_packet(fd.get(), index) < 0) return failed("binding a packet socket to", name);
  if (const int error = require_ethernet(fd.get())) return {error, std::string("bridging onto \"") + name + '"'};
  if (join_promiscuous(fd.get(), index) < 0) return failed("setting promiscuous mode on", name);
  if (Failure failure = ask(SIOCGIFMTU, "asking for the MTU of", request)) return failure;
  device.fd = std::move(fd);
  device.created = false;
  device.index = static_cast<uint32_t>(index);
  device.mtu = request.ifr_mtu;
  return {};
}

Failure duplicate(int fd, Fd& other) {
  other.reset(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!other) return {errno, "duplicating fd " + std::to_string(fd)};
  return {};
}

uint32_t device_index(const char* name) { return if_nametoindex(name); }

std::string device_name(uint32_t index) {
  char name[IF_NAMESIZE];
  return if_indextoname(index, name) ? name : "";
}

std::string tap_name(int fd) {
  ifreq request = {};
  return ioctl(fd, TUNGETIFF, &request) == 0 ? request.ifr_name : "";
}

Failure set_tap_mtu(int fd, int mtu) {
  ifreq request = {};
  if (ioctl(fd, TUNGETIFF, &request) < 0) return {errno, "asking for the name of a TAP"};
  if (const int error = find_namespace(fd)) return {error, std::string("setting the MTU of \"") + request.ifr_name + '"'};
  return change_mtu(request, mtu);
}

int packet_link(int fd) {
  sockaddr_ll address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) < 0) return errno;
  if (address.sll_ifindex < 0) return ENODEV;   // how the kernel marks a socket whose device was unregistered
  if (address.sll_ifindex == 0) return 0;       // bound to no device: nothing that could be down
  ifreq request = {};
  request.ifr_ifindex = address.sll_ifindex;
  if (ioctl(fd, SIOCGIFNAME, &request) < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0) return ENODEV;
  if (!(request.ifr_flags & IFF_UP)) return ENETDOWN;
  // Without a carrier the kernel takes frames and drops them, and tells nobody.
  return request.ifr_flags & IFF_RUNNING ? 0 : ENOLINK;
}

}  // namespace taploom
