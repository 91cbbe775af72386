// The services of a router over changes of its configuration: what stays, and what they count.

import { decode, encode, type RecordType } from "dns-packet";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import type { RouterConfig } from "../../src/config/model.js";
import { parseConfig } from "../../src/config/parse.js";
import { buildReturn } from "../../src/service/arrival.js";
import type { Place } from "../../src/service/channel.js";
import { RouterServices } from "../../src/service/router-services.js";
import { PROTOCOL_TCP, buildSegment } from "../../src/service/tcp/segment.js";
import { PROTOCOL_UDP, buildUdp } from "../../src/wire/packet.js";
import { Upstream, answerTo } from "./dns/upstream.js";
import { GUEST, PLACE, PORT, placeOf } from "./tcp/peer.js";

const SERVFAIL = 2;

let services: RouterServices;
let sent: Uint8Array[];

function routerWith(more: object = {}, dns: object = { hosts: { "db.lan": "10.0.20.5" } }): RouterConfig {
  const router = { interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24" }], dns, ...more };
  const switches = { lab: { ports: { a: { memory: true, access: 10 } } } };
  return parseConfig(JSON.stringify({ switches, routers: { edge: router } }), "test").routers["edge"]!;
}

beforeEach(() => {
  sent = [];
  services = new RouterServices({
    router: "edge", transmit: (_, frame) => sent.push(frame) > 0, onBinding: () => undefined, onChange: () => undefined,
    isAlone: () => false,
  });
  onTestFinished(() => { services.close(false); });
  services.update(routerWith(), [PLACE]);
});

function ask(name = "db.lan", guest = GUEST, place = PLACE, port = "a", type: RecordType = "A"): void {
  const payload = encode({ type: "query", id: 1, flags: 0x0100, questions: [{ name, type }] });
  const udp = buildUdp({ sourcePort: PORT, destinationPort: 53, payload }, guest.address, place.address);
  services.receive(place.id, buildReturn({ ...place, ...guest }, place, PROTOCOL_UDP, udp), port);
}

/** A segment of no connection. */
function stray(): void {
  const segment = { sourcePort: PORT, destinationPort: 53, seq: 5, ack: 9, window: 1, payload: Buffer.alloc(0) };
  const bytes = buildSegment(segment, GUEST.address, PLACE.address);
  services.receive(PLACE.id, buildReturn(placeOf(GUEST), PLACE, PROTOCOL_TCP, bytes), "a");
}

it("counts what DNS on a network passed over, limited and did over TCP", async () => {
  for (let n = 0; n < 2_000; n++) ask();
  stray();
  await expect.poll(() => sent.length).toBeGreaterThan(1);
  const counts = services.counts();
  expect(counts["dns lab/10"]).toMatchObject({ malformed: 0, lost: 0, tcpMalformed: 0, tcpOpened: 0, tcpResets: 1 });
  expect(counts["dns lab/10"]!["limited"]).toBeGreaterThan(0);
  expect(counts["dns"]).toMatchObject({ local: 2_000 - counts["dns lab/10"]!["limited"]! });
});

it.each<[string, object]>([
  ["the same again", {}],
  ["with another MAC in the file", { mac: "02:00:00:00:00:77" }],
])("DNS stays over a change that is not its own: %s", (_, more) => {
  stray();
  services.update(routerWith(more), [{ ...PLACE }]);
  expect(services.counts()["dns lab/10"]).toMatchObject({ tcpResets: 1 });
});

it("what DNS remembers is forgotten with its own configuration only", async () => {
  const upstream = await new Upstream().open();
  onTestFinished(() => upstream.close());
  const dns = { upstreams: [upstream.address] };
  const askAgain = async (more: object): Promise<number> => {
    services.update(routerWith({}, { ...dns, ...more }), [{ ...PLACE }]);
    const before = sent.length;
    ask("www.test");
    await expect.poll(() => sent.length).toBe(before + 1);
    return upstream.asked.length;
  };
  expect([await askAgain({}), await askAgain({}), await askAgain({ domain: "lan" })]).toEqual([1, 1, 2]);
});

it("a guest whose questions wait silences neither its neighbors nor another network", async () => {
  const upstream = await new Upstream().open();
  onTestFinished(() => upstream.close());
  upstream.script = (asked) => (asked.questions![0]!.name.toLowerCase().endsWith(".silent") ? [] : [answerTo(asked)]);
  const other: Place = { ...PLACE, id: 8, vlan: 20, address: "10.0.20.1" };
  services.update(routerWith({}, { upstreams: [upstream.address] }), [PLACE, other]);
  for (let n = 0; n < 300; n++) {
    ask(`${n}.silent`, { mac: GUEST.mac, address: `10.0.20.${2 + n % 200}` }, other, "hostile");
  }
  for (let n = 0; n < 10; n++) ask(`${n}.test`, { mac: GUEST.mac, address: "10.0.20.9" }, other, "b");
  for (let n = 10; n < 20; n++) ask(`${n}.test`);
  const rcodes = (): number[] => sent.map((frame) => frame[45]! & 15).filter((rcode) => rcode !== SERVFAIL);
  await expect.poll(rcodes).toHaveLength(20);
});

it("rfc2131 4.1 the DHCP client's transaction IDs are no generator's that can be foreseen", () => {
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  onTestFinished(() => { vi.restoreAllMocks(); });
  const uplink = { memory: true, address: "dhcp" };
  const place: Place = { ...PLACE, id: 9, uplink: true, address: "0.0.0.0", prefix: 0 };
  services.update(routerWith({ uplink }), [PLACE, place]);
  for (let n = 0; n < 2; n++) {
    services.linkChanged(true);
    services.linkChanged(false);
  }
  const ids = sent.map((frame) => Buffer.from(frame.subarray(46, 50)).toString("hex"));
  expect(ids).toHaveLength(2);
  expect(ids[0]).not.toBe(ids[1]);
});

it("DNS of an interface with another address begins anew", () => {
  stray();
  services.update(routerWith(), [{ ...PLACE, address: "10.0.10.2" }]);
  expect(services.counts()["dns lab/10"]).toMatchObject({ tcpResets: 0 });
});

it("a host with a reservation is found by its name, without and with the domain, before it has a lease", async () => {
  const hosts = { "02:00:00:00:00:09": { address: "10.0.10.9", name: "db" } };
  const dhcp = { range: "10.0.10.100-10.0.10.110", hosts };
  const interfaces = [{ switch: "lab", vlan: 10, address: "10.0.10.1/24", dhcp }];
  services.update(routerWith({ interfaces }, { domain: "lab.example" }), [PLACE]);
  ask("db");
  ask("db.lab.example");
  ask("9.10.0.10.in-addr.arpa", GUEST, PLACE, "a", "PTR");
  await expect.poll(() => sent.length).toBe(3);
  const answers = sent.map((frame) => decode(Buffer.from(frame.subarray(42))).answers![0]);
  expect(answers).toMatchObject([{ data: "10.0.10.9" }, { data: "10.0.10.9" }, { data: "db.lab.example" }]);
});
