// The forwarder between a client's bytes and a scripted upstream on the loopback: the cache with a clock that the test
// turns, servers that are slow, silent, wrong or hostile, and the limits.

import { randomBytes } from "node:crypto";
import { decode, encode, type DecodedPacket, type Packet, type RecordType } from "dns-packet";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type DnsConfig } from "../../../src/config/model.js";
import {
  CLIENT_WAITING_MAX, DnsForwarder, WAITING_MAX, type DnsForwarderOptions,
} from "../../../src/service/dns/forwarder.js";
import { SILENT_MS } from "../../../src/service/dns/resolver.js";
import { Places, SHARE, type Asker } from "../../../src/service/share.js";
import { Upstream, a, answerTo, soa } from "./upstream.js";

let upstream: Upstream;
let forwarder: DnsForwarder;
let nowMs: number;
/** Of one network. */
let places: Places;

/** For servers that say nothing; all others have time enough on a busy machine. */
const QUICK = { tryMs: 100, totalMs: 300 };

function config(more: Partial<DnsConfig> = {}): DnsConfig {
  return { upstreams: [upstream.address], hosts: { "db.lan": ["10.0.20.5"] }, ...more };
}

function make(more: Partial<DnsForwarderOptions> = {}): DnsForwarder {
  return new DnsForwarder({
    config: config(), clock: () => nowMs, random: randomBytes, upstreams: () => ({ servers: [] }),
    names: () => undefined,
    ...more,
  });
}

beforeEach(async () => {
  nowMs = 1_000;
  places = new Places(() => WAITING_MAX, CLIENT_WAITING_MAX);
  upstream = await new Upstream().open();
  forwarder = make();
});

afterEach(() => {
  forwarder.close();
  upstream.close();
});

function query(name: string, type: RecordType = "A", more: Packet = {}): Buffer {
  return encode({ type: "query", id: 77, flags: 0x0100, questions: [{ name, type }], ...more });
}

const EDNS = { type: "OPT", name: ".", udpPayloadSize: 4096, flags: 0x8000, options: [] } as const;

function withEdns(size: number): Packet {
  return { additionals: [{ ...EDNS, udpPayloadSize: size } as never] };
}

const GUEST = { port: "a", client: "guest" };

async function ask(bytes: Uint8Array, via: "udp" | "tcp" = "udp", asker: Asker = GUEST): Promise<DecodedPacket> {
  const answer = await forwarder.ask(bytes, via, asker, places);
  return decode(Buffer.from(answer!));
}

function rcodeOf(packet: DecodedPacket): string {
  return (packet as unknown as { rcode: string }).rcode;
}

function recordsOf({ answers }: DecodedPacket): string[] {
  return answers!.map((answer) => `${answer.name} ${"ttl" in answer ? answer.ttl : ""} ${answer.type} ` +
    ("data" in answer ? JSON.stringify(answer.data) : ""));
}

