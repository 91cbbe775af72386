// The case of names that are asked for upstream: drawn by lot, asked of every answer, and never seen by a guest.
// Read first: draft-vixie-dnsext-dns0x20-00.

import { randomBytes } from "node:crypto";
import { decode, encode, type DecodedPacket } from "dns-packet";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DnsForwarder } from "../../../src/service/dns/forwarder.js";
import { Places } from "../../../src/service/share.js";
import { Upstream, a, answerTo, soa } from "./upstream.js";

const GUEST = { port: "a", client: "guest" };
const LONG = "a-rather-long-name-of-many-letters.example";

let upstream: Upstream;
let forwarder: DnsForwarder;

beforeEach(async () => {
  upstream = await new Upstream().open();
  forwarder = new DnsForwarder({
    config: { upstreams: [upstream.address], hosts: {} }, clock: () => 0, random: randomBytes,
    upstreams: () => ({ servers: [] }),
    names: () => undefined,
  });
});

afterEach(() => {
  forwarder.close();
  upstream.close();
});

async function ask(name: string): Promise<DecodedPacket> {
  const query = encode({ type: "query", id: 7, flags: 0x0100, questions: [{ name, type: "A" }] });
  const answer = await forwarder.ask(query, "udp", GUEST, new Places(() => 8, 8));
  return decode(Buffer.from(answer!));
}

/** What a server answers that knows names in lower case only. */
function lowered(asked: DecodedPacket): Buffer {
  const [{ name, type }] = asked.questions as [{ name: string; type: "A" }];
  const questions = [{ name: name.toLowerCase(), type }];
  return answerTo({ ...asked, questions }, { answers: [a(name.toLowerCase(), 0, "192.0.2.7")] });
}

const data = ({ answers }: DecodedPacket): unknown[] => answers!.map((answer) => ("data" in answer ? answer.data : ""));

it("goes upstream as nobody can foresee, and comes back to each guest as it asked", async () => {
  for (const name of [LONG, LONG.toUpperCase()]) {
    const answer = await ask(name);
    expect(answer.questions![0]!.name).toBe(name);
    expect(answer.answers!.map((record) => record.name)).toEqual([name]);
  }
  expect(upstream.names).toHaveLength(1); // the second was known
  expect(upstream.names[0]!.toLowerCase()).toBe(LONG);
  expect([LONG, LONG.toUpperCase()]).not.toContain(upstream.names[0]);
});

it("gives names above the question's back, too", async () => {
  upstream.script = (asked) => {
    const zone = asked.questions![0]!.name.split(".")[1]!;
    return [answerTo(asked, { flags: 3, authorities: [{ ...soa(60, 60), name: zone }] })];
  };
  expect((await ask(LONG)).authorities!.map(({ name }) => name)).toEqual(["example"]);
});

it("takes no answer over UDP with the right ID and another case: it asks over TCP", async () => {
  upstream.script = (asked, via) => (via === "tcp" ? [answerTo(asked, { answers: [a(LONG, 300)] })]
    : [lowered(asked)]);
  expect(data(await ask(LONG))).toEqual(["192.0.2.1"]);
  expect(upstream.asked).toEqual([`udp ${LONG}`, `tcp ${LONG}`]);
  expect(forwarder.counters.recased).toBe(1);
});

it("lives with a server that changes the case, and asks it so only once", async () => {
  upstream.script = (asked) => [lowered(asked)];
  expect(data(await ask(LONG))).toEqual(["192.0.2.7"]);
  expect(data(await ask(LONG))).toEqual(["192.0.2.7"]);
  expect(upstream.asked).toEqual([`udp ${LONG}`, `tcp ${LONG}`, `udp ${LONG}`]);
  expect(upstream.names[2]).toBe(LONG);
});

it("lives with one that takes no connections either", async () => {
  upstream.script = (asked, via) => (via === "tcp" ? [] : [lowered(asked)]);
  expect(data(await ask(LONG))).toEqual(["192.0.2.7"]);
});
