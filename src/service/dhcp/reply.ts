// What a DHCP server answers: the options of a reply, its size, and where it goes.
// Owns no state. Read first: RFC 2131 sections 4.1 (who gets it how) and 4.3.1 (table 3), RFC 3442,
// RFC 2132 section 9.10, RFC 6842, RFC 4702 section 4.

import type { DhcpConfig } from "../../config/model.js";
import { MAC_BROADCAST } from "../../wire/packet.js";
import type { Place } from "../channel.js";
import { BROADCAST, HEADERS_SIZE, PORT_CLIENT, sealDatagram } from "./datagram.js";
import { fqdnReply } from "./fqdn.js";
import { buildMessage, NO_ADDRESS, OP_REPLY, TYPE, type DhcpMessage } from "./message.js";
import {
  addressBytes, broadcastOf, CODE, maskOf, numberBytes, numberIn, routesBytes, textBytes,
} from "./options.js";

/** The longest packet that every host must take (RFC 791), and so every client that says nothing (RFC 2131, 2). */
const PACKET_MIN = 576;
const DEFAULT_ROUTE = { address: NO_ADDRESS, prefix: 0 };

/** What a server tells the clients of one interface. */
export interface Terms {
  place: Place;
  config: DhcpConfig;
  /** The router forwards DNS: the interface's address stands in where the configuration names none. */
  dnsServer: boolean;
}

export interface Grant {
  address: string;
  leaseSeconds: number;
  hostname: string | undefined;
}

/** DHCPOFFER or DHCPACK of an address. */
export function grantReply(terms: Terms, request: DhcpMessage, type: number, grant: Grant): Uint8Array {
  const { leaseSeconds } = grant;
  const fqdn = request.options.get(CODE.fqdn);
  const options = new Map([
    [CODE.lease, numberBytes(leaseSeconds, 4)],
    [CODE.renewal, numberBytes(Math.floor(leaseSeconds / 2), 4)],
    [CODE.rebinding, numberBytes(Math.floor(leaseSeconds * 7 / 8), 4)],
    ...parameters(terms, request, grant.hostname),
    ...(fqdn && type === TYPE.ack ? [[CODE.fqdn, fqdnReply(fqdn, fullName(terms, grant.hostname))] as const] : []),
  ]);
  // An offer to a client that says it has an address goes to the one offered: it is not configured yet.
  const ciaddr = type === TYPE.offer ? NO_ADDRESS : request.ciaddr;
  return seal(terms, request, { type, ciaddr, yiaddr: grant.address, options });
}

/** A guest's name with the domain that guests are told. */
function fullName({ config: { domain } }: Terms, hostname: string | undefined): string | undefined {
  return hostname === undefined || domain === undefined ? hostname : `${hostname}.${domain}`;
}

/** DHCPACK of a DHCPINFORM: parameters, no address and no lease (RFC 2131, 4.3.5). */
export function informReply(terms: Terms, request: DhcpMessage): Uint8Array {
  const options = new Map(parameters(terms, request, undefined));
  return seal(terms, request, { type: TYPE.ack, ciaddr: request.ciaddr, yiaddr: NO_ADDRESS, options });
}

/** DHCPNAK, by broadcast: the client may believe in an address that is none here (RFC 2131, 4.1). */
export function nakReply(terms: Terms, request: DhcpMessage, reason: string): Uint8Array {
  const options = new Map([[CODE.message, textBytes(reason)]]);
  return seal(terms, { ...request, broadcast: true }, {
    type: TYPE.nak, ciaddr: NO_ADDRESS, yiaddr: NO_ADDRESS, options,
  });
}

/** Parameters by weight: what does not fit is lost from the end. */
function parameters(terms: Terms, request: DhcpMessage, hostname: string | undefined): [number, Uint8Array][] {
  const { place, config } = terms;
  const dns = config.dns.length === 0 && terms.dnsServer ? [place.address] : config.dns;
  const wanted = request.options.get(CODE.parameters);
  const all: [number, Uint8Array | undefined][] = [
    [CODE.mask, numberBytes(maskOf(place.prefix), 4)],
    // RFC 3442: who understands it ignores the router option, so the default route stands in it as well.
    [CODE.routes, wanted && config.routes.length > 0 ? routesBytes([
      ...config.routes, { to: DEFAULT_ROUTE, via: place.address },
    ]) : undefined],
    [CODE.router, addressBytes(place.address)],
    [CODE.dns, dns.length > 0 ? addressBytes(...dns) : undefined],
    [CODE.domain, config.domain === undefined ? undefined : textBytes(config.domain)],
    [CODE.hostname, hostname === undefined ? undefined : textBytes(hostname)],
    [CODE.mtu, numberBytes(place.mtu, 2)],
    [CODE.broadcast, addressBytes(broadcastOf(place.address, place.prefix))],
  ];
  return all.filter((entry): entry is [number, Uint8Array] => {
    const [code, value] = entry;
    return value !== undefined && (!wanted || code === CODE.mask || wanted.includes(code));
  });
}

type Answer = Pick<DhcpMessage, "type" | "ciaddr" | "yiaddr" | "options">;

function seal(terms: Terms, request: DhcpMessage, answer: Answer): Uint8Array {
  const { place } = terms;
  const client = request.options.get(CODE.client);
  const message: DhcpMessage = {
    op: OP_REPLY, xid: request.xid, secs: 0, broadcast: request.broadcast, giaddr: NO_ADDRESS, mac: request.mac,
    ...answer,
    // RFC 6842: clients that share a MAC know their answers by their identifier.
    options: new Map([
      [CODE.server, addressBytes(place.address)],
      ...(client ? [[CODE.client, client] as const] : []),
      ...answer.options,
    ]),
  };
  const asked = numberIn(request.options, CODE.sizeMax) ?? PACKET_MIN;
  const packetMax = Math.max(PACKET_MIN, Math.min(asked, place.mtu));
  const unicast = answer.ciaddr !== NO_ADDRESS ? answer.ciaddr : answer.yiaddr;
  const broadcast = answer.ciaddr === NO_ADDRESS && request.broadcast;
  return sealDatagram({
    sourceMac: place.mac,
    destinationMac: broadcast ? MAC_BROADCAST : request.mac,
    source: place.address,
    destination: broadcast ? BROADCAST : unicast,
    port: PORT_CLIENT,
    payload: buildMessage(message, packetMax - HEADERS_SIZE),
  });
}
