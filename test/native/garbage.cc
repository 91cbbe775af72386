// The native side under garbage: a poller over a region that is exactly as long as its geometry says, built with
// AddressSanitizer and UndefinedBehaviorSanitizer, so that one byte outside ends the program. Between turns random
// words are written over rings, descriptors, pipes, the dirty list and the cuts, while peers send, stall and vanish.
// Sockets that keep the bounds of messages stand in for devices. At the end the garbage is cleaned away, and frames
// and bytes must flow as they should. Run by garbage.test.ts.
//
//   garbage WAY DIRECTORY SEED TURNS [SHORT]
//     WAY: "batched", or "plain" where the system shall refuse io_uring, as many containers do. SHORT: bytes by which
//     the region is shorter than the poller believes; what io_uring writes outside nobody sees, so this is for "plain".

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

#include "garbage_world.h"

namespace {

/** From here on there are no rings for this process. */
void refuse_io_uring() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {sizeof program / sizeof program[0], program};
  expect(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "privileges should be given up");
  expect(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "a filter should be set");
}

// ---- frames that a packet socket gets merged ----
constexpr uint32_t MERGED_HEADERS = 14 + 20 + 20;

/** A merged TCP segment over IPv4 behind its header, whose payload counts up. Returns how long both are. */
uint32_t write_merged(uint8_t* bytes, uint32_t payload, uint16_t gso_size) {
  const VirtioNetHeader header = {NEEDS_CHECKSUM, GSO_TCPV4, MERGED_HEADERS, gso_size, 34, 16};
  memcpy(bytes, &header, sizeof header);
  uint8_t* frame = bytes + VNET_SIZE;
  memset(frame, 0, MERGED_HEADERS);
  static const uint8_t fields[][2] = {{12, 0x08}, {14, 0x45}, {23, 6}, {46, 0x50}};  // types and headers' lengths
  for (const auto& [at, value] : fields) frame[at] = value;
  frame[16] = static_cast<uint8_t>((40 + payload) >> 8);
  frame[17] = static_cast<uint8_t>(40 + payload);
  for (uint32_t i = 0; i < payload; i++) frame[MERGED_HEADERS + i] = static_cast<uint8_t>(i);
  return VNET_SIZE + MERGED_HEADERS + payload;
}

// ---- garbage ----

/** A value that is wrong in a way of its own: noise, an edge, or nearly right. */
uint32_t wrong_value(Random& random) {
  static const uint32_t edges[] = {0,           1,         0x7fffffff, 0x80000000, 0xffffffff, SLOTS,
                                   SLOTS - 1,   SLOT,      SLOT - 64,  FRAME_MAX,  PIPE,       PIPE + 1,
                                   0xffffffff - PIPE, RING, RING + 1,  SIZE,       SIZE - 4,   13};
  switch (random.below(3)) {
    case 0:
      return random.next();
    case 1:
      return edges[random.below(sizeof edges / sizeof edges[0])] + random.below(3) - 1;
    default:
      return random.below(64);
  }
}

/** Queued frames, each of whose fields is right more often than not, so that the checks behind it are reached. */
void scribble_queue(World& world, uint32_t port) {
  Random& random = world.random;
  const uint32_t queue = QUEUES + QUEUE * port;
  const auto mostly = [&](uint32_t value) { return random.below(8) ? value : wrong_value(random); };
  for (uint32_t i = 0; i < RING; i++) {
    const uint32_t descriptor = queue + RING_SLOTS + i * DESC_SIZE;
    world.put(descriptor + DESC_SLOT, mostly(random.below(SLOTS)));
    world.put(descriptor + DESC_LENGTH, mostly(random.below(SLOT) | random.below(256) << CUT_SHIFT));
    world.put(descriptor + DESC_TAG, random.below(2) ? random.next() : 0);
    world.put(descriptor + DESC_SHAPE,
              mostly(random.below(256) << START_SHIFT | random.below(2) * TAG_SIZE << POP_SHIFT));
  }
  const uint32_t tail = random.next();
  world.put(queue + RING_TAIL, tail);
  world.put(queue + RING_HEAD, tail + mostly(random.below(RING + 1)));
}

