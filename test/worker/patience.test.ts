// How a worker waits, on a clock that the test turns: what it does after turns that found something, or nothing.

import { describe, expect, it } from "vitest";
import { Patience } from "../../src/worker/patience.js";

const STEP = 0.001; // ms between two looks

/** A worker that looks and sleeps as its patience says. */
class Waiter {
  #now = 1000;
  /** What looking has cost since it was last asked, ms. */
  #looked = 0;

  constructor(readonly patience: Patience) {}

  /** Finds something, then nothing for `ms`, and then something again. Returns how long it looked before it slept. */
  wait(ms: number): number {
    this.patience.looksOn(true, this.#now);
    const end = this.#now + ms;
    this.#looked = 0;
    while (this.#now < end && this.patience.looksOn(false, this.#now)) {
      this.#now += STEP;
      this.#looked += STEP;
    }
    this.#now = end;
    return this.#looked;
  }
}

const adaptive = (): Waiter => new Waiter(new Patience("adaptive"));

describe("busy", () => {
  it("never sleeps", () => {
    expect(new Waiter(new Patience("busy")).wait(50)).toBeCloseTo(50);
  });
});

describe("blocking", () => {
  it("sleeps at once", () => {
    const waiter = new Waiter(new Patience("blocking"));
    for (let i = 0; i < 10; i++) expect(waiter.wait(0.05)).toBe(0);
  });
});

describe("adaptive", () => {
  it("sleeps at once where it does not know better", () => {
    expect(adaptive().wait(1000)).toBe(0);
  });

  it.each([0.03, 0.3, 1])("sees waits of %d ms through once it knows them", (ms) => {
    const waiter = adaptive();
    waiter.wait(ms);
    for (let i = 0; i < 20; i++) expect(waiter.wait(ms)).toBeCloseTo(ms);
  });

  it("looks for 2 ms at most", () => {
    const waiter = adaptive();
    for (let i = 0; i < 100; i++) waiter.wait(1.9);
    expect(waiter.wait(1000)).toBeCloseTo(2);
  });

  it("looks no longer than twice what it has to wait, soon after that got shorter", () => {
    const waiter = adaptive();
    waiter.wait(1);
    for (let i = 0; i < 100; i++) waiter.wait(0.02);
    expect(waiter.wait(1000)).toBeCloseTo(0.04);
  });

  it("gives up looking where frames are rare", () => {
    const waiter = adaptive();
    waiter.wait(1);
    let looked = 0;
    for (let i = 0; i < 20; i++) looked += waiter.wait(3);
    expect(looked).toBeLessThan(5);
    expect(waiter.wait(3)).toBe(0);
  });

  it("sleeps at once while bulk data passes, and a while after", () => {
    const patience = new Patience("adaptive");
    const waiter = new Waiter(patience);
    for (let i = 0; i < 10; i++) waiter.wait(0.5);
    patience.looksOn(true, 1005, true);
    expect(waiter.wait(0.5)).toBe(0);
    for (let i = 0; i < 30; i++) waiter.wait(0.5);
    expect(waiter.wait(0.5)).toBeCloseTo(0.5);
  });

  it("costs pairs of frames once a second next to nothing", () => {
    const waiter = adaptive();
    let looked = 0;
    for (let i = 0; i < 100; i++) looked += waiter.wait(0.1) + waiter.wait(1000);
    expect(looked).toBeLessThan(100 * 0.3);
  });
});
