// The memory map: the only declaration of what lies where in the one WebAssembly.Memory that the core, the
// TypeScript hosts and the C++ addon share. Compiled by asc (the core) and by tsc (the hosts); the addon gets
// the few offsets that it needs as arguments. Plain constants, no code but the hash at the end.
//
//   0 ┌──────────────────────────────┐
//     │ HEADER   sizes, park barrier │ 4 KiB    host writes, all read
//     │ WORKERS  one block a worker  │ 2 MiB    its worker's alone, but for the doorbell line
//     │ SWITCHES, PORTS              │          host writes while the workers are parked
//     │ ADMIT    port × VID → domain │ 8 MiB    the same
//     │ DOMAINS, MEMBERS             │ 8.5 MiB  the same
//     │ MIRRORS, SOURCES             │          host writes; token buckets: the owner of the port
//     │ QUEUES   a tx ring a port    │ 17 MiB   core → addon, both on worker 0
//     │ LANES    worker × worker     │ 5 MiB    frames lent one way, returned the other
//     │ COUNTERS a block a worker    │ 42 MiB   its worker writes, the host reads
//     │ FILTERS  a program a mirror  │ 64 KiB   host writes while the workers are parked
//     │ ROUTERS                      │ 20 MiB   see layout-router.ts
//     │ LEAVES   port × domain → how │ 64 MiB   host writes while the workers are parked
//     │ FDB      lock, buckets, links│          sized by capacity; writers hold the lock
//     ├──────────────────────────────┤ dynamic: offsets stand in the header
//     │ FLOWS, MAPPINGS              │          see layout-router.ts
//     │ PIPES    byte rings in pairs │ 512 KiB each
//     │ QUEUES   of the other workers│ 17 MiB each
//     │ FRAMES   the slots           │ 66 KiB each
//     └──────────────────────────────┘
//
// Everything is a little-endian u32 unless said otherwise. Pages that nobody touches cost address space only.

// ---- limits ----
export const WORKERS_MAX: u32 = 16;
export const PORTS_MAX: u32 = 1024;
export const SWITCHES_MAX: u32 = 1024;
export const DOMAINS_MAX: u32 = 65536; // (switch, VLAN) pairs; 0 is "none"
export const MIRRORS_MAX: u32 = 32;
export const BATCH_MAX: u32 = 256; // frames in one pass through the stages
export const RING_SIZE: u32 = 1024; // descriptors in a queue or lane; a power of two
export const PIPE_SIZE: u32 = 262144; // bytes in one direction of a pipe; a power of two
export const FRAME_MAX: u32 = 65536; // longest frame, bytes
export const FRAME_MIN: u32 = 14; // shortest: an Ethernet header
export const FDB_ENTRIES_MAX: u32 = 1048576;

// ---- a frame's slot: headroom, then the frame ----
//   0 ┌──────────┬────────────────────────────────────┬──────┐
//     │ headroom │ frame (start = HEADROOM as a rule) │ pad  │  the odd number of lines spreads slots over cache sets
//     └──────────┴────────────────────────────────────┴──────┘
//   0 ┌──────────┬─────┬────────┬───────────────────────────┬──────┐
//     │ headroom │  –  │ header │ frame (start = HEADROOM + │ pad  │  the header (wire/virtio.ts) says what its sender
//     └──────────┴─────┴────────┴───── START_HEADER) ───────┴──────┘  left undone; both lie on one cache line
export const HEADROOM: u32 = 128;
export const START_HEADER: u32 = 16; // in a start: a header of VNET_SIZE bytes stands right before the frame
export const VNET_SIZE: u32 = 10; // struct virtio_net_hdr
export const SLOT_SIZE: u32 = 67648; // 128 + 65536 + 1984 = 64 × 1057
export const SLOTS_PER_WORKER: u32 = 2048; // BATCH_MAX armed for receiving; the others wait in queues and lanes

