// The data plane of one thread: wait for any port, receive a batch, one call into the core, transmit. Per turn two
// calls over a boundary, none per frame, and nothing allocated. All else here is for the rare turn on which the
// bell rang: messages, and parking while the main thread changes the tables.

import { performance } from "node:perf_hooks"; // the global one is looked up anew with each use
import { receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { CoreExports } from "../core/abi.js";
import * as layout from "../core/layout.js";
import type { SharedMemory } from "../core/memory.js";
import { Pipe } from "../core/pipe.js";
import { findAddon, POLLER_EVENTS, type Poller } from "../port/addon.js";
import { discard, type Wiring } from "../port/wiring.js";
import { Bell, ringWorker } from "./doorbell.js";
import { FileEnd } from "./file.js";
import { geometryOf } from "./geometry.js";
import type { Assignment, FromWorker, ToWorker } from "./message.js";
import { Lookout } from "./lookout.js";
import { Patience } from "./patience.js";
import { QUIET_MS, Stay } from "./stay.js";

const RECEIVED = 0xffff;
const BULK_BYTES = 9216; // longer than the longest frame of a wire
const POLL_EDGE_MS = 1; // the poller's clock ticks in milliseconds; shorter waits are spent polling

export class Loop {
  readonly #bell: Bell;
  readonly #patience: Patience;
  readonly #lookout: Lookout;
  readonly #stay = new Stay();
  #stays = false;
  readonly #block: number;
  readonly #addon = findAddon();
  readonly #poller: Poller | undefined;
  readonly #files = new Map<number, FileEnd>();
  readonly #sources: number[] = [];
  /** Ports that the poller has, and whether they accept a new peer by themselves. */
  readonly #polled = new Map<number, boolean>();
  readonly #skew: number;
  #running = true;

  constructor(
    readonly assignment: Assignment,
    readonly shared: SharedMemory,
    readonly core: CoreExports,
    readonly channel: MessagePort,
  ) {
    this.#block = layout.WORKERS + assignment.index * layout.WORKER_SIZE;
    this.#bell = new Bell(shared, assignment.index);
    this.#patience = new Patience(assignment.poll);
    this.#lookout = new Lookout(shared, assignment.poll === "busy" ? Infinity : undefined);
    this.#skew = performance.timeOrigin - assignment.origin;
    this.#poller = this.#addon?.createPoller(shared.bytes, geometryOf(shared, assignment.index));
    core.bind(assignment.index, true);
    shared.setWord(this.#block + layout.WORKER_DOORBELL, this.#poller?.doorbell ?? 0);
    this.#say({ type: "ready", doorbell: this.#poller?.doorbell ?? 0 });
  }

  /** Runs until it is told to stop. */
  run(): void {
    let wait = 0;
    while (this.#running) {
      const received = this.#wait(wait);
      if (this.#bell.rang()) this.#answer();
      if (this.#files.size > 0) this.#fillFiles(); // a walk over a Map allocates: not where there is no file
      const now = performance.now();
      const bulk = received > 0 && this.#isBulk(); // asked first: what the core pulls in comes to stand there, too
      wait = this.core.turn(received, now + this.#skew);
      const active = received > 0 || wait === 0;
      if (this.#lookout.may(this.#patience.looksOn(active, now, bulk))) wait = this.#lookOn(active);
      if (this.#stay.after(bulk, now) !== this.#stays) this.#sit();
      if (this.#stays) wait = Math.min(wait, QUIET_MS);
      if (this.#files.size > 0) this.#drainFiles();
      this.#wakeOthers();
    }
    this.#lookout.may(false);
    for (const port of [...this.#polled.keys(), ...this.#files.keys()]) this.#detach(port);
    this.#poller?.close();
    this.#say({ type: "stopped" });
  }

  /** Transmits, sleeps for up to `ms` unless the bell rings, receives. Returns how many frames came. */
  #wait(ms: number): number {
    const sleeps = ms >= POLL_EDGE_MS && this.#bell.lieDown();
    let outcome = 0;
    if (this.#poller) outcome = this.#poller.turn(sleeps ? Math.floor(ms) : 0);
    else if (sleeps) this.#bell.wait(ms);
    this.#bell.getUp();
    if (outcome & POLLER_EVENTS) this.#report(this.#poller!);
    return outcome & RECEIVED;
  }

  /** Whether the first frame received is many in one, which stands for the others. */
  #isBulk(): boolean {
    return this.shared.word(this.#block + layout.WORKER_RX + layout.DESC_LENGTH) > BULK_BYTES;
  }

  /** Goes on without sleeping: waits 0 ms. Who looks in vain may be in the way of a worker that has been waked. */
  #lookOn(active: boolean): number {
    if (!active && this.#lookout.isOneOfMany) this.#poller?.giveWay();
    return 0;
  }

  /** Stays on this processor from now on, or no longer. */
  #sit(): void {
    this.#stays = !this.#stays;
    this.#poller?.stay(this.#stays);
  }

  #wakeOthers(): void {
    const wake = this.shared.word(this.#block + layout.WORKER_WAKE);
    if (wake === 0) return;
    this.shared.setWord(this.#block + layout.WORKER_WAKE, 0);
    for (let worker = 0; worker < layout.WORKERS_MAX; worker++) {
      if (wake & (1 << worker)) ringWorker(this.shared, worker, this.#addon, this.#doorbell(worker));
    }
  }

  #doorbell(worker: number): number {
    return this.shared.word(layout.WORKERS + worker * layout.WORKER_SIZE + layout.WORKER_DOORBELL);
  }

  // ---- the rare turns ----

  #answer(): void {
    this.#park();
    for (let message = receiveMessageOnPort(this.channel); message; message = receiveMessageOnPort(this.channel)) {
      this.#obey(message.message as ToWorker);
    }
  }

  /** Stands still while the main thread changes the tables. */
  #park(): void {
    const park = layout.HEADER_PARK >>> 2;
    const parked = layout.HEADER_PARKED >>> 2;
    if (Atomics.load(this.shared.signed, park) === 0) return;
    Atomics.add(this.shared.signed, parked, 1);
    Atomics.notify(this.shared.signed, parked);
    while (Atomics.load(this.shared.signed, park) === 1) Atomics.wait(this.shared.signed, park, 1);
    Atomics.sub(this.shared.signed, parked, 1);
    Atomics.notify(this.shared.signed, parked);
  }

  #obey(message: ToWorker): void {
    if (message.type === "stop") {
      this.#running = false;
    } else if (message.type === "attach") {
      this.#attachOrLose(message.port, message.pipe, message.wiring);
      this.#say({ type: "attached", port: message.port });
    } else if (message.type === "begin") {
      this.#setSources([...this.#sources, message.port]);
    } else {
      this.#detach(message.port);
      this.#say({ type: "detached", port: message.port });
    }
  }

  /** An fd that cannot be polled is lost like one that fails later: nobody else suffers, and it is tried for again. */
  #attachOrLose(port: number, pipe: number, wiring: Wiring): void {
    try {
      this.#attach(port, pipe, wiring);
    } catch (error) {
      discard(wiring);
      this.#link(port, false, (error as NodeJS.ErrnoException).code ?? String(error), true);
    }
  }

  #attach(port: number, pipe: number, wiring: Wiring): void {
    const end = new Pipe(this.shared, pipe);
    if ("fd" in wiring) {
      if (wiring.kind === "stream") end.reset();
      const listener = wiring.kind === "stream" ? wiring.listener : -1;
      this.core.setOffload(port, wiring.kind === "tap-offload");
      if ("sendsOnly" in wiring) this.#poller!.attachSender(port, wiring.kind, wiring.fd);
      else this.#poller!.attach(port, wiring.kind, wiring.fd, pipe, listener);
      this.#polled.set(port, listener >= 0);
      return;
    }
    if (wiring.kind === "file") {
      end.reset();
      this.#files.set(port, new FileEnd(end, wiring.read, wiring.write));
    }
    this.#link(port, true, "attached");
  }

  #detach(port: number): void {
    this.#setSources(this.#sources.filter((source) => source !== port));
    if (this.#polled.delete(port)) this.#poller!.detach(port);
    const file = this.#files.get(port);
    if (file) {
      this.#drain(port, file);
      file.close();
      this.#files.delete(port);
    }
    this.core.abandon(port);
  }

  #setSources(ports: number[]): void {
    this.#sources.splice(0, this.#sources.length, ...ports);
    this.shared.halves.set(ports, (this.#block + layout.WORKER_PULL_LIST) >>> 1);
    this.shared.setWord(this.#block + layout.WORKER_PULLS, ports.length);
  }

  #fillFiles(): void {
    for (const [port, file] of this.#files) this.#fill(port, file);
  }

  #drainFiles(): void {
    for (const [port, file] of this.#files) this.#drain(port, file);
  }

  #fill(port: number, file: FileEnd): void {
    for (const face of file.passedOver()) {
      const why = `interface ${face} of the capture file is not Ethernet; its packets are passed over`;
      this.#say({ type: "note", port, why });
    }
    const ended = this.#guard(port, () => file.fill());
    if (ended === undefined) return;
    if (file.write === undefined) this.#link(port, false, ended);
  }

  #drain(port: number, file: FileEnd): void {
    this.#guard(port, () => file.drain());
  }

  /** A file that cannot be read or written takes its port down, and nothing else. */
  #guard<T>(port: number, action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      this.#files.get(port)?.close();
      this.#files.delete(port);
      this.#link(port, false, (error as NodeJS.ErrnoException).code ?? String(error));
      return undefined;
    }
  }

  #report(poller: Poller): void {
    for (const { port, what, why } of poller.events()) {
      const gone = what === "gone" && !this.#polled.get(port);
      if (gone) this.#polled.delete(port);
      this.#link(port, what === "up", why, gone);
    }
  }

  #link(port: number, up: boolean, why: string, gone = false): void {
    this.core.setLink(port, up);
    this.#say({ type: "link", port, up, why, gone });
  }

  #say(message: FromWorker): void {
    this.channel.postMessage(message);
  }
}
