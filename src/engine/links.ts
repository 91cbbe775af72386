// The links of all ports: up or down and why, as their workers report it; and what was lost is tried for again
// until it comes back. Owns the timers of that.

import type { RegisteredPort } from "../core/registry.js";
import type { Attachment } from "../port/port.js";
import { discard } from "../port/wiring.js";
import type { Crew, LinkReport } from "../worker/crew.js";

const RETRY_MS = 250;

interface Link {
  port: RegisteredPort;
  attachment: Attachment;
  up: boolean;
  retry: NodeJS.Timeout | undefined;
}

export class Links {
  readonly #links = new Map<number, Link>();

  /** `onChange` hears of every link that goes up or down. */
  constructor(
    readonly crew: () => Crew,
    readonly onChange: (port: RegisteredPort, up: boolean, why: string) => void,
  ) {}

  begin(port: RegisteredPort, attachment: Attachment): void {
    this.#links.set(port.index, { port, attachment, up: false, retry: undefined });
  }

  end(port: number): void {
    clearTimeout(this.#links.get(port)?.retry);
    this.#links.delete(port);
  }

  isUp(port: number): boolean {
    return this.#links.get(port)?.up ?? false;
  }

  /** What a worker saw happen. */
  report({ port, up, why, gone }: LinkReport): void {
    const link = this.#links.get(port);
    if (!link) return; // the port went while the report was on its way
    if (gone) this.lost(port);
    if (link.up === up) return;
    link.up = up;
    this.onChange(link.port, up, why);
  }

  /** A port without its attachment: from now on it is tried for. */
  lost(port: number): void {
    const link = this.#links.get(port);
    if (!link) return;
    link.retry = setTimeout(() => { void this.#retry(port); }, RETRY_MS);
    link.retry.unref();
  }

  async #retry(port: number): Promise<void> {
    const link = this.#links.get(port);
    const wiring = await link?.attachment.reopen();
    if (!link || this.#links.get(port) !== link) {
      if (wiring) discard(wiring); // the port went meanwhile
      return;
    }
    if (wiring) await this.crew().attach(link.port.worker, port, link.port.pipe, wiring);
    else this.lost(port);
  }
}