describe("the cache", () => {
  it("answers the second time, with TTLs counted down", async () => {
    expect(recordsOf(await ask(query("a.test")))).toEqual(['a.test 300 A "192.0.2.1"']);
    nowMs += 100_500;
    expect(recordsOf(await ask(query("a.test")))).toEqual(['a.test 200 A "192.0.2.1"']);
    expect(upstream.asked.length).toBe(1);
    expect(forwarder.counters).toMatchObject({ hits: 1, misses: 1 });
  });

  it("asks again when the shortest TTL is over", async () => {
    upstream.script = (asked) => [answerTo(asked, { answers: [a("a.test", 300), a("a.test", 10)] })];
    await ask(query("a.test"));
    nowMs += 9_999;
    await ask(query("a.test"));
    expect(upstream.asked.length).toBe(1);
    nowMs += 1;
    await ask(query("a.test"));
    expect(upstream.asked.length).toBe(2);
  });

  it("knows a name in any case, and gives each client its own back", async () => {
    await ask(query("a.test"));
    const answer = await ask(query("A.tEsT", "A", { id: 5 }));
    expect([answer.id, answer.questions![0]!.name]).toEqual([5, "A.tEsT"]);
    expect(upstream.asked.length).toBe(1);
  });

  it("keeps a day at most", async () => {
    upstream.script = (asked) => [answerTo(asked, { answers: [a("a.test", 1_000_000)] })];
    expect(recordsOf(await ask(query("a.test")))).toEqual(['a.test 86400 A "192.0.2.1"']);
    nowMs += 86_400_000;
    await ask(query("a.test"));
    expect(upstream.asked.length).toBe(2);
  });

  it.each([
    ["NXDOMAIN", 3, 300, 60, 60],
    ["NXDOMAIN, whose SOA lives shorter", 3, 20, 60, 20],
    ["no such record", 0, 300, 60, 60],
    ["NXDOMAIN for a week: three hours", 3, 604_800, 604_800, 10_800],
  ])("rfc2308 keeps %s", async (_, flags, ttl, minimum, seconds) => {
    upstream.script = (asked) => [answerTo(asked, { flags, authorities: [soa(ttl, minimum)] })];
    await ask(query("a.test"));
    nowMs += seconds * 1000 - 1;
    const answer = await ask(query("a.test"));
    expect([rcodeOf(answer), upstream.asked.length]).toEqual([flags === 3 ? "NXDOMAIN" : "NOERROR", 1]);
    nowMs += 1;
    await ask(query("a.test"));
    expect(upstream.asked.length).toBe(2);
  });

  it.each([["without SOA", { flags: 3 }], ["of a server that failed", { flags: 2, authorities: [soa(60, 60)] }]])(
    "keeps no answer %s", async (_, packet: Packet) => {
      upstream.script = (asked) => [answerTo(asked, packet)];
      await ask(query("a.test"));
      await ask(query("a.test"));
      expect(upstream.asked.length).toBe(2);
    });

  it("tells types and DO apart", async () => {
    await ask(query("a.test"));
    await ask(query("a.test", "TXT"));
    await ask(query("a.test", "A", { additionals: [EDNS as never] }));
    expect(upstream.asked.length).toBe(3);
  });

  it("takes a name with a dot inside of a label for another", async () => {
    // In the bytes that came: dns-packet itself takes the two for one.
    upstream.script = (_asked, _via, raw) => {
      const answer = Buffer.concat([raw.subarray(0, -11), Buffer.from("c00c00010001000001000004c0000201", "hex")]);
      answer.set([0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0], 2);
      return [answer];
    };
    await ask(query("a.b.test"));
    await ask(query("a.b.test"));
    expect(upstream.asked.length).toBe(1);
    const odd = query("a-b.test");
    odd.write(".", odd.indexOf("-"));
    await ask(odd);
    expect(upstream.asked.length).toBe(2);
  });

  it("forgets with the configuration", async () => {
    await ask(query("a.test"));
    forwarder.reconfigure(config());
    await ask(query("a.test"));
    expect(upstream.asked.length).toBe(2);
  });
});

