// What a turn of the poller moves: frames of devices and bytes of streams, both ways. See poller.h.

#include <algorithm>
#include <cerrno>

#include "clock.h"
#include "poller.h"
#include "ring.h"

namespace taploom {

namespace {

/** Frames that a device may hand in before the next one gets its chance. */
constexpr uint32_t RECEIVE_BUDGET = 64;

}  // namespace

// ---- towards the wire ----

void Poller::transmit() {
  if (retry_.size() > 0) retry_refused();
  const Geometry& g = memory_.geometry;
  const uint32_t count = std::min(load(memory_.at(g.dirty_count)), g.ports_max);
  store(memory_.at(g.dirty_count), 0);
  for (uint32_t i = 0; i < count; i++) {
    const uint32_t id = load_u16(memory_.at(g.dirty_list + uint64_t{i} * 2));
    if (id < g.ports_max) transmit_port(id);
  }
}

/** Turns may be microseconds apart, which is no time for a device to make room: each port waits its own time. */
void Poller::retry_refused() {
  const uint64_t now = now_us();
  retry_us_ = UINT64_MAX;
  for (uint32_t left = retry_.size(); left > 0; left--) {
    const uint32_t id = retry_.take();
    Port& port = ports_[id];
    if (port.retry_us > now) {
      retry_us_ = std::min(retry_us_, port.retry_us);
      retry_.add(id);
    } else {
      port.retry_us = 0;
      transmit_port(id);
    }
  }
}

void Poller::retry_later(uint32_t id) {
  Port& port = ports_[id];
  port.retry_us = now_us() + uint64_t{port.refusals.wait_ms()} * 1000;
  retry_us_ = retry_.size() > 0 ? std::min(retry_us_, port.retry_us) : port.retry_us;
  retry_.add(id);
}

void Poller::transmit_port(uint32_t id) {
  const Port& port = ports_[id];
  if (port.kind == Kind::none) {
    TransmitQueue(memory_, id).fail_all(Reason::queueFull);
  } else if (port.blocked || port.retry_us > 0) {
    return;  // epoll tells when it is worth trying, or the time does
  } else if (port.kind != Kind::stream) {
    transmit_device(id);
  } else if (port.fd) {
    send_stream(id);
  }
}

void Poller::transmit_device(uint32_t id) {
  Port& port = ports_[id];
  int error;
  {
    TransmitQueue queue(memory_, id);
    if (queue.empty()) return;
    error = is_tap(port.kind) ? transmit_tap(port, queue) : packet_.transmit(port.fd.get(), queue, port.refusals);
    if (error == EIO || error == ENETDOWN) queue.fail_all(Reason::queueFull);
  }
  stopped(id, error);
}

/** A TAP has no policy, but the kernel may lack the memory for a frame. */
int Poller::transmit_tap(Port& port, TransmitQueue& queue) {
  const int error = tap_.transmit(port.fd.get(), queue, port.kind == Kind::tap_offload);
  if (error == 0) port.refusals.passed();
  if (error == ENOBUFS) {
    port.refusals.refused(false);
    if (port.refusals.gives_up()) queue.fail(Reason::queueFull);
  }
  return error;
}

void Poller::send_stream(uint32_t id) {
  Port& port = ports_[id];
  const Pipe pipe(memory_, port.pipe);
  const int error = pipe.send(port.fd.get());
  port.blocked = error == EAGAIN;
  if (error == EPIPE || error == ECONNRESET) {
    pipe.discard_output();  // nobody will read it; but what the peer said before it went is still to be heard
  } else if (error == EPROTO) {
    return hang_up(id, "fault");
  } else if (error != 0 && error != EAGAIN) {
    pipe.discard_output();
    return begin_closing(id, errno_name(error));
  }
  watch(id);
}

/** A device took all (0) or some of what it was given. */
void Poller::stopped(uint32_t id, int error) {
  Port& port = ports_[id];
  switch (error) {
    case 0:  // a packet socket takes frames without a carrier, too
      if (is_tap(port.kind)) set_link(id, Link::up, "");
      break;
    case EAGAIN:
      port.blocked = true;
      watch(id);
      break;
    case ENOBUFS:  // see refusals.h: no event tells when it ends
      retry_later(id);
      break;
    case EIO:  // a TAP that is administratively down
    case ENETDOWN:
      set_link(id, Link::down, errno_name(error));
      break;
    default:
      lose_device(id, errno_name(error));
  }
}

// ---- from the wire ----

/** Acts on what epoll says about a port's fd. */
void Poller::dispatch(uint32_t id, uint32_t ready) {
  Port& port = ports_[id];
  const bool writable = ready & EPOLLOUT;
  const bool readable = ready & ~static_cast<uint32_t>(EPOLLOUT);  // errors too: reading tells which
  if (is_device(id)) {
    if (readable) look_into(id);
    if (!writable || !is_device(id)) return;
    port.blocked = false;
    if (is_tap(port.kind)) set_link(id, Link::up, "");
    transmit_device(id);
    if (is_device(id)) watch(id);
    return;
  }
  // A peer that has said its last can only have stopped reading, too, which sending tells.
  if (readable && port.fd && !port.closing) receive_stream(id);
  if ((writable || port.closing) && port.fd) send_stream(id);
}

/** Frames from every device that has some, in turns, until the descriptors that the core armed are used up. */
uint32_t Poller::receive() {
  ReceiveBatch batch(memory_);
  while (readable_.size() > 0 && !batch.full()) {
    const uint32_t id = readable_.take();
    if (!is_device(id)) continue;
    const Port& port = ports_[id];
    const int error = is_tap(port.kind)
                          ? tap_.receive(port.fd.get(), id, batch, RECEIVE_BUDGET, port.kind == Kind::tap_offload)
                          : port.receiver->receive(port.fd.get(), id, batch, RECEIVE_BUDGET);
    switch (error) {
      case 0:
        readable_.add(id);
        break;
      case EAGAIN:
      case EINTR:
      case ENOBUFS:
      case ENOMEM:
        break;  // epoll tells when there is more
      case ENETDOWN:
        set_link(id, Link::down, errno_name(error));
        looked_ms_ = 0;  // the next turn finds out whether the device is there at all
        break;
      default:
        lose_device(id, errno_name(error));
    }
  }
  return batch.filled();
}

/** One call a turn, so that a peer with much to say does not keep the others waiting. */
void Poller::receive_stream(uint32_t id) {
  Port& port = ports_[id];
  switch (const int error = Pipe(memory_, port.pipe).receive(port.fd.get())) {
    case 0:
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
      watch(id);
      break;
    case ESHUTDOWN:
      begin_closing(id, "closed");
      break;
    case EPROTO:
      hang_up(id, "fault");
      break;
    default:
      begin_closing(id, errno_name(error));
  }
}

}  // namespace taploom