// ---- descriptors, 16 bytes ----
//   u32 slot │ u24 length, u8 cut │ u32 tag │ u16 port, u8 start, u8 pop
// Received: written by whoever received, into the RX descriptors, whose slots the core has armed; port is where the
// frame came in, cut, tag and pop are 0. To transmit: how the frame leaves; the slot itself is not changed, since
// copies may share it.
//   length: of the whole frame on the wire, with its tag. cut: index into CUTS; 0: uncut, and nobody else holds the
//   slot. tag: four bytes to put in at offset 12, 0 for none. start: where in the slot the frame begins, and by
//   START_HEADER whether behind a header, whose offsets are those of the frame as it lies in the slot. pop: bytes to
//   take out at offset 12 (0 or 4); a transmitter that failed writes DESC_FAILED + the reason's id over it.
// A router's interface puts no tag in. In its descriptors tag is TAG_CAME + the port that the frame entered by, or 0
// for a frame of another router; in those of a router's services it is the interface and, in the high half, that port.
// The last word is the frame's shape; it goes through all stages as one.
export const DESC_SIZE: u32 = 16;
export const DESC_SLOT: u32 = 0;
export const DESC_LENGTH: u32 = 4;
export const DESC_TAG: u32 = 8;
export const DESC_SHAPE: u32 = 12;
export const DESC_PORT: u32 = 12;
export const DESC_START: u32 = 14;
export const DESC_POP: u32 = 15;
export const DESC_FAILED: u32 = 16;
export const TAG_CAME: u32 = 0x10000; // in a tag for an interface: the low half is the port that the frame entered by
export const TAG_CAME_SHIFT: u32 = 16; // in a tag for services, and for LANE_ROUTED: that port
export const CUT_SHIFT: u32 = 24;
export const START_SHIFT: u32 = 16; // in a shape
export const POP_SHIFT: u32 = 24;
export const SHAPE_PORT: u32 = 0xffff; // masks: the port; all but pop
export const SHAPE_PLACE: u32 = 0xffffff;
export const SHAPE_START: u32 = 0xff0000;
export const SHAPE_HEADER: u32 = 0x100000; // START_HEADER << START_SHIFT

// ---- ring: free-running cursors, each on a line with one writer ----
export const RING_HEAD: u32 = 0; // published by the producer, once a batch
export const RING_TAIL: u32 = 64; // published by the consumer
export const RING_NEXT: u32 = 128; // producer's own: head, not yet published
export const RING_CLEAN: u32 = 132; // producer's own: what came back and was freed
export const RING_STOP: u32 = 136; // producer's own: where `next` may not go without a look at what is free
export const RING_OPEN: u32 = 140; // producer's own: 1 while it is in the list of open rings
export const RING_SLOTS: u32 = 192;
export const QUEUE_SIZE: u32 = 16576; // RING_SLOTS + RING_SIZE × DESC_SIZE
export const RETURN_SIZE: u32 = 4288; // RING_SLOTS + RING_SIZE × 4: slots on their way home

// ---- header ----
export const MAGIC: u32 = 0x4d4c5054; // "TPLM"
export const HEADER_MAGIC: u32 = 0;
export const HEADER_HASH: u32 = 4;
export const HEADER_WORKERS: u32 = 8;
export const HEADER_PIPES: u32 = 12; // offset
export const HEADER_PIPE_COUNT: u32 = 16;
export const HEADER_FRAMES: u32 = 20; // offset
export const HEADER_FDB_BUCKETS: u32 = 24; // a power of two
export const HEADER_FDB_LINKS: u32 = 28; // offset
export const HEADER_FDB_CAPACITY: u32 = 32; // entries
export const HEADER_MIRRORS: u32 = 36; // how many are active: 0 skips the stage
export const HEADER_EPOCH: u32 = 40; // f64: ms of the wall clock when the workers' clock read 0
export const HEADER_FDB_SEED: u32 = 48; // u64, odd: what keys are hashed with, so that nobody can choose MACs to meet
export const HEADER_OFFLOAD: u32 = 56; // workers: 1 once a device has taken frames behind headers; 0 skips coalescing
export const HEADER_PARK: u32 = 64; // host: 1 asks the workers to park
export const HEADER_PARKED: u32 = 68; // workers: how many have
export const HEADER_LOOKING: u32 = 72; // workers: how many look on for frames, instead of sleeping
export const CUTS: u32 = 1024; // u32 × 256: bytes that a copy is cut to; [0] = no cut
export const CUT_NONE: u32 = 0x7fffffff;
export const CUT_SHARED: u32 = 255; // uncut, but others may hold the slot, or another worker owns it