void scribble(World& world) {
  Random& random = world.random;
  for (uint32_t count = random.below(40); count > 0; count--) {
    world.put(random.below(FRAMES / 4) * 4, wrong_value(random));
  }
  if (random.below(2)) scribble_queue(world, random.below(PORTS));
  for (uint32_t i = 0; i < RX_MAX; i++) {  // mostly armed, so that frames come in
    if (random.below(16)) world.put(RX + i * DESC_SIZE, random.below(SLOTS));
  }
  if (random.below(4)) {
    world.put(DIRTY_COUNT, PORTS);
    for (uint32_t i = 0; i < PORTS; i += 2) world.put(DIRTY_LIST + i * 2, i | (i + 1) << 16);
  }
}

/** The other ends send what they like, read or do not, and go away. */
void stir_peers(World& world) {
  static uint8_t bytes[4096];
  Random& random = world.random;
  if (world.peers[PACKET] && random.below(2)) {
    const uint32_t length = write_merged(bytes, random.below(3000), static_cast<uint16_t>(1 + random.below(400)));
    if (random.below(2)) bytes[random.below(VNET_SIZE + MERGED_HEADERS)] = static_cast<uint8_t>(random.next());
    (void)!send(world.peers[PACKET].get(), bytes, length, MSG_NOSIGNAL);
  }
  for (uint32_t port = 0; port < PORTS; port++) {
    if (!world.peers[port]) continue;
    const int fd = world.peers[port].get();
    for (uint32_t count = random.below(6); count > 0; count--) {
      for (uint32_t i = 0; i < 16; i++) bytes[i] = static_cast<uint8_t>(random.next() & (random.below(4) ? 31 : 255));
      (void)!send(fd, bytes, 1 + random.below(2200), MSG_NOSIGNAL);
    }
    if (random.below(3)) {
      while (recv(fd, bytes, sizeof bytes, 0) > 0) continue;
    }
    if (random.below(200) == 0) world.peers[port].reset();
  }
}

// ---- and then, as it should be ----

/** A frame whose every byte tells its place. */
void write_frame(World& world, uint32_t slot, uint32_t length) {
  uint8_t* frame = world.region + FRAMES + slot * SLOT + HEADROOM;
  for (uint32_t i = 0; i < length; i++) frame[i] = static_cast<uint8_t>(i * 7 + slot);
}

/** A frame as it stands in its slot, and how it is to leave. */
struct Case {
  uint32_t length, cut, cut_bytes, tag, pop;
};

void queue_frame(World& world, uint32_t port, uint32_t slot, const Case& item, uint32_t start = HEADROOM) {
  const uint32_t queue = QUEUES + QUEUE * port;
  const uint32_t head = world.get(queue + RING_HEAD);
  const uint32_t descriptor = queue + RING_SLOTS + head % RING * DESC_SIZE;
  world.put(descriptor + DESC_SLOT, slot);
  const uint32_t length = item.length - item.pop + (item.tag ? TAG_SIZE : 0);
  world.put(descriptor + DESC_LENGTH, length | item.cut << CUT_SHIFT);
  world.put(descriptor + DESC_TAG, item.tag);
  world.put(descriptor + DESC_SHAPE, start << START_SHIFT | item.pop << POP_SHIFT);
  world.put(queue + RING_HEAD, head + 1);
}

/** What should leave for the frame in the slot. */
std::vector<uint8_t> edited(const World& world, uint32_t slot, const Case& item, uint32_t start = HEADROOM) {
  const uint8_t* frame = world.region + FRAMES + slot * SLOT + start;
  std::vector<uint8_t> out(frame, frame + 12);
  for (uint32_t i = 0; item.tag && i < 4; i++) out.push_back(static_cast<uint8_t>(item.tag >> i * 8));
  out.insert(out.end(), frame + 12 + item.pop, frame + item.length);
  if (out.size() > item.cut_bytes) out.resize(item.cut_bytes);
  return out;
}

