// One TCP connection that a guest opened: its state, what it has received, and its timers. Data is taken in order
// only: what comes early is dropped, and the peer told where to go on. Owns no frames: it emits segments.
// Read first: RFC 9293 section 3.10 (event processing), RFC 5961 (blind attacks with RST, SYN and data).
//
//   SYN-RECEIVED ─→ ESTABLISHED ─ close ─→ FIN-WAIT-1 ─→ FIN-WAIT-2 ─→ TIME-WAIT
//                        │ FIN                  └──→ CLOSING ────────────┘
//                   CLOSE-WAIT ─ close ─→ LAST-ACK ─→ (gone)

import { advance, distance, lengthOf, type Segment } from "./segment.js";
import { Sender } from "./sender.js";
import { type Asker } from "../share.js";
import { type Slot } from "./slots.js";

/** Bytes that a peer may send ahead of our acknowledgment; they are handed on at once and take no memory here. */
export const WINDOW = 16_384;
/** Silence after which a connection is closed, ms. */
export const IDLE_MS = 10_000;
/** How long an old segment could still come, ms: there are no long ways to a guest. */
export const TIME_WAIT_MS = 2_000;

export type State =
  | "syn-received" | "established" | "close-wait" | "last-ack"
  | "fin-wait-1" | "fin-wait-2" | "closing" | "time-wait" | "closed";

/** What a segment of ours says, without the ports. */
export type Outgoing = Omit<Segment, "sourcePort" | "destinationPort">;

/** Who uses a connection. */
export interface TcpHandler {
  /** The next bytes, one or more; a view, to be copied where it is kept. */
  data(bytes: Uint8Array): void;
  /** The peer will send no more; it still reads. */
  ended(): void;
  /** It is gone, for whatever reason; called once, as the last. */
  closed(): void;
}

export interface ConnectionOptions {
  /** The SYN that opens it. */
  readonly syn: Segment;
  readonly owner: Asker;
  /** The first sequence number of ours. */
  readonly iss: number;
  /** Bytes of the longest segment that we send and take. */
  readonly mssMax: number;
  readonly clock: () => number;
  readonly emit: (segment: Outgoing) => void;
  /** Called when the handshake is complete. */
  readonly opened: (connection: TcpConnection) => TcpHandler;
  /** Called when the connection is gone. */
  readonly gone: (connection: TcpConnection) => void;
}

const NOTHING = new Uint8Array(0);

export class TcpConnection implements Slot {
  readonly owner: Asker;
  readonly #options: ConnectionOptions;
  readonly #sender: Sender;
  #handler: TcpHandler | undefined;
  #state: State = "syn-received";
  /** RCV.NXT. */
  #next: number;
  #ackDue = false;
  /** When something new was last received or acknowledged. */
  #aliveMs: number;

  constructor(options: ConnectionOptions) {
    const { syn, iss, mssMax, clock } = options;
    this.owner = options.owner;
    this.#options = options;
    this.#next = advance(syn.seq, 1);
    this.#aliveMs = clock();
    this.#sender = new Sender(iss, syn.mss, mssMax);
    this.#sender.widen(syn.window, syn.seq, iss);
  }

  get state(): State {
    return this.#state;
  }

