// What a worker waits in: sends what its ports have queued, waits for all their devices and sockets at once, and
// takes in what came, all in batches and without allocating. Holds the state of each port's attachment: which
// direction is stuck, whether the link is up. Level-triggered epoll(7); an fd is watched for what can be acted on,
// and for nothing else. One thread, the worker's; only the doorbell may be rung by others.
#pragma once

#include <poll.h>
#include <sys/epoll.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "failure.h"
#include "fd.h"
#include "memory.h"
#include "packet.h"
#include "packet_receiver.h"
#include "pipe.h"
#include "port_queue.h"
#include "refusals.h"
#include "seat.h"
#include "tap_batch.h"

namespace taploom {

/** tap_offload: a TAP whose frames stand behind headers (IFF_VNET_HDR). */
enum class Kind : uint8_t { none, tap, tap_offload, packet, stream };
enum class Change : uint8_t { up, down, gone };

struct Event {
  uint32_t port;
  Change what;
  const char* why;  // errno's name, "closed" or "fault"; "" where there is nothing to say
};

class Poller {
 public:
  /** Flags in what turn() returns, above the count of frames. */
  static constexpr uint32_t EVENTS = 0x10000;
  static constexpr uint32_t RUNG = 0x20000;

  /** For the calling thread. `memory` must have been found in order by Memory::misplaced, and stay. */
  static Failure create(const Memory& memory, std::unique_ptr<Poller>& poller);

  int doorbell() const { return doorbell_.get(); }

  /** Takes over `fd` and `listener`, either of which may be -1 for a stream; where it fails they stay the caller's. */
  Failure attach(uint32_t port, Kind kind, int fd, uint32_t pipe, int listener);
  /** Takes over `fd`, which is a device's, to send to it only: what comes from it is another poller's. As `attach`. */
  Failure attach_sender(uint32_t port, Kind kind, int fd);
  void detach(uint32_t port);

  /** Milliseconds; -1: without end. Returns how many receive descriptors it filled, with the flags above. */
  uint32_t turn(int timeout_ms);

  /** Where the thread runs. */
  Seat& seat() { return seat_; }

  /** What happened since the last call. */
  std::vector<Event> take_events();

 private:
  enum class Link : uint8_t { unknown, up, down };

  struct Port {
    Kind kind = Kind::none;
    Link link = Link::unknown;
    bool sends_only = false;  // another poller receives from the device
    bool blocked = false;     // frames or bytes wait until the fd can be written to
    bool accepting = false;   // the listener is watched
    bool resting = false;     // accepting failed: not before the next look at the links
    const char* closing = nullptr;  // the peer said its last: why to hang up on it once the core has taken that
    uint32_t watched = 0;     // what epoll tells about the fd; 0: nothing, not even errors
    uint32_t pipe = 0;
    Refusals refusals;         // a device's
    uint64_t retry_us = 0;     // when to try again what the device refused; 0: it refused nothing
    Fd fd;
    Fd listener;
    std::unique_ptr<PacketReceiver> receiver;  // a packet socket's
  };

  Poller(const Memory& memory, Fd epoll, Fd doorbell);

  // A turn's steps, in order.
  void serve_streams();
  void transmit();
  void retry_refused();
  void look_at_links();
  bool wait(int timeout_ms);
  uint32_t receive();

  // One port.
  void transmit_port(uint32_t id);
  void transmit_device(uint32_t id);
  int transmit_tap(Port& port, TransmitQueue& queue);
  void send_stream(uint32_t id);
  void receive_stream(uint32_t id);
  void stopped(uint32_t id, int error);
  void retry_later(uint32_t id);
  void dispatch(uint32_t id, uint32_t ready);
  void accept_peer(uint32_t id);
  void begin_closing(uint32_t id, const char* why);
  void hang_up(uint32_t id, const char* why);
  void lose_device(uint32_t id, const char* why);
  void release(uint32_t id);

  // What is known and watched.
  void look_into(uint32_t id);
  Failure vacancy(uint32_t id) const;
  void set_link(uint32_t id, Link link, const char* why);
  int watch(uint32_t id);
  void watch_listener(uint32_t id, bool on);
  int patience(int timeout_ms) const;
  void tell(uint32_t id, Change what, const char* why) { events_.push_back({id, what, why}); }
  static bool is_tap(Kind kind) { return kind == Kind::tap || kind == Kind::tap_offload; }
  bool is_device(uint32_t id) const { return is_tap(ports_[id].kind) || ports_[id].kind == Kind::packet; }

  const Memory memory_;
  const Fd epoll_;
  const Fd doorbell_;
  std::vector<Port> ports_;
  std::vector<uint16_t> streams_;       // the ports that are streams
  PortQueue readable_;                  // devices that may have frames, next one first
  PortQueue retry_;                     // devices that refused a frame and do not tell when they take one again
  std::vector<epoll_event> ready_;      // scratch for epoll_wait
  std::vector<pollfd> taps_;            // scratch for look_at_links
  std::vector<uint16_t> taps_ids_;      // the ports in it
  std::vector<Event> events_;
  TapBatch tap_;
  PacketSender packet_;
  Seat seat_;
  uint64_t retry_us_ = 0;   // when the first of `retry_` has to be tried
  uint64_t looked_ms_ = 0;  // when the links were looked at
  bool expecting_ = false;  // something will change that no fd tells about: keep looking
};

}  // namespace taploom
