// Plans: taken step by step in a slow model they turn one configuration into the other, and at no time is anything
// where it cannot be: a port without its switch, a device at two ports, a mirror to a port that is not there.

import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diff, type Step } from "../../src/config/diff.js";
import { ConfigError } from "../../src/config/error.js";
import { contract, expand, type Plant } from "../../src/config/expand.js";
import type { Attachment, Config, PortConfig, RouterConfig } from "../../src/config/model.js";
import { parseConfig } from "../../src/config/parse.js";
import { claim, config } from "./arbitrary.js";

type PortStep = Extract<Step, { port: string }>;
type RouterStep = Extract<Step, { router: string }>;

/** A router but for what its uplink's own steps change. */
function portless(router: RouterConfig): object {
  return { ...router, uplink: router.uplink && { ...router.uplink, port: undefined } };
}

/** An engine that does what it is told, slowly, and complains where that is impossible. */
class Model {
  readonly #held = new Map<string, string>();

  constructor(readonly plant: Plant) {
    for (const [name, { ports }] of Object.entries(plant.switches)) {
      for (const [port, { attachment }] of Object.entries(ports)) this.#hold(`${name}/${port}`, attachment);
    }
  }

  take(step: Step): void {
    if ("router" in step) this.#takeRouter(step);
    else this.#takeSwitch(step);
  }

  /** A router stands on switches and an uplink that are there, and goes while they still are. */
  #takeRouter(step: RouterStep): void {
    const { routers, switches } = this.plant;
    const here = Object.hasOwn(routers, step.router) ? routers[step.router] : undefined;
    expect(here && portless(here)).toEqual("before" in step ? portless(step.before) : undefined);
    const standing = "after" in step ? step.after : step.before;
    for (const { switch: name } of standing.interfaces) expect(switches[name]!.hidden).toBe(false);
    if (standing.uplink) expect(switches[step.router]!.ports["uplink"]).toBeDefined();
    if ("after" in step) routers[step.router] = step.after;
    else delete routers[step.router];
  }

  #takeSwitch(step: Exclude<Step, RouterStep>): void {
    const { switches } = this.plant;
    const here = Object.hasOwn(switches, step.switch) ? switches[step.switch] : undefined;
    if (step.do === "add-switch") {
      expect(here).toBeUndefined();
      switches[step.switch] = { ...step.after, ports: {}, mirrors: {} };
      return;
    }
    const { ports, mirrors, ...settings } = here!;
    switch (step.do) {
      case "remove-switch":
        expect([settings, ports, mirrors]).toEqual([step.before, {}, {}]);
        delete switches[step.switch];
        break;
      case "change-switch":
        expect(settings).toEqual(step.before);
        Object.assign(here!, step.after);
        break;
      case "remove-mirror":
        expect(mirrors[step.mirror]).toEqual(step.before);
        delete mirrors[step.mirror];
        break;
      case "change-mirror":
        expect(mirrors[step.mirror]).toEqual(step.before);
        expect(ports[step.after.to]!.monitor).toBe(true);
        mirrors[step.mirror] = step.after;
        break;
      case "add-mirror":
        expect(Object.hasOwn(mirrors, step.mirror)).toBe(false);
        expect(ports[step.after.to]!.monitor).toBe(true);
        mirrors[step.mirror] = step.after;
        break;
      default: this.#takePort(step, ports, `${step.switch}/${step.port}`);
    }
  }

  #takePort(step: PortStep, ports: Record<string, PortConfig>, name: string): void {
    if (step.do === "add-port") expect(Object.hasOwn(ports, step.port)).toBe(false);
    else expect(ports[step.port]).toEqual(step.before);
    switch (step.do) {
      case "detach-port": this.#free(step.before.attachment); break;
      case "remove-port":
        this.#free(step.before.attachment);
        delete ports[step.port];
        break;
      case "change-port":
        expect(step.after.attachment).toEqual(step.before.attachment);
        ports[step.port] = step.after;
        break;
      case "attach-port":
      case "add-port":
        this.#hold(name, step.after.attachment);
        ports[step.port] = step.after;
    }
  }

  #hold(port: string, attachment: Attachment): void {
    const what = claim(attachment);
    if (what === undefined) return;
    expect(this.#held.get(what)).toBeUndefined();
    this.#held.set(what, port);
  }

  #free(attachment: Attachment): void {
    const what = claim(attachment);
    if (what !== undefined) expect(this.#held.delete(what)).toBe(true);
  }
}