void expect_frame(World& world, uint32_t port, uint32_t header, const std::vector<uint8_t>& wanted) {
  uint8_t bytes[4096];
  const ssize_t length = recv(world.peers[port].get(), bytes, sizeof bytes, 0);
  expect(length == static_cast<ssize_t>(wanted.size() + header), "a frame should arrive with its length");
  expect(memcmp(bytes + header, wanted.data(), wanted.size()) == 0, "a frame should arrive with its bytes");
  static const uint8_t nothing[VNET_SIZE] = {};
  expect(memcmp(bytes, nothing, header) == 0, "its header should say nothing");
}

void check_transmit(World& world, uint32_t port, uint32_t header) {
  static const Case cases[] = {
      {14, 0, 0x7fffffff, 0, 0},          {1514, 0, 0x7fffffff, 0, 0},      {1514, 0, 0x7fffffff, 0x0a000081, 0},
      {1518, 0, 0x7fffffff, 0, 4},        {1518, 0, 0x7fffffff, 0xa88, 4},  {800, 1, 64, 0x14000081, 0},
      {800, 2, 14, 0x14000081, 4},        {60, 3, 61, 0, 0},
  };
  uint32_t slot = 0;
  for (const Case& item : cases) {
    world.put(CUTS + item.cut * 4, item.cut_bytes);
    write_frame(world, slot, item.length);
    queue_frame(world, port, slot++, item);
  }
  world.put(DIRTY_LIST, port);
  world.put(DIRTY_COUNT, 1);
  world.turn();
  slot = 0;
  for (const Case& item : cases) {
    expect_frame(world, port, header, edited(world, slot++, item));
  }
  const uint32_t queue = QUEUES + QUEUE * port;
  expect(world.get(queue + RING_TAIL) == world.get(queue + RING_HEAD), "the queue should be empty");
}

/** A frame behind a header, whose offsets move with what is put in and taken out before them. */
void check_headers(World& world) {
  static const Case cases[] = {
      {1514, 0, 0x7fffffff, 0, 0}, {1514, 0, 0x7fffffff, 0x0a000081, 0}, {1518, 0, 0x7fffffff, 0, 4},
      {1518, 0, 0x7fffffff, 0xa88, 4}, {1514, 1, 64, 0, 0},
  };
  constexpr uint32_t START = HEADROOM + START_HEADER;
  uint32_t slot = 0;
  for (const Case& item : cases) {
    world.put(CUTS + item.cut * 4, item.cut_bytes);
    uint8_t* frame = world.region + FRAMES + slot * SLOT + START;
    for (uint32_t i = 0; i < item.length; i++) frame[i] = static_cast<uint8_t>(i * 7 + slot);
    const VirtioNetHeader header = {NEEDS_CHECKSUM, GSO_TCPV4, 66, 300, 34, 16};
    memcpy(frame - VNET_SIZE, &header, VNET_SIZE);
    queue_frame(world, TAP_OFFLOAD, slot++, item, START);
  }
  world.put(DIRTY_LIST, TAP_OFFLOAD);
  world.put(DIRTY_COUNT, 1);
  world.turn();
  slot = 0;
  for (const Case& item : cases) {
    uint8_t bytes[4096];
    const std::vector<uint8_t> wanted = edited(world, slot++, item, START);
    const ssize_t length = recv(world.peers[TAP_OFFLOAD].get(), bytes, sizeof bytes, 0);
    expect(length == static_cast<ssize_t>(wanted.size() + VNET_SIZE), "a frame should arrive behind its header");
    expect(memcmp(bytes + VNET_SIZE, wanted.data(), wanted.size()) == 0, "it should arrive with its bytes");
    const int moved = (item.tag ? 4 : 0) - static_cast<int>(item.pop);
    VirtioNetHeader header = {NEEDS_CHECKSUM, GSO_TCPV4, static_cast<uint16_t>(66 + moved), 300,
                              static_cast<uint16_t>(34 + moved), 16};
    if (item.cut) header = {};  // of what is cut off nothing can be finished
    expect(memcmp(bytes, &header, VNET_SIZE) == 0, "its header should tell of the frame that arrives");
  }
}