describe("upstreams", () => {
  it("that are not configured are the host's", async () => {
    forwarder = make({ config: config({ upstreams: [] }), upstreams: () => ({ servers: [upstream.address] }) });
    expect(rcodeOf(await ask(query("a.test")))).toBe("NOERROR");
  });

  it.each([["none", []], ["no addresses", ["example.org", "1.2.3.4:0", "[::1"]]])(
    "%s: SERVFAIL", async (_, upstreams) => {
      forwarder = make({ config: config({ upstreams }) });
      expect(rcodeOf(await ask(query("a.test")))).toBe("SERVFAIL");
    });

  it("are asked from other ports, under other IDs than the client's", async () => {
    for (let n = 0; n < 8; n++) await ask(query(`a${n}.test`));
    expect(new Set(upstream.ids).size).toBeGreaterThan(1);
    expect(new Set(upstream.ports).size).toBeGreaterThan(1);
  });

  it("that are silent are asked again until the time is over: SERVFAIL", async () => {
    forwarder = make({ times: QUICK });
    upstream.script = () => [];
    const answer = await ask(query("a.test"));
    expect([rcodeOf(answer), answer.questions![0]!.name]).toEqual(["SERVFAIL", "a.test"]);
    expect(forwarder.counters.upstream).toBeGreaterThan(1);
    expect(forwarder.counters).toMatchObject({ failed: 1, unanswered: forwarder.counters.upstream });
  });

  it.each([["are silent", undefined], ["fail", 2], ["refuse", 5]])("that %s leave it to the next", async (_, flags) => {
    const second = await new Upstream().open();
    const upstreams = [upstream.address, second.address];
    const times = { tryMs: flags === undefined ? 100 : 2_000, totalMs: 5_000 };
    forwarder = make({ config: config({ upstreams }), times });
    upstream.script = (asked) => (flags === undefined ? [] : [answerTo(asked, { flags })]);
    expect(rcodeOf(await ask(query("a.test")))).toBe("NOERROR");
    for (const { asked } of [upstream, second]) expect(asked).toContain("udp a.test");
    second.close();
  });

  it("that say nothing are passed over from then on, and get a copy now and then until they answer", async () => {
    const silent = await new Upstream().open();
    onTestFinished(() => silent.close());
    const usual = silent.script;
    silent.script = () => [];
    forwarder = make({ config: config({ upstreams: [silent.address, upstream.address] }), times: QUICK });
    for (const name of ["a.test", "b.test", "c.test"]) expect(rcodeOf(await ask(query(name)))).toBe("NOERROR");
    expect([silent.asked, upstream.asked]).toEqual([["udp a.test"], ["udp a.test", "udp b.test", "udp c.test"]]);
    silent.script = usual;
    nowMs += SILENT_MS;
    await ask(query("d.test"));
    await expect.poll(() => silent.asked).toEqual(["udp a.test", "udp d.test"]);
    await expect.poll(async () => {
      await ask(query(`e${silent.asked.length}-${upstream.asked.length}.test`));
      return silent.asked.length;
    }).toBeGreaterThan(2);
  });

  it("that change have what the old ones said forgotten", async () => {
    const other = await new Upstream().open();
    onTestFinished(() => other.close());
    let servers = [upstream.address];
    forwarder = make({ config: config({ upstreams: [] }), upstreams: () => ({ servers }) });
    await ask(query("a.test"));
    servers = [other.address];
    for (let n = 0; n < 2; n++) await ask(query("a.test"));
    expect([upstream.asked, other.asked]).toEqual([["udp a.test"], ["udp a.test"]]);
  });

  it("that all fail have the last word", async () => {
    upstream.script = (asked) => [answerTo(asked, { flags: 5 })];
    expect(rcodeOf(await ask(query("a.test")))).toBe("REFUSED");
    expect(upstream.asked.length).toBe(1);
  });

  it("that know no EDNS are asked without", async () => {
    upstream.script = (asked) => [answerTo(asked, asked.additionals!.length > 0 ? { flags: 1 } : {})];
    expect(rcodeOf(await ask(query("a.test")))).toBe("NOERROR");
  });

  it.each<[string, (asked: DecodedPacket) => Uint8Array]>([
    ["the wrong ID", (asked) => answerTo({ ...asked, id: asked.id! ^ 1 })],
    ["another name", (asked) => answerTo({ ...asked, questions: [{ type: "A", name: "b.test" }] })],
    ["another type", (asked) => answerTo({ ...asked, questions: [{ type: "TXT", name: "a.test" }] })],
    ["no question", (asked) => answerTo({ ...asked, questions: [] })],
    ["a query", (asked) => encode({ ...asked, type: "query" })],
    ["a record cut off", (asked) => answerTo(asked, { answers: [a("a.test", 1)] }).subarray(0, -1)],
    ["a header cut off", (asked) => answerTo(asked).subarray(0, 11)],
    ["nothing", () => new Uint8Array(0)],
  ])("rfc5452 an answer with %s is passed over", async (_, wrong) => {
    upstream.script = (asked) => [wrong(asked), answerTo(asked, { answers: [a("a.test", 300, "192.0.2.7")] })];
    expect(recordsOf(await ask(query("a.test")))).toEqual(['a.test 300 A "192.0.2.7"']);
    expect(forwarder.counters.mismatched).toBe(1);
  });

  it("are asked over TCP where an answer is cut", async () => {
    const answers = Array.from({ length: 100 }, (_, n) => a("a.test", 300, `192.0.2.${n}`));
    upstream.script = (asked, via) => [answerTo(asked, via === "udp" ? { flags: 0x0200 } : { answers })];
    expect((await ask(query("a.test"), "tcp")).answers!.length).toBe(100);
    expect(upstream.asked).toEqual(["udp a.test", "tcp a.test"]);
  });

  it("that cut and then hang up leave the client with SERVFAIL", async () => {
    upstream.script = (asked, via) => (via === "udp" ? [answerTo(asked, { flags: 0x0200 })] : []);
    expect(rcodeOf(await ask(query("a.test")))).toBe("SERVFAIL");
  });
});

