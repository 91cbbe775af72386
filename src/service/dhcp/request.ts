// What a DHCP client says in which state: addresses, options and the way of a message.
// Owns no state. Read first: RFC 2131 section 4.3.2, table 4, and section 4.4.1, table 5.

import { MAC_BROADCAST, macBytes } from "../../wire/packet.js";
import type { Place } from "../channel.js";
import type { Binding } from "./binding.js";
import { BROADCAST, HEADERS_SIZE, PORT_SERVER, sealDatagram } from "./datagram.js";
import { buildMessage, NO_ADDRESS, OP_REQUEST, TYPE } from "./message.js";
import { addressBytes, CODE, numberBytes } from "./options.js";

/** RFC 2131, figure 5; INIT and INIT-REBOOT pass at once, "down" is before and after it all. */
export type ClientState = "down" | "selecting" | "requesting" | "rebooting" | "bound" | "renewing" | "rebinding";

const HARDWARE_ETHERNET = 1;
/** The size of packet that it takes, which is not reassembled. */
const PACKET_MAX = 1_500;
const PARAMETERS = Uint8Array.of(
  CODE.mask, CODE.routes, CODE.router, CODE.dns, CODE.domain, CODE.mtu, CODE.broadcast, CODE.lease, CODE.server,
  CODE.renewal, CODE.rebinding,
);

export interface Said {
  type: number;
  xid: number;
  secs: number;
  state: ClientState;
  /** What was offered, while it requests. */
  offer: Binding | undefined;
  /** What it has, or wants again. */
  binding: Binding | undefined;
  /** Where a unicast goes. */
  serverMac: string;
}

/** The frame to the server that has the lease, or to all. */
export function clientFrame(place: Place, said: Said): Uint8Array {
  const { type, binding } = said;
  const release = type === TYPE.release;
  const unicast = release || said.state === "renewing";
  const configured = unicast || said.state === "rebinding";
  const ciaddr = (configured ? binding?.address : undefined) ?? NO_ADDRESS;
  const message = {
    op: OP_REQUEST, type, xid: said.xid, secs: said.secs, ciaddr, yiaddr: NO_ADDRESS, giaddr: NO_ADDRESS,
    mac: place.mac,
    // Before it has an address, an answer to that address might not reach it.
    broadcast: !configured,
    options: optionsOf(place, said),
  };
  return sealDatagram({
    sourceMac: place.mac,
    destinationMac: unicast ? said.serverMac : MAC_BROADCAST,
    source: ciaddr,
    destination: (unicast ? binding?.server : undefined) ?? BROADCAST,
    port: PORT_SERVER,
    payload: buildMessage(message, PACKET_MAX - HEADERS_SIZE),
  });
}

function optionsOf(place: Place, { type, state, offer, binding }: Said): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  options.set(CODE.client, Uint8Array.of(HARDWARE_ETHERNET, ...macBytes(place.mac)));
  if (type === TYPE.release) {
    if (binding) options.set(CODE.server, addressBytes(binding.server));
    return options;
  }
  if (state === "requesting" && offer) {
    options.set(CODE.requested, addressBytes(offer.address));
    options.set(CODE.server, addressBytes(offer.server));
  }
  // What it had before it is asked for again, where the server still has it.
  if ((state === "rebooting" || state === "selecting") && binding) {
    options.set(CODE.requested, addressBytes(binding.address));
  }
  options.set(CODE.sizeMax, numberBytes(PACKET_MAX, 2));
  options.set(CODE.parameters, PARAMETERS);
  return options;
}
