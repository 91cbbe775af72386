// Back-pressure between pipes: a source whose frames all go to one port waits while that port's pipe is full, so that
// a fast stream, file or program does not lose frames at a slow reader. Owns what is known of where a source's frames
// go (SOURCE_TO to SOURCE_PROMISE_TIME in layout.ts). A source with frames for several ports is not held: a frame for
// one of them must not wait for another. Nor is a source held for a reader that has stopped or is very slow: a frame
// for a third port, behind all those in the source's pipe, waits half a second at most.

import {
  CODEC_NONE, CODEC_SINK, DESC_SIZE, FLAG_UP, ITEM_SIZE, ITEM_SLOT, PIPE_OUT_TAIL, PIPE_SIZE, PORTS, PORTS_MAX,
  PORT_CODEC_OUT, PORT_FLAGS, PORT_PIPE, PORT_SIZE, SLOTS_PER_WORKER, SOURCES, SOURCE_HELD, SOURCE_MIXED,
  SOURCE_PROMISED, SOURCE_PROMISE_TIME, SOURCE_SEEN, SOURCE_SIZE, SOURCE_SLOW, SOURCE_TAIL, SOURCE_TO, WORKER_ITEMS,
  WORKER_ORIGINS, WORKER_RX,
} from "./layout";
import { lookAgainIn } from "./pace";
import { writable } from "./pipe";
import { base, now } from "./state";
import { verdictOf } from "./verdict";

export const UNLIMITED: u32 = 0xffffffff;

const SOLE_MS: f64 = 100; // a source that sent to two ports within this time has frames for several
const WINDOW_MS: f64 = 100; // for which a reader's speed is measured
const READ_MIN: u32 = PIPE_SIZE / 5; // bytes that a reader takes in that time if it is worth waiting for
const LOOK_MS: f64 = 1; // how soon a held source is looked at again, if nothing wakes the worker before
const FRAMING_MAX: u32 = 40; // the most that a codec adds to a frame, bytes

@inline
function recordOf(port: u32): u32 {
  return SOURCES + port * SOURCE_SIZE;
}

/** Where the port of the source of the frame in a slot stands. */
@inline
function originOf(slot: u32): u32 {
  return base + WORKER_ORIGINS + (slot % SLOTS_PER_WORKER) * 2;
}

/** Notes that `count` RX descriptors from `first` on are a source's. */
export function originate(source: u32, first: u32, count: u32): void {
  const end = base + WORKER_RX + (first + count) * DESC_SIZE;
  for (let desc = base + WORKER_RX + first * DESC_SIZE; desc < end; desc += DESC_SIZE) {
    store<u16>(originOf(load<u32>(desc)), <u16>source);
  }
}

/** Learns from the verdicts on a batch of sources' frames where their frames go. */
export function follow(count: u32): void {
  for (let i: u32 = 0; i < count; i++) {
    const to = verdictOf(i);
    if (to >= PORTS_MAX) continue;
    const source = <u32>load<u16>(originOf(load<u32>(base + WORKER_ITEMS + i * ITEM_SIZE, ITEM_SLOT)));
    if (to == source) continue; // the router's answer
    const record = recordOf(source);
    if (<u32>load<u16>(record, SOURCE_TO) != to) {
      if (now - load<f64>(record, SOURCE_SEEN) < SOLE_MS) store<f64>(record, now, SOURCE_MIXED);
      store<u16>(record, <u16>to, SOURCE_TO);
    }
    store<f64>(record, now, SOURCE_SEEN);
  }
}

/** How many bytes of frames a source may give in this turn. */
export function roomFor(source: u32): u32 {
  const record = recordOf(source);
  const to = <u32>load<u16>(record, SOURCE_TO);
  const port = PORTS + to * PORT_SIZE;
  const codec = <u32>load<u8>(port, PORT_CODEC_OUT);
  const up = (load<u32>(port, PORT_FLAGS) & FLAG_UP) != 0;
  if (codec == CODEC_NONE || codec == CODEC_SINK || !up) return UNLIMITED;
  if (load<f64>(record, SOURCE_SEEN) == 0) return UNLIMITED; // nothing went anywhere, but to all
  if (now - load<f64>(record, SOURCE_MIXED) < SOLE_MS) return UNLIMITED;
  const pipe = load<u32>(port, PORT_PIPE);
  const free = writable(pipe);
  if (free == PIPE_SIZE) endHold(record);
  if (load<f64>(record, SOURCE_HELD) != 0 && isSlow(record, pipe)) return UNLIMITED;
  const promised = promisedTo(to);
  return free > promised ? free - promised : 0;
}

/** Whether the reader of a pipe, for which a source is held, has read too little of late to be waited for. */
function isSlow(record: u32, pipe: u32): bool {
  if (now - load<f64>(record, SOURCE_HELD) >= WINDOW_MS) {
    const tail = atomic.load<u32>(pipe, PIPE_OUT_TAIL);
    const slow = tail - load<u32>(record, SOURCE_TAIL) < READ_MIN;
    store<u16>(record, <u16>slow, SOURCE_SLOW);
    beginWindow(record, tail);
  }
  return load<u16>(record, SOURCE_SLOW) != 0;
}

function beginWindow(record: u32, tail: u32): void {
  store<f64>(record, now, SOURCE_HELD);
  store<u32>(record, tail, SOURCE_TAIL);
}

function endHold(record: u32): void {
  store<f64>(record, 0, SOURCE_HELD);
  store<u16>(record, 0, SOURCE_SLOW);
}

/** Whether there is room for a frame; if not, its source is held, and looked at again soon. */
export function fits(source: u32, length: u32, room: u32): bool {
  if (room == UNLIMITED || length + FRAMING_MAX <= room) return true;
  const record = recordOf(source);
  const pipe = load<u32>(PORTS + <u32>load<u16>(record, SOURCE_TO) * PORT_SIZE, PORT_PIPE);
  if (load<f64>(record, SOURCE_HELD) == 0) beginWindow(record, atomic.load<u32>(pipe, PIPE_OUT_TAIL));
  lookAgainIn(LOOK_MS);
  return false;
}

/** Takes a frame that fits from a source's room; returns what is left. */
export function spend(source: u32, length: u32, room: u32): u32 {
  if (room == UNLIMITED) return room;
  const bytes = length + FRAMING_MAX;
  const to = <u32>load<u16>(recordOf(source), SOURCE_TO);
  const promised = promisedTo(to) + bytes;
  store<f64>(recordOf(to), now, SOURCE_PROMISE_TIME);
  store<u32>(recordOf(to), promised, SOURCE_PROMISED);
  return room - bytes;
}

/** A source has no more frames: what its reader does from now on is not measured, unless it is being left behind. */
export function exhaust(source: u32): void {
  const record = recordOf(source);
  if (load<u16>(record, SOURCE_SLOW) == 0) store<f64>(record, 0, SOURCE_HELD);
}

/** Bytes that sources have given for a port in this turn, which its pipe does not hold yet. */
function promisedTo(port: u32): u32 {
  const record = recordOf(port);
  return load<f64>(record, SOURCE_PROMISE_TIME) == now ? load<u32>(record, SOURCE_PROMISED) : 0;
}

/** A port's pipe holds what sources have given for it. */
export function keepPromise(port: u32): void {
  store<u32>(recordOf(port), 0, SOURCE_PROMISED);
}
