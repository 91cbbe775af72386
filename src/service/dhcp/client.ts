// The DHCP client of a router's uplink: asks for an address, keeps it, and gives it back.
// Owns the state machine and its timing. It has no timers: `tick` says when it wants to be called again. Whether
// somebody else uses the address is the core's to find out; the client sends no DHCPDECLINE.
// The first DHCPDISCOVER goes at once: the wait of RFC 2131, 4.4.1 is for rooms full of machines that start together.
// Read first: RFC 2131 section 4.4, figure 5 (the states) above all, and section 4.1 (how often to ask).

import { MAC_BROADCAST } from "../../wire/packet.js";
import type { Place, Transmit } from "../channel.js";
import { bindingOf, checkedBinding, isSameBinding, renewalTimesOf, type Binding } from "./binding.js";
import { openDatagram, PORT_CLIENT } from "./datagram.js";
import { OP_REPLY, parseMessage, TYPE, type DhcpMessage } from "./message.js";
import { addressIn, CODE } from "./options.js";
import { clientFrame, type ClientState } from "./request.js";
import { isMac } from "./sane.js";

/** RFC 2131, 4.1: the first wait for an answer, the longest, and how much chance adds or takes. */
const WAIT_MS_MIN = 4_000;
const WAIT_MS_MAX = 64_000;
const JITTER_MS = 1_000;
/** Requests for an offer, or for the address of before, after which it begins anew. */
const REQUESTS_MAX = 4;
const REBOOTS_MAX = 2;
/** RFC 2131, 4.4.5: while it renews or rebinds, half of the time that is left, but no less than this. */
const RENEW_WAIT_MS_MIN = 60_000;
/** What `tick` says where nothing is due: no timer of Node's takes a lease of years. */
const IDLE_MS = 3_600_000;

export interface DhcpClientOptions {
  transmit: Transmit;
  /** Milliseconds, as performance.now. */
  clock: () => number;
  /** Milliseconds since 1970, as Date.now; absent: `clock`. */
  wall?: () => number;
  /** 0 to below 1, of 32 bits that nobody can foresee: transaction IDs are what an answer is known by. */
  random: () => number;
  /** The interface has to be made so; undefined: it has no address any more. Must not throw. */
  onBinding: (binding: Binding | undefined) => void;
}

/** A lease as it is saved. */
export interface ClientRecord {
  binding: Binding;
  /** When it ends, ms of the wall clock. */
  expires: number;
}

interface Lease {
  binding: Binding;
  /** The MAC that the server, or the way to it, is at. */
  serverMac: string;
  renewMs: number;
  rebindMs: number;
  expiresMs: number;
}

export class DhcpClient {
  readonly #place: Place;
  readonly #options: DhcpClientOptions;
  #state: ClientState = "down";
  #xid = 0;
  /** When this exchange began, for `secs`. */
  #sinceMs = 0;
  /** When it asked last: a lease lasts from there on (RFC 2131, 4.4.1). */
  #askedMs = 0;
  #dueMs = Infinity;
  #sent = 0;
  #refusals = 0;
  #offer: Binding | undefined;
  /** What it has, or had and asks for again. */
  #lease: Lease | undefined;
  #isBound = false;
  /** Whether the lease is one that was restored, which the interface may have been made by. */
  #isRestored = false;

  constructor(place: Place, options: DhcpClientOptions) {
    this.#place = place;
    this.#options = options;
  }

  get state(): ClientState {
    return this.#state;
  }

  /** What the interface has now. */
  get binding(): Binding | undefined {
    return this.#isBound ? this.#lease?.binding : undefined;
  }

  /** The lease that was restored or had last, while it lasts: usable until a server says otherwise (RFC 2131, 3.2). */
  get remembered(): Binding | undefined {
    return this.#lease?.binding;
  }

