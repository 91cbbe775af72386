// Forwards that come and go, as edits of a configuration.

import { expect, it, test } from "vitest";
import { configFromValue } from "../../src/config/parse.js";
import { valueOfConfig } from "../../src/config/print.js";
import { withForward, withoutForward } from "../../src/engine/edit.js";
import type { Config } from "../../src/config/model.js";

const RULE = "tcp 8080 -> 10.0.10.5:80";
const CONFIG = configFromValue({
  switches: { lab: { ports: { web: { memory: true, access: 10 } } } },
  routers: {
    edge: {
      interfaces: [{ switch: "lab", vlan: 10, address: "10.0.10.1/24" }],
      uplink: { memory: true, address: "203.0.113.2/24", gateway: "203.0.113.1" },
      forwards: [RULE],
    },
  },
});

function rules(config: Config): unknown {
  return valueOfConfig(config).routers?.["edge"]?.forwards;
}

test("a forward comes behind those that there are", () => {
  const edited = withForward(CONFIG, "edge", "udp 53 -> 10.0.10.6");
  expect(rules(edited)).toEqual([RULE, "udp 53 -> 10.0.10.6:53"]);
  expect(rules(CONFIG)).toEqual([RULE]);
});

test("a forward goes, however it is written", () => {
  expect(rules(withoutForward(CONFIG, "edge", "  tcp 8080  ->  10.0.10.5:80 "))).toBeUndefined();
});

test("one that conflicts with another is refused where it is applied", () => {
  const edited = withForward(CONFIG, "edge", "tcp 8080 -> 10.0.10.6:80");
  expect(() => configFromValue(valueOfConfig(edited))).toThrow(/forwards/);
});

it.each([
  ["adding to no router", () => withForward(CONFIG, "core", RULE), "NO_ROUTER",
    "router core: there is none; there are: edge"],
  ["adding to __proto__", () => withForward(CONFIG, "__proto__", RULE), "NO_ROUTER",
    "router __proto__: there is none; there are: edge"],
  ["adding what is no rule", () => withForward(CONFIG, "edge", "nonsense"), "FORWARD", /"nonsense" is not a forward/],
  ["adding one that is there", () => withForward(CONFIG, "edge", RULE), "FORWARD_EXISTS",
    `router edge: ${RULE}: is there already`],
  ["removing from no router", () => withoutForward(CONFIG, "core", RULE), "NO_ROUTER", /there are: edge/],
  ["removing what is no rule", () => withoutForward(CONFIG, "edge", "tcp"), "FORWARD", /is not a forward/],
  ["removing one that is not there", () => withoutForward(CONFIG, "edge", "tcp 8081 -> 10.0.10.5:80"), "NO_FORWARD",
    `router edge: tcp 8081 -> 10.0.10.5:80: there is none; there are: ${RULE}`],
])("%s is refused", (_, edit, code, message) => {
  expect(edit).toThrow(expect.objectContaining({ code }));
  expect(edit).toThrow(message);
});
