// A router on one, two and four worker threads: many hosts speak to the world and to each other at once, while the
// configuration changes. No datagram is lost, doubled or overtaken, and every frame is accounted for. (Turn by turn,
// and what becomes of each kind of packet: test/router/workers.test.ts.)

import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/model.js";
import { parseConfig } from "../../src/config/parse.js";
import type { Engine } from "../../src/engine.js";
import { arp, ether, parse, udp, type Parsed } from "../router/packet.js";
import { startEngine, until } from "./lab.js";

const MAC = "02:00:00:00:00:01";
const OUT = "203.0.113.2";
const WORLD = "203.0.113.1";
const HOSTS = Array.from({ length: 12 }, (_, i) => `10.0.${i % 2 ? 20 : 10}.${5 + i}`);
const ROUNDS = 20;
const BURST = 20; // datagrams of a host in a round

function network(forwards: string[]): Config {
  const memory = { memory: true };
  const ports = { a: { ...memory, access: 10 }, b: { ...memory, access: 20 } };
  const interfaces = [10, 20].map((vlan) => ({ switch: "lab", vlan, address: `10.0.${vlan}.1/24` }));
  const uplink = { ...memory, address: `${OUT}/24`, gateway: WORLD };
  const router = { mac: MAC, interfaces, uplink, forwards, nat: { filtering: "endpoint-independent" } };
  return parseConfig(JSON.stringify({ switches: { lab: { ports } }, routers: { edge: router } }), "test");
}

/** All hosts at a memory port: they answer ARP, and hand on the datagrams that come. */
class Wire {
  constructor(
    readonly engine: Engine, readonly on: [string, string], readonly prefix: string,
    readonly take: (datagram: Parsed) => void,
  ) {
    engine.memory(...on).onFrames((frames) => { for (const frame of frames) this.#receive(parse(frame)); });
  }

  #receive(frame: Parsed): void {
    if (frame.udp) return this.take(frame);
    if (frame.arp?.op !== 1) return;
    const { senderMac: to, senderIp, targetIp } = frame.arp;
    if (senderIp === targetIp || !targetIp.startsWith(this.prefix)) return; // an announcement, or not here
    const from = macOf(targetIp);
    const answer = arp({ op: 2, senderMac: from, senderIp: targetIp, targetMac: to, targetIp: senderIp });
    this.engine.memory(...this.on).send(ether({ to, from, type: 0x0806 }, answer));
  }

  send(from: string, to: string, payload: string): void {
    const frame = ether({ to: MAC, from: macOf(from.split(":")[0]!) }, udp({ from, to, payload }));
    expect(this.engine.memory(...this.on).send(frame)).toBe(true);
  }
}

function macOf(address: string): string {
  return `02:aa:${address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join(":")}`;
}

describe.each([1, 2, 4])("with %i workers", (workers) => {
  it("hosts get all answers of the world and of each other, in order, while forwards come and go", async () => {
    const engine = await startEngine(network([]), workers);
    const got = new Map<string, number[]>();
    const note = ({ ip, udp: datagram, payload }: Parsed): void => {
      const flow = `${datagram!.from === `${WORLD}:7` ? "world" : "peer"} ${ip!.to}`;
      got.set(flow, [...got.get(flow) ?? [], Number(Buffer.from(payload).toString())]);
    };
    const world = new Wire(engine, ["edge", "uplink"], "203.0.113.", ({ udp: datagram, payload }) => {
      world.send(`${WORLD}:7`, datagram!.from, Buffer.from(payload).toString());
    });
    const on10 = new Wire(engine, ["lab", "a"], "10.0.10.", note);
    const on20 = new Wire(engine, ["lab", "b"], "10.0.20.", note);
    const wireOf = (host: string): Wire => host.startsWith("10.0.10.") ? on10 : on20;
    let sent = 0;
    const speak = async (to: (i: number) => string, flow: string, count: number): Promise<void> => {
      for (let n = 0; n < count; n++, sent++) {
        HOSTS.forEach((host, i) => { wireOf(host).send(`${host}:${1000 + i}`, to(i), `${sent}`); });
      }
      await until(() => HOSTS.every((host) => got.get(`${flow} ${host}`)?.at(-1) === sent - 1), `all of ${flow}`);
    };
    const peer = (i: number): string => `${OUT}:${1000 + (i + 1) % HOSTS.length}`;
    for (const count of [1, ...Array.from({ length: ROUNDS }, () => BURST)]) {
      await speak(() => `${WORLD}:7`, "world", count);
      await speak(peer, "peer", count);
      await engine.apply(network(sent % 3 ? [`udp ${8000 + sent % 7} -> 10.0.10.77:80`] : []));
    }
    for (const numbers of got.values()) {
      expect(numbers).toHaveLength(1 + ROUNDS * BURST);
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    }
    expect(got.size).toBe(2 * HOSTS.length);
    expect(engine.stats().totals.drops).toEqual({});
  }, 60_000);
});
