// TCP connections through the reference NAT, against cases written by hand from RFC 5382 and RFC 7857.

import { describe, expect, it } from "vitest";
import { A, O, Play, R, S, seg } from "./nat-play.js";

describe("tcp", () => {
  const open = (play: Play) => {
    play.out(seg(A, R, "S", { seq: 100 }), `${O}:1000`);
    play.in(seg(R, `${O}:1000`, "SA", { seq: 500, ack: 101, window: 1000 }));
    play.out(seg(A, R, "A", { seq: 101, ack: 501, window: 1000 }));
  };
  /** Whether the connection is there at each time after it was last used. */
  const lives = (play: Play, ...times: number[]) => times.map((time) => {
    const start = play.now;
    return play.model.settled(start + time) === start + time ? play.model.mappings(start + time).length : "uncertain";
  });

  it("rfc5382-req05 lives long once it is open, and 240 s before", () => {
    const play = new Play();
    play.out(seg(A, R, "S"), `${O}:1000`);
    expect(lives(play, 240, 242)).toEqual([1, 0]);
    const other = new Play();
    open(other);
    expect(lives(other, 242, 7440, 7442)).toEqual([1, 1, 0]);
  });

  it("rfc5382-req02 opens from both sides at once", () => {
    const play = new Play();
    play.out(seg(A, R, "S", { seq: 100 }), `${O}:1000`);
    expect(play.in(seg(R, `${O}:1000`, "S", { seq: 500 }))).toBe(`tcp S ${R} > ${A} ttl 63`);
    play.out(seg(A, R, "SA", { seq: 100, ack: 501 }));
    play.in(seg(R, `${O}:1000`, "SA", { seq: 500, ack: 101 }));
    expect(lives(play, 240, 300)).toEqual([1, "uncertain"]);
    play.out(seg(A, R, "A", { seq: 101, ack: 501 }));
    expect(lives(play, 7440, 7442)).toEqual([1, 0]);
  });

  it("takes up a connection in its middle from inside, and keeps it once it is answered", () => {
    const play = new Play();
    play.out(seg(A, R, "A"), `${O}:1000`);
    expect(lives(play, 240)).toEqual([1]);
    play.in(seg(R, `${O}:1000`, "PA"));
    expect(lives(play, 7440, 7442)).toEqual([1, 0]);
  });

  it("rfc5382-req04 says nothing to an unsolicited SYN", () => {
    expect(new Play().in(seg(R, `${O}:1000`, "S"))).toBe("drop nat-filtered");
  });

  const FIRST: [string, boolean][] = [["S", true], ["A", false], ["SA", false], ["R", false]];
  it.each(FIRST)("from a new remote begins with %s: %s", (flags, well) => {
    const play = new Play({ filtering: "endpoint-independent" });
    open(play);
    expect(play.in(seg(S, `${O}:1000`, flags))).toBe(well ? `tcp S ${S} > ${A} ttl 63` : "drop nat-filtered");
  });

  it("has no session for a RST from inside", () => {
    expect(new Play().out(seg(A, R, "R"))).toBe("drop nat-filtered");
  });

  it("rfc7857-2.1 closes with FINs of both sides, and opens again with a SYN", () => {
    const play = new Play();
    open(play);
    play.out(seg(A, R, "FA", { seq: 101, ack: 501 }));
    expect(lives(play, 7440)).toEqual([1]);
    play.in(seg(R, `${O}:1000`, "FA", { seq: 501, ack: 102 }));
    expect(lives(play, 240, 242)).toEqual([1, 0]);
    open(play);
    expect(lives(play, 240, 7440, 7442)).toEqual([1, 1, 0]);
  });

  it.each<[string, number, (number | "uncertain")[]]>([
    ["exactly next", 501, [1, 0]],
    ["within the window", 600, [1, "uncertain"]],
    ["far outside", 0x80000000, [1, 1]],
    ["just before", 500, [1, 1]],
  ])("rfc7857-2.2 is shortened by a RST that is %s", (_, seq, wanted) => {
    const play = new Play();
    open(play);
    expect(play.in(seg(R, `${O}:1000`, "R", { seq }))).toBe(`tcp R ${R} > ${A} ttl 63`);
    expect(lives(play, 240, 242)).toEqual(wanted);
  });
});
