// A built-in guest: a tiny IPv4 host with one Ethernet interface, the other end of a memory port in the quickstart.
// Frames go in, frames come out; clock and randomness are arguments, so that a test can turn them. It has no timers:
// `poll` is called now and then. Whatever comes in, it never throws, and what it remembers is bounded.
// Owns the protocol logic; wire.ts has the formats, neighbors.ts the ARP cache, pings.ts the round trips.
// Read first: RFC 826 (ARP), RFC 792 (echo), RFC 768 (UDP), RFC 863 (discard), RFC 1122 section 3.2.

import { NeighborCache } from "./neighbors.js";
import { PingBook, type PingCount } from "./pings.js";
import {
  MAC_BROADCAST, MAC_NONE, PROTOCOL_ICMP, PROTOCOL_UDP, TPID_CUSTOMER, TYPE_ARP, TYPE_IPV4, addressNumber, buildArp,
  buildEcho, buildFrame, buildIpv4, buildUdp, isGroup, macBytes, parseArp, parseEcho, parseFrame, parseIpv4, parseUdp,
  type Arp, type Fault, type Frame, type Ipv4,
} from "../wire/packet.js";

/** Where guests take UDP datagrams: counted and forgotten (RFC 863). */
export const DISCARD_PORT = 9;
const PING_DATA_SIZE = 56;

export interface GuestOptions {
  /** Its own, not a group address. */
  mac: string;
  /** IPv4 address and prefix, 1 to 30, as in `10.0.10.1/24`; there is no gateway. */
  address: string;
  /** 1 to 4094: it speaks with this VLAN tag (for a trunk port); absent: untagged. */
  vlan?: number;
}

/** What a guest has seen; all but the round trip are counts since it was made. */
export interface GuestReport {
  pings: PingCount;
  /** Median of the latest round trips, ms; absent before the first. */
  roundTripMs?: number;
  udp: { sent: number; received: number };
  /** Packets of its own that never left: the address is not in its network, or nobody answered for it. */
  unreachable: number;
  /** Frames that were not for it: another MAC's (a flood brings those too), another VLAN's or network's. */
  strange: number;
  faults: Record<Fault, number>;
}

export class Guest {
  readonly mac: string;
  readonly address: string;

  readonly #vlan: number | undefined;
  readonly #network: number;
  readonly #mask: number;
  readonly #identifier: number;
  readonly #udpPort: number;
  readonly #neighbors = new NeighborCache();
  readonly #pings = new PingBook();
  readonly #udp = { sent: 0, received: 0 };
  readonly #faults: Record<Fault, number> = { malformed: 0, checksum: 0, unsupported: 0 };
  #identification: number;
  #offLink = 0;
  #strange = 0;

  /** `random`: as Math.random. Throws RangeError where the options make no host. */
  constructor(options: GuestOptions, random: () => number) {
    const { address, prefix } = parseInterface(options.address);
    macBytes(options.mac);
    this.mac = options.mac.toLowerCase();
    this.address = address;
    this.#vlan = options.vlan;
    this.#mask = (0xffffffff << (32 - prefix)) >>> 0;
    this.#network = (addressNumber(address) & this.#mask) >>> 0;
    this.#identifier = Math.floor(random() * 0x10000);
    this.#identification = Math.floor(random() * 0x10000);
    this.#udpPort = 49152 + Math.floor(random() * 16384);
  }

