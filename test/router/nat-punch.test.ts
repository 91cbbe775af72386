// Hosts behind one NAT that send to each other's outside endpoints, as they do who know each other by a server outside
// (RFC 5128 3.3): filtering sees each of them as an external host at its outside address (RFC 4787 REQ-8, REQ-9).

import { describe, expect, it } from "vitest";
import { A, B, C, OUT, R, R2, dgram, portOf, said, seg } from "./nat-rig.js";
import { RouterRig } from "./rig.js";

const A_OUT = `${OUT}:1000`;
const D = "10.0.20.8:1001";
const D_OUT = `${OUT}:1001`;
const FAR = "198.51.100.77:9";

const WAYS = [1, 2, 3].flatMap((workers) => ["address-dependent", "address-and-port-dependent"].map(
  (filtering) => ({ workers, filtering })));

describe.each(WAYS)("rfc4787-req09 $filtering filtering with $workers workers", ({ workers, filtering }) => {
  const make = () => new RouterRig({ nat: { filtering } }, { workers });

  it("lets the second one's datagram pass, and then all of both", () => {
    const rig = make();
    for (const [first, second, from, to] of [[A, D, A_OUT, D_OUT], [D, A, D_OUT, A_OUT]] as const) {
      for (const end of [A, D]) rig.outbound(dgram(end, R)); // the server knows their mappings
      expect(said(rig.outbound(dgram(first, to)))).toBe("nat-filtered");
      expect(said(rig.outbound(dgram(second, from)))).toBe(`${to} > ${first}`);
      for (let i = 0; i < 3; i++) {
        expect(said(rig.outbound(dgram(first, to)))).toBe(`${from} > ${second}`);
        expect(said(rig.outbound(dgram(second, from)))).toBe(`${to} > ${first}`);
      }
      rig.rig.host.endSessions(rig.router.index);
    }
  });

  it("lets the second one's connection pass: both open at once (rfc5382-req02)", () => {
    const rig = make();
    for (const end of [A, D]) rig.outbound(seg(end, R, "S"));
    expect(said(rig.outbound(seg(A, D_OUT, "S", { seq: 1000 })))).toBe("nat-filtered");
    expect(said(rig.outbound(seg(D, A_OUT, "S", { seq: 5000 })))).toBe(`${D_OUT} > ${A}`);
    expect(said(rig.outbound(seg(A, D_OUT, "SA", { seq: 1000, ack: 5001 })))).toBe(`${A_OUT} > ${D}`);
    expect(said(rig.outbound(seg(D, A_OUT, "A", { seq: 5001, ack: 1001 })))).toBe(`${D_OUT} > ${A}`);
    rig.wait(300); // longer than a connection may take to open
    expect(said(rig.outbound(seg(A, D_OUT, "A", { seq: 1001, ack: 5001 })))).toBe(`${A_OUT} > ${D}`);
  });

  it("keeps out who was not sent to", () => {
    const rig = make();
    for (const end of [A, D, B]) rig.outbound(dgram(end, R));
    const before = rig.sessions;
    expect(said(rig.outbound(dgram(D, A_OUT)))).toBe("nat-filtered");
    expect(rig.sessions).toBe(before + 1); // it waits for an answer
    expect(said(rig.outbound(dgram(D, A_OUT)))).toBe("nat-filtered");
    expect(said(rig.inbound(dgram(FAR, A_OUT)))).toBe("nat-filtered");
  });

  it("closes the hole with the session", () => {
    const rig = make();
    for (const end of [A, D]) rig.outbound(dgram(end, R));
    rig.outbound(dgram(A, D_OUT));
    rig.wait(310);
    for (const end of [A, D]) rig.outbound(dgram(end, R));
    expect(said(rig.outbound(dgram(D, A_OUT)))).toBe("nat-filtered");
  });
});

describe.each([1, 2])("rfc4787-req08 address-dependent filtering with %i workers", (workers) => {
  const make = () => new RouterRig({}, { workers });

  it("admits the others at an address to which a host only answered", () => {
    const rig = make();
    rig.outbound(dgram(A, R));
    expect(said(rig.inbound(dgram(R2, A_OUT)))).toBe(`${R2} > ${A}`);
    for (let i = 0; i < 4; i++) { // what it sends to R2 keeps that session, and R's ends
      rig.wait(100);
      rig.outbound(dgram(A, R2));
    }
    expect(said(rig.inbound(dgram("198.51.100.9:55", A_OUT)))).toBe(`198.51.100.9:55 > ${A}`);
  });

  it("admits a third host where one has answered another by their outside endpoints", () => {
    const rig = make();
    for (const end of [A, D]) rig.outbound(dgram(end, R));
    const third = portOf(rig.outbound(dgram(C, R)));
    rig.outbound(dgram(A, D_OUT));
    rig.outbound(dgram(D, A_OUT));
    expect(said(rig.outbound(dgram(C, D_OUT)))).toBe(`${OUT}:${third} > ${D}`);
    expect(said(rig.outbound(dgram(C, A_OUT)))).toBe(`${OUT}:${third} > ${A}`);
  });
});

it("a hairpin that was waited for is one session where one worker has both ends, and its holes go with it", () => {
  const rig = new RouterRig({}, { workers: 1 });
  rig.outbound(dgram(A, D_OUT)); // nobody has that port yet: the router answers
  for (const end of [A, D]) rig.outbound(dgram(end, R));
  rig.outbound(dgram(A, D_OUT));
  rig.outbound(dgram(D, A_OUT));
  expect(rig.sessions).toBe(3);
  expect(said(rig.outbound(dgram(A, A_OUT)))).toBe(`${A_OUT} > ${A}`); // who has sent to that address
});