void arm(World& world) {
  for (uint32_t i = 0; i < RX_MAX; i++) world.put(RX + i * DESC_SIZE, SLOTS - 1 - i);
}

/** The first byte of the frame that came in at a place. */
uint32_t number_at(const World& world, uint32_t place, uint32_t start) {
  return world.region[FRAMES + world.get(RX + place * DESC_SIZE + DESC_SLOT) * SLOT + start];
}

void check_receive(World& world, uint32_t port, uint32_t header, uint32_t start = HEADROOM) {
  uint8_t bytes[VNET_SIZE + 1000] = {};
  for (uint32_t i = 0; start != HEADROOM && i < header; i++) bytes[i] = static_cast<uint8_t>(i + 1);
  for (uint32_t i = 0; i < 1000; i++) bytes[header + i] = static_cast<uint8_t>(i * 11 + port);
  arm(world);
  for (uint32_t i = 0; i < RX_MAX + 3; i++) {
    bytes[header] = static_cast<uint8_t>(i);
    expect(send(world.peers[port].get(), bytes, header + 1000, 0) > 0, "a peer should be able to send");
  }
  expect((world.turn() & 0xffff) == RX_MAX, "as many frames should come in as slots are armed");
  expect(world.get(RX + DESC_LENGTH) == 1000, "it should come in with its length");
  expect(world.get(RX + DESC_SHAPE) == (port | start << START_SHIFT), "it should come in with its port and start");
  const uint8_t* frame = world.region + FRAMES + (SLOTS - 1) * SLOT + start;
  expect(memcmp(frame + 1, bytes + header + 1, 999) == 0, "it should come in with its bytes");
  for (uint32_t i = 0; i < RX_MAX; i++) expect(number_at(world, i, start) == i, "each should come in its turn");
  expect(start == HEADROOM || memcmp(frame - VNET_SIZE, bytes, VNET_SIZE) == 0, "and with its header before it");
  expect((world.turn() & 0xffff) == 3, "the others should come in after that");
}

/** A read in the middle of a batch may find nothing; here, because a message is empty, which ends the port. What was
 *  read after it comes in, in order. One by one, nothing is read after it. */
void check_gap(World& world, bool batched) {
  arm(world);
  uint8_t bytes[100] = {};
  for (uint32_t i = 0; i < 12; i++) {
    bytes[0] = static_cast<uint8_t>(i);
    if (i == 4) expect(send(world.peers[TAP_B].get(), bytes, 0, 0) == 0, "a peer should be able to send nothing");
    expect(send(world.peers[TAP_B].get(), bytes, sizeof bytes, 0) > 0, "a peer should be able to send");
  }
  const uint32_t count = world.turn() & 0xffff;
  expect(batched ? count > 4 : count == 4, "frames should come in from before the gap, and in batches from behind it");
  for (uint32_t i = 0; i < count; i++) expect(number_at(world, i, HEADROOM) == i, "they should be in order");
  expect(!world.attached[TAP_B], "the port should be gone");
  world.attach_missing();
}

void send_merged(World& world, uint32_t segments) {
  uint8_t bytes[1024];
  expect(send(world.peers[PACKET].get(), bytes, write_merged(bytes, segments, 1), 0) > 0, "a peer should send");
}

