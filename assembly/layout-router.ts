// The memory map of the routers: what assembly/layout.ts is for the switches. Fixed tables stand in front of the
// forwarding database, tables that the configuration sizes (sessions, mappings) behind it; where these are stands in
// the slabs and indexes below.
//
//     ┌──────────────────────────────┐
//     │ ROUTERS, INTERFACES, ROUTES  │ 256 KiB  host writes while the workers are parked
//     │ OUTSIDES, their ports        │ 6 MiB    host: the addresses; core: which ports are taken
//     │ NEIGHBORS, HOSTS + buckets   │ 10 MiB   core (ARP; what each inside host has)
//     │ FRAGMENTS, PENDINGS          │ 2 MiB    core
//     │ SESSION EVENTS               │ 1 MiB    core writes, the host reads
//     │ CONTROL  slabs and indexes   │ 4 KiB    core; host: sizes, at start
//     │ ERRORS   budgets of guests   │ 192 KiB  core
//     ├──────────────────────────────┤ dynamic
//     │ FLOWS, MAPPINGS, PERMITS     │          core
//     │ the same of other workers    │ 19 MiB each, and what the configuration sizes
//     │ OWNERS   of ports and hosts  │ 52 MiB   core, where there are several workers
//     └──────────────────────────────┘
//
// Each worker has a shard: tables of its own, which it alone writes. The offsets are those of worker 0's; SHARDS says
// what has to be added for another's. A shard spans all that stands below, but what the host writes (routers but for
// their sessions and errors, interfaces but for their questions, routes, outside addresses), which outside ports are
// taken, and what is marked "of all", stand in worker 0's only. Addresses, ports and masks stand as a little-endian
// load of the wire sees them. Times are ticks of the core's clock (FDB_TICK_MS), but for f64.

export const ROUTERS_MAX: u32 = 256;
export const ROUTES_MAX: u32 = 8192; // over all routers
export const OUTSIDES_MAX: u32 = 256; // outside addresses, over all routers
export const NEIGHBORS_MAX: u32 = 65535;
export const HOSTS_MAX: u32 = 65535; // inside hosts with sessions, over all routers
export const FRAGMENTS_MAX: u32 = 1023; // fragmented datagrams at a time
export const PENDINGS_MAX: u32 = 1023; // frames that wait for a neighbor or a first fragment
export const PORT_TIMEOUTS_MAX: u32 = 16; // for each router
export const NAT_CAPACITY_MAX: u32 = 4194304;

// ---- router record, 256 bytes ----
export const ROUTERS: u32 = 84121728;
export const ROUTER_SIZE: u32 = 256;
export const ROUTER_FLAGS: u32 = 0;
export const ROUTER_UPLINK: u32 = 4; // port of its uplink interface, NO_PORT: none
export const ROUTER_ROUTES: u32 = 8; // first route
export const ROUTER_ROUTE_COUNT: u32 = 12;
export const ROUTER_OUTSIDES: u32 = 16; // first outside address
export const ROUTER_OUTSIDE_COUNT: u32 = 20;
export const ROUTER_SERVICES: u32 = 24; // port whose pipe leads to its services
export const ROUTER_UDP: u32 = 28; // timeouts
export const ROUTER_TCP: u32 = 32;
export const ROUTER_TRANSITORY: u32 = 36;
export const ROUTER_ICMP: u32 = 40;
export const ROUTER_HOST_PORTS: u32 = 44; // 0: no limit
export const ROUTER_HOST_RATE: u32 = 48; // new sessions a second; 0: no limit
export const ROUTER_MSS: u32 = 52; // greatest MSS; 0: not clamped; MSS_PATH: by the MTUs on the way
export const ROUTER_ERRORS: u32 = 56; // f64 × ERROR_CLASSES: budgets of ICMP errors, as in ERRORS below, of all guests
export const ROUTER_FLOWS: u32 = 228; // its sessions
export const ROUTER_PORT_TIMEOUTS: u32 = 96; // 8 bytes × PORT_TIMEOUTS_MAX: u16 port │ u16 protocol │ u32 ticks; 0 ends
export const ROUTER_NAT: u32 = 1; // flags
export const ROUTER_MAPPING_ENDPOINT: u32 = 2; // a mapping for each remote endpoint (RFC 4787 4.1)
export const ROUTER_FILTER_ADDRESS: u32 = 4;
export const ROUTER_FILTER_PORT: u32 = 8;
export const ROUTER_EVICTS: u32 = 16; // the session idle longest makes room
export const ROUTER_LOGS: u32 = 32;
export const NO_PORT: u32 = 0xffffffff;
export const MSS_PATH: u32 = 0xffff;

