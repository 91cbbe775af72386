// The control API's lists: ports, MACs, sessions and so on, each a resource that one entry of LISTS describes.
// Owns how a list is narrowed to a name, and how it is written. A list can have a million rows: they are written in
// slices, no faster than they are read, and the engine's other work has its turn between two slices.

import { Type, type TObject } from "@sinclair/typebox";
import type { FastifyInstance } from "fastify";
import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  EngineError, type EngineApi, type FdbEntry, type LeaseEntry, type MirrorStatus, type NatEntry, type NeighborEntry,
  type PortStatus, type RouterStatus, type VlanStatus,
} from "../api.js";
import { says } from "./says.js";
import * as schema from "./schema.js";

/** The lists and their rows. */
export interface Rows {
  ports: PortStatus;
  fdb: FdbEntry;
  vlans: VlanStatus;
  mirrors: MirrorStatus;
  nat: NatEntry;
  neighbors: NeighborEntry;
  leases: LeaseEntry;
  routers: RouterStatus;
}

interface List<Row> {
  summary: string;
  item: TObject;
  rows: (engine: EngineApi) => Iterable<Row>;
  /** The names by which a row is found: SWITCH, SWITCH/PORT, ROUTER. */
  names: (row: Row) => string[];
  /** What can have such a name, in words, and the names that there are, whether or not a row has them. */
  named: [what: string, existing: (engine: EngineApi) => string[]];
}

const SWITCHES: List<never>["named"] = ["switch or port", (engine) => [...switchNames(engine), ...portNames(engine)]];
const ROUTERS: List<never>["named"] = ["router", (engine) => routerNames(engine)];

const LISTS: { [Name in keyof Rows]: List<Rows[Name]> } = {
  ports: {
    summary: "Ports with their counters",
    item: schema.Port,
    rows: (engine) => engine.ports(),
    names: ({ switch: of, name }) => [of, at(of, name)],
    named: ["switch, router or port", (engine) => [
      ...switchNames(engine), ...engine.ports().flatMap(({ switch: of, name }) => [of, at(of, name)]),
    ]],
  },
  fdb: {
    summary: "The forwarding database",
    item: schema.FdbEntry,
    rows: (engine) => engine.fdb(),
    names: ({ switch: of, port }) => [of, at(of, port)],
    named: SWITCHES,
  },
  vlans: {
    summary: "VLANs with their members",
    item: schema.Vlan,
    rows: (engine) => engine.vlans(),
    names: ({ switch: of, tagged, untagged }) => [of, ...[...tagged, ...untagged].map((port) => at(of, port))],
    named: SWITCHES,
  },
  mirrors: {
    summary: "Mirrors",
    item: schema.Mirror,
    rows: (engine) => engine.mirrors(),
    names: ({ switch: of, name, from, to }) => [of, ...[name, ...from, to].map((part) => at(of, part))],
    named: ["switch, port or mirror", (engine) => [
      ...switchNames(engine), ...engine.mirrors().map(({ switch: of, name }) => at(of, name)), ...portNames(engine),
    ]],
  },
  nat: {
    summary: "Sessions",
    item: schema.NatEntry,
    rows: (engine) => engine.nat(),
    names: ({ router }) => [router],
    named: ROUTERS,
  },
  neighbors: {
    summary: "Whom routers know by ARP",
    item: schema.NeighborEntry,
    rows: (engine) => engine.neighbors(),
    names: ({ router, switch: of }) => [router, of],
    named: ["router or switch", (engine) => [...routerNames(engine), ...switchNames(engine)]],
  },
  leases: {
    summary: "DHCP leases",
    item: schema.LeaseEntry,
    rows: (engine) => engine.leases(),
    names: ({ router }) => [router],
    named: ROUTERS,
  },
  routers: {
    summary: "Routers",
    item: schema.Router,
    rows: (engine) => engine.routers(),
    names: ({ name }) => [name],
    named: ROUTERS,
  },
};

