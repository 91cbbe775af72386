// The case of a name's letters, as something that who forges an answer has to guess: names go to upstreams in a case
// drawn by lot, and an answer has to repeat it. Guests never see it: they get their own back. Owns no state.
// Read first: draft-vixie-dnsext-dns0x20-00, RFC 4343 (names are the same in any case), RFC 5452 section 4.

import { lowerCase, type Question } from "./message.js";

const CASE_BIT = 0x20;

/** The same question with each letter of its name upper or lower by lot. `random`: that many unforeseeable bytes. */
export function drawCase(question: Question, random: (size: number) => Uint8Array): Question {
  const bytes = Uint8Array.from(question.bytes); // a Buffer's slice would be no copy
  const name = bytes.subarray(0, question.name.length);
  const lots = random(Math.ceil(name.length / 8));
  // Lengths of labels, 63 at most, are no letters.
  for (const [i, byte] of lowerCase(name).entries()) {
    if (byte >= 0x61 && byte <= 0x7a) name[i] = byte ^ ((lots[i >> 3]! >> (i & 7)) & 1 ? CASE_BIT : 0);
  }
  return { ...question, bytes, name };
}

/** Gives the name that begins at `at` of a message, if it is a question's or one above it, the question's case. */
export function giveCase(message: Uint8Array, at: number, name: Uint8Array): void {
  for (let label = 0; label < name.length; label += 1 + name[label]!) {
    const wanted = name.subarray(label);
    const found = message.subarray(at, at + wanted.length);
    if (Buffer.compare(lowerCase(found), lowerCase(wanted)) !== 0) continue;
    message.set(wanted, at);
    return;
  }
}