  /** The link has come up, perhaps at another network: asks for the lease that it has (INIT-REBOOT), or for one. */
  linkUp(): void {
    this.#refusals = 0;
    if (this.#lease && this.#lease.expiresMs > this.#now()) this.#begin("rebooting");
    else this.#restart();
  }

  /** Says nothing until the link is back; the address stays until its lease ends. */
  linkDown(): void {
    this.#state = "down";
    this.#dueMs = Infinity;
  }

  /** Gives the address back and stops, until `linkUp`. */
  release(): void {
    if (this.#isBound) {
      this.#xid = this.#newXid();
      this.#send(TYPE.release);
    }
    this.#drop();
    this.linkDown();
  }

  /** Does what is due; gives the milliseconds, 0 or more, until it wants to be called again. */
  tick(): number {
    const nowMs = this.#now();
    if (this.#lease && nowMs >= this.#lease.expiresMs) this.#expire();
    if (nowMs >= this.#dueMs) this.#act();
    const nextMs = Math.min(this.#dueMs, this.#lease?.expiresMs ?? Infinity);
    return Math.min(IDLE_MS, Math.max(0, nextMs - this.#now()));
  }

  /** Takes a frame that the core handed up from the uplink; whatever is no answer to it is forgotten. */
  receive(frame: Uint8Array): void {
    const datagram = openDatagram(frame, PORT_CLIENT);
    if (typeof datagram === "string" || !isMac(datagram.sourceMac)) return;
    const message = parseMessage(datagram.payload);
    if (typeof message === "string" || message.op !== OP_REPLY) return;
    if (message.xid !== this.#xid || message.mac !== this.#place.mac) return;
    if (message.type === TYPE.offer) this.#takeOffer(message);
    else if (message.type === TYPE.ack) this.#takeAck(message, datagram.sourceMac);
    else if (message.type === TYPE.nak) this.#takeNak(message);
  }

  /** The lease, to be saved whenever `onBinding` was called; undefined where it has none. */
  snapshot(): ClientRecord | undefined {
    if (!this.#lease) return undefined;
    const { binding, expiresMs } = this.#lease;
    return { binding: structuredClone(binding), expires: Math.round(expiresMs + this.#wallMs() - this.#now()) };
  }

  /** Takes a lease back before the first `linkUp`, to ask for it again; false where it is none, or has ended. */
  restore(record: unknown): boolean {
    const { binding: said, expires } = (record ?? {}) as { binding?: unknown; expires?: unknown };
    const binding = checkedBinding(said);
    if (!binding || typeof expires !== "number" || !Number.isFinite(expires)) return false;
    const leftMs = Math.min(expires - this.#wallMs(), binding.leaseSeconds * 1000);
    if (leftMs <= 0) return false;
    const expiresMs = this.#now() + leftMs;
    this.#isRestored = true;
    this.#lease = { binding, serverMac: MAC_BROADCAST, renewMs: expiresMs, rebindMs: expiresMs, expiresMs };
    return true;
  }

  // ---- what time brings ----

  #act(): void {
    switch (this.#state) {
      case "selecting": return this.#ask(TYPE.discover);
      case "requesting": return this.#sent < REQUESTS_MAX ? this.#ask(TYPE.request) : this.#restart();
      case "rebooting": return this.#sent < REBOOTS_MAX ? this.#ask(TYPE.request) : this.#restart();
      case "bound": return this.#begin("renewing");
      case "renewing":
        if (this.#lease && this.#now() >= this.#lease.rebindMs) return this.#begin("rebinding");
        return this.#ask(TYPE.request);
      case "rebinding": return this.#ask(TYPE.request);
      case "down": this.#dueMs = Infinity;
    }
  }

  /** Enters a state that asks, with a transaction of its own. */
  #begin(state: ClientState): void {
    this.#enter(state);
    this.#act();
  }

  #enter(state: ClientState): void {
    this.#state = state;
    this.#xid = this.#newXid();
    this.#sinceMs = this.#now();
    this.#sent = 0;
  }

  /** INIT. A server that refuses what it offers is not asked again at once. */
  #restart(): void {
    this.#offer = undefined;
    this.#enter("selecting");
    if (this.#refusals === 0) this.#act();
    else this.#dueMs = this.#now() + backoffMs(this.#refusals);
  }

  #ask(type: number): void {
    this.#send(type);
    this.#sent++;
    this.#askedMs = this.#now();
    this.#dueMs = this.#askedMs + this.#waitMs();
  }

  #waitMs(): number {
    const nowMs = this.#now();
    if (this.#state === "renewing" || this.#state === "rebinding") {
      const endMs = (this.#state === "renewing" ? this.#lease?.rebindMs : this.#lease?.expiresMs) ?? nowMs;
      return Math.min(Math.max((endMs - nowMs) / 2, RENEW_WAIT_MS_MIN), endMs - nowMs);
    }
    return backoffMs(this.#sent) + (this.#options.random() * 2 - 1) * JITTER_MS;
  }

  #expire(): void {
    this.#drop();
    if (this.#state !== "down") this.#restart();
  }

  // ---- what comes in ----

  /** The first offer that is any good is taken. */
  #takeOffer(message: DhcpMessage): void {
    if (this.#state !== "selecting") return;
    const offer = bindingOf(message);
    if (!offer) return;
    this.#offer = offer;
    this.#state = "requesting";
    this.#sent = 0;
    this.#ask(TYPE.request);
  }

  #takeAck(message: DhcpMessage, serverMac: string): void {
    const binding = bindingOf(message);
    if (!binding || !this.#isAsked(binding)) return;
    const times = renewalTimesOf(message, binding.leaseSeconds);
    const before = this.binding;
    this.#lease = {
      binding, serverMac,
      renewMs: this.#askedMs + times.renewalSeconds * 1000,
      rebindMs: this.#askedMs + times.rebindingSeconds * 1000,
      expiresMs: this.#askedMs + binding.leaseSeconds * 1000,
    };
    this.#isBound = true;
    this.#isRestored = false;
    this.#offer = undefined;
    this.#refusals = 0;
    this.#state = "bound";
    this.#dueMs = this.#lease.renewMs;
    if (!before || !isSameBinding(before, binding)) this.#options.onBinding(binding);
  }

  /** Whether it is the address that was asked for, of the server that was asked. */
  #isAsked(binding: Binding): boolean {
    switch (this.#state) {
      case "requesting":
        return binding.address === this.#offer?.address && binding.server === this.#offer.server;
      case "renewing":
      case "rebinding":
      case "rebooting":
        return binding.address === this.#lease?.binding.address;
      default:
        return false;
    }
  }

  #takeNak(message: DhcpMessage): void {
    const server = addressIn(message.options, CODE.server);
    if (this.#state === "requesting") {
      if (server !== this.#offer?.server) return;
      this.#refusals++;
    } else if (this.#state === "renewing") {
      if (server !== this.#lease?.binding.server) return;
    } else if (this.#state !== "rebinding" && this.#state !== "rebooting") {
      return;
    }
    this.#drop();
    this.#restart();
  }

  // ---- inside ----

  /** Forgets the lease; says so where the interface had it. */
  #drop(): void {
    const wasKnown = this.#isBound || this.#isRestored;
    this.#lease = undefined;
    this.#isBound = false;
    this.#isRestored = false;
    if (wasKnown) this.#options.onBinding(undefined);
  }

  #send(type: number): void {
    const secs = Math.min(0xffff, Math.max(0, Math.floor((this.#now() - this.#sinceMs) / 1000)));
    const frame = clientFrame(this.#place, {
      type, xid: this.#xid, secs, state: this.#state, offer: this.#offer, binding: this.#lease?.binding,
      serverMac: this.#lease?.serverMac ?? MAC_BROADCAST,
    });
    this.#options.transmit(this.#place, frame);
  }

  #newXid(): number {
    return Math.floor(this.#options.random() * 0x1_0000_0000) >>> 0;
  }

  #now(): number {
    return this.#options.clock();
  }

  #wallMs(): number {
    return (this.#options.wall ?? this.#options.clock)();
  }
}

/** 4, 8, 16, 32, 64, 64, … seconds. */
function backoffMs(attempt: number): number {
  return Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (attempt - 1));
}
