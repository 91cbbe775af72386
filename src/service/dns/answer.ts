// What an upstream or the router itself knows about a question, kept so that it can be given to any client who asks:
// under that client's ID and case, with TTLs counted down, no longer than the client takes. Owns no state.
// Read first: RFC 1035 section 4, RFC 2308 section 5 (how long "no" is true), RFC 6891 section 6.2.6.

import { giveCase } from "./case.js";
import {
  FLAG, HEADER_SIZE, RCODE, TYPE, finish, finishSize, readQuestion, readRecords, readTtl, reply, sameQuestion, viewOf,
  type Query, type Question, type RecordPlace,
} from "./message.js";

/** Seconds that an answer is kept at most, and at most says of itself. */
export const TTL_MAX = 86_400;
/** The same for "there is no such name" and "no such record" (RFC 2308, 5). */
export const NEGATIVE_TTL_MAX = 10_800;

export interface Answer {
  /** A whole, well-formed message with its question and without OPT; of the flags only AA and AD mean something. */
  readonly message: Uint8Array;
  /** 0 to 4095: with the high bits from OPT. */
  readonly rcode: number;
  /** Seconds that it may be kept; 0: not at all. */
  readonly ttl: number;
  /** The upstream could not send all of it over UDP. */
  readonly truncated: boolean;
  /** The upstream speaks EDNS. */
  readonly edns: boolean;
  /** It repeats the question byte for byte, the case of letters included. */
  readonly sameCase: boolean;
}

/** Reads what came as an answer to `question` under `id`; undefined: it is none, or is damaged (RFC 5452, 9.1). */
export function readAnswer(message: Uint8Array, id: number, question: Question): Answer | undefined {
  const asked = readQuestion(message);
  if (!asked || !sameQuestion(asked, question)) return undefined;
  const view = viewOf(message);
  const flags = view.getUint16(2);
  if (view.getUint16(0) !== id || (flags & FLAG.QR) === 0) return undefined;
  const records = readRecords(message, asked);
  if (!records) return undefined;
  const opt = records.findIndex(({ type }) => type === TYPE.OPT);
  const kept = opt === -1 ? records : records.slice(0, opt);
  const high = opt === -1 ? 0 : view.getUint32(records[opt]!.ttlAt) >>> 24;
  const rcode = (high << 4) | (flags & 15);
  return {
    message: withoutOpt(message, records, kept, asked),
    rcode,
    ttl: secondsToKeep(message, rcode, question, kept),
    truncated: (flags & FLAG.TC) !== 0,
    edns: opt !== -1,
    sameCase: Buffer.compare(asked.bytes, question.bytes) === 0,
  };
}

/**
 * The message for one client, at most `sizeMax` bytes: what is longer becomes an empty answer with TC.
 * `age`: seconds since the answer came.
 */
export function renderAnswer(answer: Answer, query: Query, age: number, sizeMax: number): Uint8Array {
  const { message, rcode } = answer;
  const flags = viewOf(message).getUint16(2) & (FLAG.AA | FLAG.AD);
  const size = message.length + finishSize(query);
  if (size > sizeMax) return reply(query, rcode, flags | FLAG.TC);
  const bytes = new Uint8Array(size);
  bytes.set(message);
  bytes.set(query.question.bytes, HEADER_SIZE);
  const view = viewOf(bytes);
  for (const record of readRecords(message, query.question) ?? []) {
    giveCase(bytes, record.start, query.question.name);
    view.setUint32(record.ttlAt, Math.max(0, Math.min(readTtl(message, record), TTL_MAX) - age));
  }
  finish(bytes, query, rcode, flags);
  return bytes;
}

/**
 * Cuts at OPT, which is between the upstream and us. Records behind it go too: they are extras by their section, and
 * to move them would break the pointers in them.
 */
function withoutOpt(
  message: Uint8Array, records: RecordPlace[], kept: RecordPlace[], question: Question,
): Uint8Array {
  const end = records[kept.length]?.start ?? records.at(-1)?.end ?? HEADER_SIZE + question.bytes.length;
  const bytes = message.slice(0, end);
  const view = viewOf(bytes);
  // We are not the authority, whoever was asked.
  view.setUint16(2, view.getUint16(2) & FLAG.AD);
  view.setUint16(10, kept.filter(({ section }) => section === "additional").length);
  return bytes;
}

function secondsToKeep(message: Uint8Array, rcode: number, question: Question, records: RecordPlace[]): number {
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return 0;
  const found = records.some(({ section, type }) =>
    section === "answer" && (type === question.type || question.type === TYPE.ANY));
  const least = Math.min(TTL_MAX, ...records.map((record) => readTtl(message, record)));
  if (found && rcode === RCODE.NOERROR) return least;
  const soa = records.find(({ section, type }) => section === "authority" && type === TYPE.SOA);
  if (!soa || soa.end - soa.dataAt < 22) return 0;
  // MINIMUM is the last of SOA's fields.
  const minimum = Math.max(0, viewOf(message).getInt32(soa.end - 4));
  return Math.min(least, minimum, NEGATIVE_TTL_MAX);
}
