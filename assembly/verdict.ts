// Verdicts: what is to happen to each frame of a batch, one u32. Below PORTS_MAX: the port that it goes to.

import { ITEM_SIZE, WORKER_ITEMS, WORKER_VERDICTS } from "./layout";
import { base } from "./state";

export const VERDICT_SIZE: u32 = 4;

/** To every other member of its VLAN. */
export const FLOOD: u32 = 0x10000;
/** Nowhere: it has been seen to already, and its slot is somebody else's. */
export const DONE: u32 = 0x10001;

/** Where the verdict on an item stands. */
@inline
export function verdictAt(item: u32): u32 {
  return base + WORKER_VERDICTS + (item - base - WORKER_ITEMS) / (ITEM_SIZE / VERDICT_SIZE);
}

@inline
export function setVerdict(index: u32, verdict: u32): void {
  store<u32>(base + WORKER_VERDICTS + index * VERDICT_SIZE, verdict);
}

@inline
export function verdictOf(index: u32): u32 {
  return load<u32>(base + WORKER_VERDICTS + index * VERDICT_SIZE);
}
