// Frames for tests: tags put on and taken off, short builders, and a reader that a failed comparison can print.
// Owns nothing of the formats: those are src/wire/packet.ts's, which this stands on.
// Read first: IEEE 802.1Q clause 9.

import {
  MAC_BROADCAST, TPID_CUSTOMER, TPID_SERVICE, buildFrame, parseFrame, type Frame, type Tag,
} from "../../src/wire/packet.js";

export { MAC_BROADCAST, TPID_CUSTOMER, TPID_SERVICE, type Tag };

/** Local experimental EtherType 1 (IEEE 802): what test frames carry. */
export const TYPE_TEST = 0x88b5;

const TAG_OFFSET = 12;
const TAG_SIZE = 4;

/** A customer tag (0x8100). */
export function cTag(vid: number, pcp = 0, dei = false): Tag {
  return { tpid: TPID_CUSTOMER, pcp, dei, vid };
}

/** A service tag (802.1ad, 0x88a8). */
export function sTag(vid: number, pcp = 0, dei = false): Tag {
  return { tpid: TPID_SERVICE, pcp, dei, vid };
}

/** A MAC of the test's own making: locally administered, told apart by a number below 2^32. */
export function testMac(number: number): string {
  const digits = number.toString(16).padStart(8, "0");
  return `02:00:${digits.match(/../g)!.join(":")}`;
}

/** A frame with a payload of TYPE_TEST; whatever is not given is a plain broadcast of 46 payload bytes. */
export function testFrame(parts: Partial<Frame> = {}): Uint8Array {
  return buildFrame({
    destination: MAC_BROADCAST,
    source: testMac(1),
    tags: [],
    type: TYPE_TEST,
    payload: new Uint8Array(46).map((_, i) => i),
    ...parts,
  });
}

/** Every tag of a frame, outermost first; throws where the frame is not one. */
export function tagsOf(frame: Uint8Array): readonly Tag[] {
  const parsed = parseFrame(frame);
  if (typeof parsed === "string") throw new Error(`a frame of ${frame.length} bytes is ${parsed}`);
  return parsed.tags;
}

/** The outermost tag; undefined where the frame has none, or none that is whole. */
export function outerTag(frame: Uint8Array): Tag | undefined {
  if (!looksTagged(frame) || frame.length < TAG_OFFSET + TAG_SIZE) return undefined;
  const tci = (frame[14]! << 8) | frame[15]!;
  return { tpid: typeOf(frame), pcp: tci >> 13, dei: (tci & 0x1000) !== 0, vid: tci & 0xfff };
}

/** Whether its EtherType, in the place of an untagged frame's, is a tag's. */
export function looksTagged(frame: Uint8Array): boolean {
  return typeOf(frame) === TPID_CUSTOMER || typeOf(frame) === TPID_SERVICE;
}

/**
 * Whether a frame, seen from where a tag may begin, names a VLAN: one of its tags has a VID other than 0. A tag that is
 * cut off counts, since padding may complete it.
 */
export function namesVlan(frame: Uint8Array): boolean {
  if (!looksTagged(frame)) return false;
  const tag = outerTag(frame);
  return tag === undefined || tag.vid !== 0 || namesVlan(popTag(frame));
}

/** A copy with one more tag, outermost. */
export function pushTag(frame: Uint8Array, tag: Tag): Uint8Array {
  const tci = (tag.pcp << 13) | (tag.dei ? 0x1000 : 0) | tag.vid;
  const bytes = [tag.tpid >> 8, tag.tpid & 255, tci >> 8, tci & 255];
  return Uint8Array.from([...frame.subarray(0, TAG_OFFSET), ...bytes, ...frame.subarray(TAG_OFFSET)]);
}

/** A copy without its outermost four bytes of tag, whatever they are. */
export function popTag(frame: Uint8Array): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, TAG_OFFSET), ...frame.subarray(TAG_OFFSET + TAG_SIZE)]);
}

/** A tag as text, such as `8100:10 pcp 3 dei`. */
export function tagText({ tpid, vid, pcp, dei }: Tag): string {
  return `${tpid.toString(16)}:${vid}${pcp ? ` pcp ${pcp}` : ""}${dei ? " dei" : ""}`;
}

function typeOf(frame: Uint8Array): number {
  return frame.length < TAG_OFFSET + 2 ? 0 : (frame[12]! << 8) | frame[13]!;
}
