// IPv6 where it is not known yet: one line that says so, at its place, instead of one that calls it nonsense.

import { expect, test } from "vitest";
import { complaints } from "./complaints.js";

const inside = (more: string): string => `
switches: { lab: {} }
routers:
  edge:
    interfaces: [{ switch: lab, address: 10.0.10.1/24 }]
    uplink: { memory: true, address: 203.0.113.2/24 }
    ${more}
`;

test.each([
  ["routes: [{ to: \"fd00::/8\", via: 10.0.10.9 }]", '"fd00::/8" is IPv6, ', "write IPv4, like 10.9.0.0/16"],
  ["dns: { upstreams: [\"[fd00::1]:53\"] }", '"[fd00::1]:53" is IPv6, ', "write IPv4, like 192.0.2.53"],
  ["forwards: [\"tcp 8080 -> [fd00:10::5]:80\"]", '"[fd00:10::5]:80" is IPv6, ', "as in 10.0.10.5:80"],
  ["forwards: [\"tcp 8080 -> fd00:10::5\"]", '"fd00:10::5" is IPv6, ', "as in 10.0.10.5:80"],
  ["nat64: \"64:ff9b::/96\"", "nat64 is part of IPv6, ", "remove the key"],
])("%s", (more, what, remedy) => {
  const lines = complaints(inside(more)).split("\n");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(`${what}which is not in this version yet`);
  expect(lines[0]).toContain(remedy);
});