// ---- worker block ----
export const WORKERS: u32 = 4096;
export const WORKER_SIZE: u32 = 131072;
export const WORKER_SLEEPING: u32 = 0; // the worker: 1 while it is blocked, so that others know to ring
export const WORKER_BELL: u32 = 4; // others: rung by adding 1 (where there is no addon to wake it)
export const WORKER_WAKE: u32 = 64; // u32 bit mask of workers that this one has written to and should wake
export const WORKER_FREE: u32 = 68; // slots on the free stack
export const WORKER_DIRTY: u32 = 72; // how many ports are in the dirty list
export const WORKER_PULLS: u32 = 76; // how many of its ports are sources (pipes and generators)
export const WORKER_OPEN: u32 = 80; // how many rings hold frames of this worker
export const WORKER_EVENT_HEAD: u32 = 84; // events written
export const WORKER_EVENT_LOST: u32 = 88; // events for which there was no room
export const WORKER_DOORBELL: u32 = 92; // its eventfd, for the others to ring
export const WORKER_QUEUES: u32 = 96; // offset of its tx rings, one for each port
export const WORKER_EVENT_TAIL: u32 = 128; // host: events read
export const WORKER_RX: u32 = 4096; // DESC_SIZE × BATCH_MAX, slots armed by the core
export const WORKER_ITEMS: u32 = 8192; // ITEM_SIZE × BATCH_MAX: what the stages hand on
export const WORKER_VERDICTS: u32 = 16384; // u32 × BATCH_MAX
export const WORKER_MIRRORED: u32 = 17408; // u32 × BATCH_MAX: mirrors that have their copy of a frame
export const WORKER_SCRATCH: u32 = 18432; // u32 × 16: what a filter's program remembers
export const WORKER_STACK: u32 = 20480; // u32 × SLOTS_PER_WORKER: the free slots
export const WORKER_REFS: u32 = 28672; // u16 × SLOTS_PER_WORKER: who holds each slot
export const WORKER_ROUTES: u32 = 32768; // u32 × PORTS_MAX: the ring that leads to each port
export const WORKER_DIRTY_LIST: u32 = 36864; // u16 × PORTS_MAX: ports with frames to transmit
export const WORKER_PULL_LIST: u32 = 38912; // u16 × PORTS_MAX: its sources
export const WORKER_OPEN_LIST: u32 = 40960; // u32 × (PORTS_MAX + WORKERS_MAX): those rings
export const WORKER_EVENTS: u32 = 49152; // EVENT_SIZE × EVENTS_MAX
export const WORKER_MERGES: u32 = 94208; // MERGE_SIZE × BATCH_MAX: frames in which others go on
export const WORKER_MERGE_SLOTS: u32 = 102400; // u32 × 64: that of a flow, by a hash
export const WORKER_ORIGINS: u32 = 102656; // u16 × SLOTS_PER_WORKER: the source that gave the frame in a slot
export const MERGE_SIZE: u32 = 16; // u32 item │ frame │ bytes that a segment carries │ segments
export const EVENTS_MAX: u32 = 1024;
export const EVENT_SIZE: u32 = 32; // u32 kind │ u32 port │ u64 key │ f64 time, ms │ u32 port before │ –
export const EVENT_LEARNED: u32 = 1;
export const EVENT_MOVED: u32 = 2;
export const EVENT_AGED: u32 = 3;
export const EVENT_EVICTED: u32 = 4;

