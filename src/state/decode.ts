// From the sections of a state file to a value whose every part has been looked at: counts, lengths, ranges. What the
// engine of now makes of it is restore.ts's.

import { DamagedError, FDB, FDB_BYTES, NAMES, SERVICES, SESSIONS, SESSION_BYTES, decodeFile } from "./format.js";

const NAMES_MAX = 65_536;

/** A state as it was saved; numbers are those of the engine that saved it. */
export interface State {
  /** Milliseconds since 1970. */
  wallMs: number;
  routers: Map<number, string>;
  ports: Map<number, { switch: string; name: string }>;
  /** Whole records (format.ts), in slices. */
  fdb: Buffer[];
  sessions: Buffer[];
  /** By router. */
  leases: Record<string, unknown>;
  uplinks: Record<string, unknown>;
}

/** Reads a file. Throws DamagedError where it is not what encode.ts makes. */
export function decodeState(file: Buffer): State {
  const { wallMs, sections } = decodeFile(file);
  const one = (kind: number): Record<string, unknown> => {
    const found = sections.filter((section) => section.kind === kind);
    if (found.length !== 1) throw new DamagedError(`has ${found.length} sections of kind ${kind}, not 1`);
    return recordOf(parseJson(found[0]!.payload));
  };
  const slices = (kind: number, size: number): Buffer[] => sections
    .filter((section) => section.kind === kind)
    .map(({ payload }) => {
      if (payload.length % size !== 0) throw new DamagedError("has a section that ends within a record");
      return payload;
    });
  const names = one(NAMES);
  const services = one(SERVICES);
  return {
    wallMs,
    routers: new Map(rowsOf(names["routers"], 1).map(([index, name]) => [index, name!])),
    ports: new Map(rowsOf(names["ports"], 2).map(([index, on, name]) => [index, { switch: on!, name: name! }])),
    fdb: slices(FDB, FDB_BYTES),
    sessions: slices(SESSIONS, SESSION_BYTES),
    leases: recordOf(services["leases"]),
    uplinks: recordOf(services["uplinks"]),
  };
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch (cause) {
    throw new DamagedError("has a section that is not JSON", { cause });
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new DamagedError("has a section that is not as it should be");
  }
  return Object.assign(Object.create(null), value) as Record<string, unknown>;
}

/** Rows of a number and `texts` texts. */
function rowsOf(value: unknown, texts: number): [number, ...string[]][] {
  const isRow = (row: unknown): row is [number, ...string[]] => Array.isArray(row) && row.length === texts + 1
    && Number.isInteger(row[0]) && row.slice(1).every((text) => typeof text === "string");
  if (!Array.isArray(value) || value.length > NAMES_MAX || !value.every(isRow)) {
    throw new DamagedError("has names that are none");
  }
  return value;
}
