// See poller.h. This file: attachments, waiting and events; poller_turn.cc has what a turn moves.

#include "poller.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

#include "clock.h"
#include "device.h"
#include "sharing.h"
#include "socket.h"

namespace taploom {

namespace {

// What epoll hands back with an event: a port's id, or one of these.
constexpr uint32_t DATA_LISTENER = 0x10000;  // + the port's id
constexpr uint32_t DATA_DOORBELL = 0x20000;

constexpr uint64_t LOOK_INTERVAL_MS = 1000;

std::string attaching(uint32_t id) { return "attaching port " + std::to_string(id); }

int milliseconds_until(uint64_t time_us) {
  const uint64_t now = now_us();
  return time_us > now ? static_cast<int>((time_us - now + 999) / 1000) : 0;
}

int sooner(int timeout_ms, int limit_ms) {
  return timeout_ms < 0 ? limit_ms : std::min(timeout_ms, limit_ms);
}

}  // namespace

Failure Poller::create(const Memory& memory, std::unique_ptr<Poller>& poller) {
  Fd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return {errno, "making an epoll"};
  Fd doorbell(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!doorbell) return {errno, "making a doorbell"};
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u32 = DATA_DOORBELL;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, doorbell.get(), &event) < 0) return {errno, "watching the doorbell"};
  shorten_slice();
  poller.reset(new Poller(memory, std::move(epoll), std::move(doorbell)));
  return {};
}

Poller::Poller(const Memory& memory, Fd epoll, Fd doorbell)
    : memory_(memory),
      epoll_(std::move(epoll)),
      doorbell_(std::move(doorbell)),
      ports_(memory.geometry.ports_max),
      readable_(memory.geometry.ports_max),
      retry_(memory.geometry.ports_max),
      ready_(memory.geometry.ports_max + 1),
      taps_(memory.geometry.ports_max),
      taps_ids_(memory.geometry.ports_max),
      tap_(memory.geometry.ports_max) {
  streams_.reserve(memory.geometry.ports_max);
}

/** Why nothing can be attached to a port. */
Failure Poller::vacancy(uint32_t id) const {
  if (id >= ports_.size()) return {ERANGE, attaching(id)};
  if (ports_[id].kind != Kind::none) return {EEXIST, attaching(id)};
  return {};
}

Failure Poller::attach(uint32_t id, Kind kind, int fd, uint32_t pipe, int listener) {
  if (Failure failure = vacancy(id)) return failure;
  const std::string who = attaching(id);
  const bool stream = kind == Kind::stream;
  if (stream ? fd < 0 && listener < 0 : fd < 0 || listener >= 0) return {EBADF, who};
  if (stream && !memory_.holds_pipe(pipe)) return {ERANGE, who + ": its pipe"};

  Port& port = ports_[id];
  port.kind = kind;
  port.pipe = pipe;
  port.fd.reset(fd);
  port.listener.reset(listener);
  if (stream) Pipe(memory_, pipe).reset();
  if (kind == Kind::packet) port.receiver = std::make_unique<PacketReceiver>(memory_.geometry.frame_max);
  if (const int error = fd < 0 ? 0 : watch(id)) {
    port.fd.release();
    port.listener.release();
    port = Port();
    return {error, who};
  }
  if (!stream) looked_ms_ = 0;  // the next turn finds out how the link is
  if (stream) streams_.push_back(static_cast<uint16_t>(id));
  if (stream && port.fd) set_link(id, Link::up, "");
  return {};
}

Failure Poller::attach_sender(uint32_t id, Kind kind, int fd) {
  if (Failure failure = vacancy(id)) return failure;
  if (kind == Kind::stream) return {EINVAL, attaching(id)};
  if (fcntl(fd, F_GETFD) < 0) return {errno, attaching(id)};
  Port& port = ports_[id];
  port.kind = kind;
  port.sends_only = true;
  port.fd.reset(fd);
  return {};
}

void Poller::detach(uint32_t id) {
  if (id >= ports_.size()) return;
  release(id);
}

std::vector<Event> Poller::take_events() {
  std::vector<Event> taken;
  taken.swap(events_);
  return taken;
}