  get worth(): Slot["worth"] {
    if (this.#state === "syn-received") return "half-open";
    return this.#state === "time-wait" ? "over" : "open";
  }

  // ---- for its user ----

  /** Sends bytes. False, and nothing is sent, where it is closing or too much waits (SEND_MAX). */
  write(bytes: Uint8Array): boolean {
    const may = this.#state === "established" || this.#state === "close-wait";
    if (!may || !this.#sender.write(bytes)) return false;
    this.#flush();
    return true;
  }

  /** Closes our side once all is sent; what the peer still sends is not handed on. */
  close(): void {
    if (this.#state === "established") this.#state = "fin-wait-1";
    else if (this.#state === "close-wait") this.#state = "last-ack";
    else return;
    this.#sender.end();
    this.#flush();
  }

  /** Breaks it off with RST. */
  abort(): void {
    if (this.#state === "closed") return;
    this.#emit({ seq: this.#sender.next, rst: true, payload: NOTHING });
    this.drop();
  }

  // ---- for its server ----

  /** Answers the SYN. */
  start(): void {
    this.#flush();
  }

  /** Ends it without a word. */
  drop(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#options.gone(this);
    this.#handler?.closed();
  }

  /** Whether a SYN belongs to a new connection between the same ports (RFC 9293, 3.10.7.4, TIME-WAIT). */
  isReopenedBy({ syn, ack, rst, seq }: Segment): boolean {
    return this.#state === "time-wait" && syn === true && !rst && ack === undefined && distance(seq, this.#next) > 0;
  }

  receive(segment: Segment): void {
    this.#take(segment);
    if (this.#state === "closed") return;
    this.#flush();
    if (this.#ackDue) this.#emit({ seq: this.#sender.next, payload: NOTHING });
  }

  /** Does what is due, and gives the time of the clock at which there is something again. */
  tick(): number {
    const nowMs = this.#options.clock();
    if (this.#sender.dueMs <= nowMs) {
      if (!this.#sender.retry(nowMs)) this.abort();
      else this.#flush();
    }
    if (this.#idleEndMs <= nowMs) this.#expire(nowMs);
    return this.#state === "closed" ? Infinity : Math.min(this.#sender.dueMs, this.#idleEndMs);
  }

  /** Until when the peer may be silent; Infinity while we wait for an acknowledgment, which has its own end. */
  get #idleEndMs(): number {
    if (this.#state === "time-wait") return this.#aliveMs + TIME_WAIT_MS;
    return this.#sender.waiting ? this.#aliveMs + IDLE_MS : Infinity;
  }

  #expire(nowMs: number): void {
    if (this.#state === "time-wait") {
      this.drop();
    } else if (this.#sender.idle && (this.#state === "established" || this.#state === "close-wait")) {
      this.#aliveMs = nowMs;
      this.close();
    } else {
      this.abort();
    }
  }

  /** The checks of RFC 9293, 3.10.7.4, in their order. */
  #take(segment: Segment): void {
    if (this.#state === "syn-received" && segment.syn && segment.seq === advance(this.#next, -1)) {
      this.#emitSynAgain();
    } else if (!this.#isInWindow(segment)) {
      this.#ackDue ||= !segment.rst;
    } else if (segment.rst) {
      // RFC 5961, 3: only the exact number counts; another one is asked about.
      if (segment.seq === this.#next) this.drop();
      else this.#ackDue = true;
    } else if (segment.syn) {
      this.#ackDue = true;
    } else if (segment.ack !== undefined && this.#takeAck(segment, segment.ack)) {
      this.#takeData(segment);
    }
  }

  #isInWindow(segment: Segment): boolean {
    const first = distance(segment.seq, this.#next);
    const last = first + Math.max(0, lengthOf(segment) - 1);
    return (first >= 0 && first < WINDOW) || (last >= 0 && last < WINDOW);
  }

  /** False: the segment is not to be looked at further. */
  #takeAck(segment: Segment, ack: number): boolean {
    const sender = this.#sender;
    if (this.#state === "syn-received" && !sender.isNew(ack)) {
      this.#options.emit({ seq: ack, rst: true, window: 0, payload: NOTHING });
      return false;
    }
    if (!sender.accepts(ack)) {
      this.#ackDue = true;
      return false;
    }
    const nowMs = this.#options.clock();
    if (sender.acknowledge(ack, nowMs)) this.#aliveMs = nowMs;
    sender.widen(segment.window, segment.seq, ack);
    this.#advanceByAck();
    return this.#state !== "closed";
  }

  #advanceByAck(): void {
    if (this.#state === "syn-received") {
      this.#state = "established";
      this.#handler = this.#options.opened(this);
    } else if (this.#sender.finAcked) {
      if (this.#state === "fin-wait-1") this.#state = "fin-wait-2";
      else if (this.#state === "closing") this.#state = "time-wait";
      else if (this.#state === "last-ack") this.drop();
    }
  }

  #takeData({ seq, payload, fin }: Segment): void {
    if (payload.length === 0 && !fin) return;
    this.#ackDue = true;
    const known = distance(this.#next, seq);
    const end = advance(seq, payload.length);
    const open = this.#state === "established" || this.#state === "fin-wait-1" || this.#state === "fin-wait-2";
    // Early, or after the end: the acknowledgment says where we are.
    if (known < 0 || !open) return;
    const fresh = payload.subarray(known, known + WINDOW);
    this.#next = advance(this.#next, fresh.length);
    if (fresh.length > 0) this.#aliveMs = this.#options.clock();
    if (fresh.length > 0 && this.#state === "established") this.#handler?.data(fresh);
    if (fin && end === this.#next) this.#takeFin();
  }

  #takeFin(): void {
    this.#aliveMs = this.#options.clock();
    if (this.#state === "closed") return;
    this.#next = advance(this.#next, 1);
    if (this.#state === "established") {
      this.#state = "close-wait";
      this.#handler?.ended();
    } else if (this.#state === "fin-wait-1") {
      this.#state = "closing";
    } else if (this.#state === "fin-wait-2") {
      this.#state = "time-wait";
    }
  }

  #flush(): void {
    while (this.#state !== "closed") {
      const piece = this.#sender.take(this.#options.clock());
      if (!piece) return;
      this.#emit(piece);
    }
  }

  #emitSynAgain(): void {
    this.#emit({ seq: this.#options.iss, syn: true, payload: NOTHING });
  }

  #emit(segment: Omit<Outgoing, "window">): void {
    this.#ackDue = false;
    const mss = segment.syn ? this.#options.mssMax : undefined;
    this.#options.emit({ ...segment, ack: this.#next, window: WINDOW, mss });
  }
}