/** More segments than descriptors: the others come in the turns after, in order; with their port they are gone. */
void check_merged(World& world) {
  send_merged(world, 2 * RX_MAX + 5);
  send_merged(world, 7);
  uint32_t segment = 0;
  for (const uint32_t wanted : {RX_MAX, RX_MAX, 5u + 7u}) {
    arm(world);
    expect((world.turn() & 0xffff) == wanted, "as many segments should come in as slots are armed");
    for (uint32_t i = 0; i < wanted; i++, segment++) {
      expect(world.get(RX + i * DESC_SIZE + DESC_LENGTH) == MERGED_HEADERS + 1, "each should have its length");
      const uint8_t number = world.region[FRAMES + (SLOTS - 1 - i) * SLOT + HEADROOM + MERGED_HEADERS];
      expect(number == segment % (2 * RX_MAX + 5), "each should come in its turn");
    }
  }
  send_merged(world, RX_MAX + 5);
  expect((world.turn() & 0xffff) == RX_MAX, "a part of the segments should come in");
  world.poller->detach(PACKET);
  world.attached[PACKET] = false;
  world.attach_missing();
  expect((world.turn() & 0xffff) == 0, "the others should be gone with their port");
}

void check_stream(World& world, uint32_t port, uint32_t pipe) {
  const int fd = world.peers[port].get();
  char answer[16] = {};
  expect(send(fd, "hello", 5, 0) == 5, "a peer should be able to send");
  world.turn();
  expect(world.get(pipe + PIPE_IN_HEAD) == 5, "five bytes should come in");
  expect(memcmp(world.region + pipe + PIPE_IN, "hello", 5) == 0, "they should be those that were sent");
  memcpy(world.region + pipe + PIPE_IN + PIPE, "good day", 8);
  world.put(pipe + PIPE_OUT_HEAD, 8);
  world.put(DIRTY_LIST, port);
  world.put(DIRTY_COUNT, 1);
  world.turn();
  expect(recv(fd, answer, sizeof answer, 0) == 8 && memcmp(answer, "good day", 8) == 0, "the answer should leave");
}

void check_clean(World& world, bool batched) {
  for (uint32_t port = 0; port < PORTS; port++) {
    world.poller->detach(port);
    world.attached[port] = false;
    world.peers[port].reset();
  }
  memset(world.region, 0, FRAMES);
  Fd stale;  // connections that still wait
  while ((stale = accept_unix(world.listener.get()))) continue;
  world.attach_missing();
  for (int i = 0; i < 3; i++) world.turn();
  check_transmit(world, TAP_A, 0);
  check_transmit(world, PACKET, VNET_SIZE);
  check_transmit(world, TAP_OFFLOAD, VNET_SIZE);
  check_headers(world);
  check_receive(world, TAP_B, 0);
  check_receive(world, PACKET, VNET_SIZE);
  check_receive(world, TAP_OFFLOAD, VNET_SIZE, HEADROOM + START_HEADER);
  check_gap(world, batched);
  check_merged(world);
  check_stream(world, DIALLED, PIPES);
  check_stream(world, LISTENING, PIPES + PIPE_BYTES);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return fprintf(stderr, "usage: garbage WAY DIRECTORY SEED TURNS [SHORT]\n"), 2;
  const bool batched = strcmp(argv[1], "batched") == 0;
  if (!batched) refuse_io_uring();
  const auto number = [&](int index) { return static_cast<uint32_t>(strtoul(argv[index], nullptr, 10)); };
  World world(argv[2], number(3), argc > 5 ? number(5) : 0);
  uint64_t received = 0;
  for (uint32_t turn = number(4); turn > 0; turn--) {
    scribble(world);
    stir_peers(world);
    received += world.turn() & 0xffff;
    world.attach_missing();
  }
  expect(received > 0, "frames should come in between the garbage");
  check_clean(world, batched);
  printf("%llu frames came in between the garbage\n", static_cast<unsigned long long>(received));
  return 0;
}