/** Closes whatever the port has; its place is free again. */
void Poller::release(uint32_t id) {
  if (ports_[id].kind == Kind::stream) {
    streams_.erase(std::remove(streams_.begin(), streams_.end(), static_cast<uint16_t>(id)), streams_.end());
  }
  const Port& port = ports_[id];
  if (port.kind == Kind::tap_offload && !port.sends_only) leave_tap(port.fd.get());
  // Epoll forgets by itself only what nobody has open any more, and others send to the same device.
  if (port.watched) epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, port.fd.get(), nullptr);
  ports_[id] = Port();
}

/** A device that is lost, and what waits for it with it. */
void Poller::lose_device(uint32_t id, const char* why) {
  release(id);
  TransmitQueue(memory_, id).fail_all(Reason::queueFull);
  tell(id, Change::gone, why);
}

/** Makes epoll watch the fd for what can be acted on now. Errno, or 0. */
int Poller::watch(uint32_t id) {
  Port& port = ports_[id];
  uint32_t wanted = 0;
  if (!port.sends_only) wanted = EPOLLIN;
  if (port.kind == Kind::stream && (port.closing || !Pipe(memory_, port.pipe).has_room())) wanted = 0;
  // A TAP that is down cannot be written to, and tells when it can be again.
  if (port.blocked || (is_tap(port.kind) && port.link == Link::down)) wanted |= EPOLLOUT;
  if (wanted == port.watched) return 0;
  epoll_event event = {};
  event.events = wanted;
  event.data.u32 = id;
  // Hang-ups are reported even to those who ask for nothing, again and again: such an fd is taken out.
  const int operation = port.watched == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  if (epoll_ctl(epoll_.get(), operation, port.fd.get(), &event) < 0) return errno;
  port.watched = wanted;
  return 0;
}

void Poller::watch_listener(uint32_t id, bool on) {
  Port& port = ports_[id];
  if (port.accepting == on) return;
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u32 = DATA_LISTENER | id;
  const int operation = on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
  if (epoll_ctl(epoll_.get(), operation, port.listener.get(), &event) == 0) {
    port.accepting = on;
  } else {
    port.resting = true;
    expecting_ = true;
  }
}

void Poller::set_link(uint32_t id, Link link, const char* why) {
  Port& port = ports_[id];
  if (port.link == link) return;
  port.link = link;
  tell(id, link == Link::up ? Change::up : Change::down, why);
  if (link == Link::down && port.kind == Kind::packet) expecting_ = true;
  watch(id);
}

/** Looks at what no event tells about: TAPs that went down, packet sockets' devices that came up, were deleted while
 *  down or lost their carrier, and whether there are descriptors again for connections that wait. */
void Poller::look_at_links() {
  looked_ms_ = now_ms();
  expecting_ = false;
  nfds_t count = 0;
  for (uint32_t id = 0; id < ports_.size(); id++) {
    Port& port = ports_[id];
    port.resting = false;
    // While frames wait for room, not being writable says nothing about the link.
    if (is_tap(port.kind) && port.link != Link::down && !port.blocked) {
      taps_[count] = {port.fd.get(), POLLOUT, 0};
      taps_ids_[count++] = static_cast<uint16_t>(id);
    } else if (port.kind == Kind::packet) {
      const int error = packet_link(port.fd.get());
      if (error == ENODEV) {
        lose_device(id, errno_name(error));
      } else {
        set_link(id, error == 0 ? Link::up : Link::down, error == 0 ? "" : errno_name(error));
        expecting_ |= error != 0;
      }
    }
  }
  if (count == 0 || poll(taps_.data(), count, 0) < 0) return;
  for (nfds_t i = 0; i < count; i++) {
    const uint32_t id = taps_ids_[i];
    if (taps_[i].revents & (POLLERR | POLLHUP)) {
      look_into(id);
    } else if (taps_[i].revents & POLLOUT) {
      set_link(id, Link::up, "");
    } else {
      set_link(id, Link::down, errno_name(ENETDOWN));
    }
  }
}

/** Something is wrong with a device. Reading tells what, to whoever reads from it. */
void Poller::look_into(uint32_t id) {
  const Port& port = ports_[id];
  if (!port.sends_only) {
    readable_.add(id);
  } else if (is_tap(port.kind)) {
    lose_device(id, errno_name(EBADFD));  // a TAP has no other trouble
  }
}

