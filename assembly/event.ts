// Events for the host: MACs learned, moved, aged, evicted. A ring of fixed records that overwrites nothing: when
// the host is slow, events are lost and counted. The host sleeps where it has read all, and is woken at the end of the
// turn: whoever writes an event holds the lock of the forwarding database, and to wake takes too long for that.

import {
  EVENTS_MAX, EVENT_SIZE, WORKER_EVENTS, WORKER_EVENT_HEAD, WORKER_EVENT_LOST, WORKER_EVENT_TAIL,
} from "./layout";
import { base, now } from "./state";

/** Whether the host may have to be woken. */
let wakes: bool = false;

/** Writes one event, unless the host has not read the one that stands in its place. */
export function emitEvent(kind: u32, port: u32, key: u64, before: u32): void {
  if (base == 0) return; // the host's own instance: it knows what it did
  const head = load<u32>(base, WORKER_EVENT_HEAD);
  if (head - atomic.load<u32>(base, WORKER_EVENT_TAIL) < EVENTS_MAX) {
    const at = base + WORKER_EVENTS + (head & (EVENTS_MAX - 1)) * EVENT_SIZE;
    store<u32>(at, kind);
    store<u32>(at, port, 4);
    store<u64>(at, key, 8);
    store<f64>(at, now, 16);
    store<u32>(at, before, 24);
    atomic.store<u32>(base, head + 1, WORKER_EVENT_HEAD);
    // Looked at again: it may have read the last one just now, and gone to sleep before this one was there.
    if (atomic.load<u32>(base, WORKER_EVENT_TAIL) == head) wakes = true;
  } else {
    atomic.add<u32>(base, 1, WORKER_EVENT_LOST);
  }
}

/** Wakes the host where there are events that it did not wait for before this turn. */
export function wakeReader(): void {
  if (!wakes) return;
  wakes = false;
  atomic.notify(base + WORKER_EVENT_HEAD, 1);
}