// ---- interface, 64 bytes for each port that is a router's ----
export const INTERFACES: u32 = 84187264;
export const INTERFACE_SIZE: u32 = 64;
export const INTERFACE_ROUTER: u32 = 0;
export const INTERFACE_ADDRESS: u32 = 4;
export const INTERFACE_MASK: u32 = 8;
export const INTERFACE_MTU: u32 = 12;
export const INTERFACE_SOURCE: u32 = 16; // u64: its MAC, its domain in the high 16 bits
export const INTERFACE_TAG: u32 = 24; // as its domain's frames carry it
export const INTERFACE_SCOPE: u32 = 28; // router × 2, + 1 for the uplink: what its packets' keys carry
export const INTERFACE_FLAGS: u32 = 32;
export const INTERFACE_NEWS: u32 = 40; // 1: its addresses are to be announced (gratuitous ARP)
export const INTERFACE_ASKING: u32 = 36; // neighbors there that have not answered yet
export const INTERFACE_UPLINK: u32 = 1;
export const INTERFACE_DHCP_SERVER: u32 = 2;
export const INTERFACE_DHCP_CLIENT: u32 = 4;
export const INTERFACE_DNS: u32 = 8;

// ---- route, 16 bytes; a router's stand together, longest prefix first ----
export const ROUTES: u32 = 84252800;
export const ROUTE_SIZE: u32 = 16;
export const ROUTE_ADDRESS: u32 = 0;
export const ROUTE_MASK: u32 = 4;
export const ROUTE_VIA: u32 = 8; // 0: on the link
export const ROUTE_PORT: u32 = 12; // u16: interface
export const ROUTE_KIND: u32 = 14; // u16
export const ROUTE_LINK: u32 = 0;
export const ROUTE_LOCAL: u32 = 1; // an address of the router itself
export const ROUTE_BROADCAST: u32 = 2; // a network's broadcast address

// ---- outside address, 64 bytes, and its ports: one bit each, for TCP, UDP and ICMP identifiers ----
export const OUTSIDES: u32 = 84383872;
export const OUTSIDE_SIZE: u32 = 64;
export const OUTSIDE_ADDRESS: u32 = 0;
export const OUTSIDE_INSIDE: u32 = 4; // 1:1: the inside address, 0: none
export const OUTSIDE_HOSTS: u32 = 8; // inside hosts that are paired with it
export const OUTSIDE_USED: u32 = 16; // u32 × 3: ports taken
export const OUTSIDE_PORTS: u32 = 84400256;
export const OUTSIDE_PORTS_SIZE: u32 = 8192;
export const KINDS: u32 = 3; // of ports: TCP, UDP, ICMP

