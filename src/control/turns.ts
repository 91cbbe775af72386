// Whose response is being made: one request of a connection at a time, in their order, and few at once over all.
// Owns that order and nothing else.
//
// Why: Node parses a whole chunk of pipelined requests before it looks at backpressure. Ten thousand requests for
// the forwarding database, from a client that reads nothing, would be ten thousand copies of it in memory. Here
// the next one starts when the one before has left for the kernel, so a client costs one response at most.

import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Responses that are being made or sent at once; streams do not count, they have their own limit. */
export const RESPONSES_MAX = 4;

interface Waiter {
  socket: Socket;
  start: () => void;
}

export class Turns {
  readonly #responding = new Set<Socket>();
  readonly #streaming = new Set<Socket>();
  #waiting: Waiter[] = [];

  /** Resolves when `response` may be made; never, where its connection closes before. */
  take(socket: Socket, response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const start = (): void => {
        this.#responding.add(socket);
        response.once("close", () => this.#leave(socket));
        resolve();
      };
      this.#waiting.push({ socket, start });
      this.#startNext();
    });
  }

  /** A response that goes on for as long as its reader likes gives its place to others. */
  becomeStream(socket: Socket): void {
    this.#responding.delete(socket);
    this.#streaming.add(socket);
    this.#startNext();
  }

  get streams(): number {
    return this.#streaming.size;
  }

  #leave(socket: Socket): void {
    this.#responding.delete(socket);
    this.#streaming.delete(socket);
    this.#startNext();
  }

  #startNext(): void {
    if (this.#responding.size >= RESPONSES_MAX) return;
    this.#waiting = this.#waiting.filter(({ socket }) => !socket.destroyed);
    const isFree = ({ socket }: Waiter): boolean => !this.#responding.has(socket) && !this.#streaming.has(socket);
    const index = this.#waiting.findIndex(isFree);
    const [next] = index < 0 ? [] : this.#waiting.splice(index, 1);
    next?.start();
  }
}
