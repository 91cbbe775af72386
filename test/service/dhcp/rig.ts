// A DHCP server on an interface, and guests that say what a test wants, under a clock that the test turns.

import type { DhcpConfig } from "../../../src/config/model.js";
import type { Place } from "../../../src/service/channel.js";
import {
  openDatagram, PORT_CLIENT, PORT_SERVER, sealDatagram, type Datagram,
} from "../../../src/service/dhcp/datagram.js";
import { LeaseBook } from "../../../src/service/dhcp/lease-book.js";
import { buildMessage, parseMessage, TYPE, type DhcpMessage } from "../../../src/service/dhcp/message.js";
import { addressBytes, CODE, textBytes } from "../../../src/service/dhcp/options.js";
import { DhcpServer, type DhcpEvent } from "../../../src/service/dhcp/server.js";
import { MAC_BROADCAST } from "../../../src/wire/packet.js";

export const PLACE: Place = {
  id: 1, router: "edge", switch: "lab", vlan: 10, mac: "02:00:00:00:00:fe", address: "10.0.10.1", prefix: 24,
  mtu: 1500, uplink: false,
};
export const CONFIG: DhcpConfig = {
  first: "10.0.10.100", last: "10.0.10.199", leaseSeconds: 3600, dns: [], routes: [], hosts: {},
};
export const NONE = "0.0.0.0";
export const ALL = "255.255.255.255";

export const macOf = (number: number): string => `02:00:00:01:${hex(number >> 8)}:${hex(number & 255)}`;
const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

export type Reply = DhcpMessage & { way: Datagram };

export interface Asked extends Partial<Omit<DhcpMessage, "options" | "type">> {
  /** Options 50, 54, 12 and 61. */
  requested?: string;
  server?: string;
  hostname?: string;
  clientId?: number[];
  options?: [number, Uint8Array][];
  /** IPv4 destination; absent: broadcast. */
  to?: string;
  /** By which port of the switch it comes; absent: "a". */
  port?: string;
}

export function frameOf(type: number, asked: Asked = {}): Uint8Array {
  const { requested, server, hostname, clientId, options = [], to = ALL, ...header } = asked;
  const message: DhcpMessage = {
    op: 1, xid: 0x1234, secs: 0, broadcast: false, ciaddr: NONE, yiaddr: NONE, giaddr: NONE, mac: macOf(1), type,
    options: new Map([
      ...(requested === undefined ? [] : [[CODE.requested, addressBytes(requested)] as const]),
      ...(server === undefined ? [] : [[CODE.server, addressBytes(server)] as const]),
      ...(hostname === undefined ? [] : [[CODE.hostname, textBytes(hostname)] as const]),
      ...(clientId === undefined ? [] : [[CODE.client, Uint8Array.from(clientId)] as const]),
      ...options,
    ]),
    ...header,
  };
  return framed(buildMessage(message, 1472), message.ciaddr, to, message.mac);
}

export function framed(payload: Uint8Array, source = NONE, destination = ALL, sourceMac = macOf(1)): Uint8Array {
  return sealDatagram({
    sourceMac, destinationMac: destination === ALL ? MAC_BROADCAST : PLACE.mac, source, destination,
    port: PORT_SERVER, payload,
  });
}

export function replyOf(frame: Uint8Array): Reply {
  const way = openDatagram(frame, PORT_CLIENT);
  if (typeof way === "string") throw new Error(`a reply's frame is ${way}`);
  const message = parseMessage(way.payload);
  if (typeof message === "string") throw new Error(`a reply is ${message}`);
  return { ...message, way };
}

export class Rig {
  nowMs = 1_000;
  wallMs = 1_700_000_000_000;
  hasRoom = true;
  /** The network has one port only. */
  isAlone = true;
  changes = 0;
  readonly events: DhcpEvent[] = [];
  readonly book: LeaseBook;
  server: DhcpServer;
  readonly #replies: Reply[] = [];

  constructor(config: Partial<DhcpConfig> = {}, place: Partial<Place> = {}, saved?: unknown) {
    this.book = new LeaseBook({
      router: "edge", clock: () => this.nowMs, wall: () => this.wallMs, onChange: () => this.changes++,
    });
    if (saved !== undefined) this.book.restore(saved);
    this.server = this.serve(config, place);
  }

  /** One more server on the same book. */
  serve(config: Partial<DhcpConfig>, place: Partial<Place> = {}, dnsServer = true): DhcpServer {
    return new DhcpServer({ ...PLACE, ...place }, { ...CONFIG, ...config }, {
      dnsServer, leases: this.book, isAlone: () => this.isAlone,
      clock: () => this.nowMs, onEvent: (event) => this.events.push(event),
      transmit: (_, frame) => {
        if (this.hasRoom) this.#replies.push(replyOf(frame));
        return this.hasRoom;
      },
    });
  }

  pass(seconds: number): void {
    this.nowMs += seconds * 1000;
    this.wallMs += seconds * 1000;
  }

  /** What is answered to one message. */
  say(type: number, asked: Asked = {}, server = this.server): Reply | undefined {
    return this.hear(frameOf(type, asked), server, asked.port);
  }

  /** The same for a frame that came by a port of the switch. */
  hear(frame: Uint8Array, server = this.server, port = "a"): Reply | undefined {
    this.#replies.length = 0;
    server.receive(frame, port);
    if (this.#replies.length > 1) throw new Error("one message had several answers");
    return this.#replies[0];
  }

  /** Discover, offer, request: the acknowledgement; undefined where it failed. */
  lease(asked: Asked = {}, server = this.server): Reply | undefined {
    const offer = this.say(TYPE.discover, asked, server);
    if (!offer) return undefined;
    return this.say(TYPE.request, { ...asked, requested: offer.yiaddr, server: offer.way.source }, server);
  }
}
