// TCP on one port of a router's interface, for services of short questions and answers: guests connect, nothing is
// opened from here. There is neither window scaling nor SACK. Owns the connections of its interface.
// Read first: RFC 9293 sections 3.10.7.1 and 3.10.7.2 (CLOSED, LISTEN), RFC 6528 (initial sequence numbers).

import { createHmac } from "node:crypto";
import { IPV4_HEADER, answererOf, askerOf, buildReturn, type Arrival } from "../arrival.js";
import { type Place, type Transmit } from "../channel.js";
import { TcpConnection, type Outgoing, type TcpHandler } from "./connection.js";
import {
  PROTOCOL_TCP, TCP_SIZE, advance, buildSegment, lengthOf, parseSegment, type Segment,
} from "./segment.js";
import { TcpSlots } from "./slots.js";

/** Between which addresses a connection is, and the peer's MAC. */
type Ends = Pick<Arrival, "mac" | "address" | "destination">;

const SECRET_SIZE = 32;
/** The clock of initial sequence numbers ticks every 4 microseconds. */
const ISN_TICKS_PER_MS = 250;

export interface TcpCounters {
  /** Segments that could not be read, or came from port 0. */
  malformed: number;
  opened: number;
  /** SYNs for which there was no room. */
  refused: number;
  /** RSTs to segments of no connection. */
  resets: number;
}

export interface TcpServerOptions {
  readonly place: Place;
  readonly port: number;
  readonly transmit: Transmit;
  /** Milliseconds of a clock that does not go back. */
  readonly clock: () => number;
  /** That many bytes that nobody can foresee, as node:crypto's randomBytes. */
  readonly random: (size: number) => Uint8Array;
  /** Connections that there may be, which may change; absent: CONNECTIONS_MAX. */
  readonly connectionsMax?: () => number;
  /** Called for each connection that is complete. */
  readonly onConnection: (connection: TcpConnection) => TcpHandler;
}

export class TcpServer {
  readonly counters: TcpCounters = { malformed: 0, opened: 0, refused: 0, resets: 0 };
  readonly slots: TcpSlots;
  readonly #options: TcpServerOptions;
  readonly #secret: Uint8Array;
  readonly #connections = new Map<string, TcpConnection>();

  constructor(options: TcpServerOptions) {
    this.#options = options;
    this.#secret = options.random(SECRET_SIZE);
    this.slots = new TcpSlots(options.connectionsMax);
  }

  get size(): number {
    return this.#connections.size;
  }

  /** Takes a packet whose protocol is TCP; one for another port is left alone. */
  receive(arrival: Arrival): void {
    const { port } = this.#options;
    const segment = parseSegment(arrival.payload, arrival.address, arrival.destination);
    if (typeof segment === "string" || segment.sourcePort === 0) {
      this.counters.malformed++;
      return;
    }
    if (segment.destinationPort !== port) return;
    const key = `${arrival.destination}:${port} ${arrival.address}:${segment.sourcePort}`;
    const connection = this.#connections.get(key);
    if (connection?.isReopenedBy(segment)) connection.drop();
    else if (connection) return connection.receive(segment);
    if (segment.rst) return;
    if (segment.ack !== undefined) this.#reset(arrival, segment);
    else if (segment.syn) this.#listen(key, arrival, segment);
    else this.#reset(arrival, segment);
  }

  /** Does what is due; milliseconds until it has to be called again, Infinity where only a packet can change things. */
  tick(): number {
    let next = Infinity;
    for (const connection of this.#connections.values()) next = Math.min(next, connection.tick());
    return Math.max(0, next - this.#options.clock());
  }

  /** Breaks off all connections. */
  close(): void {
    for (const connection of this.#connections.values()) connection.abort();
  }

  #listen(key: string, arrival: Arrival, syn: Segment): void {
    const { place, clock, onConnection } = this.#options;
    const { mac, address, destination } = arrival;
    const ends: Ends = { mac, address, destination }; // without the payload, which is a view
    const owner = askerOf(arrival);
    if (!this.slots.makeRoom(owner)) {
      this.counters.refused++;
      return;
    }
    const connection = new TcpConnection({
      syn, owner, clock, iss: this.#initial(key), mssMax: place.mtu - IPV4_HEADER - TCP_SIZE,
      emit: (segment) => this.#send(ends, syn.sourcePort, segment),
      opened: (opened) => {
        this.counters.opened++;
        return onConnection(opened);
      },
      gone: (ended) => {
        this.slots.free(ended);
        this.#connections.delete(key);
      },
    });
    this.slots.take(connection);
    this.#connections.set(key, connection);
    connection.start();
  }

  /** RFC 6528, 3: a clock, moved for each pair of ends by what nobody else can know. */
  #initial(key: string): number {
    const hash = createHmac("sha256", this.#secret).update(key).digest();
    return advance(hash.readUInt32BE(0), Math.floor(this.#options.clock() * ISN_TICKS_PER_MS) % 2 ** 32);
  }

  /** RFC 9293, 3.10.7.1: so that the peer believes it. */
  #reset(ends: Ends, segment: Segment): void {
    this.counters.resets++;
    const answer = segment.ack === undefined
      ? { seq: 0, ack: advance(segment.seq, lengthOf(segment)) }
      : { seq: segment.ack };
    this.#send(ends, segment.sourcePort, { ...answer, rst: true, window: 0, payload: new Uint8Array(0) });
  }

  #send(ends: Ends, destinationPort: number, segment: Outgoing): void {
    const { place, port, transmit } = this.#options;
    const bytes = buildSegment({ ...segment, sourcePort: port, destinationPort }, ends.destination, ends.address);
    transmit(place, buildReturn(answererOf(place, ends), ends, PROTOCOL_TCP, bytes));
  }
}