// ---- batch item: a frame between the stages, 32 bytes ----
//   u64 source key │ u64 destination key │ u32 tag │ u32 shape │ u32 slot │ u32 length
//   key: MAC in the order of the wire in the low 48 bits, domain in the high 16. tag: as the frame would carry it.
//   shape: as in a descriptor, but for pop: bytes of tag there are (0, 4), + ITEM_SAME where they are the tag
//   already, + ITEM_INNER where a tag further inside names a VLAN or it is a customer's control frame, + ITEM_ODD where
//   it is not sent like most (it came from an isolated or tunnel port, or what is there is another tag), + ITEM_SHARED
//   where others may hold the slot.
export const ITEM_SIZE: u32 = 32;
export const ITEM_SOURCE: u32 = 0;
export const ITEM_DESTINATION: u32 = 8;
export const ITEM_DOMAIN: u32 = 14;
export const ITEM_TAG: u32 = 16;
export const ITEM_SHAPE: u32 = 20;
export const ITEM_PORT: u32 = 20; // the shape's low half
export const ITEM_POP: u32 = 23;
export const ITEM_SLOT: u32 = 24;
export const ITEM_LENGTH: u32 = 28;
export const ITEM_SAME: u32 = 1;
export const ITEM_INNER: u32 = 2;
export const ITEM_POP_MASK: u32 = 4;
export const ITEM_ODD: u32 = 8;
export const ITEM_SHARED: u32 = 16;
export const SHAPE_SOLE: u32 = 0x80000000; // ITEM_SOLE in a shape
export const SHAPE_UNLIKE: u32 = 0x1a100000; // SHAPE_HEADER, ITEM_INNER, ITEM_ODD and ITEM_SHARED in a shape
export const ITEM_HANDED: u32 = 32; // of a frame for a router: it is this worker's to see to
export const ITEM_SOLE: u32 = 128; // of a frame for a router: nobody else holds its slot, which is another worker's
export const ITEM_ROUND: u32 = 64; // of a packet for a router: one of its workers sent it to another (router/round.ts)
export const ITEM_WAITED: u32 = 64; // of ARP for a router: the batch that it came in is through (router/arp.ts)

// ---- switch record, 64 bytes ----
export const SWITCHES: u32 = 2101248; // WORKERS + WORKER_SIZE × WORKERS_MAX
export const SWITCH_SIZE: u32 = 64;
export const SWITCH_FLAGS: u32 = 0;
export const SWITCH_AGING: u32 = 4; // ticks of the FDB; 0: never
export const SWITCH_LEARNING: u32 = 1; // flag

// ---- port record, 128 bytes ----
export const PORTS: u32 = 2166784; // SWITCHES + SWITCH_SIZE × SWITCHES_MAX
export const PORT_SIZE: u32 = 128;
export const PORT_FLAGS: u32 = 0;
export const PORT_PUSH: u32 = 4; // tag for frames that enter untagged: TPID and TCI as on the wire
export const PORT_PVID: u32 = 8; // PVID where a TCI of the wire has it, for priority-tagged frames
export const PORT_MTU: u32 = 16; // longest frame that may leave, bytes, without its tag
export const PORT_PIPE: u32 = 20; // offset of its pipe, 0: none
export const PORT_SWITCH: u32 = 24; // u16
export const PORT_CODEC: u32 = 27; // u8: how frames stand in the pipe towards the core
export const PORT_MIRRORS_IN: u32 = 28; // bit mask of mirrors that copy what enters
export const PORT_MIRRORS_OUT: u32 = 32;
export const PORT_CODEC_OUT: u32 = 36; // u8: and in the one out of it
export const PORT_ENTRIES: u32 = 64; // FDB entries that point here; under the FDB's lock
export const PORT_OLDEST: u32 = 68; // first and last of them, in the order of learning
export const PORT_NEWEST: u32 = 72;
export const FLAG_ACTIVE: u32 = 1;
export const FLAG_UP: u32 = 2;
export const FLAG_ISOLATED: u32 = 4;
export const FLAG_MONITOR: u32 = 8;
export const FLAG_TUNNEL: u32 = 16;
export const FLAG_GENERATOR: u32 = 64;
export const FLAG_ROUTER: u32 = 128; // an interface of a router: what leaves here is routed
export const FLAG_OFFLOAD: u32 = 256; // it takes frames whose header leaves something undone

