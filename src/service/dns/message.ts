// DNS messages as bytes: the header, the one question, and where each record's TTL and data lie. Messages are passed
// on as they came, not decoded and encoded anew: so names of any bytes and records of any type survive, and two names
// are one only where their bytes say so. Owns no state; reads what is hostile without throwing.
// Read first: RFC 1035 section 4, RFC 6891 (EDNS), RFC 2181 sections 8 (TTLs) and 9 (TC), RFC 2308 (negative answers).

export const HEADER_SIZE = 12;
export const MESSAGE_MAX = 65535;
/** What any client takes over UDP (RFC 1035, 2.3.4). */
export const UDP_SIZE_MIN = 512;
/** Bytes over UDP that pass every usual path in one piece; what is asked of upstreams and given to clients. */
export const UDP_SIZE_MAX = 1232;

export const RCODE = {
  NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, BADVERS: 16,
} as const;
export const TYPE = { A: 1, SOA: 6, PTR: 12, AAAA: 28, OPT: 41, IXFR: 251, AXFR: 252, ANY: 255 } as const;
export const CLASS_IN = 1;
export const FLAG = { QR: 0x8000, AA: 0x0400, TC: 0x0200, RD: 0x0100, RA: 0x0080, AD: 0x0020, CD: 0x0010 } as const;

const OPCODE_MASK = 0x7800;
const NAME_MAX = 255;
const LABEL_MAX = 63;
const POINTER = 0xc0;
const RECORD_SIZE = 10; // behind the owner's name: type, class, TTL, length of data
const OPT_SIZE = 11;
const DNSSEC_OK = 0x8000;

export interface Question {
  /** The whole question as it came: name, type and class. */
  readonly bytes: Uint8Array;
  /** The name's labels with their lengths, as they came. */
  readonly name: Uint8Array;
  readonly type: number;
  readonly class: number;
}

export interface Edns {
  /** Bytes that the client takes over UDP, 512 or more. */
  readonly size: number;
  readonly dnssec: boolean;
  readonly version: number;
}

export interface Query {
  readonly id: number;
  readonly flags: number;
  readonly question: Question;
  readonly edns: Edns | undefined;
}

/** A resource record's place in its message. */
export interface RecordPlace {
  readonly section: "answer" | "authority" | "additional";
  readonly start: number;
  readonly type: number;
  readonly class: number;
  readonly ttlAt: number;
  readonly dataAt: number;
  readonly end: number;
}

// ---- reading ----

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A copy with A to Z made small: names are compared so (RFC 4343). Lengths of labels are below "A" and stay. */
export function lowerCase(name: Uint8Array): Uint8Array {
  return name.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));
}

/** Whether two questions ask for the same; 0x20 case aside. */
export function sameQuestion(a: Question, b: Question): boolean {
  return a.type === b.type && a.class === b.class && Buffer.compare(lowerCase(a.name), lowerCase(b.name)) === 0;
}

/**
 * Reads a query. Gives the finished refusal (FORMERR, NOTIMP, BADVERS) where it cannot be answered, and undefined
 * where there is nobody to refuse: no header, or an answer, which must never be answered.
 */
export function readQuery(message: Uint8Array): Query | Uint8Array | undefined {
  if (message.length < HEADER_SIZE) return undefined;
  const view = viewOf(message);
  const flags = view.getUint16(2);
  if ((flags & FLAG.QR) !== 0) return undefined;
  if ((flags & OPCODE_MASK) !== 0) return refuse(message, RCODE.NOTIMP);
  const question = readQuestion(message);
  const records = question && readRecords(message, question);
  const opts = records?.filter(({ type }) => type === TYPE.OPT);
  // RFC 6891, 6.1.1: at most one OPT, owned by the root.
  if (!question || !opts || opts.length > 1) return refuse(message, RCODE.FORMERR);
  const query = { id: view.getUint16(0), flags, question, edns: opts[0] && readEdns(message, opts[0]) };
  if (query.edns && query.edns.version > 0) return reply(query, RCODE.BADVERS);
  return query;
}

/** The one question; undefined where there is another number of them, or it is damaged. */
export function readQuestion(message: Uint8Array): Question | undefined {
  if (message.length < HEADER_SIZE) return undefined;
  const view = viewOf(message);
  if (view.getUint16(4) !== 1) return undefined;
  let at = HEADER_SIZE;
  while (message[at] !== 0) {
    const length = message[at];
    // Nothing is in front of this name that a pointer could mean.
    if (length === undefined || length > LABEL_MAX) return undefined;
    at += 1 + length;
  }
  at++;
  if (at - HEADER_SIZE > NAME_MAX || at + 4 > message.length) return undefined;
  return {
    bytes: message.subarray(HEADER_SIZE, at + 4),
    name: message.subarray(HEADER_SIZE, at),
    type: view.getUint16(at),
    class: view.getUint16(at + 2),
  };
}

