// The client FQDN option: what a guest is called that says its name there, and what it is answered (RFC 4702).

import { describe, expect, it } from "vitest";
import { TYPE } from "../../../src/service/dhcp/message.js";
import { CODE } from "../../../src/service/dhcp/options.js";
import { Rig, type Asked } from "./rig.js";

/** Flags of section 2.1. */
const S = 1;
const O = 2;
const E = 4;
const N = 8;

const option = (flags: number, name: Uint8Array): Uint8Array => Uint8Array.of(flags, 0, 0, ...name);
const text = (name: string): Uint8Array => Buffer.from(name, "latin1");
/** Labels with their lengths in front; an empty one ends the name. */
const wire = (...labels: string[]): Uint8Array => (
  Buffer.concat(labels.map((label) => Buffer.concat([Uint8Array.of(label.length), text(label)])))
);

function nameFor(fqdn: Uint8Array, more: Asked = {}): string {
  const rig = new Rig();
  rig.lease({ ...more, options: [[CODE.fqdn, fqdn]] });
  return rig.book.leases()[0]!.hostname;
}

describe("rfc4702-2.3 the name of a guest", () => {
  it.each<[string, Uint8Array, string]>([
    ["in the wire format", option(S | E, wire("build7", "corp", "example", "")), "build7"],
    ["in the wire format, partial", option(E, wire("build7")), "build7"],
    ["in ASCII", option(S, text("build8.corp.example")), "build8"],
    ["in ASCII, partial", option(0, text("build8")), "build8"],
    ["in ASCII, with a NUL behind", option(0, text("build8\0")), "build8"],
    ["in ASCII, upper case", option(0, text("BUILD8.")), "build8"],
  ])("%s", (_, fqdn, name) => {
    expect(nameFor(fqdn)).toBe(name);
  });

  it("counts more than the host name option (3.1)", () => {
    expect(nameFor(option(0, text("one.example")), { hostname: "two" })).toBe("one");
  });

  it.each<[string, Uint8Array]>([
    ["empty", option(E, wire(""))],
    ["empty in ASCII", option(S, text(""))],
    ["too short for a name", Uint8Array.of(S)],
    ["with a label over its end", option(E, Uint8Array.of(9, 97))],
    ["with a compression pointer", option(E, Uint8Array.of(0xc0, 0))],
  ])("is that of the host name option where it is %s", (_, fqdn) => {
    expect(nameFor(fqdn, { hostname: "two" })).toBe("two");
  });

  it.each(["localhost", "wpad.lab.example"])("is none that others trust: %s", (name) => {
    expect(nameFor(option(S, text(name)))).toBe("");
  });
});

describe("rfc4702-4 the answer", () => {
  const answerTo = (fqdn: Uint8Array | undefined): number[] | undefined => {
    const ack = new Rig({ domain: "lab.example" }).lease({ options: fqdn ? [[CODE.fqdn, fqdn]] : [] });
    const bytes = ack!.options.get(CODE.fqdn);
    return bytes && [...bytes];
  };

  it.each<[string, Uint8Array, number[]]>([
    ["that the server enters the name, in ASCII", option(S, text("a.corp")), [S, 255, 255, ...text("a.lab.example")]],
    ["the same in the wire format", option(S | E, wire("a", "corp", "")),
      [S | E, 255, 255, ...wire("a", "lab", "example", "")]],
    ["that the server overrides who wanted to do it", option(0, text("a")),
      [S | O, 255, 255, ...text("a.lab.example")]],
    ["that no name is entered", option(S, text("wpad")), [N | O, 255, 255]],
  ])("says %s", (_, fqdn, answer) => {
    expect(answerTo(fqdn)).toEqual(answer);
  });

  it("is none for who does not ask, nor in an offer", () => {
    expect(answerTo(undefined)).toBeUndefined();
    const offer = new Rig().say(TYPE.discover, { options: [[CODE.fqdn, option(S, text("a"))]] })!;
    expect(offer.options.has(CODE.fqdn)).toBe(false);
  });
});
