// The sending half of a TCP connection: what waits to be sent or acknowledged, when it is sent again, how much at once.
// Owns the bytes from SND.UNA on. It says what to send; the connection puts it into segments.
// SYN and FIN take a sequence number each and are kept here like bytes, so that they are sent again like them.
// Read first: RFC 9293 sections 3.8.1 (retransmission) and 3.8.6 (windows), RFC 6298 section 5, RFC 5681 section 3.1.

import { advance, distance } from "./segment.js";

/** Bytes that may wait: two DNS messages of the greatest size. */
export const SEND_MAX = 2 * 65_537;
/** First wait for an acknowledgment, ms; doubled each time. */
export const RTO_MS = 1_000;
/** How often something is sent again before the connection is given up. */
export const RETRIES_MAX = 5;

/** Segments in flight at most, and at the beginning (RFC 6928). */
const FLIGHT_SEGMENTS = 10;
/** Smaller ones would make a flood of segments out of every answer. */
const MSS_MIN = 64;
/** Where the peer says none (RFC 9293, 3.7.1). */
const MSS_DEFAULT = 536;

/** What goes out next. */
export interface Piece {
  readonly seq: number;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array(0);

export class Sender {
  /** SND.UNA and SND.NXT; `#most`: the furthest that SND.NXT has been, which an acknowledgment may cover. */
  #una: number;
  #nxt: number;
  #most: number;
  /** Unacknowledged and unsent bytes, from the first one behind SYN on. */
  #bytes: Uint8Array = NOTHING;
  #synAcked = false;
  #finAsked = false;
  #finAcked = false;

  #window = 0;
  #windowMost = 0;
  #windowSeq = 0;
  #windowAck = 0;
  readonly #mss: number;
  #flightMax: number;

  #rtoMs = RTO_MS;
  #retries = 0;
  #probing = false;
  /** When to send again; Infinity: nothing is in flight, and nothing waits for the window. */
  dueMs = Infinity;

  /** `iss`: the first sequence number; `mss`: what the peer's SYN says; `mssMax`: what fits our link. */
  constructor(iss: number, mss: number | undefined, mssMax: number) {
    this.#una = iss;
    this.#nxt = iss;
    this.#most = iss;
    this.#mss = Math.max(MSS_MIN, Math.min(mss ?? MSS_DEFAULT, mssMax));
    this.#flightMax = FLIGHT_SEGMENTS * this.#mss;
  }

  /** SND.NXT: the sequence number of a segment that carries nothing. */
  get next(): number {
    return this.#most;
  }

  get finAcked(): boolean {
    return this.#finAcked;
  }

  /** Whether everything is sent and acknowledged. */
  get idle(): boolean {
    return this.#una === this.#end;
  }