// ---- VLANs ----
export const ADMIT: u32 = 2297856; // u16 × 4096 × PORTS_MAX: domain of (port, VID), 0: not taken. VID 0: untagged.
export const ADMIT_SIZE: u32 = 8256; // a line more than it takes: rows of 8 KiB would meet in the same cache sets
export const DOMAINS: u32 = 10752000; // 8 bytes × DOMAINS_MAX: u16 switch │ u16 VID │ u32 mirrors
export const DOMAIN_SIZE: u32 = 8;
export const DOMAIN_SWITCH: u32 = 0;
export const DOMAIN_VID: u32 = 2;
export const DOMAIN_MIRRORS: u32 = 4;
export const MEMBERS: u32 = 11276288; // PORTS_MAX bits × DOMAINS_MAX: where a flood goes
export const MEMBERS_SIZE: u32 = 128;
export const PORTS_ISOLATED: u32 = 19664896; // PORTS_MAX bits: the isolated ports

// ---- mirrors ----
export const MIRRORS: u32 = 19665024; // 64 bytes × MIRRORS_MAX
export const MIRROR_SIZE: u32 = 64;
export const MIRROR_TO: u32 = 0; // monitor port
export const MIRROR_FILTER: u32 = 4; // instructions of its program in FILTERS; 0: it copies every frame
export const MIRROR_PACE: u32 = 16; // a pace (below)

// ---- sources: what generators and paced pipes need, 128 bytes a port ----
export const SOURCES: u32 = 19667072;
export const SOURCE_SIZE: u32 = 128;
export const SOURCE_PACE: u32 = 0; // a pace
export const SOURCE_LEFT: u32 = 40; // f64: frames still to make; Infinity: no end
export const SOURCE_MADE: u32 = 48; // f64: frames made
export const SOURCE_LENGTH: u32 = 56; // bytes; 0: IMIX (7 × 60, 4 × 590, 1 × 1514)
export const SOURCE_FLOWS: u32 = 60;
export const SOURCE_TARGET: u32 = 64; // u64: destination MAC
export const SOURCE_MAC: u32 = 72; // u64: source MAC of flow 0
export const SOURCE_TAG: u32 = 80; // tag that its frames carry, 0: none
export const SOURCE_TO: u32 = 84; // u16: port to which its last frame went (backpressure.ts, to the end)
export const SOURCE_SLOW: u32 = 86; // u16: 1 while that port's reader is too slow to be waited for
export const SOURCE_SEEN: u32 = 88; // f64: ms, when that was
export const SOURCE_MIXED: u32 = 96; // f64: ms, when it last had frames for several ports
export const SOURCE_HELD: u32 = 104; // f64: ms, when measuring its reader began; 0: it is not held
export const SOURCE_TAIL: u32 = 112; // how far the reader of SOURCE_TO's pipe was then
export const SOURCE_PROMISED: u32 = 116; // as a destination: bytes given for it in the turn of SOURCE_PROMISE_TIME
export const SOURCE_PROMISE_TIME: u32 = 120; // f64: ms

// ---- pace: a token bucket, 40 bytes ----
export const PACE_RATE: u32 = 0; // f64: tokens a millisecond; 0: no limit
export const PACE_BURST: u32 = 8; // f64: tokens at most
export const PACE_TOKENS: u32 = 16; // f64
export const PACE_TIME: u32 = 24; // f64: ms, when they were counted
export const PACE_BITS: u32 = 32; // 1: a token is a bit; 0: a frame

