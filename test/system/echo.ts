// Servers that say how they see whoever asks them, and clients that ask. Owns the processes' command lines (echo.py).

import { fileURLToPath } from "node:url";
import type { Station } from "./lab.js";
import { python } from "./python.js";
import type { Running } from "./running.js";

const SCRIPT = fileURLToPath(new URL("echo.py", import.meta.url));

export type Protocol = "tcp" | "udp";

/** A server on ports of a machine: it runs as long as that. */
export async function serve(station: Station, protocol: Protocol, ...ports: number[]): Promise<Running> {
  const server = station.start(python(), SCRIPT, "serve", protocol, ...ports.map(String));
  await server.until(/^ready$/m);
  return server;
}

/** Sends a datagram to each of so many ports, from a port of its own. */
export async function scan(station: Station, address: string, count: number): Promise<void> {
  await station.start(python(), SCRIPT, "scan", address, String(count)).result();
}

/** A connection over which numbers come, counting up, ten times a second, while its client says nothing. */
export async function drip(from: Station, to: Station, port: number): Promise<Running> {
  const server = from.start(python(), SCRIPT, "drip", String(port));
  await server.until(/^ready$/m);
  return to.start(python(), SCRIPT, "sip", from.address, String(port));
}

/** How a server sees a machine, as `address:port`; undefined: it did not answer. `own`: the port to ask from. */
export async function ask(
  station: Station, protocol: Protocol, address: string, port: number, own = 0,
): Promise<string | undefined> {
  const id = asked++;
  const asker = await askerOf(station);
  asker.child.stdin!.write(`${id} ${protocol} ${address} ${port} ${own}\n`);
  const answer = new RegExp(`^${id} (.*)$`, "m");
  await asker.until(answer);
  return answer.exec(asker.stdout)![1] || undefined;
}

let asked = 0;
const askers = new WeakMap<Station, Promise<Running>>();

/** The process that asks for a machine: one for all its questions, for it takes its time to start. */
function askerOf(station: Station): Promise<Running> {
  const begin = async (): Promise<Running> => {
    const asker = station.start(python(), SCRIPT, "ask");
    await asker.until(/^ready$/m);
    return asker;
  };
  const asker = askers.get(station) ?? begin();
  askers.set(station, asker);
  return asker;
}
