// The host's DNS servers while its resolv.conf changes.

import { expect, it } from "vitest";
import { HostServers } from "../../../src/service/dns/host-servers.js";

it("are read anew when the file has changed, and looked at once a second at most", () => {
  let [nowMs, stamp, looks] = [0, "1" as string | undefined, 0];
  let says = ["192.0.2.1"];
  const host = new HostServers({
    clock: () => nowMs, read: () => says,
    stamp: () => {
      looks++;
      return stamp;
    },
  });
  [stamp, says] = ["2", ["192.0.2.2"]];
  nowMs = 999;
  expect([host.servers(), looks]).toEqual([["192.0.2.1"], 1]);
  nowMs = 1_000;
  expect([host.servers(), host.servers(), looks]).toEqual([["192.0.2.2"], ["192.0.2.2"], 2]);
  [stamp, says] = [undefined, []];
  nowMs = 2_000;
  expect(host.servers()).toEqual(["192.0.2.2"]);
  [stamp, says] = ["3", ["192.0.2.3"]];
  nowMs = 3_000;
  expect(host.servers()).toEqual(["192.0.2.3"]);
});
