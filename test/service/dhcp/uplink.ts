// A DHCP client on an uplink, and answers that a test writes, under a clock that the test turns.

import type { Place } from "../../../src/service/channel.js";
import type { Binding } from "../../../src/service/dhcp/binding.js";
import { DhcpClient } from "../../../src/service/dhcp/client.js";
import {
  openDatagram, PORT_CLIENT, PORT_SERVER, sealDatagram, type Datagram,
} from "../../../src/service/dhcp/datagram.js";
import { buildMessage, parseMessage, TYPE, type DhcpMessage } from "../../../src/service/dhcp/message.js";
import { addressBytes, CODE, numberBytes } from "../../../src/service/dhcp/options.js";
import { MAC_BROADCAST } from "../../../src/wire/packet.js";
import { ALL, NONE, PLACE } from "./rig.js";

const UPLINK: Place = {
  ...PLACE, id: 9, switch: "edge", vlan: 1, mac: "02:00:00:00:0f:01", address: NONE, uplink: true,
};
/** Who answers, unless a test says otherwise. */
export const SERVER = { mac: "02:00:00:00:0e:01", address: "203.0.113.1" };
export const ADDRESS = "203.0.113.77";

type Said = DhcpMessage & { way: Datagram };

const DEFAULTS: [number, Uint8Array][] = [
  [CODE.server, addressBytes(SERVER.address)], [CODE.lease, numberBytes(1000, 4)],
  [CODE.mask, addressBytes("255.255.255.0")], [CODE.router, addressBytes("203.0.113.254")],
  [CODE.dns, addressBytes("203.0.113.53", "198.51.100.53")],
];

export class Uplink {
  nowMs = 5_000;
  wallMs = 1_700_000_000_000;
  chance = 0.5;
  readonly bindings: (Binding | undefined)[] = [];
  client = this.make();
  #said: Said[] = [];

  make(): DhcpClient {
    return new DhcpClient(UPLINK, {
      clock: () => this.nowMs, wall: () => this.wallMs, random: () => this.chance,
      onBinding: (binding) => this.bindings.push(binding),
      transmit: (_, frame) => {
        const way = openDatagram(frame, PORT_SERVER) as Datagram;
        this.#said.push({ ...parseMessage(way.payload) as DhcpMessage, way });
        return true;
      },
    });
  }

  /** What it has said since it was asked last. */
  said(): Said[] {
    const said = this.#said;
    this.#said = [];
    return said;
  }

  last(): Said {
    return this.said().at(-1)!;
  }

  /** Lets time go by as a caller of `tick` does; gives the seconds at which it said something. */
  pass(seconds: number): number[] {
    const [startMs, endMs] = [this.nowMs, this.nowMs + seconds * 1000];
    const times: number[] = [];
    for (let calls = 0; calls < 10_000; calls++) {
      const before = this.#said.length;
      const waitMs = this.client.tick();
      if (this.#said.length > before) times.push(Math.round((this.nowMs - startMs) / 1000));
      if (this.nowMs + waitMs > endMs) break;
      this.advance(waitMs);
    }
    this.advance(endMs - this.nowMs);
    this.client.tick();
    return times;
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.wallMs += ms;
  }

  /** An answer to `said`, as it should be but for what is given. */
  answer(type: number, said: Said, options: [number, Uint8Array][] = [], header: Partial<DhcpMessage> = {}): void {
    const message: DhcpMessage = {
      op: 2, xid: said.xid, secs: 0, broadcast: true, ciaddr: NONE, yiaddr: type === TYPE.nak ? NONE : ADDRESS,
      giaddr: NONE, mac: UPLINK.mac, type, ...header, options: new Map([...DEFAULTS, ...options]),
    };
    this.client.receive(sealDatagram({
      sourceMac: SERVER.mac, destinationMac: MAC_BROADCAST, source: SERVER.address, destination: ALL,
      port: PORT_CLIENT, payload: buildMessage(message, 1472),
    }));
  }

  /** From nothing to bound, with these options in offer and acknowledgement. */
  bind(options: [number, Uint8Array][] = []): Said {
    this.client.linkUp();
    this.answer(TYPE.offer, this.last(), options);
    const request = this.last();
    this.answer(TYPE.ack, request, options);
    return request;
  }
}