/** As lists show them: uplinks are ports too. */
function portNames(config: Config): string[] {
  return Object.entries(expand(config).switches)
    .flatMap(([name, { ports }]) => Object.keys(ports).map((port) => `${name}/${port}`));
}

describe("a plan", () => {
  it("turns one configuration into the other", () => {
    fc.assert(fc.property(config, config, (before, after) => {
      const model = new Model(structuredClone(expand(before)));
      for (const step of diff(before, after).steps) model.take(step);
      deepStrictEqual(contract(model.plant), after);
    }), { numRuns: 300 });
  });

  it("has nothing to do where nothing changed, however the file is ordered", () => {
    fc.assert(fc.property(config, (value) => {
      const switches = Object.fromEntries(Object.entries(value.switches).reverse().map(([name, one]) =>
        [name, { ...one, ports: Object.fromEntries(Object.entries(one.ports).reverse()) }]));
      const plan = diff(value, { ...value, switches });
      const unchanged = [...portNames(value), ...Object.keys(value.routers)].sort();
      expect(plan).toEqual({ steps: [], added: [], removed: [], changed: [], unchanged });
    }));
  });

  it("names every port once, and touches only those that it names", () => {
    fc.assert(fc.property(config, config, (before, after) => {
      const { steps, added, removed, changed, unchanged } = diff(before, after);
      const ports = [...added, ...removed, ...changed, ...unchanged].filter((name) => name.includes("/"));
      expect(ports.sort()).toEqual([...new Set([...portNames(before), ...portNames(after)])].sort());
      const touched = steps.flatMap((step) => "port" in step ? [`${step.switch}/${step.port}`] : []);
      expect(unchanged.filter((name) => touched.includes(name))).toEqual([]);
    }));
  });
});

describe("steps", () => {
  /** The steps from one switch to another, as `what name`. */
  const steps = (before: string, after: string): string[] => {
    const read = (text: string): Config => parseConfig(`switches: { lab: { ${text} } }`, "net.yaml");
    return diff(read(before), read(after)).steps.map((step) =>
      `${step.do} ${
        "router" in step ? step.router : "port" in step ? step.port : "mirror" in step ? step.mirror : step.switch}`);
  };

  it.each([
    ["access: 1", "access: 2"], ["access: 1", "trunk: all"], ["", "isolated: true"], ["", "mtu: 1400"],
    ["", "macs: ['02:00:00:00:00:01']"], ["", "monitor: true"],
  ])("change a port in place from { %s } to { %s }", (before, after) => {
    const port = (more: string): string => `ports: { a: { tap: x, ${more} } }`;
    expect(steps(port(before), port(after))).toEqual(["change-port a"]);
  });

  it("attach a port anew where the other end changes, whatever else does", () => {
    expect(steps("ports: { a: { tap: x } }", "ports: { a: { interface: x, access: 2 } }"))
      .toEqual(["detach-port a", "attach-port a"]);
  });

  it("let two ports swap their devices", () => {
    expect(steps("ports: { a: { tap: x }, b: { tap: y } }", "ports: { a: { tap: y }, b: { tap: x } }"))
      .toEqual(["detach-port a", "detach-port b", "attach-port a", "attach-port b"]);
  });

  it("do mirrors last, and report them as a change of their switch", () => {
    const ports = "ports: { a: { memory: true }, m: { memory: true, monitor: true } }";
    expect(steps("", `${ports}, mirrors: { w: { from: [a], to: m } }`))
      .toEqual(["add-port a", "add-port m", "add-mirror w"]);
    const lab = (mirrors: string): Config =>
      parseConfig(`switches: { lab: { ${ports}, mirrors: ${mirrors} } }`, "net.yaml");
    expect(diff(lab("{ w: { from: [a], to: m } }"), lab("{ w: { vlans: 1, to: m } }")))
      .toMatchObject({ added: [], removed: [], changed: ["lab"], unchanged: ["lab/a", "lab/m"] });
  });

  it("change a switch without its ports", () => {
    expect(steps("ports: { a: { tap: x } }", "aging: 5s, ports: { a: { tap: x } }")).toEqual(["change-switch lab"]);
  });
});