  /** Whether it is the peer's turn to do something, be it only to make room. */
  get waiting(): boolean {
    return this.idle || (this.#synAcked && this.#window === 0);
  }

  /** Appends bytes. False, and nothing is taken, where SEND_MAX would be passed, or the end has been asked for. */
  write(bytes: Uint8Array): boolean {
    if (this.#finAsked || this.#bytes.length + bytes.length > SEND_MAX) return false;
    const joined = new Uint8Array(this.#bytes.length + bytes.length);
    joined.set(this.#bytes);
    joined.set(bytes, this.#bytes.length);
    this.#bytes = joined;
    return true;
  }

  /** FIN follows what has been written. */
  end(): void {
    this.#finAsked = true;
  }

  /** Whether it is of what was sent, and not older than any that can still be on its way (RFC 5961, 5). */
  accepts(ack: number): boolean {
    return distance(ack, this.#most) <= 0 && distance(ack, advance(this.#una, -Math.max(1, this.#windowMost))) >= 0;
  }

  /** Whether it acknowledges something that was not yet. */
  isNew(ack: number): boolean {
    return distance(ack, this.#una) > 0 && distance(ack, this.#most) <= 0;
  }

  /** Takes an acknowledgment that `accepts` has let pass. True: it covers something new. */
  acknowledge(ack: number, nowMs: number): boolean {
    if (!this.isNew(ack)) return false;
    let acked = distance(ack, this.#una);
    if (!this.#synAcked) {
      this.#synAcked = true;
      acked--;
    }
    const bytes = Math.min(acked, this.#bytes.length);
    this.#finAcked = acked > bytes;
    this.#bytes = this.#bytes.subarray(bytes);
    this.#una = ack;
    if (distance(ack, this.#nxt) > 0) this.#nxt = ack;
    this.#flightMax = Math.min(this.#flightMax + this.#mss, FLIGHT_SEGMENTS * this.#mss);
    this.#calm();
    this.dueMs = this.#nxt === this.#una ? Infinity : nowMs + this.#rtoMs;
    return true;
  }

  /** The peer's window, from a segment that is not older than the last that said one (RFC 9293, 3.10.7.4). */
  widen(window: number, seq: number, ack: number): void {
    const newer = distance(seq, this.#windowSeq);
    const first = this.#windowMost === 0;
    if (!first && (newer < 0 || (newer === 0 && distance(ack, this.#windowAck) < 0))) return;
    // What was sent as a probe goes out as usual once there is room.
    if (this.#probing && window > 0) {
      this.#nxt = this.#una;
      this.#calm();
      this.dueMs = Infinity;
    }
    this.#window = window;
    this.#windowMost = Math.max(this.#windowMost, window, 1);
    this.#windowSeq = seq;
    this.#windowAck = ack;
  }

  /** The next piece that may go out now; undefined: none. Sets the timer. */
  take(nowMs: number): Piece | undefined {
    const piece = this.#synAcked ? this.#takeData() : this.#takeSyn();
    if (piece) {
      this.#nxt = advance(piece.seq, piece.payload.length + (piece.syn ? 1 : 0) + (piece.fin ? 1 : 0));
      if (distance(this.#nxt, this.#most) > 0) this.#most = this.#nxt;
    }
    if (this.dueMs === Infinity && !this.idle) this.dueMs = nowMs + this.#rtoMs;
    return piece;
  }

  /** Goes back to what is not acknowledged, when `dueMs` has come. False: it has been tried often enough. */
  retry(nowMs: number): boolean {
    const closed = this.#synAcked && this.#window === 0;
    // A peer that says "no room" lives; how long it may say so is for the connection's idle time to limit.
    if (!closed && ++this.#retries > RETRIES_MAX) return false;
    this.#probing = closed;
    this.#nxt = this.#una;
    this.#flightMax = this.#mss;
    this.#rtoMs *= 2;
    this.dueMs = nowMs + this.#rtoMs;
    return true;
  }

  /** The sequence number behind everything that is to be sent. */
  get #end(): number {
    const syn = this.#synAcked ? 0 : 1;
    const fin = this.#finAsked && !this.#finAcked ? 1 : 0;
    return advance(this.#una, syn + this.#bytes.length + fin);
  }

  #takeSyn(): Piece | undefined {
    return this.#nxt === this.#una ? { seq: this.#una, syn: true, fin: false, payload: NOTHING } : undefined;
  }

  #takeData(): Piece | undefined {
    const sent = distance(this.#nxt, this.#una);
    const window = this.#probing ? Math.max(1, this.#window) : this.#window;
    const room = Math.min(window, this.#flightMax) - sent;
    const left = this.#bytes.length - sent;
    const size = Math.min(room, left, this.#mss);
    const payload = size > 0 ? this.#bytes.subarray(sent, sent + size) : NOTHING;
    const fin = this.#finAsked && !this.#finAcked && left === payload.length && room > payload.length;
    return payload.length > 0 || fin ? { seq: this.#nxt, syn: false, fin, payload } : undefined;
  }

  #calm(): void {
    this.#rtoMs = RTO_MS;
    this.#retries = 0;
    this.#probing = false;
  }
}
