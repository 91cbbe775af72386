// A DNS server on the loopback that says what the test tells it to, over UDP and TCP on one port.

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { once } from "node:events";
import { decode, encode, type Answer, type DecodedPacket, type Packet } from "dns-packet";

export type Via = "udp" | "tcp";
/** The messages that answer a query, one after the other; none: silence. */
export type Script = (query: DecodedPacket, via: Via, raw: Buffer) => Uint8Array[] | Promise<Uint8Array[]>;

/** A whole answer to a query. */
export function answerTo(query: DecodedPacket, packet: Packet = {}): Buffer {
  const flags = 0x0080 | (packet.flags ?? 0);
  return encode({ type: "response", id: query.id, questions: query.questions!, ...packet, flags });
}

export function a(name: string, ttl: number, data = "192.0.2.1"): Answer {
  return { type: "A", name, ttl, data };
}

export function soa(ttl: number, minimum: number): Answer {
  const data = { mname: "ns.test", rname: "root.test", serial: 1, refresh: 1, retry: 1, expire: 1, minimum };
  return { type: "SOA", name: "test", ttl, data };
}

export class Upstream {
  /** What was asked, as "udp name" or "tcp name", in lower case. */
  readonly asked: string[] = [];
  /** The names as they were asked for. */
  readonly names: string[] = [];
  readonly ids: number[] = [];
  readonly ports: number[] = [];
  script: Script = (query) => [answerTo(query, { answers: [a(query.questions![0]!.name, 300)] })];
  readonly #udp: Socket = createSocket("udp4");
  readonly #tcp: Server;

  constructor() {
    this.#udp.on("message", (bytes, { port, address }) => {
      this.ports.push(port);
      void this.#answer(bytes, "udp").then((all) => {
        for (const message of all) this.#udp.send(message, port, address);
      });
    });
    this.#tcp = createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.on("data", (bytes) => {
        void this.#answer(bytes.subarray(2), "tcp").then((all) => {
          for (const message of all) {
            const length = Buffer.from([message.length >> 8, message.length & 255]);
            // In two pieces, as networks do.
            socket.write(length.subarray(0, 1));
            setImmediate(() => socket.write(Buffer.concat([length.subarray(1), message])));
          }
          if (all.length === 0) socket.destroy();
        });
      });
    });
  }

  get address(): string {
    return `127.0.0.1:${this.#udp.address().port}`;
  }

  async open(): Promise<this> {
    this.#tcp.listen(0, "127.0.0.1");
    await once(this.#tcp, "listening");
    this.#udp.bind((this.#tcp.address() as { port: number }).port, "127.0.0.1");
    try {
      await once(this.#udp, "listening");
      return this;
    } catch {
      // Somebody has that port for UDP: another one, then.
      this.#tcp.close();
      await once(this.#tcp, "close");
      return this.open();
    }
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }

  async #answer(bytes: Buffer, via: Via): Promise<Uint8Array[]> {
    const query = decode(bytes);
    const { name } = query.questions![0]!;
    this.asked.push(`${via} ${name.toLowerCase()}`);
    this.names.push(name);
    this.ids.push(query.id!);
    return this.script(query, via, bytes);
  }
}