/** How long a turn may wait when it was asked to wait this long. */
int Poller::patience(int timeout_ms) const {
  if (!events_.empty() || readable_.size() > 0) return 0;
  if (expecting_) timeout_ms = sooner(timeout_ms, static_cast<int>(LOOK_INTERVAL_MS));
  if (retry_.size() > 0) timeout_ms = sooner(timeout_ms, milliseconds_until(retry_us_));
  return timeout_ms;
}

/** Waits, and acts on what became ready, but for devices' frames. Whether the doorbell rang. */
bool Poller::wait(int timeout_ms) {
  int count;
  do {  // interrupted where this thread has closed a ring of io_uring a moment ago
    count = epoll_wait(epoll_.get(), ready_.data(), static_cast<int>(ready_.size()), patience(timeout_ms));
  } while (count < 0 && errno == EINTR);
  bool rung = false;
  for (int i = 0; i < count; i++) {
    const uint32_t data = ready_[static_cast<size_t>(i)].data.u32;
    if (data == DATA_DOORBELL) {
      uint64_t rings;
      rung = read(doorbell_.get(), &rings, sizeof rings) > 0;
    } else if (data & DATA_LISTENER) {
      accept_peer(data & ~DATA_LISTENER);
    } else {
      dispatch(data, ready_[static_cast<size_t>(i)].events);
    }
  }
  return rung;
}

uint32_t Poller::turn(int timeout_ms) {
  serve_streams();
  transmit();
  if (now_ms() - looked_ms_ >= LOOK_INTERVAL_MS) look_at_links();
  const bool rung = wait(timeout_ms);
  const uint32_t filled = receive();
  return filled | (events_.empty() ? 0 : EVENTS) | (rung ? RUNG : 0);
}

// ---- streams: who is at the other end ----

/** Hangs up where the core has faulted or has taken a closing peer's last bytes: bytes are taken between turns only.
 *  Lets connections in where nobody is connected. Not while events wait to be read: who reads them must have seen
 *  the last peer go before the next one's bytes arrive. */
void Poller::serve_streams() {
  for (size_t i = 0; i < streams_.size();) {
    const uint32_t id = streams_[i];
    Port& port = ports_[id];
    if (port.fd && Pipe(memory_, port.pipe).faulted()) {
      hang_up(id, "fault");
    } else if (port.closing && Pipe(memory_, port.pipe).drained()) {
      hang_up(id, port.closing);
    } else if (port.fd) {
      if (const int error = watch(id)) hang_up(id, errno_name(error));
    } else if (!port.resting && events_.empty()) {
      watch_listener(id, true);
    }
    if (port.kind == Kind::stream) i++;  // else it has left the list, and the next one has its place
  }
}

void Poller::accept_peer(uint32_t id) {
  Port& port = ports_[id];
  Fd peer = accept_unix(port.listener.get());
  const int error = errno;
  if (peer) {
    watch_listener(id, false);
    port.fd = std::move(peer);
    Pipe(memory_, port.pipe).reset();
    set_link(id, Link::up, "");
  } else if (error != EAGAIN && error != ECONNABORTED && error != EINTR) {
    // Out of descriptors or memory. The connection stays in the backlog and would wake every turn.
    watch_listener(id, false);
    port.resting = true;
    expecting_ = true;
  }
}

/** Nothing more comes from the peer. It stays until the core has taken what came: hanging up empties the pipe. */
void Poller::begin_closing(uint32_t id, const char* why) {
  Port& port = ports_[id];
  if (Pipe(memory_, port.pipe).drained()) return hang_up(id, why);
  port.closing = why;
  watch(id);
}

void Poller::hang_up(uint32_t id, const char* why) {
  Port& port = ports_[id];
  Pipe(memory_, port.pipe).reset();
  port.fd.reset();
  port.closing = nullptr;
  port.watched = 0;
  port.blocked = false;
  port.link = Link::unknown;
  if (!port.listener) release(id);
  tell(id, Change::gone, why);
}

}  // namespace taploom
