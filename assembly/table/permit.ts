// Permits: to which remote addresses a mapping has sessions that the inside began, whatever the port, for
// address-dependent filtering (RFC 4787 5). A permit is there while such sessions are.

import { PERMIT_FLOWS, PERMIT_INDEX, PERMIT_KEY, PERMIT_SLAB } from "../layout-router";
import { find, insert, remove } from "./hash";
import { give, take } from "./slab";

export function isPermitted(outside: u64, remote: u32): bool {
  return find(PERMIT_INDEX, outside, remote) != 0;
}

/** One session more to a remote address. False: no room, and its ports beside the session's stay closed. */
export function addPermit(outside: u64, remote: u32): bool {
  let permit = find(PERMIT_INDEX, outside, remote);
  if (permit == 0) {
    permit = take(PERMIT_SLAB);
    if (permit == 0) return false;
    store<u64>(permit, outside, PERMIT_KEY);
    store<u64>(permit, remote, PERMIT_KEY + 8);
    if (!insert(PERMIT_INDEX, permit)) {
      give(PERMIT_SLAB, permit);
      return false;
    }
  }
  store<u32>(permit, load<u32>(permit, PERMIT_FLOWS) + 1, PERMIT_FLOWS);
  return true;
}

/** One session less. */
export function dropPermit(outside: u64, remote: u32): void {
  const permit = find(PERMIT_INDEX, outside, remote);
  if (permit == 0) return;
  const flows = load<u32>(permit, PERMIT_FLOWS) - 1;
  store<u32>(permit, flows, PERMIT_FLOWS);
  if (flows) return;
  remove(PERMIT_INDEX, permit);
  give(PERMIT_SLAB, permit);
}
