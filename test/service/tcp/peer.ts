// A server on a place of its own, and the guest's side of the wire: segments in, segments out, a clock to turn.

import { buildReturn, parseArrival } from "../../../src/service/arrival.js";
import { type Place } from "../../../src/service/channel.js";
import { type TcpConnection } from "../../../src/service/tcp/connection.js";
import { PROTOCOL_TCP, buildSegment, parseSegment, type Segment } from "../../../src/service/tcp/segment.js";
import { TcpServer } from "../../../src/service/tcp/server.js";

export const PLACE: Place = {
  id: 7, router: "edge", switch: "lab", vlan: 10, mac: "02:00:00:00:00:01", address: "10.0.10.1", prefix: 24,
  mtu: 1500, uplink: false,
};
export const GUEST = { mac: "02:00:00:00:00:05", address: "10.0.10.5" };
export const PORT = 40_000;

/** The guest's place, as if it were one: what is built for it comes from it. */
export function placeOf(guest: typeof GUEST): Place {
  return { ...PLACE, mac: guest.mac, address: guest.address };
}

export type Said = Partial<Segment>;

export class Wire {
  nowMs = 1_000;
  readonly received: Buffer[] = [];
  readonly events: string[] = [];
  connection: TcpConnection | undefined;
  readonly server: TcpServer;
  #out: Uint8Array[] = [];

  constructor(place: Place = PLACE) {
    this.server = new TcpServer({
      place, port: 53, clock: () => this.nowMs, random: (size) => new Uint8Array(size).fill(9),
      transmit: (_, frame) => this.#out.push(frame) > 0,
      onConnection: (connection) => {
        this.connection = connection;
        this.events.push("open");
        return {
          data: (bytes) => this.received.push(Buffer.from(bytes)),
          ended: () => this.events.push("ended"),
          closed: () => this.events.push("closed"),
        };
      },
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.received);
  }

  /**
   * Sends one segment of a guest, who is behind `port` of the switch, to one of the router's addresses, and gives what
   * the server answers at once.
   */
  say(said: Said, guest = GUEST, port = "a", address = PLACE.address): Segment[] {
    const usual = { sourcePort: PORT, destinationPort: 53, seq: 0, window: 65_535, payload: Buffer.alloc(0) };
    const segment = { ...usual, ...said };
    return this.sayBytes(buildSegment(segment, guest.address, address), guest, port, address);
  }

  sayBytes(segment: Uint8Array, guest = GUEST, port = "a", address = PLACE.address): Segment[] {
    const frame = buildReturn(placeOf(guest), { ...PLACE, address }, PROTOCOL_TCP, segment);
    const arrival = parseArrival(PLACE, frame, port);
    if (arrival) this.server.receive(arrival);
    return this.heard();
  }

  /** What the server has sent since the last look. */
  heard(): Segment[] {
    return this.#out.splice(0).map((frame) => {
      // To any guest: the addresses are in the frame.
      const address = frame.subarray(30, 34).join(".");
      const arrival = parseArrival({ ...PLACE, address }, frame, "");
      const segment = arrival && parseSegment(arrival.payload, arrival.address, address);
      if (!segment || typeof segment === "string") throw new Error("the server sent what is no segment");
      return segment;
    });
  }

  /** Turns the clock, calling the server whenever it asks for it. */
  pass(ms: number): Segment[] {
    const end = this.nowMs + ms;
    const heard: Segment[] = [];
    for (;;) {
      const next = this.nowMs + this.server.tick();
      heard.push(...this.heard());
      if (next > end) break;
      this.nowMs = Math.max(next, this.nowMs + 1);
    }
    this.nowMs = end;
    return heard;
  }
}

/** A segment as one writes it down: flags, numbers relative to both sides' first ones, length. */
export function show({ syn, fin, rst, seq, ack, payload }: Segment, iss: number, irs: number): string {
  const flags = `${syn ? "S" : ""}${fin ? "F" : ""}${rst ? "R" : ""}${ack === undefined ? "" : "."}`;
  const acked = ack === undefined ? "" : ` ack ${(ack - irs) >>> 0}`;
  return `${flags} ${(seq - iss) >>> 0}${acked}${payload.length > 0 ? ` len ${payload.length}` : ""}`;
}
