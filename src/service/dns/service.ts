// DNS on one interface of a router: takes the packets for port 53 that the core hands up, asks the forwarder, and
// sends what it says back to where the question came from. Owns the interface's rate limits, its places for questions
// that wait, and its TCP connections: none is shared with another network, so that none can silence another.
// Read first: RFC 1035 section 4.2, RFC 7766 (several questions on a connection, answers in any order).

import { PROTOCOL_UDP, buildUdp, parseUdp } from "../../wire/packet.js";
import { IPV4_HEADER, answererOf, askerOf, buildReturn, parseArrival, type Arrival } from "../arrival.js";
import { type Place, type Transmit } from "../channel.js";
import { Rate, type Limits } from "../rate.js";
import { Places, portionOf, type Asker } from "../share.js";
import { type TcpConnection, type TcpHandler } from "../tcp/connection.js";
import { PROTOCOL_TCP } from "../tcp/segment.js";
import { TcpServer, type TcpCounters } from "../tcp/server.js";
import { CONNECTIONS_MAX } from "../tcp/slots.js";
import { CLIENT_WAITING_MAX, WAITING_MAX, type DnsForwarder } from "./forwarder.js";
import { FLAG, RCODE, readQuery, reply } from "./message.js";
import { MessageStream } from "./stream.js";
import { withLength } from "./upstream.js";

export const DNS_PORT = 53;

const UDP_HEADER = 8;
/** Questions that wait, and connections, of all networks of a router; many networks have fewer each, but never none. */
const ROUTER_WAITING_MAX = 2_048;
const ROUTER_CONNECTIONS_MAX = 1_024;
const NETWORK_LEAST = 16;

export interface DnsServiceCounters {
  /** Frames that could not be read, or were not for here. */
  malformed: number;
  /** Queries that were too many, of one client or of all. */
  limited: number;
  /** Answers for which the way out had no room. */
  lost: number;
}

export interface DnsServiceOptions {
  readonly place: Place;
  readonly forwarder: Pick<DnsForwarder, "ask">;
  readonly transmit: Transmit;
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  /** That many bytes that nobody can foresee, as node:crypto's randomBytes. */
  readonly random: (size: number) => Uint8Array;
  /** How many networks there are to divide places and connections among; absent: this one. */
  readonly networks?: () => number;
}

/** Queries that are answered, of an interface and of each client address behind a port of its network. */
export const QUERY_LIMITS: Limits = {
  all: { perSecond: 1_000, burst: 1_000 },
  guest: { perSecond: 200, burst: 400 },
};

export class DnsService {
  readonly counters: DnsServiceCounters = { malformed: 0, limited: 0, lost: 0 };
  readonly #options: DnsServiceOptions;
  readonly #tcp: TcpServer;
  readonly #rate: Rate;
  readonly #places: Places;
  #closed = false;

  constructor(options: DnsServiceOptions) {
    this.#options = options;
    this.#rate = new Rate(QUERY_LIMITS, options.clock());
    const portion = (total: number, most: number): number =>
      portionOf(total, options.networks?.() ?? 1, NETWORK_LEAST, most);
    this.#places = new Places(() => portion(ROUTER_WAITING_MAX, WAITING_MAX), CLIENT_WAITING_MAX);
    this.#tcp = new TcpServer({
      ...options,
      port: DNS_PORT,
      connectionsMax: () => portion(ROUTER_CONNECTIONS_MAX, CONNECTIONS_MAX),
      onConnection: (connection) => this.#converse(connection),
    });
  }

  get tcp(): Readonly<TcpCounters> {
    return this.#tcp.counters;
  }

  /**
   * Takes a whole Ethernet frame that came by a port of the switch; what is neither UDP nor TCP for port 53 is
   * left alone.
   */
  receive(frame: Uint8Array, port: string): void {
    if (this.#closed) return;
    const arrival = parseArrival(this.#options.place, frame, port);
    if (arrival?.protocol === PROTOCOL_TCP) this.#tcp.receive(arrival);
    else if (arrival?.protocol === PROTOCOL_UDP) this.#receiveUdp(arrival);
    else this.counters.malformed++;
  }

  /** Does what is due; milliseconds until it has to be called again, Infinity where only a frame can change things. */
  tick(): number {
    return this.#tcp.tick();
  }

  /** Breaks off connections; answers that are still to come are not sent. */
  close(): void {
    this.#closed = true;
    this.#tcp.close();
  }

  #receiveUdp(arrival: Arrival): void {
    const udp = parseUdp(arrival.payload, arrival.address, arrival.destination);
    if (typeof udp === "string" || udp.sourcePort === 0 || udp.destinationPort !== DNS_PORT) {
      this.counters.malformed++;
    } else if (this.#admit(askerOf(arrival))) {
      void this.#answerUdp(arrival, udp.sourcePort, udp.payload.slice());
    }
  }

  async #answerUdp(arrival: Arrival, port: number, query: Uint8Array): Promise<void> {
    const { place, forwarder, transmit } = this.#options;
    const { mac, address, destination } = arrival;
    const answer = await forwarder.ask(query, "udp", askerOf(arrival), this.#places);
    if (!answer || this.#closed) return;
    const payload = answer.length <= place.mtu - IPV4_HEADER - UDP_HEADER ? answer : cut(query);
    if (!payload) return;
    const datagram = buildUdp({ sourcePort: DNS_PORT, destinationPort: port, payload }, destination, address);
    const frame = buildReturn(answererOf(place, arrival), { mac, address }, PROTOCOL_UDP, datagram);
    if (!transmit(place, frame)) this.counters.lost++;
  }

  #converse(connection: TcpConnection): TcpHandler {
    const { owner } = connection;
    const stream = new MessageStream();
    let waiting = 0;
    let ended = false;
    const closeAtEnd = (): void => {
      if (ended && waiting === 0) connection.close();
    };
    const answer = async (query: Uint8Array): Promise<void> => {
      waiting++;
      const message = await this.#options.forwarder.ask(query, "tcp", owner, this.#places);
      waiting--;
      if (message && !this.#closed && !connection.write(withLength(message))) connection.abort();
      closeAtEnd();
    };
    return {
      data: (bytes) => {
        for (const query of stream.push(bytes)) if (this.#admit(owner)) void answer(query);
      },
      ended: () => {
        ended = true;
        closeAtEnd();
      },
      closed: () => { ended = true; },
    };
  }

  #admit(asker: Asker): boolean {
    const isAdmitted = this.#rate.admit(asker, this.#options.clock());
    if (!isAdmitted) this.counters.limited++;
    return isAdmitted;
  }
}

/** Where an answer does not fit the link: one that says "ask again over TCP". */
function cut(query: Uint8Array): Uint8Array | undefined {
  const read = readQuery(query);
  return read === undefined || read instanceof Uint8Array ? undefined : reply(read, RCODE.NOERROR, FLAG.TC);
}