// ---- queues and lanes ----
// A device's port has a queue with every worker; one with a pipe has it with its worker, and the others send it frames
// by the lane to that one.
export const QUEUES: u32 = 19798144; // QUEUE_SIZE × PORTS_MAX: those of worker 0; of the others, see WORKER_QUEUES
export const QUEUES_SIZE: u32 = 16973824;
export const LANES: u32 = 36771968; // (QUEUE_SIZE + RETURN_SIZE) × from × to
export const LANE_SIZE: u32 = 20864;
export const LANE_RETURN: u32 = 16576; // offset of a lane's returns
export const LANE_ROUTED: u32 = 0xffff; // a tag's low half (no TPID): not for a queue, but to be routed there

// ---- counters: u64, a block a worker ----
export const COUNTERS: u32 = 42113152;
export const COUNTERS_SIZE: u32 = 2621440; // PORTS_MAX × 512 + DOMAINS_MAX × 32
export const COUNTER_PORT_SIZE: u32 = 512;
export const COUNTER_RX: u32 = 0; // frames, bytes
export const COUNTER_TX: u32 = 16; // frames, bytes
export const COUNTER_COPIES: u32 = 32; // copies made of its frames beyond the first: floods and mirrors
export const COUNTER_MERGED: u32 = 40; // frames of this port that went on inside another
export const COUNTER_DROPS_IN: u32 = 64; // by reason, u64 × 24: frames of this port that went nowhere
export const COUNTER_DROPS_OUT: u32 = 256; // by reason: copies for this port that did not leave
export const COUNTER_DOMAINS: u32 = 524288; // after the ports: 32 bytes a domain: frames, bytes, –
export const COUNTER_DOMAIN_SIZE: u32 = 32;

// ---- filters: a program of classic BPF (bpf.ts) for each mirror that has one ----
export const FILTERS: u32 = 84056192; // FILTER_SIZE × MIRRORS_MAX
export const FILTER_SIZE: u32 = 2048;
export const FILTER_INSTRUCTIONS_MAX: u32 = 256;

// ---- how frames of a domain leave a port: u8 × DOMAINS_MAX × PORTS_MAX, MEMBERS the other way round ----
export const LEAVES: u32 = 104638592;
export const LEAVES_SIZE: u32 = 65600; // a line more than it takes, as of ADMIT
export const LEAVES_NOT: u32 = 0; // the port is not a member
export const LEAVES_UNTAGGED: u32 = 1;
export const LEAVES_TAGGED: u32 = 2;

// ---- forwarding database ----
export const FDB_LOCK: u32 = 171812992;
export const FDB_COUNT: u32 = 171812996;
export const FDB_SWEPT: u32 = 171813000; // next bucket to age
export const FDB_PORTS: u32 = 171813004; // ports that hold learned entries
export const FDB_SWEEP_TIME: u32 = 171813008; // f64: ms, when ageing last moved on
export const FDB: u32 = 171813056; // FDB_BUCKET_SIZE × buckets
// A bucket: 4 keys (u64), then 4 values: u32 stamp (ticks) │ u16 port │ u8 flags │ u8 strays
export const FDB_BUCKET_SIZE: u32 = 64;
export const FDB_TICK_MS: u32 = 100; // how finely it is noted when a MAC was last seen
export const FDB_WAYS: u32 = 4;
export const FDB_VALUES: u32 = 32;
export const FDB_STAMP: u32 = 0;
export const FDB_PORT: u32 = 4;
export const FDB_FLAGS: u32 = 6;
export const FDB_STRAYS: u32 = 7; // way 0 only: entries that passed this bucket, full, on their way
export const FDB_STATIC: u32 = 1; // flag
export const FDB_LINK_SIZE: u32 = 8; // u32 previous │ u32 next way on the same port's list; NO_WAY ends it
export const NO_WAY: u32 = 0xffffffff;

