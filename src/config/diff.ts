// What has to be done to get from one configuration to another: a list of steps, in an order in which each can be
// taken as it comes. Owns that order, and the line between what changes in place and what is attached anew.

import { isDeepStrictEqual } from "node:util";
import { ConfigError } from "./error.js";
import type { Config, MirrorConfig, PortConfig, SwitchConfig } from "./model.js";

/** A switch without what is in it: ports and mirrors have steps of their own. */
export type SwitchSettings = Omit<SwitchConfig, "ports" | "mirrors">;

/**
 * One thing to do. What was is in `before`, so that a step can be undone; what shall be is in `after`.
 *
 * | step          | means                                                                                    |
 * | ------------- | ---------------------------------------------------------------------------------------- |
 * | detach-port   | its attachment changes: close what it has now; `attach-port` of the same port follows     |
 * | attach-port   | opens the new attachment, and changes whatever else changed                               |
 * | change-port   | the attachment stays, and loses no frame: membership, isolation, monitor, MTU, MACs       |
 */
export type Step =
  | { do: "remove-mirror"; switch: string; mirror: string; before: MirrorConfig }
  | { do: "detach-port"; switch: string; port: string; before: PortConfig }
  | { do: "remove-port"; switch: string; port: string; before: PortConfig }
  | { do: "remove-switch"; switch: string; before: SwitchSettings }
  | { do: "add-switch"; switch: string; after: SwitchSettings }
  | { do: "change-switch"; switch: string; before: SwitchSettings; after: SwitchSettings }
  | { do: "change-port"; switch: string; port: string; before: PortConfig; after: PortConfig }
  | { do: "attach-port"; switch: string; port: string; before: PortConfig; after: PortConfig }
  | { do: "add-port"; switch: string; port: string; after: PortConfig }
  | { do: "change-mirror"; switch: string; mirror: string; before: MirrorConfig; after: MirrorConfig }
  | { do: "add-mirror"; switch: string; mirror: string; after: MirrorConfig };

/**
 * Everything is let go before anything is taken, so that a device can go from one port to another; mirrors come
 * last, when their ports are there. A mirror that changes may name a removed port until its step is taken.
 */
const ORDER: readonly Step["do"][] = [
  "remove-mirror", "detach-port", "remove-port", "remove-switch",
  "add-switch", "change-switch", "change-port", "attach-port", "add-port", "change-mirror", "add-mirror",
];

export interface Plan {
  /** In the order of doing. Within a kind: by name of switch, then of port or mirror. */
  steps: Step[];
  /** For people: `SWITCH` or `SWITCH/PORT`, sorted. A switch changes also where its mirrors do. */
  added: string[];
  removed: string[];
  changed: string[];
  /** Ports that no step is about. */
  unchanged: string[];
}

/** Plans the way from `before` to `after`. Throws ConfigError where it takes a restart. */
export function diff(before: Config, after: Config): Plan {
  refuseRestart(before, after);
  const steps: Step[] = [];
  for (const pair of pairs(before.switches, after.switches)) diffSwitch(pair, steps);
  steps.sort((a, b) => ORDER.indexOf(a.do) - ORDER.indexOf(b.do));
  return { steps, ...summarize(steps, after) };
}

function refuseRestart(before: Config, after: Config): void {
  if (before.fdbCapacity === after.fdbCapacity) return;
  throw new ConfigError([{
    file: "", line: 0, column: 0, path: "fdb.capacity",
    message: `cannot change while the engine runs; leave it at ${before.fdbCapacity}, `
      + `or restart the engine for ${after.fdbCapacity}`,
  }]);
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

function diffSwitch({ name, before, after }: Pair<SwitchConfig>, steps: Step[]): void {
  const was = before && settings(before);
  const shall = after && settings(after);
  if (!shall) steps.push({ do: "remove-switch", switch: name, before: was! });
  else if (!was) steps.push({ do: "add-switch", switch: name, after: shall });
  else if (!isDeepStrictEqual(was, shall)) steps.push({ do: "change-switch", switch: name, before: was, after: shall });
  for (const pair of pairs(before?.ports ?? {}, after?.ports ?? {})) diffPort(name, pair, steps);
  for (const pair of pairs(before?.mirrors ?? {}, after?.mirrors ?? {})) diffMirror(name, pair, steps);
}

function settings({ ports: _ports, mirrors: _mirrors, ...rest }: SwitchConfig): SwitchSettings {
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

function summarize(steps: readonly Step[], after: Config): Omit<Plan, "steps"> {
  const named = { added: new Set<string>(), removed: new Set<string>(), changed: new Set<string>() };
  for (const step of steps) {
    const name = "port" in step ? `${step.switch}/${step.port}` : step.switch;
    if ("mirror" in step) named.changed.add(name);
    else if (step.do.startsWith("add-")) named.added.add(name);
    else if (step.do.startsWith("remove-")) named.removed.add(name);
    else named.changed.add(name);
  }
  // The mirrors of a switch that comes or goes come and go with it.
  for (const name of [...named.added, ...named.removed]) named.changed.delete(name);
  const ports = Object.entries(after.switches)
    .flatMap(([name, { ports }]) => Object.keys(ports).map((port) => `${name}/${port}`));
  return {
    added: [...named.added].sort(),
    removed: [...named.removed].sort(),
    changed: [...named.changed].sort(),
    unchanged: ports.filter((name) => !named.added.has(name) && !named.changed.has(name)).sort(),
  };
}
