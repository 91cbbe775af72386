// DHCP's envelope: UDP between ports 67 and 68 in IPv4 in an Ethernet frame.
// Owns no state. Opens what comes, seals what goes; the formats are wire/packet.ts's.
// Read first: RFC 2131 section 4.1.

import {
  buildFrame, buildIpv4, buildUdp, isGroup, MAC_NONE, parseFrame, parseIpv4, parseUdp, PROTOCOL_UDP, TYPE_IPV4,
  type Fault,
} from "../../wire/packet.js";

export const PORT_SERVER = 67;
export const PORT_CLIENT = 68;
export const BROADCAST = "255.255.255.255";
/** Bytes of IPv4 and UDP headers, which RFC 2132's maximum message size counts too. */
export const HEADERS_SIZE = 28;

export interface Datagram {
  sourceMac: string;
  destinationMac: string;
  source: string;
  destination: string;
  /** Which of the two it goes to; it comes from the other. */
  port: typeof PORT_SERVER | typeof PORT_CLIENT;
  payload: Uint8Array;
}

/** A datagram for `port` in an Ethernet frame, the payload a view on it; whatever else it is, is a Fault. */
export function openDatagram(bytes: Uint8Array, port: Datagram["port"]): Datagram | Fault {
  const frame = parseFrame(bytes);
  if (typeof frame === "string") return frame;
  if (isGroup(frame.source) || frame.source === MAC_NONE) return "malformed";
  if (frame.type !== TYPE_IPV4) return "unsupported";
  const packet = parseIpv4(frame.payload);
  if (typeof packet === "string") return packet;
  if (packet.protocol !== PROTOCOL_UDP) return "unsupported";
  const udp = parseUdp(packet.payload, packet.source, packet.destination);
  if (typeof udp === "string") return udp;
  if (udp.destinationPort !== port) return "unsupported";
  return {
    sourceMac: frame.source, destinationMac: frame.destination, source: packet.source, destination: packet.destination,
    port, payload: udp.payload,
  };
}

/** The frame, untagged. */
export function sealDatagram(datagram: Datagram): Uint8Array {
  const { source, destination, port, payload } = datagram;
  const sourcePort = port === PORT_SERVER ? PORT_CLIENT : PORT_SERVER;
  const udp = buildUdp({ sourcePort, destinationPort: port, payload }, source, destination);
  const packet = buildIpv4({ source, destination, protocol: PROTOCOL_UDP, identification: 0, payload: udp });
  return buildFrame({
    destination: datagram.destinationMac, source: datagram.sourceMac, tags: [], type: TYPE_IPV4, payload: packet,
  });
}