/** The places of all records behind the question, in order; undefined where one reaches out of the message. */
export function readRecords(message: Uint8Array, question: Question): RecordPlace[] | undefined {
  const view = viewOf(message);
  const records: RecordPlace[] = [];
  let at = HEADER_SIZE + question.bytes.length;
  for (const [index, section] of (["answer", "authority", "additional"] as const).entries()) {
    for (let left = view.getUint16(6 + 2 * index); left > 0; left--) {
      const fixed = skipName(message, at);
      if (fixed === undefined || fixed + RECORD_SIZE > message.length) return undefined;
      const dataAt = fixed + RECORD_SIZE;
      const end = dataAt + view.getUint16(dataAt - 2);
      if (end > message.length) return undefined;
      const [type, kind] = [view.getUint16(fixed), view.getUint16(fixed + 2)];
      records.push({ section, start: at, type, class: kind, ttlAt: fixed + 4, dataAt, end });
      at = end;
    }
  }
  return records;
}

/** Seconds; a TTL with the highest bit set counts as 0 (RFC 2181, 8). */
export function readTtl(message: Uint8Array, record: RecordPlace): number {
  return Math.max(0, viewOf(message).getInt32(record.ttlAt));
}

/** Where a name ends; a pointer ends it, what it points to is not looked at. */
function skipName(message: Uint8Array, start: number): number | undefined {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined || at - start > NAME_MAX) return undefined;
    if (length === 0) return at + 1;
    if ((length & POINTER) === POINTER) return at + 2;
    if (length > LABEL_MAX) return undefined;
    at += 1 + length;
  }
}

function readEdns(message: Uint8Array, opt: RecordPlace): Edns {
  const ttl = viewOf(message).getUint32(opt.ttlAt);
  return {
    size: Math.max(UDP_SIZE_MIN, opt.class),
    dnssec: (ttl & DNSSEC_OK) !== 0,
    version: (ttl >>> 16) & 255,
  };
}

// ---- writing ----

/** A header alone, for queries whose question cannot be given back. */
function refuse(message: Uint8Array, rcode: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE);
  bytes.set(message.subarray(0, 2));
  const kept = viewOf(message).getUint16(2) & (OPCODE_MASK | FLAG.RD);
  viewOf(bytes).setUint16(2, FLAG.QR | FLAG.RA | kept | rcode);
  return bytes;
}

/** An answer without records; `flags` beside those that every answer has. */
export function reply(query: Query, rcode: number, flags = 0): Uint8Array {
  const question = query.question.bytes;
  const bytes = new Uint8Array(HEADER_SIZE + question.length + (query.edns ? OPT_SIZE : 0));
  bytes.set(question, HEADER_SIZE);
  viewOf(bytes).setUint16(4, 1);
  finish(bytes, query, rcode, flags);
  return bytes;
}

/** Enters what an answer says of its query, and the OPT record that answers the client's, at the end of `bytes`. */
export function finish(bytes: Uint8Array, query: Query, rcode: number, flags: number): void {
  const view = viewOf(bytes);
  // Without EDNS there is no room for codes above 15.
  const code = rcode > 15 && !query.edns ? RCODE.SERVFAIL : rcode;
  view.setUint16(0, query.id);
  view.setUint16(2, FLAG.QR | FLAG.RA | flags | (query.flags & (FLAG.RD | FLAG.CD)) | (code & 15));
  if (!query.edns) return;
  view.setUint16(10, view.getUint16(10) + 1);
  writeOpt(bytes, code >>> 4, query.edns.dnssec);
}

/** How many bytes `finish` needs at the end. */
export function finishSize(query: Query): number {
  return query.edns ? OPT_SIZE : 0;
}

/** The query that goes upstream: the client's question under another ID, and an OPT record where `edns`. */
export function buildQuery(query: Query, id: number, edns: boolean): Uint8Array {
  const question = query.question.bytes;
  const bytes = new Uint8Array(HEADER_SIZE + question.length + (edns ? OPT_SIZE : 0));
  const view = viewOf(bytes);
  view.setUint16(0, id);
  view.setUint16(2, FLAG.RD | (query.flags & (FLAG.AD | FLAG.CD)));
  view.setUint16(4, 1);
  bytes.set(question, HEADER_SIZE);
  if (!edns) return bytes;
  view.setUint16(10, 1);
  writeOpt(bytes, 0, query.edns?.dnssec ?? false);
  return bytes;
}

/** Version 0, no options, in the last OPT_SIZE bytes. */
function writeOpt(bytes: Uint8Array, rcodeHigh: number, dnssec: boolean): void {
  const view = viewOf(bytes.subarray(bytes.length - OPT_SIZE));
  view.setUint8(0, 0);
  view.setUint16(1, TYPE.OPT);
  view.setUint16(3, UDP_SIZE_MAX);
  view.setUint8(5, rcodeHigh);
  view.setUint16(7, dnssec ? DNSSEC_OK : 0);
}
