// ICMP errors through the reference NAT: they belong to the session of the packet inside them, and change nothing of
// it. Owns which session that is, and what is to be changed. Read first: RFC 5508, 4 (REQ-3 to REQ-7).

import { type Parsed } from "../router/parse.js";
import { flowOf } from "./nat-flow.js";
import type { Changes } from "./nat-rewrite.js";
import { sessionOf, type Table } from "./nat-table.js";

/** An error from outside, about a packet that left; undefined where no live session sent it. */
export function inboundError(table: Table, about: Parsed): Changes | undefined {
  // The packet inside ran from inside to outside, with the outside endpoint as its source.
  const flow = flowOf(about, "inside");
  const mapping = flow && table.findOutside(flow.protocol, flow.from);
  if (!mapping || !sessionOf(mapping, flow.to)) return undefined;
  return { to: mapping.inside, about: { from: mapping.inside } };
}

/** An error from inside, about a packet that came in; undefined where no live session received it. */
export function outboundError(table: Table, about: Parsed): Changes | undefined {
  const flow = flowOf(about, "outside");
  const mapping = flow && table.findInside(flow.protocol, flow.to, flow.from);
  if (!mapping || !sessionOf(mapping, flow.from)) return undefined;
  return { from: mapping.outside, about: { to: mapping.outside } };
}