describe("size", () => {
  const long = (count: number): void => {
    const answers = Array.from({ length: count }, (_, n) => a("a.test", 300, `192.0.2.${n}`));
    upstream.script = (asked) => [answerTo(asked, { answers })];
  };

  it.each<[string, Packet, number, boolean]>([
    ["512 bytes without EDNS: fits", {}, 22, false],
    ["512 bytes without EDNS: cut", {}, 23, true],
    ["what EDNS says: fits", withEdns(600), 24, false],
    ["what EDNS says: cut", withEdns(600), 26, true],
    ["1,232 at most: cut", withEdns(4096), 60, true],
    ["512 where EDNS says less: fits", withEdns(10), 20, false],
  ])("over UDP is %s", async (_, more, count, cut) => {
    long(count);
    const answer = await ask(query("a.test", "A", more));
    expect([answer.flag_tc, answer.answers!.length]).toEqual([cut, cut ? 0 : count]);
    expect(answer.additionals!.map(({ type }) => type)).toEqual(more.additionals ? ["OPT"] : []);
  });

  it("the upstream's OPT does not reach the client", async () => {
    upstream.script = (asked) => [answerTo(asked, { additionals: [a("x.test", 5), EDNS as never, a("y.test", 5)] })];
    const answer = await ask(query("a.test"));
    expect(answer.additionals!.map(({ name }) => name)).toEqual(["x.test"]);
  });
});