// ---- pipe: two byte rings, in (towards the core) and out ----
export const PIPE_IN_HEAD: u32 = 0;
export const PIPE_IN_TAIL: u32 = 64;
export const PIPE_OUT_HEAD: u32 = 128;
export const PIPE_OUT_TAIL: u32 = 192;
export const PIPE_FAULT: u32 = 256; // core: 1 + reason for which the peer should be hung up on, 0: none
export const PIPE_HUNGRY: u32 = 260; // core: 1 where what is there is less than a record; host: 0 with more bytes
export const PIPE_FACE_MET: u32 = 264; // core: 1 once an entry below became FACE_MET; host: 0
export const PIPE_FACE_COUNT: u32 = 268; // core: interfaces that the section of a pcapng file has described so far
export const PIPE_FACES: u32 = 272; // u8 × FACES_MAX: bytes of FCS behind its frames, or one of the next two. pcap: [0]
export const FACES_MAX: u32 = 48;
export const FACE_OTHER: u32 = 254; // not Ethernet: its packets are passed over
export const FACE_MET: u32 = 255; // and there were some
export const PIPE_IN: u32 = 320;
export const PIPE_OUT: u32 = 262464; // PIPE_IN + PIPE_SIZE
export const PIPE_BYTES: u32 = 524608; // PIPE_OUT + PIPE_SIZE
export const CODEC_NONE: u32 = 0; // a device: frames go by descriptor
export const CODEC_LENGTH: u32 = 1; // u32 big-endian length, frame (QEMU -netdev stream)
export const CODEC_PCAP: u32 = 2; // libpcap record, little-endian, microseconds or nanoseconds
export const CODEC_PCAP_SWAPPED: u32 = 3; // the same, big-endian
export const CODEC_PCAPNG: u32 = 4; // blocks, little-endian
export const CODEC_SINK: u32 = 5; // out: counted and forgotten (generators)
// As CODEC_LENGTH, but before the frame stands u16 the interface's port │ u16 the port by which it entered (out only).
export const CODEC_SERVICE: u32 = 6;

/** Folds one number into a layout hash; exact in doubles, so that asc and tsc agree. */
function fold(hash: number, value: number): number {
  return (hash * 31 + (value % 65521)) % 65521;
}

/** The hash that is compared when a core is loaded: a core and a host of different builds do not run together. */
export function layoutHash(): number {
  let hash: number = 17;
  hash = fold(hash, WORKER_SIZE + BATCH_MAX + RING_SIZE + PIPE_SIZE + SLOT_SIZE + SLOTS_PER_WORKER + HEADROOM);
  hash = fold(hash, START_HEADER + VNET_SIZE + SHAPE_HEADER + FLAG_OFFLOAD);
  hash = fold(hash, WORKER_EVENTS + WORKER_OPEN_LIST + WORKER_PULL_LIST + WORKER_DIRTY_LIST + WORKER_ROUTES);
  hash = fold(hash, PORTS + ADMIT + DOMAINS + MEMBERS + ADMIT_SIZE + LEAVES_SIZE);
  hash = fold(hash, MIRRORS + SOURCES + QUEUES + LANES + WORKER_QUEUES);
  hash = fold(hash, COUNTERS + FDB + LEAVES);
  hash = fold(hash, RING_STOP + RING_OPEN + CUT_SHARED + ITEM_ODD + ITEM_SHARED);
  hash = fold(hash, WORKER_SCRATCH + FILTERS + FILTER_SIZE + MIRROR_FILTER);
  hash = fold(hash, WORKER_MERGES + WORKER_MERGE_SLOTS + MERGE_SIZE + HEADER_OFFLOAD + HEADER_LOOKING + COUNTER_MERGED);
  hash = fold(hash, PIPE_FACES + PIPE_FACE_MET + FACE_OTHER);
  hash = fold(hash, PIPE_BYTES + PORT_SIZE + SOURCE_SIZE + MIRROR_SIZE + ITEM_SIZE + DESC_SIZE + EVENT_SIZE);
  return hash;
}
