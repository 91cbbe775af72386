// The world of the garbage test: the memory map, a poller over it, and the other ends of its ports. See garbage.cc.
#pragma once

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../../native/poller.h"
#include "../../native/socket.h"

using namespace taploom;

namespace {

// ---- the map: what garbage goes over first, the slots at the end of the region, where a step outside shows ----
constexpr uint32_t PORTS = 8;
constexpr uint32_t RX_MAX = 32;
constexpr uint32_t RING = 16;
constexpr uint32_t PIPE = 1024;
constexpr uint32_t PIPE_BYTES = PIPE_IN + 2 * PIPE;
constexpr uint32_t SLOT = 1700;
constexpr uint32_t SLOTS = 40;
constexpr uint32_t QUEUE = RING_SLOTS + RING * DESC_SIZE;
constexpr uint32_t DIRTY_COUNT = 0;
constexpr uint32_t DIRTY_LIST = 4;
constexpr uint32_t CUTS = DIRTY_LIST + PORTS * 2;
constexpr uint32_t RX = CUTS + 1024;
constexpr uint32_t QUEUES = RX + RX_MAX * DESC_SIZE;
constexpr uint32_t PIPES = QUEUES + QUEUE * PORTS;
constexpr uint32_t FRAMES = PIPES + PIPE_BYTES * 2;
constexpr uint32_t SIZE = FRAMES + SLOT * SLOTS;
constexpr uint32_t HEADROOM = 64;
constexpr uint32_t FRAME_MAX = 1600;

constexpr Geometry GEOMETRY = {RX,         RX_MAX, FRAMES, SLOT, SLOTS, HEADROOM, FRAME_MAX, DIRTY_COUNT,
                               DIRTY_LIST, QUEUES, QUEUE,  RING, PORTS, CUTS,     PIPE};

// Ports: 0 and 1 devices, 2 a packet socket, 3 a stream that was dialled, 4 a stream that listens, 5 a device with
// headers; the rest nothing.
constexpr uint32_t TAP_A = 0;
constexpr uint32_t TAP_B = 1;
constexpr uint32_t PACKET = 2;
constexpr uint32_t DIALLED = 3;
constexpr uint32_t LISTENING = 4;
constexpr uint32_t TAP_OFFLOAD = 5;  // a device whose frames stand behind headers

/** Marsaglia's xorshift32. */
struct Random {
  uint32_t state;
  uint32_t next() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
  }
  uint32_t below(uint32_t limit) { return next() % limit; }
};

[[noreturn]] void fail(const std::string& what) {
  fprintf(stderr, "garbage: %s\n", what.c_str());
  exit(1);
}

void expect(bool holds, const char* what) {
  if (!holds) fail(what);
}

/** The engine's end goes to the poller, the other one is what the world sees. */
struct World {
  World(const std::string& directory, uint32_t seed, uint32_t missing)
      : random{seed}, region(static_cast<uint8_t*>(malloc(SIZE - missing))), path(directory + "/listener") {
    memset(region, 0, SIZE - missing);
    writable = SIZE - missing;
    const Memory memory(region, SIZE, GEOMETRY);
    expect(memory.misplaced() == nullptr, "the geometry should fit");
    expect(!Poller::create(memory, poller), "a poller should be made");
    if (Failure failure = listen_unix(path.c_str(), listener)) fail(failure.what + ": " + errno_name(failure.error));
    attach_missing();
  }
  ~World() {
    poller.reset();
    free(region);
  }

  void attach_pair(uint32_t port, Kind kind, int type, uint32_t pipe) {
    int pair[2];
    expect(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0, "a socketpair should be made");
    peers[port].reset(pair[1]);
    expect(!poller->attach(port, kind, pair[0], pipe, -1), "a port should be attached");
    attached[port] = true;
  }

  void attach_missing() {
    if (!attached[TAP_A]) attach_pair(TAP_A, Kind::tap, SOCK_SEQPACKET, 0);
    if (!attached[TAP_B]) attach_pair(TAP_B, Kind::tap, SOCK_SEQPACKET, 0);
    if (!attached[TAP_OFFLOAD]) attach_pair(TAP_OFFLOAD, Kind::tap_offload, SOCK_SEQPACKET, 0);
    if (!attached[PACKET]) attach_pair(PACKET, Kind::packet, SOCK_SEQPACKET, 0);
    if (!attached[DIALLED]) attach_pair(DIALLED, Kind::stream, SOCK_STREAM, PIPES);
    if (!attached[LISTENING]) {
      expect(!poller->attach(LISTENING, Kind::stream, -1, PIPES + PIPE_BYTES, dup(listener.get())),
             "a listener should be attached");
      attached[LISTENING] = true;
    }
    if (!peers[LISTENING]) connect_unix(path.c_str(), peers[LISTENING]);
  }

  uint32_t turn() {
    const uint32_t result = poller->turn(0);
    for (const Event& event : poller->take_events()) {
      if (event.what != Change::gone) continue;
      peers[event.port].reset();
      if (event.port != LISTENING) attached[event.port] = false;
    }
    return result;
  }

  void put(uint32_t offset, uint32_t value) {
    if (offset + 4 <= writable) memcpy(region + offset, &value, 4);
  }
  uint32_t get(uint32_t offset) const {
    uint32_t value;
    memcpy(&value, region + offset, 4);
    return value;
  }

  Random random;
  uint8_t* region;
  uint32_t writable;
  std::string path;
  Fd listener;
  std::unique_ptr<Poller> poller;
  Fd peers[PORTS];
  bool attached[PORTS] = {};
};

}  // namespace
