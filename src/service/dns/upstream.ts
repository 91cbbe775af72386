// One question to one server: over UDP from a socket of its own, so that every query leaves from another port that
// the system draws, and over TCP where the answer did not fit. Owns the sockets, for as long as a try lasts.
// Read first: RFC 5452 sections 4 and 9 (forged answers), RFC 7766 section 8 (length in front of each message).

import { createSocket } from "node:dgram";
import { connect, isIP, isIPv6 } from "node:net";
import { MESSAGE_MAX } from "./message.js";

const PORT = 53;

export interface Target {
  readonly address: string;
  readonly port: number;
}

/** One try, which gives a value of type T. */
export interface Exchange<T> {
  readonly target: Target;
  readonly query: Uint8Array;
  /** What a message that came says, where it is an answer to the query; undefined: it is not. */
  readonly read: (message: Uint8Array) => T | undefined;
  readonly timeoutMs: number;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

/** How servers are reached. */
export interface Ways {
  /** Gives undefined where no answer came in time, or the server is not there. What is no answer is passed over. */
  udp<T>(exchange: Exchange<T>): Promise<T | undefined>;
  /** The same; a stream that brings something else than the answer is given up. */
  tcp<T>(exchange: Exchange<T>): Promise<T | undefined>;
}

type Done<T> = (answer?: T) => void;

/** Reads `address`, `address:port`, and for IPv6 `[address]:port`; undefined where it is none. */
export function parseTarget(text: string): Target | undefined {
  if (isIPv6(text)) return { address: text, port: PORT };
  const parts = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text);
  const address = parts?.[1] ?? parts?.[2] ?? "";
  const port = parts?.[3] === undefined ? PORT : Number(parts[3]);
  return isIP(address) !== 0 && port >= 1 && port <= 65535 ? { address, port } : undefined;
}

function askUdp<T>(exchange: Exchange<T>): Promise<T | undefined> {
  const { target, query, read } = exchange;
  return within(exchange, (done) => {
    const socket = createSocket(isIPv6(target.address) ? "udp6" : "udp4");
    // Connected: the kernel passes on only what the server itself sends, and says when nobody listens there.
    socket.on("error", () => done());
    socket.on("connect", () => socket.send(query));
    socket.on("message", (message) => {
      const answer = read(message);
      if (answer !== undefined) done(answer);
    });
    socket.connect(target.port, target.address);
    return () => socket.close();
  });
}

function askTcp<T>(exchange: Exchange<T>): Promise<T | undefined> {
  const { target, query, read } = exchange;
  return within(exchange, (done) => {
    const socket = connect({ host: target.address, port: target.port, noDelay: true });
    let received = Buffer.alloc(0);
    socket.on("error", () => done());
    socket.on("close", () => done());
    socket.on("connect", () => socket.write(withLength(query)));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2) return;
      const end = 2 + received.readUInt16BE(0);
      if (received.length >= end) done(read(received.subarray(2, end)));
    });
    return () => socket.destroy();
  });
}

/** From the host. */
export const HOST: Ways = { udp: askUdp, tcp: askTcp };

/** A message as it stands in a stream (RFC 1035, 4.2.2), 1 to 65,535 bytes. */
export function withLength(message: Uint8Array): Uint8Array {
  const framed = Buffer.alloc(2 + message.length);
  framed.writeUInt16BE(Math.min(message.length, MESSAGE_MAX));
  framed.set(message, 2);
  return framed;
}

/** Runs one try: `open` begins it and gives the function that cleans up, which is called once, however it ends. */
function within<T>(exchange: Exchange<T>, open: (done: Done<T>) => () => void): Promise<T | undefined> {
  const { signal, timeoutMs } = exchange;
  return new Promise((resolve) => {
    let close: (() => void) | undefined;
    let over = false;
    const quit = (): void => done();
    const done = (answer?: T): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", quit);
      close?.();
      resolve(answer);
    };
    const timer = setTimeout(quit, timeoutMs);
    signal.addEventListener("abort", quit);
    if (signal.aborted) done();
    else close = open(done);
  });
}