describe("limits", () => {
  it("the same question in flight is asked once", async () => {
    const other = ask(query("A.test", "A", { id: 3 }), "udp", { port: "b", client: "guest" });
    const answers = await Promise.all([ask(query("a.test")), other]);
    expect(answers.map(({ id, questions }) => [id, questions![0]!.name])).toEqual([[77, "a.test"], [3, "A.test"]]);
    expect(upstream.asked.length).toBe(1);
    expect(forwarder.counters.joined).toBe(1);
  });

  it("one client has its part, others have theirs", async () => {
    forwarder = make({ times: QUICK });
    upstream.script = () => [];
    const all = Array.from({ length: CLIENT_WAITING_MAX }, (_, n) => ask(query(`a${n}.test`)));
    expect(rcodeOf(await ask(query("b.test")))).toBe("REFUSED");
    expect(forwarder.counters.refused).toBe(1);
    expect(recordsOf(await ask(query("db.lan"))).length).toBe(1);
    all.push(ask(query("b.test"), "udp", { port: "a", client: "other" }));
    expect(new Set((await Promise.all(all)).map(rcodeOf))).toEqual(new Set(["SERVFAIL"]));
    expect(rcodeOf(await ask(query("b.test")))).toBe("SERVFAIL");
    expect(forwarder.counters.refused).toBe(1);
  });

  it("one port has its part, whatever clients it makes up, and others have theirs", async () => {
    forwarder = make({ times: QUICK });
    upstream.script = () => [];
    const all = Array.from({ length: WAITING_MAX }, (_, n) =>
      ask(query("a.test"), "udp", { port: "a", client: `guest ${n}` }));
    const others = Array.from({ length: 5 }, (_, n) => ask(query("b.test"), "udp", { port: `b${n}`, client: "guest" }));
    await Promise.all([...all, ...others]);
    const most = Math.ceil(WAITING_MAX * SHARE / (SHARE + 1));
    expect(forwarder.counters).toMatchObject({ refused: WAITING_MAX - most, misses: most + 5 });
  });

  it("after close nobody is answered", async () => {
    upstream.script = () => [];
    const waiting = forwarder.ask(query("a.test"), "udp", GUEST, places);
    forwarder.close();
    expect(await waiting).toBeUndefined();
    expect(await forwarder.ask(query("web"), "udp", GUEST, places)).toBeUndefined();
  });
});

describe("malformed queries", () => {
  const good = query("a.test");
  const spoilt = (at: number, ...values: number[]): Buffer => {
    const copy = Buffer.from(good);
    copy.set(values, at);
    return copy;
  };
  const twoOpts = query("a.test", "A", { additionals: [EDNS as never, EDNS as never] });

  it.each<[string, Uint8Array]>([
    ["nothing at all", new Uint8Array(0)],
    ["a header cut off", good.subarray(0, 11)],
    ["an answer", spoilt(2, 0x81)],
  ])("%s: silence", async (_, bytes) => {
    expect(await forwarder.ask(bytes, "udp", GUEST, places)).toBeUndefined();
    expect(forwarder.counters.ignored).toBe(1);
  });

  it.each<[string, Uint8Array, string]>([
    ["no question", spoilt(4, 0, 0).subarray(0, 12), "FORMERR"],
    ["two questions", spoilt(4, 0, 2), "FORMERR"],
    ["a name cut off", good.subarray(0, 15), "FORMERR"],
    ["a type cut off", good.subarray(0, -3), "FORMERR"],
    ["a name that points to itself", spoilt(12, 0xc0, 12), "FORMERR"],
    ["a label of the reserved kind", spoilt(12, 0x40), "FORMERR"],
    ["a name of 256 bytes", query(Array<string>(128).fill("a").join(".")), "FORMERR"],
    ["a record that is not there", spoilt(11, 1), "FORMERR"],
    ["65,535 records that are not there", spoilt(6, 255, 255), "FORMERR"],
    ["two OPT records", twoOpts, "FORMERR"],
    ["an update", spoilt(2, 0x28), "NOTIMP"],
  ])("%s: refused", async (_, bytes, rcode) => {
    const answer = await ask(bytes);
    expect([answer.id, rcodeOf(answer), upstream.asked.length]).toEqual([77, rcode, 0]);
    expect(forwarder.counters.malformed).toBe(1);
  });

  it("EDNS of another version: BADVERS", async () => {
    const answer = await ask(query("a.test", "A", { additionals: [{ ...EDNS, ednsVersion: 1 } as never] }));
    expect(answer.additionals![0]).toMatchObject({ type: "OPT", extendedRcode: 1, ednsVersion: 0 });
  });

  it.each<RecordType>(["AXFR", "IXFR"])("%s: refused", async (type) => {
    expect(rcodeOf(await ask(query("a.test", type)))).toBe("REFUSED");
  });
});