  /** Takes one frame; gives the frames that answer it. */
  receive(bytes: Uint8Array, nowMs: number): Uint8Array[] {
    const frame = parseFrame(bytes);
    if (typeof frame === "string") return this.#fault(frame);
    if (isGroup(frame.source) || frame.source === MAC_NONE) return this.#fault("malformed");
    if (!this.#isMine(frame)) return this.#ignore();
    if (frame.type === TYPE_ARP) return this.#receiveArp(frame.payload, nowMs);
    if (frame.type === TYPE_IPV4) return this.#receiveIpv4(frame.payload, nowMs);
    return this.#fault("unsupported");
  }

  /**
   * Sends an echo request of 56 data bytes. The round trip counts from here, with the ARP that may come first.
   * Throws RangeError where `to` is not an IPv4 address.
   */
  ping(to: string, nowMs: number): Uint8Array[] {
    const sequence = this.#pings.sent(to, nowMs);
    const data = new Uint8Array(PING_DATA_SIZE).map((_, i) => i);
    const echo = buildEcho({ kind: "request", identifier: this.#identifier, sequence, data });
    return this.#send(to, PROTOCOL_ICMP, echo, nowMs);
  }

  /** Sends one datagram, payload 0 to 65,507 bytes, to the peer's discard port. Throws as `ping`. */
  sendUdp(to: string, payload: Uint8Array, nowMs: number): Uint8Array[] {
    this.#udp.sent++;
    const udp = { sourcePort: this.#udpPort, destinationPort: DISCARD_PORT, payload };
    return this.#send(to, PROTOCOL_UDP, buildUdp(udp, this.address, to), nowMs);
  }

  /** What time brings: ARP requests that are due again, pings that are lost. Call it a few times a second. */
  poll(nowMs: number): Uint8Array[] {
    this.#pings.expire(nowMs);
    return this.#neighbors.due(nowMs).map((address) => this.#ask(address));
  }

  report(): GuestReport {
    const roundTripMs = this.#pings.medianMs();
    return {
      pings: { ...this.#pings.count },
      ...(roundTripMs === undefined ? {} : { roundTripMs }),
      udp: { ...this.#udp },
      unreachable: this.#offLink + this.#neighbors.lost,
      strange: this.#strange,
      faults: { ...this.#faults },
    };
  }

  // ---- what comes in ----

  #receiveArp(bytes: Uint8Array, nowMs: number): Uint8Array[] {
    const arp = parseArp(bytes);
    if (typeof arp === "string") return this.#fault(arp);
    const forMe = arp.targetAddress === this.address;
    const waiting = this.#believe(arp, forMe) ? this.#neighbors.learn(arp.senderAddress, arp.senderMac, nowMs) : [];
    const frames = waiting.map((packet) => this.#frame(arp.senderMac, TYPE_IPV4, packet));
    if (forMe && arp.operation === "request") frames.push(this.#answer(arp));
    return frames;
  }

  /** RFC 826, "Packet Reception": correct what is known; enter what is new only from those who speak to us. */
  #believe(arp: Arp, forMe: boolean): boolean {
    if (!forMe && !this.#neighbors.knows(arp.senderAddress)) return false;
    // The sender of an RFC 5227 probe has no address yet, and a group MAC is nobody's.
    return this.#isNeighbor(arp.senderAddress) && !isGroup(arp.senderMac) && arp.senderMac !== MAC_NONE;
  }

  #receiveIpv4(bytes: Uint8Array, nowMs: number): Uint8Array[] {
    const packet = parseIpv4(bytes);
    if (typeof packet === "string") return this.#fault(packet);
    if (packet.destination !== this.address || !this.#isNeighbor(packet.source)) return this.#ignore();
    if (packet.protocol === PROTOCOL_ICMP) return this.#receiveEcho(packet, nowMs);
    if (packet.protocol === PROTOCOL_UDP) return this.#receiveUdp(packet);
    return this.#fault("unsupported");
  }

  #receiveEcho(packet: Ipv4, nowMs: number): Uint8Array[] {
    const echo = parseEcho(packet.payload);
    if (typeof echo === "string") return this.#fault(echo);
    if (echo.kind === "request") {
      return this.#send(packet.source, PROTOCOL_ICMP, buildEcho({ ...echo, kind: "reply" }), nowMs);
    }
    if (echo.identifier === this.#identifier) this.#pings.answered(packet.source, echo.sequence, nowMs);
    return [];
  }

  #receiveUdp(packet: Ipv4): Uint8Array[] {
    const udp = parseUdp(packet.payload, packet.source, packet.destination);
    if (typeof udp === "string") return this.#fault(udp);
    if (udp.destinationPort !== DISCARD_PORT) return this.#fault("unsupported");
    this.#udp.received++;
    return [];
  }

  /** By VLAN and destination MAC; a priority-tagged frame counts as untagged (IEEE 802.1Q, 6.9.1). */
  #isMine(frame: Frame): boolean {
    const vid = frame.tags[0]?.vid ?? 0;
    const addressed = frame.destination === this.mac || frame.destination === MAC_BROADCAST;
    return addressed && frame.tags.length <= 1 && vid === (this.#vlan ?? 0);
  }

  #fault(fault: Fault): [] {
    this.#faults[fault]++;
    return [];
  }

  #ignore(): [] {
    this.#strange++;
    return [];
  }

  // ---- what goes out ----

  #send(to: string, protocol: number, payload: Uint8Array, nowMs: number): Uint8Array[] {
    if (!this.#isNeighbor(to)) {
      this.#offLink++;
      return [];
    }
    this.#identification = (this.#identification + 1) & 0xffff;
    const identification = this.#identification;
    const packet = buildIpv4({ source: this.address, destination: to, protocol, identification, payload });
    const mac = this.#neighbors.find(to, nowMs);
    if (mac !== undefined) return [this.#frame(mac, TYPE_IPV4, packet)];
    return this.#neighbors.wait(to, packet, nowMs) ? [this.#ask(to)] : [];
  }

  #ask(address: string): Uint8Array {
    return this.#frame(MAC_BROADCAST, TYPE_ARP, buildArp({
      operation: "request",
      senderMac: this.mac,
      senderAddress: this.address,
      targetMac: MAC_NONE,
      targetAddress: address,
    }));
  }

  #answer(request: Arp): Uint8Array {
    return this.#frame(request.senderMac, TYPE_ARP, buildArp({
      operation: "reply",
      senderMac: this.mac,
      senderAddress: this.address,
      targetMac: request.senderMac,
      targetAddress: request.senderAddress,
    }));
  }

  #frame(destination: string, type: number, payload: Uint8Array): Uint8Array {
    const tags = this.#vlan === undefined ? [] : [{ tpid: TPID_CUSTOMER, pcp: 0, dei: false, vid: this.#vlan }];
    return buildFrame({ destination, source: this.mac, tags, type, payload });
  }

  /** A host of its network: not itself, not the network's own two addresses. */
  #isNeighbor(address: string): boolean {
    const number = addressNumber(address);
    const host = (number & ~this.#mask) >>> 0;
    const inside = ((number & this.#mask) >>> 0) === this.#network;
    return inside && address !== this.address && host !== 0 && host !== (~this.#mask >>> 0);
  }
}

function parseInterface(text: string): { address: string; prefix: number } {
  const [address = "", length = ""] = text.split("/");
  const prefix = Number(length);
  addressNumber(address);
  if (!/^\d+$/.test(length) || prefix < 1 || prefix > 30) {
    throw new RangeError(`"${text}" names no network: write address and prefix, 1 to 30, as in 10.0.10.1/24`);
  }
  return { address, prefix };
}