describe("steps of routers", () => {
  const read = (...keys: string[]): Config => parseConfig(
    `switches: { lab: {} }\nrouters: {${keys.length > 0 ? ` edge: { ${keys.join(", ")} }` : ""} }`, "net.yaml");
  const plan = (before: Config, after: Config): object => {
    const { steps, added, removed, changed, unchanged } = diff(before, after);
    const names = steps.map((step) => `${step.do} ${
      "router" in step ? step.router : "port" in step ? `${step.switch}/${step.port}` : step.switch}`);
    return { steps: names, added, removed, changed, unchanged };
  };
  const inside = "interfaces: [{ switch: lab, address: 10.0.10.1/24 }]";
  const uplink = "uplink: { tap: tl-up, address: 203.0.113.2/24 }";

  it("make the uplink before the router", () => {
    expect(plan(read(), read(inside, uplink))).toEqual({
      steps: ["add-switch edge", "add-port edge/uplink", "add-router edge"],
      added: ["edge", "edge/uplink"], removed: [], changed: [], unchanged: [],
    });
  });

  it("remove the router before its uplink", () => {
    expect(plan(read(inside, uplink), read())).toEqual({
      steps: ["remove-router edge", "remove-port edge/uplink", "remove-switch edge"],
      added: [], removed: ["edge", "edge/uplink"], changed: [], unchanged: [],
    });
  });

  it("change the router where its uplink comes", () => {
    expect(plan(read(inside), read(inside, uplink))).toEqual({
      steps: ["add-switch edge", "add-port edge/uplink", "change-router edge"],
      added: ["edge/uplink"], removed: [], changed: ["edge"], unchanged: [],
    });
  });

  it("leave the uplink's port alone where only the router changes", () => {
    expect(plan(read(inside, uplink), read(inside, uplink, "forwards: [tcp 80 -> 10.0.10.5]"))).toEqual({
      steps: ["change-router edge"], added: [], removed: [], changed: ["edge"], unchanged: ["edge/uplink"],
    });
  });

  it("leave the router alone where only the uplink's port changes", () => {
    expect(plan(read(inside, uplink), read(inside, uplink.replace("tl-up", "tl-new")))).toEqual({
      steps: ["detach-port edge/uplink", "attach-port edge/uplink"],
      added: [], removed: [], changed: ["edge", "edge/uplink"], unchanged: [],
    });
  });

  it("make a router of a switch", () => {
    const before = parseConfig("switches: { lab: {}, edge: { ports: { a: { tap: x } } } }", "net.yaml");
    expect(plan(before, read(inside, uplink))).toEqual({
      steps: ["remove-port edge/a", "change-switch edge", "add-port edge/uplink", "add-router edge"],
      added: ["edge", "edge/uplink"], removed: ["edge", "edge/a"], changed: [], unchanged: [],
    });
  });
});

it("attaches a TAP anew where its queues change", () => {
  const read = (tap: string): Config => parseConfig(`switches: { lab: { ports: { a: { ${tap} } } } }`, "net.yaml");
  const steps = (before: string, after: string): string[] => diff(read(before), read(after)).steps.map((one) => one.do);
  expect(steps("tap: x", "tap: x, queues: 2")).toEqual(["detach-port", "attach-port"]);
  expect(steps("tap: x, queues: 2", "tap: x, queues: 3, mtu: 9000")).toEqual(["detach-port", "attach-port"]);
  expect(steps("tap: x, queues: 1", "tap: x")).toEqual([]);
});

it.each<[string, Partial<Config>, string]>([
  ["fdb.capacity", { fdbCapacity: 1024 }, "leave it at 65536, or restart the engine for 1024"],
  ["nat.capacity", { natCapacity: 1024 }, "leave it at 1000000, or restart the engine for 1024"],
  ["state", { state: "/s" }, "leave it at nothing, or restart the engine for /s"],
])("refuses another %s, which takes a restart", (path, change, remedy) => {
  const before: Config = { fdbCapacity: 65_536, natCapacity: 1_000_000, switches: {}, routers: {} };
  expect(() => diff(before, { ...before, ...change })).toThrow(ConfigError);
  expect(() => diff(before, { ...before, ...change })).toThrow(
    `${path}: cannot change while the engine runs; ${remedy}`);
});
