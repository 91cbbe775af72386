// The names that a router answers by itself: static ones, guests', its own domain, and the reverse names of its own
// networks; and which questions go upstream.

import { randomBytes } from "node:crypto";
import { decode, encode, type DecodedPacket, type RecordType } from "dns-packet";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DnsConfig } from "../../../src/config/model.js";
import { DnsForwarder } from "../../../src/service/dns/forwarder.js";
import { Places } from "../../../src/service/share.js";
import { Upstream } from "./upstream.js";

let upstream: Upstream;
let forwarder: DnsForwarder;

const places = new Places(() => 1, 1);
const GUESTS: Record<string, string[]> = { web: ["10.0.10.5"], ["we.b"]: ["10.0.10.6"], com: ["10.0.10.7"] };
const HOSTS = {
  "db.lan": ["10.0.20.5", "10.0.20.6"], "nothing.lan": [], "box": ["10.0.10.8"], "a.deep.lab.test": ["10.0.10.9"],
};

function config(hosts: Record<string, string[]> = HOSTS): DnsConfig {
  return { upstreams: [upstream.address], hosts, domain: "lab.test" };
}

beforeEach(async () => {
  upstream = await new Upstream().open();
  forwarder = new DnsForwarder({
    config: config(), clock: () => 1_000, random: randomBytes, upstreams: () => ({ servers: [] }),
    names: (name) => (Object.hasOwn(GUESTS, name) ? GUESTS[name] : undefined),
    reverse: (address) => (address === "10.0.10.5" ? "web" : undefined),
    networks: () => [{ address: "10.0.10.1", prefix: 24 }, { address: "10.0.20.1", prefix: 28 }],
  });
});

afterEach(() => {
  forwarder.close();
  upstream.close();
});

async function ask(name: string, type: RecordType = "A"): Promise<DecodedPacket> {
  const query = encode({ type: "query", id: 77, flags: 0x0100, questions: [{ name, type }] });
  return decode(Buffer.from((await forwarder.ask(query, "udp", { port: "a", client: "guest" }, places))!));
}

function rcodeOf(packet: DecodedPacket): string {
  return (packet as unknown as { rcode: string }).rcode;
}

function recordsOf({ answers }: DecodedPacket): string[] {
  return answers!.map((answer) => `${answer.name} ${"ttl" in answer ? answer.ttl : ""} ${answer.type} ` +
    ("data" in answer ? JSON.stringify(answer.data) : ""));
}

describe("names of its own", () => {
  it.each<[string, RecordType, string[]]>([
    ["db.lan", "A", ['db.lan 60 A "10.0.20.5"', 'db.lan 60 A "10.0.20.6"']],
    ["DB.Lan", "A", ['DB.Lan 60 A "10.0.20.5"', 'DB.Lan 60 A "10.0.20.6"']],
    ["db.lan", "AAAA", []],
    ["db.lan", "MX", []],
    ["nothing.lan", "A", []],
    ["web", "A", ['web 60 A "10.0.10.5"']],
    ["web.lab.test", "A", ['web.lab.test 60 A "10.0.10.5"']],
    ["web.lab.test", "AAAA", []],
    ["web.lab.test", "MX", []],
    ["web", "AAAA", []],
    ["com.lab.test", "A", ['com.lab.test 60 A "10.0.10.7"']],
    ["com.lab.test", "DS", []],
    ["box", "A", ['box 60 A "10.0.10.8"']],
    ["box.lab.test", "A", ['box.lab.test 60 A "10.0.10.8"']],
    ["lab.test", "SOA", []],
    ["deep.lab.test", "A", []],
    ["10.0.10.in-addr.arpa", "SOA", []],
    ["5.20.0.10.in-addr.arpa", "PTR", ['5.20.0.10.in-addr.arpa 60 PTR "db.lan"']],
    ["5.10.0.10.in-addr.arpa", "PTR", ['5.10.0.10.in-addr.arpa 60 PTR "web.lab.test"']],
  ])("%s %s", async (name, type, records) => {
    const answer = await ask(name, type);
    expect(rcodeOf(answer)).toBe("NOERROR");
    expect(recordsOf(answer)).toEqual(records);
    expect([answer.id, answer.questions![0]!.name, answer.flag_aa]).toEqual([77, name, true]);
    expect(upstream.asked).toEqual([]);
  });

  it.each(["other.lan", "other", "we.b", "web.lab.test.org", "7.30.0.10.in-addr.arpa", "toString",
    "20.20.0.10.in-addr.arpa", "20.0.10.in-addr.arpa", "0.10.in-addr.arpa", "com", "notlab.test", "test"])(
    "%s is nobody's here", async (name) => {
      await ask(name);
      expect(upstream.asked).toEqual([`udp ${name.toLowerCase()}`]);
    });

  it.each<[string, RecordType]>([
    ["other.lab.test", "A"], ["_ldap._tcp.lab.test", "SRV"], ["x.web.lab.test", "A"], ["we.b.lab.test", "A"],
    ["LAB.Lab.Test", "TXT"], ["7.10.0.10.in-addr.arpa", "PTR"], ["14.20.0.10.in-addr.arpa", "PTR"],
    ["b._dns-sd._udp.0.10.0.10.in-addr.arpa", "PTR"],
  ])("rfc6303: %s %s does not exist, and nobody else is asked", async (name, type) => {
    const answer = await ask(name, type);
    expect([rcodeOf(answer), answer.answers, answer.flag_aa]).toEqual(["NXDOMAIN", [], true]);
    expect(upstream.asked).toEqual([]);
  });

  it.each<[string, RecordType]>([["com", "DS"], ["com", "A"], ["com", "NS"], ["web", "NS"], ["web", "DS"]])(
    "a guest's single label does not shadow the root: %s %s", async (name, type) => {
      await ask(name, type);
      expect(upstream.asked).toEqual([`udp ${name.toLowerCase()}`]);
    });

  it("change with the configuration", async () => {
    forwarder.reconfigure(config({ "new.lan": ["10.0.0.9"] }));
    expect(recordsOf(await ask("new.lan"))).toEqual(['new.lan 60 A "10.0.0.9"']);
  });
});
