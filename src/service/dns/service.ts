// DNS on one interface of a router: takes the packets for port 53 that the core hands up, asks the forwarder, and
// sends what it says back to where the question came from. Owns the interface's rate limits and TCP connections.
// Read first: RFC 1035 section 4.2, RFC 7766 (several questions on a connection, answers in any order).

import { PROTOCOL_UDP, buildUdp, parseUdp } from "../../wire/packet.js";
import { IPV4_HEADER, buildReturn, parseArrival, type Arrival } from "../arrival.js";
import { type Place, type Transmit } from "../channel.js";
import { Rate, type Limits } from "../rate.js";
import { type TcpConnection, type TcpHandler } from "../tcp/connection.js";
import { PROTOCOL_TCP } from "../tcp/segment.js";
import { TcpServer, type TcpCounters } from "../tcp/server.js";
import { type TcpSlots } from "../tcp/slots.js";
import { type DnsForwarder } from "./forwarder.js";
import { FLAG, RCODE, readQuery, reply } from "./message.js";
import { MessageStream } from "./stream.js";
import { withLength } from "./upstream.js";

export const DNS_PORT = 53;

const UDP_HEADER = 8;

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
  /** Shared by the interfaces of a router; absent: its own. */
  readonly slots?: TcpSlots;
}

/** Queries that are answered, of an interface and of each client address. */
export const QUERY_LIMITS: Limits = {
  all: { perSecond: 1_000, burst: 1_000 },
  guest: { perSecond: 200, burst: 400 },
};

export class DnsService {
  readonly counters: DnsServiceCounters = { malformed: 0, limited: 0, lost: 0 };
  readonly #options: DnsServiceOptions;
  readonly #tcp: TcpServer;
  readonly #rate: Rate;
  #closed = false;

  constructor(options: DnsServiceOptions) {
    this.#options = options;
    this.#rate = new Rate(QUERY_LIMITS, options.clock());
    this.#tcp = new TcpServer({
      ...options,
      port: DNS_PORT,
      onConnection: (connection, address) => this.#converse(connection, address),
    });
  }

  get tcp(): Readonly<TcpCounters> {
    return this.#tcp.counters;
  }

  /** Takes a whole Ethernet frame; what is neither UDP nor TCP for port 53 at this place's address is left alone. */
  receive(frame: Uint8Array): void {
    if (this.#closed) return;
    const arrival = parseArrival(this.#options.place, frame);
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
    const { place } = this.#options;
    const udp = parseUdp(arrival.payload, arrival.address, place.address);
    if (typeof udp === "string" || udp.sourcePort === 0 || udp.destinationPort !== DNS_PORT) {
      this.counters.malformed++;
    } else if (this.#admit(arrival.address)) {
      void this.#answerUdp(arrival, udp.sourcePort, udp.payload.slice());
    }
  }

  async #answerUdp({ mac, address }: Arrival, port: number, query: Uint8Array): Promise<void> {
    const { place, forwarder, transmit } = this.#options;
    const answer = await forwarder.ask(query, "udp", this.#client(address));
    if (!answer || this.#closed) return;
    const payload = answer.length <= place.mtu - IPV4_HEADER - UDP_HEADER ? answer : cut(query);
    if (!payload) return;
    const datagram = buildUdp({ sourcePort: DNS_PORT, destinationPort: port, payload }, place.address, address);
    if (!transmit(place, buildReturn(place, { mac, address }, PROTOCOL_UDP, datagram))) this.counters.lost++;
  }

  #converse(connection: TcpConnection, address: string): TcpHandler {
    const stream = new MessageStream();
    let waiting = 0;
    let ended = false;
    const closeAtEnd = (): void => {
      if (ended && waiting === 0) connection.close();
    };
    const answer = async (query: Uint8Array): Promise<void> => {
      waiting++;
      const message = await this.#options.forwarder.ask(query, "tcp", this.#client(address));
      waiting--;
      if (message && !this.#closed && !connection.write(withLength(message))) connection.abort();
      closeAtEnd();
    };
    return {
      data: (bytes) => {
        for (const query of stream.push(bytes)) if (this.#admit(address)) void answer(query);
      },
      ended: () => {
        ended = true;
        closeAtEnd();
      },
      closed: () => { ended = true; },
    };
  }

  /** For the forwarder's limits: guests of several interfaces may have one address. */
  #client(address: string): string {
    return `${this.#options.place.id} ${address}`;
  }

  #admit(address: string): boolean {
    const isAdmitted = this.#rate.admit(address, this.#options.clock());
    if (!isAdmitted) this.counters.limited++;
    return isAdmitted;
  }
}

/** Where an answer does not fit the link: one that says "ask again over TCP". */
function cut(query: Uint8Array): Uint8Array | undefined {
  const read = readQuery(query);
  return read === undefined || read instanceof Uint8Array ? undefined : reply(read, RCODE.NOERROR, FLAG.TC);
}