// ---- neighbor (RFC 826), 64 bytes ----
export const NEIGHBORS: u32 = 90691712;
export const NEIGHBOR_KEY: u32 = 0; // u64 address │ port << 32; u64 1, 0 where the record is free
export const NEIGHBOR_DESTINATION: u32 = 16; // u64: its MAC with the domain; 0: not known
export const NEIGHBOR_PORT: u32 = 24; // interface
export const NEIGHBOR_USED: u32 = 28; // when a packet went there
export const NEIGHBOR_CONFIRMED: u32 = 32; // when it last said where it is
export const NEIGHBOR_ASKED: u32 = 36; // when it was last asked
export const NEIGHBOR_PROBES: u32 = 40; // questions without an answer
export const NEIGHBOR_FLOWS: u32 = 44; // halves of flows that point here
export const NEIGHBOR_QUEUE: u32 = 48; // a queue of frames that wait
export const NEIGHBOR_ENTRY: u32 = 60; // where in the forwarding database its MAC was found last
export const NEIGHBOR_PROBES_MAX: u32 = 3; // it has failed where there were more
export const NEIGHBOR_FRESH: u32 = 600; // ticks after which one in use is asked again
export const NEIGHBOR_BUCKETS: u32 = 94886016; // 16384 buckets

// ---- inside host, 64 bytes ----
export const HOSTS: u32 = 95934592;
export const HOST_KEY: u32 = 0; // u64 address │ router << 32; u64 0
export const HOST_MAPPINGS: u32 = 16;
export const HOST_FLOWS: u32 = 20;
export const HOST_OUTSIDE: u32 = 24; // its outside address (RFC 4787 REQ-2)
export const HOST_TOKENS: u32 = 32; // f64: new sessions that it may begin
export const HOST_TIME: u32 = 40; // f64: when they were counted
export const HOST_BUCKETS: u32 = 100128896; // 16384 buckets

// ---- a fragmented datagram, 2112 bytes ----
export const FRAGMENTS: u32 = 101177472;
export const FRAGMENT_SIZE: u32 = 2112;
export const FRAGMENT_KEY: u32 = 0; // u64 addresses; u64 identification │ protocol << 32 │ scope << 40
export const FRAGMENT_FLOW: u32 = 16; // u64: second key of its flow's half; 0: the first fragment has not come
export const FRAGMENT_EXPIRES: u32 = 24;
export const FRAGMENT_END: u32 = 28; // bytes of the datagram; 0: its last fragment has not come
export const FRAGMENT_QUEUE: u32 = 32; // a queue of fragments that wait for the first
export const FRAGMENT_REACH: u32 = 44; // where the farthest fragment that came ends, bytes
export const FRAGMENT_CAME: u32 = 48; // units of 8 bytes that came
export const FRAGMENT_OWNER: u32 = 52; // 1 + the worker that has its session, where that is another one; else 0
export const FRAGMENT_COVERED: u32 = 64; // a bit for each 8 bytes that came
export const FRAGMENT_STARTS: u32 = 1088; // a bit for each 8 bytes where a fragment began
export const FRAGMENT_BITS_SIZE: u32 = 1024;
export const FRAGMENT_BUCKETS: u32 = 103340160; // 256 buckets

// ---- a frame that waits, 32 bytes; a queue of them: three words ----
export const QUEUE_FIRST: u32 = 0; // 0: none
export const QUEUE_LAST: u32 = 4;
export const QUEUE_COUNT: u32 = 8;
export const PENDINGS: u32 = 103356544;
export const PENDING_SIZE: u32 = 32;
export const PENDING_SLOT: u32 = 4; // (the first word links free ones)
export const PENDING_LENGTH: u32 = 8;
export const PENDING_SHAPE: u32 = 12;
export const PENDING_PORT: u32 = 16; // interface at which it came in
export const PENDING_NEXT: u32 = 20; // the one behind it, 0: none

