// What a guest's packet to a router's own address says to a service, and the frame that brings the answer back to
// where it came from. Owns no state; what could make a service answer to the wrong place is no arrival.
// Read first: RFC 1122 section 3.2.1.3 (addresses that are no sender's).

import {
  MAC_NONE, TYPE_IPV4, addressNumber, buildFrame, buildIpv4, isGroup, parseFrame, parseIpv4,
} from "../wire/packet.js";
import { type Place } from "./channel.js";
import { type Asker } from "./share.js";

/** Bytes of an IPv4 header without options. */
export const IPV4_HEADER = 20;

/** Who sent a packet. */
export interface Sender {
  readonly mac: string;
  readonly address: string;
}

/** As limits know it: behind a port, guests are told apart by their addresses. */
export function askerOf({ port, address }: Pick<Arrival, "port" | "address">): Asker {
  return { port, client: address };
}

export interface Arrival extends Sender {
  /** Name of the switch's port by which it came. */
  readonly port: string;
  readonly protocol: number;
  /** What is behind the IPv4 header; a view on the frame. */
  readonly payload: Uint8Array;
}

/**
 * Reads a frame that came by `port`. undefined where it is damaged, not IPv4, not for this place's own address, or from
 * nobody who could be answered.
 */
export function parseArrival(place: Place, bytes: Uint8Array, port: string): Arrival | undefined {
  const frame = parseFrame(bytes);
  if (typeof frame === "string" || frame.type !== TYPE_IPV4) return undefined;
  if (isGroup(frame.source) || frame.source === MAC_NONE) return undefined;
  const packet = parseIpv4(frame.payload);
  if (typeof packet === "string" || packet.destination !== place.address) return undefined;
  const { source, protocol, payload } = packet;
  return isSender(place, source) ? { port, mac: frame.source, address: source, protocol, payload } : undefined;
}

/** The frame that brings a payload of `protocol` to where an arrival came from. */
export function buildReturn(place: Place, to: Sender, protocol: number, payload: Uint8Array): Uint8Array {
  // Not to be fragmented, so that its identification means nothing (RFC 6864).
  const packet = { source: place.address, destination: to.address, protocol, identification: 0, payload };
  return buildFrame({
    destination: to.mac, source: place.mac, tags: [], type: TYPE_IPV4, payload: buildIpv4(packet),
  });
}

function isSender({ address, prefix }: Place, source: string): boolean {
  const first = addressNumber(source) >>> 24;
  if (first === 0 || first === 127 || first >= 224 || source === address) return false;
  const hosts = 2 ** (32 - prefix);
  const number = addressNumber(source);
  const inside = Math.floor(number / hosts) === Math.floor(addressNumber(address) / hosts);
  const host = number % hosts;
  // The network itself and its broadcast; networks of one or two addresses have neither (RFC 3021).
  return !inside || hosts <= 2 || (host !== 0 && host !== hosts - 1);
}
