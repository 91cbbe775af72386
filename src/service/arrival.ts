// What a guest's packet to a router's own address says to a service, and the frame that brings the answer back to
// where it came from. Owns no state; what could make a service answer to the wrong place is no arrival.
// Read first: RFC 1122 sections 3.2.1.3 (addresses that are no host's) and 4.1.3.5 (from where to answer), RFC 2181
// section 4 (the same for DNS).

import {
  MAC_NONE, TYPE_IPV4, addressNumber, buildFrame, buildIpv4, isGroup, parseFrame, parseIpv4,
} from "../wire/packet.js";
import { type Place } from "./channel.js";
import { type Asker } from "./share.js";

/** Bytes of an IPv4 header without options. */
export const IPV4_HEADER = 20;

/** One end of a packet's way over a link. */
export interface Station {
  readonly mac: string;
  readonly address: string;
}

/** As limits know it: behind a port, guests are told apart by their addresses. */
export function askerOf({ port, address }: Pick<Arrival, "port" | "address">): Asker {
  return { port, client: address };
}

export interface Arrival extends Station {
  /** Which of the router's addresses the packet is for: an answer has to come from there (RFC 1122, 4.1.3.5). */
  readonly destination: string;
  /** Name of the switch's port by which it came. */
  readonly port: string;
  readonly protocol: number;
  /** What is behind the IPv4 header; a view on the frame. */
  readonly payload: Uint8Array;
}

/**
 * Reads a frame that came by `port`. undefined where it is damaged, not IPv4, not for a host's address, or from nobody
 * who could be answered. The core hands up only what is for one of the router's addresses, which need not be this
 * place's own (RFC 1122, 3.3.4.2, weak end system).
 */
export function parseArrival(place: Place, bytes: Uint8Array, port: string): Arrival | undefined {
  const frame = parseFrame(bytes);
  if (typeof frame === "string" || frame.type !== TYPE_IPV4) return undefined;
  if (isGroup(frame.source) || frame.source === MAC_NONE) return undefined;
  const packet = parseIpv4(frame.payload);
  if (typeof packet === "string") return undefined;
  const { source, destination, protocol, payload } = packet;
  if (source === place.address || source === destination) return undefined;
  if (!isHost(place, source) || !isHost(place, destination)) return undefined;
  return { port, mac: frame.source, address: source, destination, protocol, payload };
}

/** The end from which an arrival at a place is answered. */
export function answererOf(place: Place, { destination }: Pick<Arrival, "destination">): Station {
  return { mac: place.mac, address: destination };
}

/** The frame that brings a payload of `protocol` to where an arrival came from. */
export function buildReturn(from: Station, to: Station, protocol: number, payload: Uint8Array): Uint8Array {
  // Not to be fragmented, so that its identification means nothing (RFC 6864).
  const packet = { source: from.address, destination: to.address, protocol, identification: 0, payload };
  return buildFrame({
    destination: to.mac, source: from.mac, tags: [], type: TYPE_IPV4, payload: buildIpv4(packet),
  });
}

/** Whether a host can have an address, as far as it can be told at a place. */
function isHost({ address, prefix }: Place, candidate: string): boolean {
  const number = addressNumber(candidate);
  const first = number >>> 24;
  if (first === 0 || first === 127 || first >= 224) return false;
  const hosts = 2 ** (32 - prefix);
  const inside = Math.floor(number / hosts) === Math.floor(addressNumber(address) / hosts);
  const host = number % hosts;
  // The network itself and its broadcast; networks of one or two addresses have neither (RFC 3021).
  return !inside || hosts <= 2 || (host !== 0 && host !== hosts - 1);
}
