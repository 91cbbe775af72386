// The book of pings: what a guest test would take long to reach.

import { expect, it } from "vitest";
import { PingBook, ROUND_TRIPS_MAX } from "../../src/guest/pings.js";

it("goes round after 65536 pings", () => {
  const book = new PingBook();
  for (let i = 0; i < 65537; i++) book.answered("peer", book.sent("peer", 0), 0);
  expect(book.sent("peer", 0)).toBe(1);
  expect(book.count).toEqual({ sent: 65538, answered: 65537, lost: 0 });
});

it("takes the median of the latest round trips", () => {
  const book = new PingBook();
  expect(book.medianMs()).toBeUndefined();
  for (const tripMs of [5, 1, 9]) book.answered("peer", book.sent("peer", 0), tripMs);
  expect(book.medianMs()).toBe(5);
  for (let i = 0; i < ROUND_TRIPS_MAX; i++) book.answered("peer", book.sent("peer", 0), 2);
  expect(book.medianMs()).toBe(2);
});
