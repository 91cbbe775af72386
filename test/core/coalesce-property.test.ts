// Whatever trains of segments enter, they leave as they came once what was merged is segmented again: the frames of
// each flow in their order, to the byte. Losses, repetitions, errors and strangers are strewn in at random.
// Read first: assembly/element/coalesce.ts, coalesce.test.ts for single cases.

import fc from "fast-check";
import { expect, it } from "vitest";
import { ACK, CWR, FIN, PSH, frameOf, packet, payload, type Packet } from "../model/merged.js";
import { apart, makeLab, odd, pass } from "./segments.js";

interface Step {
  flow: number;
  /** What is done with the flow's next segment. */
  act: "send" | "lose" | "twice" | "wrong" | "odd" | "acknowledge" | "datagram" | "stranger";
  bytes: number;
  flags: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  flow: fc.nat(3),
  act: fc.oneof(
    { weight: 20, arbitrary: fc.constant("send" as const) },
    { weight: 1, arbitrary: fc.constantFrom<Step["act"]>(
      "lose", "twice", "wrong", "odd", "acknowledge", "datagram", "stranger") },
  ),
  bytes: fc.oneof(
    { weight: 12, arbitrary: fc.constant(200) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: 400 }) },
  ),
  flags: fc.oneof(
    { weight: 12, arbitrary: fc.constant(ACK) },
    { weight: 1, arbitrary: fc.constantFrom(ACK | PSH, ACK | FIN, ACK | CWR) },
  ),
});

/** What a flow's sender does: its frames, and from where it goes on. */
function play(state: Packet, { act, bytes, flags }: Step): { frames: Buffer[]; next: Packet } {
  const item = { ...state, flags, payload: payload(bytes) };
  const next = { ...state, id: state.id + 1, sequence: state.sequence + bytes };
  const frame = frameOf(item);
  switch (act) {
    case "send": return { frames: [frame], next };
    case "lose": return { frames: [], next };
    case "twice": return { frames: [frame, frame], next };
    case "odd": return { frames: [odd(frame, state.ip === 4 ? 34 : 54, "0400")], next };
    case "acknowledge": return { frames: [frameOf({ ...item, payload: payload(0) })], next: state };
    case "datagram": return { frames: [frameOf({ ...item, protocol: "udp" })], next: state };
    case "stranger": return { frames: [Buffer.from("02000000000102000000000288b50000", "hex")], next: state };
    case "wrong":
      frame[frame.length - 1]! ^= 1;
      return { frames: [frame], next };
  }
}

/** Frames by the flow that they are of: protocol, addresses and ports. */
function byFlow(frames: readonly Buffer[]): Record<string, string[]> {
  const flows: Record<string, string[]> = {};
  for (const frame of frames) {
    const isIpv4 = frame.readUInt16BE(12) === 0x0800;
    const [protocol, from, to] = isIpv4 ? [frame[23], 26, 38] : [frame[20], 22, 58];
    const key = `${protocol} ${frame.toString("hex", from, to)}`;
    (flows[key] ??= []).push(frame.toString("hex"));
  }
  return flows;
}

it("gives back each flow's segments, with losses, repetitions and errors, once they are segmented again", () => {
  let saved = 0;
  fc.assert(fc.property(fc.array(step, { minLength: 2, maxLength: 120, size: "max" }), (steps) => {
    const rig = makeLab();
    const flows = [4, 4, 6, 6].map((ip, i) => packet({ ip: ip as 4 | 6, port: 40000 + i, tcpOptions: i % 2 * 12 }));
    const frames = steps.flatMap((each) => {
      const { frames: made, next } = play(flows[each.flow]!, each);
      flows[each.flow] = next;
      return made;
    });
    const { guest = [] } = pass(rig, frames);
    expect(byFlow(apart(rig, guest))).toEqual(byFlow(frames));
    expect(rig.count("plain").merged).toBe(frames.length - guest.length);
    saved += frames.length - guest.length;
    rig.finish();
  }), { numRuns: 150 });
  expect(saved).toBeGreaterThan(1000); // what nothing is merged in shows nothing
});
