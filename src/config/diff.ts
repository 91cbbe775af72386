// What has to be done to get from one configuration to another: a list of steps, in an order in which each can be
// taken as it comes. Owns that order, and the line between what changes in place and what is attached anew.

import { isDeepStrictEqual } from "node:util";
import { ConfigError } from "./error.js";
import { expand, type Plant, type PlantSwitch } from "./expand.js";
import type { Config, MirrorConfig, PortConfig, RouterConfig, SwitchConfig, UplinkConfig } from "./model.js";

/** A switch without what is in it: ports and mirrors have steps of their own. */
export type SwitchSettings = Omit<SwitchConfig, "ports" | "mirrors">;
/** The same of a switch that may be a router's uplink. */
export type PlantSettings = SwitchSettings & { hidden: boolean };

/**
 * One thing to do. What was is in `before`, so that a step can be undone; what shall be is in `after`.
 *
 * | step          | means                                                                                    |
 * | ------------- | ---------------------------------------------------------------------------------------- |
 * | detach-port   | its attachment changes: close what it has now; `attach-port` of the same port follows     |
 * | attach-port   | opens the new attachment, and changes whatever else changed                               |
 * | change-port   | the attachment stays, and loses no frame: membership, isolation, monitor, MTU, MACs       |
 * | change-router | anything of it but its uplink's port, which has steps of its own, on the hidden switch    |
 */
export type Step =
  | { do: "remove-router"; router: string; before: RouterConfig }
  | { do: "remove-mirror"; switch: string; mirror: string; before: MirrorConfig }
  | { do: "detach-port"; switch: string; port: string; before: PortConfig }
  | { do: "remove-port"; switch: string; port: string; before: PortConfig }
  | { do: "remove-switch"; switch: string; before: PlantSettings }
  | { do: "add-switch"; switch: string; after: PlantSettings }
  | { do: "change-switch"; switch: string; before: PlantSettings; after: PlantSettings }
  | { do: "change-port"; switch: string; port: string; before: PortConfig; after: PortConfig }
  | { do: "attach-port"; switch: string; port: string; before: PortConfig; after: PortConfig }
  | { do: "add-port"; switch: string; port: string; after: PortConfig }
  | { do: "change-mirror"; switch: string; mirror: string; before: MirrorConfig; after: MirrorConfig }
  | { do: "add-mirror"; switch: string; mirror: string; after: MirrorConfig }
  | { do: "change-router"; router: string; before: RouterConfig; after: RouterConfig }
  | { do: "add-router"; router: string; after: RouterConfig };

/**
 * Everything is let go before anything is taken, so that a device can go from one port to another; mirrors come
 * when their ports are there. A mirror that changes may name a removed port until its step is taken. Routers go
 * before what they stand on, and come or change last, when switches and uplinks are there.
 */
const ORDER: readonly Step["do"][] = [
  "remove-router", "remove-mirror", "detach-port", "remove-port", "remove-switch",
  "add-switch", "change-switch", "change-port", "attach-port", "add-port", "change-mirror", "add-mirror",
  "change-router", "add-router",
];

export interface Plan {
  /** In the order of doing. Within a kind: by name of switch or router, then of port or mirror. */
  steps: Step[];
  /**
   * For people: `SWITCH`, `SWITCH/PORT`, `ROUTER` or `ROUTER/uplink`, sorted. A switch changes also where its mirrors
   * do, a router where its uplink does.
   */
  added: string[];
  removed: string[];
  changed: string[];
  /** Ports and routers that no step is about. */
  unchanged: string[];
}

/** Plans the way from `before` to `after`. Throws ConfigError where it takes a restart. */
export function diff(before: Config, after: Config): Plan {
  return diffPlants(expand(before), expand(after));
}

/** The same of what the engine has, which may be on its way between two configurations. Throws ConfigError. */
export function diffPlants(before: Plant, after: Plant): Plan {
  refuseRestart(before, after);
  const steps: Step[] = [];
  for (const pair of pairs(before.switches, after.switches)) diffSwitch(pair, steps);
  for (const pair of pairs(before.routers, after.routers)) diffRouter(pair, steps);
  steps.sort((a, b) => ORDER.indexOf(a.do) - ORDER.indexOf(b.do));
  return { steps, ...summarize(steps, before, after) };
}

/** What the engine's memory and its start are laid out for. */
const FIXED = [["fdbCapacity", "fdb.capacity"], ["natCapacity", "nat.capacity"], ["state", "state"]] as const;

