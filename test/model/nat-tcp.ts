// What a NAT knows of one TCP connection: whether it is open, and for how long it may be silent. Where the RFCs leave
// a router free, both bounds are given: it must live for the least and be gone after the most.
// Read first: RFC 5382, 5; RFC 7857, 2; RFC 5961, 3.2 for the RST.

import type { TcpHeader } from "../router/parse.js";

export type TcpSide = "inside" | "outside";
export type TcpLife = "transitory" | "established";

/** How long a session may be silent from now on; "keep": the end that it had stays. */
export interface TcpBounds { least: TcpLife | "keep"; most: TcpLife | "keep" }

interface Half {
  heard: boolean;
  syn: boolean;
  fin: boolean;
  /** The number after the last one that it sent; it goes back only by a SYN. */
  next?: number;
  /** What it last acknowledged, and how much it takes from there on. */
  acked?: number;
  window: number;
}

const newHalf = (): Half => ({ heard: false, syn: false, fin: false, window: 0 });

/** Windows can be scaled by up to 14 bits (RFC 7323), which a NAT need not follow. */
const SCALE_MAX = 2 ** 14;

export class TcpTrack {
  #halves = { inside: newHalf(), outside: newHalf() };
  /** It was open before its first segment was seen here (RFC 7857 leaves that to the NAT). */
  readonly #midstream: boolean;
  #established = false;
  /** A router may take it for established. */
  #perhaps = false;
  #closing = false;
  /** A RST that may or may not have been validated: until the next SYN nothing makes it surely open. */
  #suspect = false;

  /** `first`: the segment that makes it, which is then to be noted. */
  constructor(first: TcpHeader) {
    this.#midstream = !first.flags.includes("S");
  }

  get state(): TcpLife | "closing" {
    if (this.#closing) return "closing";
    return this.#established ? "established" : "transitory";
  }

  /** Whether the host inside has said anything. */
  get answered(): boolean {
    return this.#halves.inside.heard;
  }

  /** Notes a segment of `length` bytes of payload that `side` sent. */
  note(side: TcpSide, segment: TcpHeader, length: number): TcpBounds {
    const { flags } = segment;
    if (flags.includes("R")) return this.#reset(side, segment);
    const fresh = flags.includes("S") && !flags.includes("A");
    const reopened = fresh && (this.#closing || this.#established);
    if (reopened) return this.#reopen(side, segment, length);
    const before = { syns: this.#both("syn") };
    this.#hear(side, segment, length);
    if (this.#closing) return { least: "keep", most: this.#perhaps ? "established" : "transitory" };
    this.#promote(flags, before.syns);
    if (this.#both("fin")) return this.#close(true);
    const most = this.#perhaps ? "established" : "transitory";
    return { least: this.#established ? "established" : "transitory", most };
  }

  #promote(flags: string, syns: boolean): void {
    const { inside, outside } = this.#halves;
    const plain = !flags.includes("S") && flags.includes("A");
    if (syns && plain && !this.#suspect) this.#established = true;
    // FINs and SYNs in the middle of nothing are for each router to understand.
    const odd = inside.fin || outside.fin || inside.syn || outside.syn;
    const heard = inside.heard && outside.heard;
    if (this.#midstream && !odd && heard && !this.#suspect) this.#established = true;
    if (this.#established || heard) this.#perhaps = true;
  }

  #both(what: "syn" | "fin"): boolean {
    return this.#halves.inside[what] && this.#halves.outside[what];
  }

  #hear(side: TcpSide, segment: TcpHeader, length: number): void {
    const half = this.#halves[side];
    const syn = segment.flags.includes("S");
    const fin = segment.flags.includes("F");
    const end = (segment.seq + length + (syn ? 1 : 0) + (fin ? 1 : 0)) >>> 0;
    if (half.next === undefined || syn || distance(half.next, end) < 2 ** 31) half.next = end;
    if (segment.flags.includes("A")) half.acked = segment.ack;
    half.window = segment.window;
    half.heard = true;
    half.syn ||= syn;
    half.fin ||= fin;
  }

  /** A SYN on what was open or closing begins anew; a router may keep the time of what was established. */
  #reopen(side: TcpSide, segment: TcpHeader, length: number): TcpBounds {
    const wasOpen = !this.#closing;
    this.#halves = { inside: newHalf(), outside: newHalf() };
    this.#established = false;
    this.#perhaps = wasOpen;
    this.#closing = false;
    this.#suspect = false;
    this.#hear(side, segment, length);
    return { least: "transitory", most: wasOpen ? "established" : "transitory" };
  }

  /** RFC 7857, 2.2: only a validated RST shortens the life; another is let through and changes nothing. */
  #reset(side: TcpSide, { seq }: TcpHeader): TcpBounds {
    const own = this.#halves[side];
    const peer = this.#halves[side === "inside" ? "outside" : "inside"];
    const { next } = own;
    const from = peer.acked ?? next;
    if (next === undefined || from === undefined) return this.#close(false);
    const within = (window: number) => distance(from, seq) < Math.max(1, window);
    if (seq === next || within(peer.window)) return this.#close(seq === next && within(peer.window + 1));
    if (within(peer.window * SCALE_MAX)) return this.#close(false);
    return { least: "keep", most: "keep" };
  }

  /** `certain`: no router may think it still open. What moves again after a RST may be (RFC 6146, 3.5.2.2). */
  #close(certain: boolean): TcpBounds {
    const wasOpen = this.#established;
    if (certain) this.#closing = true;
    else this.#suspect = true;
    if (certain && this.#both("fin")) this.#perhaps = false;
    this.#established &&= certain;
    if (!wasOpen) return { least: "keep", most: this.#perhaps && !certain ? "established" : "transitory" };
    return { least: "transitory", most: certain ? "transitory" : "keep" };
  }
}

/** How far `to` is ahead of `from` among sequence numbers. */
function distance(from: number, to: number): number {
  return (to - from) >>> 0;
}