// ---- events of sessions, 64 bytes ----
export const SESSION_EVENTS: u32 = 103389312;
export const SESSION_EVENTS_MAX: u32 = 16384;
export const SESSION_EVENT_SIZE: u32 = 64; // u32 kind │ u32 router │ f64 wall ms │ five u32 words of SESSION_*
export const SESSION_KIND: u32 = 0;
export const SESSION_ROUTER: u32 = 4;
export const SESSION_TIME: u32 = 8;
export const SESSION_INSIDE: u32 = 16; // address, then below: outside and remote address, ports, protocol
export const SESSION_OUTSIDE: u32 = 20;
export const SESSION_REMOTE: u32 = 24;
export const SESSION_INSIDE_PORT: u32 = 28; // u16 × 3: inside, outside, remote
export const SESSION_PROTOCOL: u32 = 34; // u16
export const SESSION_CREATED: u32 = 1;
export const SESSION_DESTROYED: u32 = 2;

// ---- control ----
// slab, 32 bytes: records of one size, the free ones linked by their first word; record 0 is never given out
export const SLAB_RECORDS: u32 = 0;
export const SLAB_STRIDE: u32 = 4;
export const SLAB_LIMIT: u32 = 8; // records that may be in use
export const SLAB_FREE: u32 = 12; // a free one, 0: none below SLAB_NEXT
export const SLAB_NEXT: u32 = 16; // the first that was never used
export const SLAB_COUNT: u32 = 20; // in use
export const FLOW_SLAB: u32 = 104437888;
export const MAPPING_SLAB: u32 = 104437920;
export const NEIGHBOR_SLAB: u32 = 104437952;
export const HOST_SLAB: u32 = 104437984;
export const FRAGMENT_SLAB: u32 = 104438016;
export const PENDING_SLAB: u32 = 104438048;
export const PERMIT_SLAB: u32 = 104438080;
// index, 32 bytes: from two words of key to the number of a record
export const INDEX_RECORDS: u32 = 0;
export const INDEX_STRIDE: u32 = 4;
export const INDEX_KEY: u32 = 8; // where in a record its key stands
export const INDEX_BUCKETS: u32 = 12;
export const INDEX_SHIFT: u32 = 16; // of a hash, to make it a bucket's number
export const INDEX_MASK: u32 = 20; // buckets - 1
export const FLOW_INDEX: u32 = 104438144; // of halves
export const INSIDE_INDEX: u32 = 104438176; // of mappings, by their inside
export const OUTSIDE_INDEX: u32 = 104438208; // and by their outside
export const NEIGHBOR_INDEX: u32 = 104438240;
export const HOST_INDEX: u32 = 104438272;
export const FRAGMENT_INDEX: u32 = 104438304;
export const PERMIT_INDEX: u32 = 104438336;
export const HASH_SEEDS: u32 = 104438400; // of all: u64 × 2, odd and secret, so that nobody can choose keys to meet
export const FLOW_SWEPT: u32 = 104438416; // next flow to age
export const NEIGHBOR_SWEPT: u32 = 104438420;
export const FLOW_SWEEP_TIME: u32 = 104438424; // f64: ms, when ageing last moved on
export const NEIGHBOR_SWEEP_TIME: u32 = 104438432; // f64
export const READY: u32 = 104438440; // a queue of frames that need not wait any longer
export const ROUTER_COUNT: u32 = 104438452; // of all: 0 skips all that is routing
export const SESSION_HEAD: u32 = 104438464; // events written
export const SESSION_LOST: u32 = 104438468; // events for which there was no room
export const SESSION_TAIL: u32 = 104438528; // host: events read
export const ROUTERS_TIME: u32 = 104438480; // of all: f64: worker 0's clock at its last turn, for the host's instance
export const ANNOUNCE: u32 = 104438472; // of all: interfaces that have something to announce: 1 some, 0 none

export const RESTORED: u32 = 104438912; // of all: a flow that the host brings back

// ---- shards: each worker has tables of its own ----
export const SHARDS: u32 = 104439040; // u32 × WORKERS_MAX: what lies between worker 0's tables and a worker's
export const SHARD_SIZE: u32 = 20516864; // from ROUTERS to the end of ERRORS

