// Ageing of what routers remember, a slice a turn: sessions whose time is over end, neighbors are asked or forgotten,
// datagrams given up, addresses announced. A lookup sees by itself that a session is over; this is for the room
// that it takes. Slices are small enough that no turn takes long, however full the tables are.

import {
  ANNOUNCE, FLOW_SLAB, FLOW_SWEEP_TIME, FLOW_SWEPT, HALF_KEY, INTERFACES, INTERFACE_ADDRESS, INTERFACE_FLAGS,
  INTERFACE_NEWS, INTERFACE_ROUTER, INTERFACE_SIZE, INTERFACE_SOURCE, INTERFACE_UPLINK, NEIGHBOR_SLAB,
  NEIGHBOR_SWEEP_TIME, NEIGHBOR_SWEPT, OUTSIDE_ADDRESS, ROUTERS, ROUTERS_TIME, ROUTER_OUTSIDES, ROUTER_OUTSIDE_COUNT,
  ROUTER_SIZE,
} from "../layout-router";
import {
  BATCH_MAX, FLAG_ROUTER, FLAG_UP, MEMBERS, MEMBERS_SIZE, PORTS, PORTS_MAX, PORT_FLAGS, PORT_SIZE,
} from "../layout";
import { now, self, shard, ticks } from "../state";
import { hasExpired, removeFlow } from "../table/flow";
import { ageFragments } from "../table/fragment";
import { age, isNeighbor } from "../table/neighbor";
import { outsideAt } from "../table/outside";
import { highest, recordAt } from "../table/slab";
import { announceAt, askAt } from "./arp";

const FLOW_ROUND_MS: f64 = 4000; // a round over all sessions
const FLOW_SLICE: u32 = 128; // sessions looked at in a turn: where all of them end, a tenth of a millisecond
const NEIGHBOR_ROUND_MS: f64 = 1000;
const NEIGHBOR_SLICE: u32 = 4096;

/** When datagrams were last looked at. */
let fragmentTick: u32 = 0;

/** Ends sessions that are over. Says whether more are due already. */
export function ageFlows(): bool {
  if (self == 0) store<f64>(ROUTERS_TIME, now);
  const end = highest(FLOW_SLAB);
  const due = <u32>min((now - load<f64>(shard + FLOW_SWEEP_TIME)) / FLOW_ROUND_MS * <f64>end, <f64>end);
  if (due == 0) return false; // turns follow each other faster than sessions are due
  const slice = min(due, FLOW_SLICE);
  let number = load<u32>(shard + FLOW_SWEPT);
  for (let i: u32 = 0; i < slice; i++) {
    number = number + 1 < end ? number + 1 : 1;
    const half = recordAt(FLOW_SLAB, number);
    if (load<u64>(half, HALF_KEY + 8) != 0 && hasExpired(half)) removeFlow(half);
  }
  store<u32>(shard + FLOW_SWEPT, number);
  store<f64>(shard + FLOW_SWEEP_TIME, slice == due ? now : now - <f64>(due - slice) / <f64>end * FLOW_ROUND_MS);
  return slice < due;
}

/** Looks at neighbors that are due, and asks them at places of the batch from `first` on; returns the end. */
export function ageNeighbors(first: u32): u32 {
  const end = highest(NEIGHBOR_SLAB);
  const due = <u32>min((now - load<f64>(shard + NEIGHBOR_SWEEP_TIME)) / NEIGHBOR_ROUND_MS * <f64>end, <f64>end);
  if (ticks != fragmentTick) ageFragments();
  fragmentTick = ticks;
  if (due == 0) return first;
  let place = first;
  let number = load<u32>(shard + NEIGHBOR_SWEPT);
  let looked: u32 = 0;
  for (; looked < min(due, NEIGHBOR_SLICE) && place < BATCH_MAX; looked++) {
    number = number + 1 < end ? number + 1 : 1;
    const neighbor = recordAt(NEIGHBOR_SLAB, number);
    if (!isNeighbor(neighbor) || !age(neighbor)) continue;
    if (askAt(place, neighbor)) place++;
  }
  store<u32>(shard + NEIGHBOR_SWEPT, number);
  store<f64>(shard + NEIGHBOR_SWEEP_TIME, now - <f64>(due - looked) / <f64>end * NEIGHBOR_ROUND_MS);
  return place;
}

/** Announces the addresses of interfaces that have news, at places of the batch from `first` on; returns the end. */
export function announce(first: u32): u32 {
  if (self != 0 || load<u32>(ANNOUNCE) == 0) return first;
  store<u32>(ANNOUNCE, 0);
  let place = first;
  for (let port: u32 = 0; port < PORTS_MAX; port++) {
    const news = INTERFACES + port * INTERFACE_SIZE;
    if (load<u32>(news, INTERFACE_NEWS) == 0) continue;
    if (place + 1 >= BATCH_MAX) { // the others have their turn next
      store<u32>(ANNOUNCE, 1);
      break;
    }
    store<u32>(news, 0, INTERFACE_NEWS);
    if (load<u32>(PORTS + port * PORT_SIZE, PORT_FLAGS) & FLAG_ROUTER) place = announceInterface(place, port);
  }
  return place;
}

function announceInterface(first: u32, port: u32): u32 {
  const record = INTERFACES + port * INTERFACE_SIZE;
  const address = load<u32>(record, INTERFACE_ADDRESS);
  if (address == 0 || !isHeard(port, <u32>load<u16>(record, INTERFACE_SOURCE + 6))) return first;
  let place = announceAt(first, port, address) ? first + 1 : first;
  if ((load<u32>(record, INTERFACE_FLAGS) & INTERFACE_UPLINK) == 0) return place;
  const router = ROUTERS + load<u32>(record, INTERFACE_ROUTER) * ROUTER_SIZE;
  const index = load<u32>(router, ROUTER_OUTSIDES);
  const end = index + load<u32>(router, ROUTER_OUTSIDE_COUNT);
  for (let i = index; i < end && place < BATCH_MAX; i++) {
    const other = load<u32>(outsideAt(i), OUTSIDE_ADDRESS);
    if (other != address && announceAt(place, port, other)) place++;
  }
  return place;
}

/** Whether anybody is there to hear what an interface says to all: another port of its VLAN is up. */
function isHeard(port: u32, domain: u32): bool {
  for (let other: u32 = 0; other < PORTS_MAX; other++) {
    const member = (<u32>load<u8>(MEMBERS + domain * MEMBERS_SIZE + (other >> 3)) >> (other & 7)) & 1;
    if (member && other != port && load<u32>(PORTS + other * PORT_SIZE, PORT_FLAGS) & FLAG_UP) return true;
  }
  return false;
}
