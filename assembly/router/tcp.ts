// The life of a TCP connection as a NAT sees it: which segments it has seen, and how long the session may be silent.
// Read RFC 5382 4 and 5 (REQ-2: simultaneous open; REQ-5: timers), RFC 7857 2.1, 2.2 (RST), RFC 9293 3.3.2.
//
//   seen                      state                    silence allowed
//   SYN of one side           opening                  transitory (4 min)
//   SYN of both, then ACK     established              established (2 h 4 min)
//   FIN of one side           established, half open   established
//   FIN of both, or a RST     closing                  transitory
//   SYN while closing         opening anew             transitory
//
// A session whose beginning was not seen (a restart without state) counts any segment as its side's SYN.

import {
  HALF_ACK, HALF_SCALE, HALF_SIZE, HALF_STATE, HALF_WINDOW, STATE_ESTABLISHED, STATE_FINS, STATE_MIDDLE,
  STATE_RESET,
} from "../layout-router";
import { directionOf, firstOf, otherOf } from "../table/flow";
import {
  ACK, FIN, OPTION_END, OPTION_MSS, OPTION_NOP, OPTION_SCALE, RST, SYN, TCP_ACK, TCP_FLAGS, TCP_OFFSET, TCP_SEQUENCE,
  TCP_SIZE, TCP_WINDOW,
} from "../wire/l4";

// State: a bit for what was seen of each direction, and three for both.
const SYN_SEEN: u32 = 1; // << direction
const FIN_SEEN: u32 = 4; // << direction
const SYNS: u32 = 3;
const SCALE_MAX: u32 = 14; // RFC 7323 2.3

@inline
function stateAt(half: u32): u32 {
  return firstOf(half) + HALF_SIZE + HALF_STATE;
}

/** Whether a connection is open both ways, and not closing. */
export function isEstablished(half: u32): bool {
  const state = <u32>load<u8>(stateAt(half));
  return (state & STATE_ESTABLISHED) != 0 && (state & STATE_RESET) == 0 && (state & STATE_FINS) != STATE_FINS;
}

/** Notes a segment in a half's direction. False: it says nothing about the connection, as a reset that does not fit. */
export function follow(half: u32, segment: u32): bool {
  const direction = directionOf(half);
  const flags = <u32>load<u8>(segment, TCP_FLAGS);
  const before = <u32>load<u8>(stateAt(half));
  const closing = (before & STATE_RESET) != 0 || (before & STATE_FINS) == STATE_FINS;
  let state = before;
  if (flags & RST) {
    const valid = isValidReset(half, segment);
    if (valid) store<u8>(stateAt(half), <u8>(state | STATE_RESET));
    return valid; // what it acknowledges may be made up, and is not noted
  }
  if (flags & SYN) {
    state = (closing ? 0 : state & ~STATE_MIDDLE) | (SYN_SEEN << direction);
    store<u8>(half, <u8>scaleIn(segment), HALF_SCALE);
  } else {
    if (before == 0) state = STATE_MIDDLE;
    if (state & STATE_MIDDLE) state |= SYN_SEEN << direction;
    if ((state & SYNS) == SYNS && flags & ACK) state |= STATE_ESTABLISHED;
    if (flags & FIN) state |= FIN_SEEN << direction;
  }
  store<u8>(stateAt(half), <u8>state);
  note(half, segment);
  return true;
}

/** Notes what a segment's sender takes: a reset from the other side has to fit it. */
function note(half: u32, segment: u32): void {
  if ((load<u8>(segment, TCP_FLAGS) & <u8>ACK) == 0) return;
  store<u32>(half, load<u32>(segment, TCP_ACK), HALF_ACK);
  store<u16>(half, load<u16>(segment, TCP_WINDOW), HALF_WINDOW);
}

/** A reset counts where its sequence number is one that the other side expects (RFC 7857 2.2, RFC 5961 3.2). */
function isValidReset(half: u32, segment: u32): bool {
  const other = otherOf(half);
  const expected = bswap<u32>(load<u32>(other, HALF_ACK));
  const window = <u32>bswap<u16>(load<u16>(other, HALF_WINDOW)) << <u32>load<u8>(other, HALF_SCALE);
  return bswap<u32>(load<u32>(segment, TCP_SEQUENCE)) - expected <= window;
}

/** The window scale that a SYN offers, 0 where it offers none. */
function scaleIn(segment: u32): u32 {
  const at = optionIn(segment, OPTION_SCALE, 3);
  return at ? min<u32>(load<u8>(at, 2), SCALE_MAX) : 0;
}

/** Where an option of a kind and size stands in a segment whose header has been checked; 0: nowhere. */
export function optionIn(segment: u32, kind: u32, size: u32): u32 {
  const end = segment + (<u32>load<u8>(segment, TCP_OFFSET) >> 4) * 4;
  let at = segment + TCP_SIZE;
  while (at + 1 < end) {
    const found = <u32>load<u8>(at);
    if (found == OPTION_END) return 0;
    if (found == OPTION_NOP) {
      at++;
      continue;
    }
    const length = <u32>load<u8>(at, 1);
    if (length < 2 || at + length > end) return 0;
    if (found == kind && length == size) return at;
    at += length;
  }
  return 0;
}

/** Where the MSS stands that a segment announces (RFC 9293 3.7.1), 0 where it announces none. */
export function mssIn(segment: u32): u32 {
  const at = optionIn(segment, OPTION_MSS, 4);
  return at ? at + 2 : 0;
}