function refuseRestart(before: Plant, after: Plant): void {
  const problems = FIXED.filter(([key]) => before[key] !== after[key]).map(([key, path]) => {
    const [was, shall] = [before[key] ?? "nothing", after[key] ?? "nothing"];
    const message = `cannot change while the engine runs; leave it at ${was}, or restart the engine for ${shall}`;
    return { file: "", line: 0, column: 0, path, message };
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

/** The same name before and after; one of the two may be absent. */
interface Pair<T> {
  name: string;
  before: T | undefined;
  after: T | undefined;
}

/** What is or was there, by name, in the order of code units. */
function pairs<T>(before: Record<string, T>, after: Record<string, T>): Pair<T>[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const own = (record: Record<string, T>, name: string): T | undefined =>
    Object.hasOwn(record, name) ? record[name] : undefined;
  return names.map((name) => ({ name, before: own(before, name), after: own(after, name) }));
}

function diffSwitch({ name, before, after }: Pair<PlantSwitch>, steps: Step[]): void {
  const was = before && settings(before);
  const shall = after && settings(after);
  if (!shall) steps.push({ do: "remove-switch", switch: name, before: was! });
  else if (!was) steps.push({ do: "add-switch", switch: name, after: shall });
  else if (!isDeepStrictEqual(was, shall)) steps.push({ do: "change-switch", switch: name, before: was, after: shall });
  for (const pair of pairs(before?.ports ?? {}, after?.ports ?? {})) diffPort(name, pair, steps);
  for (const pair of pairs(before?.mirrors ?? {}, after?.mirrors ?? {})) diffMirror(name, pair, steps);
}

function settings({ ports: _ports, mirrors: _mirrors, ...rest }: PlantSwitch): PlantSettings {
  return rest;
}

function diffPort(switchName: string, { name: port, before, after }: Pair<PortConfig>, steps: Step[]): void {
  const where = { switch: switchName, port };
  if (!after) steps.push({ do: "remove-port", ...where, before: before! });
  else if (!before) steps.push({ do: "add-port", ...where, after });
  else if (!isDeepStrictEqual(before.attachment, after.attachment)) {
    steps.push({ do: "detach-port", ...where, before }, { do: "attach-port", ...where, before, after });
  } else if (!isDeepStrictEqual(before, after)) steps.push({ do: "change-port", ...where, before, after });
}

function diffMirror(switchName: string, { name: mirror, before, after }: Pair<MirrorConfig>, steps: Step[]): void {
  const where = { switch: switchName, mirror };
  if (!after) steps.push({ do: "remove-mirror", ...where, before: before! });
  else if (!before) steps.push({ do: "add-mirror", ...where, after });
  else if (!isDeepStrictEqual(before, after)) steps.push({ do: "change-mirror", ...where, before, after });
}

function diffRouter({ name: router, before, after }: Pair<RouterConfig>, steps: Step[]): void {
  if (!after) steps.push({ do: "remove-router", router, before: before! });
  else if (!before) steps.push({ do: "add-router", router, after });
  else if (!isDeepStrictEqual(portless(before), portless(after))) {
    steps.push({ do: "change-router", router, before, after });
  }
}

/** A router without what the hidden switch has of it. */
function portless({ uplink, ...rest }: RouterConfig): object {
  return { ...rest, uplink: uplink && withoutPort(uplink) };
}

function withoutPort({ port: _port, ...own }: UplinkConfig): object {
  return own;
}

type Summary = Omit<Plan, "steps">;

function summarize(steps: readonly Step[], before: Plant, after: Plant): Summary {
  const named = { added: new Set<string>(), removed: new Set<string>(), changed: new Set<string>() };
  for (const step of steps) {
    if ("router" in step) named[fate(step)].add(step.router);
    else if ("mirror" in step) named.changed.add(step.switch);
    else if ("port" in step) {
      named[fate(step)].add(`${step.switch}/${step.port}`);
      if (isHidden(before, step.switch) || isHidden(after, step.switch)) named.changed.add(step.switch);
    } else {
      const was = "before" in step && !step.before.hidden;
      const shall = "after" in step && !step.after.hidden;
      if (was || shall) named[was && shall ? "changed" : shall ? "added" : "removed"].add(step.switch);
    }
  }
  // The mirrors of a switch that comes or goes come and go with it, and the uplink of a router.
  for (const name of [...named.added, ...named.removed]) named.changed.delete(name);
  const ports = Object.entries(after.switches)
    .flatMap(([name, { ports }]) => Object.keys(ports).map((port) => `${name}/${port}`));
  const there = [...ports, ...Object.keys(after.routers)];
  return {
    added: [...named.added].sort(),
    removed: [...named.removed].sort(),
    changed: [...named.changed].sort(),
    unchanged: there.filter((name) => !named.added.has(name) && !named.changed.has(name)).sort(),
  };
}

function fate(step: Step): "added" | "removed" | "changed" {
  if (step.do.startsWith("add-")) return "added";
  return step.do.startsWith("remove-") ? "removed" : "changed";
}

function isHidden({ switches }: Plant, name: string): boolean {
  return Object.hasOwn(switches, name) && switches[name]!.hidden;
}
