// The links of all ports: up or down and why, as their workers report it; and what was lost is tried for again
// until it comes back. Owns the timers of that.

import type { RegisteredPort } from "../core/registry.js";
import type { Attachment } from "../port/port.js";
import { discard } from "../port/wiring.js";
import { codeOfWhy, linkText, waitingText } from "./why.js";
import type { Crew, LinkReport } from "../worker/crew.js";

const RETRY_MS = 250;

interface Link {
  port: RegisteredPort;
  attachment: Attachment;
  up: boolean;
  /** In words; what it waits for before a worker has said anything. */
  why: string;
  /** Whether its attachment is tried for. */
  isLost: boolean;
  retry: NodeJS.Timeout | undefined;
  /** Why it could not be had the last time, where it was there; "" where it was not. */
  refusal: string;
}

export class Links {
  readonly #links = new Map<number, Link>();

  /** `onChange` hears of every link that goes up or down. `code`: errno's name, where there is one. */
  constructor(
    readonly crew: () => Crew,
    readonly onChange: (port: RegisteredPort, up: boolean, why: string, code: string | undefined) => void,
  ) {}

  begin(port: RegisteredPort, attachment: Attachment): void {
    const why = waitingText(port.config.attachment);
    this.#links.set(port.index, { port, attachment, up: false, why, isLost: false, retry: undefined, refusal: "" });
  }

  end(port: number): void {
    clearTimeout(this.#links.get(port)?.retry);
    this.#links.delete(port);
  }

  isUp(port: number): boolean {
    return this.#links.get(port)?.up ?? false;
  }

  /** Why a port's link is down, in words; "" where it is up. */
  whyDown(port: number): string {
    const link = this.#links.get(port);
    return link === undefined || link.up ? "" : link.why;
  }

  /** What a worker saw happen. */
  report(report: LinkReport): void {
    const { port, why } = report;
    const link = this.#links.get(port);
    if (!link) return; // the port went while the report was on its way
    if (report.type === "note") return this.onChange(link.port, link.up, why, undefined);
    const { up, gone } = report;
    if (gone) this.lost(port);
    if (link.up === up) return;
    link.up = up;
    link.why = linkText(link.port.config.attachment, why, link.attachment.device);
    this.onChange(link.port, up, link.why, codeOfWhy(why));
  }

  /** A port without its attachment: from now on it is tried for. */
  lost(port: number): void {
    const link = this.#links.get(port);
    if (!link || link.isLost) return; // each of its workers tells
    link.isLost = true;
    this.#tryLater(link);
  }

  #tryLater(link: Link): void {
    link.retry = setTimeout(() => { void this.#retry(link); }, RETRY_MS);
    link.retry.unref();
  }

  async #retry(link: Link): Promise<void> {
    const { port, attachment } = link;
    // Of its workers some may not have seen yet that it is lost.
    if (port.workers.length > 1) await this.crew().detach(port);
    if (!this.#isThere(link)) return;
    const wiring = await attachment.reopen().catch((error: unknown) => { this.#refuse(link, error as Error); });
    if (!wiring) return this.#tryLater(link);
    if (!this.#isThere(link)) return discard(wiring);
    link.isLost = false;
    link.refusal = "";
    await this.crew().attach(port, wiring);
  }

  /** Tells why what is there again cannot be had, once for each reason. */
  #refuse(link: Link, { message }: Error): void {
    if (link.refusal === message || !this.#isThere(link)) return;
    link.refusal = message;
    link.why = message;
    this.onChange(link.port, false, message, undefined);
  }

  /** Whether the port did not go meanwhile. */
  #isThere(link: Link): boolean {
    return this.#links.get(link.port.index) === link;
  }
}
