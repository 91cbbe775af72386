// Checksums through the real core against the slow reference (test/model/nat-rewrite.ts): every length and alignment,
// both of their zeros, damage that stays damage. Read first: RFC 1624, RFC 768, RFC 3022 4.1.

import { describe, expect, it } from "vitest";
import type { Outcome } from "../model/nat.js";
import { differences, translated } from "../model/nat-rewrite.js";
import { u16 } from "./bytes.js";
import { A, OUT, R, dgram } from "./nat-rig.js";
import { endpoint, parseIp, ping, tcp, udp } from "./packet.js";
import { RouterRig } from "./rig.js";

const noise = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 73 + seed * 31 + (i >> 3)) & 255);

/** The one outcome: the packet, changed as the reference does it. */
function expectLike(outcome: Outcome, packet: Uint8Array, from = `${OUT}:1000`): void {
  if (outcome.kind !== "forward") throw new Error(JSON.stringify(outcome));
  expect(differences(translated(packet, { from: endpoint(from), hop: true }), outcome.packet)).toEqual([]);
}

const LENGTHS = [...Array.from({ length: 70 }, (_, i) => i), 255, 256, 511, 1023, 1400, 1459, 1460];

describe.each([["udp", udp], ["tcp", tcp]] as const)("%s of every length", (_, make) => {
  it("first by the slow path, then by the fast one", () => {
    const rig = new RouterRig();
    for (const length of LENGTHS) {
      for (const seed of [0, 1, 2]) {
        const packet = make({ from: A, to: R, payload: noise(length, seed) });
        expectLike(rig.outbound(packet), packet);
      }
    }
  });

  it("with every number of options in the header", () => {
    const rig = new RouterRig();
    for (let words = 1; words <= 10; words++) {
      const packet = make({ from: A, to: R, payload: noise(13, words), ipOptions: new Uint8Array(words * 4).fill(1) });
      expectLike(rig.outbound(packet), packet);
    }
  });
});

it("icmp of every length", () => {
  const rig = new RouterRig();
  for (const length of LENGTHS) {
    const packet = ping({ from: "10.0.10.5:1000", to: "198.51.100.9", payload: noise(length, 5) });
    expectLike(rig.outbound(packet), packet);
  }
});

it.each([1, 2])("udp's 0 stays 0, packet %i", (count) => {
  const rig = new RouterRig();
  const packet = udp({ from: A, to: R, payload: "odd", checksum: 0 });
  for (let i = 1; i < count; i++) rig.outbound(packet);
  const outcome = rig.outbound(packet);
  expect(u16((outcome as { packet: Uint8Array }).packet, 26)).toBe(0);
});

it("udp's computed 0 leaves as 0xffff, by both paths", () => {
  const rig = new RouterRig();
  // The payload's word brings the sum of what leaves to 0xffff, whose negative is 0.
  const plain = translated(udp({ from: A, to: R, payload: Uint8Array.of(0, 0) }), { from: endpoint(`${OUT}:1000`) });
  const packet = udp({ from: A, to: R, payload: plain.slice(26, 28) });
  for (let path = 0; path < 2; path++) {
    const outcome = rig.outbound(packet) as { packet: Uint8Array };
    expect([u16(outcome.packet, 26), parseIp(outcome.packet).faults]).toEqual([0xffff, []]);
  }
});

it.each([1, 2])("what was damaged stays damaged by as much, packet %i", (count) => {
  const rig = new RouterRig();
  for (let i = 1; i < count; i++) rig.outbound(dgram(A, R));
  const packet = udp({ from: A, to: R, payload: "damaged", checksum: 0x1234 });
  const outcome = rig.outbound(packet);
  expectLike(outcome, packet);
  expect(parseIp((outcome as { packet: Uint8Array }).packet).faults).toEqual(["udp: checksum"]);
});

it("the header's checksum, for every TTL", () => {
  const rig = new RouterRig();
  for (let ttl = 2; ttl <= 255; ttl++) {
    const packet = udp({ from: A, to: R, ttl, id: ttl * 257, payload: "x" });
    expectLike(rig.outbound(packet), packet);
  }
});