export const LINES_TYPE = "application/x-ndjson";

/** How a list stands in an answer: what opens it, stands between two rows, and closes it. */
type Brackets = [open: string, between: string, close: string];

const ARRAY: Brackets = ["[", ",", "]"];
const LINES: Brackets = ["", "\n", "\n"];

/** Rows in a slice: some milliseconds. */
const SLICE = 1_000;
/** Names in a message, so that it stays a line. */
const NAMES_MAX = 8;

export function addLists(app: FastifyInstance, engine: EngineApi): void {
  for (const [name, list] of Object.entries(LISTS)) addList(app, engine, `/${name}`, list as List<unknown>);
}

function addList(app: FastifyInstance, engine: EngineApi, path: string, list: List<unknown>): void {
  const summary = `${list.summary}; a line of JSON each if ${LINES_TYPE} is asked for`;
  app.get<{ Querystring: { name?: string } }>(path, {
    schema: { ...says(summary, Type.Array(schema.named(list.item))), querystring: schema.ListQuery },
  }, async ({ headers: { accept }, query: { name } }, reply) => {
    const rows = name === undefined ? list.rows(engine) : narrowed(list, engine, name);
    const asLines = accept?.includes(LINES_TYPE) === true;
    return reply.type(asLines ? LINES_TYPE : "application/json; charset=utf-8")
      .send(Readable.from(sliced(rows, asLines ? LINES : ARRAY), { objectMode: false }));
  });
}

/** The rows that have a name, which may be none. Throws EngineError NO_NAME if nothing has it. */
function narrowed<Row>({ rows, names, named: [what, existing] }: List<Row>, engine: EngineApi, name: string) {
  const all = existing(engine);
  if (!all.includes(name)) {
    throw new EngineError("NO_NAME", `${name}: no ${what} has this name; there are: ${nearest(all, name)}`);
  }
  return having(rows(engine), (row) => names(row).includes(name));
}

function* having<Row>(rows: Iterable<Row>, wanted: (row: Row) => boolean): Generator<Row | undefined> {
  for (const row of rows) yield wanted(row) ? row : undefined;
}

/** The names that stand beside a name that is not there: on the same switch, or else those of no switch. */
function nearest(names: readonly string[], missing: string): string {
  const unique = [...new Set(names)];
  const [of] = missing.split("/");
  const beside = missing.includes("/") ? unique.filter((name) => name.startsWith(`${of}/`)) : [];
  const listed = beside.length > 0 ? beside : unique.filter((name) => !name.includes("/"));
  const more = listed.length - NAMES_MAX;
  return (listed.slice(0, NAMES_MAX).join(", ") || "none") + (more > 0 ? ` and ${more} more` : "");
}

/** A list as text, a slice at a time; rows that are undefined are left out, but take their part of a slice. */
async function* sliced(rows: Iterable<unknown>, [open, between, close]: Brackets): AsyncGenerator<string> {
  let text = open;
  let isFirst = true;
  let count = 0;
  for (const row of rows) {
    if (row !== undefined) {
      text += (isFirst ? "" : between) + JSON.stringify(row);
      isFirst = false;
    }
    count += 1;
    if (count % SLICE !== 0) continue;
    if (text !== "") yield text;
    text = "";
    await nextTurn();
  }
  yield isFirst && open === "" ? "" : text + close;
}

function at(switchName: string, port: string): string {
  return `${switchName}/${port}`;
}

function switchNames(engine: EngineApi): string[] {
  return Object.keys(engine.config().switches);
}

function routerNames(engine: EngineApi): string[] {
  return Object.keys(engine.config().routers);
}

/** Ports of switches, a router's own among them, but no uplinks. */
function portNames(engine: EngineApi): string[] {
  const { switches } = engine.config();
  const ports = engine.ports().filter(({ switch: of }) => Object.hasOwn(switches, of));
  return ports.map(({ switch: of, name }) => at(of, name));
}