// ---- budgets of ICMP errors: f64 × ERROR_CLASSES × ERROR_SENDERS × PORTS_MAX ----
// A budget belongs to the port by which the offending packet entered the switch, and to a hash of its source address.
// It is the time (ms) at which it is full again; 0: full.
export const ERRORS: u32 = 104441984;
export const ERROR_SENDERS: u32 = 8; // hashes of addresses behind one port
export const ERROR_CLASSES: u32 = 3; // router/budget.ts

// Who owns what, as 1 + worker, 0: nobody: ports, u8 × 65536 × KINDS × OUTSIDES_MAX, then inside hosts, by a hash of
// their address; and how much each worker has of the hosts of each hash.
export const OWNERS: u32 = 104439104; // offset of that table; 0 where there is one worker only
export const OWNERS_SIZE: u32 = 54591488;
export const OWNERS_HOSTS: u32 = 50331648; // u8 × HOST_HASHES
export const OWNERS_HELD: u32 = 50397184; // u32 × HOST_HASHES × WORKERS_MAX
export const HOST_HASHES: u32 = 65536;

// bucket of an index, 64 bytes: 8 fingerprints (u32), then 8 numbers (u32: 24 bits, 0 for none). The high byte of the
// first number counts strays: entries that passed this bucket, full, on their way.
export const BUCKET_SIZE: u32 = 64;
export const BUCKET_WAYS: u32 = 8;
export const BUCKET_NUMBERS: u32 = 32;
export const NUMBER_MASK: u32 = 0xffffff;
export const STRAYS_SHIFT: u32 = 24;

// ---- half of a flow: one direction of a session, 64 bytes; the two stand together, and the first began it ----
export const FLOW_SIZE: u32 = 128;
export const HALF_SIZE: u32 = 64;
export const HALF_KEY: u32 = 0; // u64 addresses as they come; u64 ports │ protocol << 32 │ scope << 40
export const HALF_ADDRESSES: u32 = 16; // u64: addresses as they go
export const HALF_PORTS: u32 = 24; // u32: ports as they go
export const HALF_DELTA_IP: u32 = 28; // u16: what the header checksum's sum gains, TTL included (RFC 1624)
export const HALF_DELTA_L4: u32 = 30; // u16
export const HALF_NEIGHBOR: u32 = 32; // its next hop; 0: not looked up
export const HALF_EXPIRES: u32 = 36;
export const HALF_RENEW: u32 = 40; // i32: with no more ticks left than this, the slow path sees the packet
export const HALF_ACK: u32 = 44; // what this side acknowledged last, as on the wire
export const HALF_WINDOW: u32 = 48; // u16, as on the wire
export const HALF_SCALE: u32 = 50; // u8: of its window (RFC 7323)
export const HALF_MAPPING: u32 = 52; // first half: the mapping; second: that of the far end (hairpin), or 0
export const HALF_TIMEOUT: u32 = 56; // first half: ticks in its present state
export const HALF_HOST: u32 = 60; // first half: the host that it counts for
export const HALF_STATE: u32 = 56; // second half: u8 of TCP
export const HALF_FLAGS: u32 = 57; // second half: u8
export const HALF_BEGUN: u32 = 60; // second half: ticks when it began
export const STATE_FINS: u32 = 12; // bits of HALF_STATE (router/tcp.ts): both sides have said FIN
export const STATE_ESTABLISHED: u32 = 16;
export const STATE_RESET: u32 = 32;
export const STATE_MIDDLE: u32 = 64; // its beginning was not seen
export const FLOW_INBOUND: u32 = 1; // flag: the outside began it
export const FLOW_HAIRPIN: u32 = 2; // both ends are inside
export const FLOW_PERMIT: u32 = 4; // its first half holds a permit
export const FLOW_PERMIT_BACK: u32 = 8; // and its second half
export const FLOW_GRACE_MIN: u32 = 10; // ticks
export const FLOW_GRACE_MAX: u32 = 50;
export const RENEW_ALWAYS: u32 = 0x7fffffff;

// ---- mapping, 64 bytes ----
export const MAPPING_SIZE: u32 = 64;
export const MAPPING_INSIDE: u32 = 0; // u64 address │ port << 32 │ protocol << 48 │ router << 56; u64 remote or 0
export const MAPPING_OUTSIDE: u32 = 16; // the same of the outside; u64 0
export const MAPPING_FLOWS: u32 = 32; // how many hold it
export const MAPPING_EXPIRES: u32 = 36; // as outbound traffic had it
export const MAPPING_FLAGS: u32 = 40;
export const MAPPING_HOST: u32 = 44;
export const MAPPING_OUTSIDE_INDEX: u32 = 48; // which outside address
export const MAPPING_STATIC: u32 = 1; // a forward
export const MAPPING_ENDED: u32 = 2; // its sessions are to end

// ---- permit, 32 bytes: a mapping has sent to a remote address (RFC 4787 5, address-dependent filtering) ----
export const PERMIT_SIZE: u32 = 32;
export const PERMIT_KEY: u32 = 0; // u64 outside of the mapping; u64 remote address
export const PERMIT_FLOWS: u32 = 16; // sessions there

// ---- scratch of a worker, between its events and the end of its block ----
export const WORKER_PARSED: u32 = 81920; // 32 bytes × BATCH_MAX
export const PARSED_SIZE: u32 = 32; // u64 key │ u64 key │ u32 bucket │ u32 packet │ u32 half │ u16 place, u16 port
export const PARSED_BUCKET: u32 = 16;
export const PARSED_PACKET: u32 = 20;
export const PARSED_FINGERPRINT: u32 = 24; // until the half is found
export const PARSED_HALF: u32 = 24;
export const PARSED_PLACE: u32 = 28;
export const WORKER_TOUCHED: u32 = 90112; // u64: a sum of what was loaded only so that it would be near

/**
 * Ticks that a session of a timeout, in ticks, may live beyond it: it is given its time again no sooner than so long
 * after it was last, so that few packets look at more than one half. A sixty-fourth of it, from 1 s to 5 s.
 */
export function graceOf(timeout: u32): u32 {
  const share = timeout >>> 6;
  return share < FLOW_GRACE_MIN ? FLOW_GRACE_MIN : share > FLOW_GRACE_MAX ? FLOW_GRACE_MAX : share;
}

/** Folds one number into a hash; exact in doubles, so that asc and tsc agree. */
function fold(hash: number, value: number): number {
  return (hash * 31 + (value % 65521)) % 65521;
}

/** The routers' part of what is compared when a core is loaded. */
export function routerLayoutHash(): number {
  let hash: number = 19;
  hash = fold(hash, ROUTERS + INTERFACES + ROUTES + OUTSIDES);
  hash = fold(hash, NEIGHBORS + HOSTS + FRAGMENTS + PENDINGS);
  hash = fold(hash, SESSION_EVENTS + FLOW_SLAB + FLOW_INDEX + HASH_SEEDS);
  hash = fold(hash, HALF_TIMEOUT + HALF_MAPPING + MAPPING_FLAGS + NEIGHBOR_FLOWS + NEIGHBOR_ENTRY + HOST_TIME);
  hash = fold(hash, SHARDS + SHARD_SIZE + OWNERS + OWNERS_SIZE + OWNERS_HOSTS + OWNERS_HELD + HOST_HASHES);
  hash = fold(hash, FLOW_GRACE_MIN + FLOW_GRACE_MAX * 64);
  hash = fold(hash, ERRORS + ROUTER_ERRORS + ERROR_SENDERS + ERROR_CLASSES * 64);
  hash = fold(hash, ROUTER_PORT_TIMEOUTS + INTERFACE_FLAGS + ROUTE_KIND + WORKER_PARSED + WORKER_TOUCHED);
  return hash;
}
