// Every resource of the control API over a real socket, and the OpenAPI document that describes them.

import type { TSchema } from "@sinclair/typebox";
import { Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { request } from "node:http";
import { json } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import type { EngineEvent } from "../../src/api.js";
import { ControlError } from "../../src/control/client.js";
import * as schema from "../../src/control/schema.js";
import { findAddon } from "../../src/port/addon.js";
import { blockTypes } from "./pcapng.js";
import { allOf, serveFake } from "./serve.js";

interface Answer {
  status: number;
  type: string;
  body: unknown;
}

async function ask(path: string, method: string, url: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const asking = request({ socketPath: path, method, path: url, agent: false, headers });
    asking.on("response", (response) => {
      const { statusCode: status = 0, headers: { "content-type": type = "" } } = response;
      json(response).then((body) => resolve({ status, type, body }), reject);
    });
    asking.on("error", reject);
    asking.end(body);
  });
}

async function refusal(promise: Promise<unknown>): Promise<ControlError> {
  const error = await promise.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(ControlError);
  return error as ControlError;
}

describe("reads", () => {
  const reads: [string, TSchema][] = [
    ["/ports", Type.Array(schema.Port)],
    ["/fdb", Type.Array(schema.FdbEntry)],
    ["/vlans", Type.Array(schema.Vlan)],
    ["/mirrors", Type.Array(schema.Mirror)],
    ["/nat", Type.Array(schema.NatEntry)],
    ["/neighbors", Type.Array(schema.NeighborEntry)],
    ["/leases", Type.Array(schema.LeaseEntry)],
    ["/routers", Type.Array(schema.Router)],
    ["/stats", schema.Stats],
  ];
  test.each(reads)("%s answers what its schema says", async (url, shape) => {
    const { path } = await serveFake();
    const { status, type, body } = await ask(path, "GET", url);
    expect({ status, type }).toEqual({ status: 200, type: "application/json; charset=utf-8" });
    expect([...Value.Errors(shape, body)]).toEqual([]);
  });

  test("answers are the engine's own, to the letter", async () => {
    const { client, engine } = await serveFake();
    expect(await allOf(client.rows("ports"))).toEqual(engine.ports());
    expect(await allOf(client.rows("fdb"))).toEqual(engine.fdb());
    expect(await allOf(client.rows("vlans"))).toEqual(engine.vlans());
    expect(await allOf(client.rows("mirrors"))).toEqual(engine.mirrors());
    expect(await allOf(client.rows("neighbors"))).toEqual(engine.neighbors());
    expect(await allOf(client.rows("leases"))).toEqual(engine.leases());
    expect(await allOf(client.rows("routers"))).toEqual(engine.routers());
    expect(await client.stats()).toEqual(engine.stats());
  });

  test.each([0, 1, 1_000, 2_500])("%i sessions come as an array, and as lines", async (sessions) => {
    const { client, engine, path } = await serveFake();
    engine.sessions = sessions;
    const all = [...engine.nat()];
    expect((await ask(path, "GET", "/nat")).body).toEqual(all);
    expect(await allOf(client.rows("nat"))).toEqual(all);
  });

  test("a million sessions are not read faster than somebody takes them", async () => {
    const { client, engine } = await serveFake();
    engine.sessions = 1_000_000;
    const walk = client.rows("nat");
    const [first] = (await walk.next()).value as object[];
    expect(first).toMatchObject({ inside: "10.0.10.5:0" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(engine.sessionsRead).toBeLessThan(100_000);
    await walk.return(undefined);
  });

  test.each(["ports", "fdb", "vlans", "mirrors", "nat", "neighbors", "leases", "routers"] as const)(
    "%s come as an array and as lines, narrowed to what has a name",
    async (list) => {
      const { client, engine, path } = await serveFake();
      engine.macs = 2_500;
      const all = [...engine[list]()];
      const name = ["ports", "fdb", "vlans", "mirrors"].includes(list) ? "lab" : "edge";
      expect((await ask(path, "GET", `/${list}`)).body).toEqual(all);
      expect(await allOf(client.rows<"ports" | "fdb">(list as "fdb", name))).toEqual(all);
      const { problem } = await refusal(allOf(client.rows<"ports" | "fdb">(list as "fdb", "nosuch")));
      expect(problem).toMatchObject({ status: 404, code: "NO_NAME", detail: expect.stringContaining(name) });
    },
  );

  test("a port, a mirror and a switch narrow the rows that name them", async () => {
    const { client } = await serveFake();
    expect((await allOf(client.rows("ports", "lab/ids"))).map(({ name }) => name)).toEqual(["ids"]);
    expect(await allOf(client.rows("fdb", "lab/ids"))).toEqual([]);
    expect(await allOf(client.rows("fdb", "lab/web"))).toHaveLength(1);
    expect(await allOf(client.rows("vlans", "lab/ids"))).toEqual([]);
    for (const name of ["lab/watch", "lab/web", "lab/ids"]) {
      expect(await allOf(client.rows("mirrors", name))).toHaveLength(1);
    }
    expect(await allOf(client.rows("neighbors", "lab"))).toHaveLength(2);
    expect((await refusal(allOf(client.rows("fdb", "lab/db")))).message)
      .toBe("lab/db: no switch or port has this name; there are: lab/web, lab/ids");
  });

  test("/config is in the file's shape, and can be applied as it is", async () => {
    const { client } = await serveFake();
    const config = await client.config();
    expect(config).toMatchObject({ switches: { lab: { ports: { web: { memory: true, access: 10 } } } } });
    const nothing = { added: [], removed: [], changed: [] };
    expect(await client.apply(config)).toEqual({ ...nothing, unchanged: ["lab/web", "lab/ids"] });
  });

  test("what is not there is a problem of status 404", async () => {
    const { path } = await serveFake();
    const { status, type, body } = await ask(path, "GET", "/nonsense");
    expect(status).toBe(404);
    expect(type).toContain("application/problem+json");
    expect(Value.Check(schema.Problem, body)).toBe(true);
  });
});

describe("changes", () => {
  test("a port is added and removed", async () => {
    const { client } = await serveFake();
    expect((await client.addPort("lab", "db", { generator: {}, access: 20 })).added).toEqual(["lab/db"]);
    expect((await allOf(client.rows("ports"))).map(({ name }) => name)).toContain("db");
    expect((await client.removePort("lab", "db")).removed).toEqual(["lab/db"]);
  });

  test("changes that come together do not undo each other", async () => {
    const { client } = await serveFake();
    const names = Array.from({ length: 20 }, (_, index) => `p${index}`);
    await Promise.all(names.map((name) => client.addPort("lab", name, { generator: {} })));
    expect((await allOf(client.rows("ports"))).map(({ name }) => name).sort()).toEqual(["ids", "web", ...names].sort());
  });

  test("a faulty configuration changes nothing, and each fault is named", async () => {
    const { client } = await serveFake();
    const before = await client.config();
    const ports = { a: { memory: true, access: 5000 }, b: {} };
    const { problem } = await refusal(client.apply({ switches: { lab: { ports } } }));
    expect(problem).toMatchObject({ status: 422, title: "Unprocessable Entity" });
    expect(problem?.problems?.map(({ path }) => path)).toEqual(["switches.lab.ports.a.access", "switches.lab.ports.b"]);
    expect(await client.config()).toEqual(before);
  });

  test("an engine's refusal is a conflict with its code", async () => {
    const { client } = await serveFake();
    const { problem } = await refusal(client.apply({ switches: { refused: {} } }));
    expect(problem).toMatchObject({ status: 409, code: "TAP" });
  });

  test.each([
    ["an unknown switch", "nosuch", "db", "switch nosuch: there is none; there are: lab"],
    ["a port that is there", "lab", "web", "port lab/web: is there already; remove it first, or choose another name"],
  ])("adding a port: %s", async (_, switchName, portName, detail) => {
    const { client } = await serveFake();
    expect((await refusal(client.addPort(switchName, portName, { generator: {} }))).message).toBe(detail);
  });

  test("a memory port is refused: it belongs to the embedding program", async () => {
    const { client, engine } = await serveFake();
    const { problem } = await refusal(client.addPort("lab", "db", { memory: true }));
    expect(problem).toMatchObject({ status: 400, code: "MEMORY_PORT" });
    expect(problem?.detail).toMatch(/^port lab\/db: a memory port belongs to the program that embeds the engine/);
    expect(engine.ports()).toHaveLength(2);
  });

  test("a change tells whose it is, as the kernel knows it", async () => {
    const { client, engine } = await serveFake();
    const told: EngineEvent[] = [];
    engine.on("event", (event) => told.push(event));
    await client.addPort("lab", "db", { generator: {} });
    await client.addForward("edge", "tcp 81 -> 10.0.10.5:81");
    const by = findAddon() ? `control socket (uid ${process.getuid!()}, pid ${process.pid})` : "control socket";
    expect(told).toMatchObject([{ event: "change", by, added: ["lab/db"] }, { event: "change", by }]);
  });

  test("a port of a wrong name is refused, __proto__ included", async () => {
    const { client } = await serveFake();
    for (const name of ["__proto__", "a b", "constructor/"]) {
      expect((await refusal(client.addPort("lab", name, { generator: {} }))).problem?.status).toBe(422);
    }
    expect((await refusal(client.addPort("__proto__", "x", { generator: {} }))).problem?.status).toBe(404);
  });

  test("removing an unknown port says which there are", async () => {
    const { client } = await serveFake();
    const { message, problem } = await refusal(client.removePort("lab", "toString"));
    expect(problem?.status).toBe(404);
    expect(message).toBe("port lab/toString: there is none; switch lab has: web, ids");
  });

  test("a forward is added and removed", async () => {
    const { client, engine } = await serveFake();
    await client.addForward("edge", "udp 53 -> 10.0.10.6:53");
    expect(engine.config().routers["edge"]!.forwards).toHaveLength(2);
    await client.removeForward("edge", "tcp 8080 -> 10.0.10.5:80");
    expect(engine.config().routers["edge"]!.forwards).toMatchObject([{ protocol: "udp", inside: "10.0.10.6" }]);
  });

  test.each([
    ["on no router", "core", "tcp 1 -> 10.0.10.5", 404],
    ["that is none", "edge", "nonsense", 400],
    ["that is there", "edge", "tcp 8080 -> 10.0.10.5:80", 409],
    ["that conflicts", "edge", "tcp 8080 -> 10.0.10.6:80", 422],
    ["of no length", "edge", "", 400],
    ["of great length", "edge", "x".repeat(256), 400],
  ])("a forward %s is refused", async (_, router, rule, status) => {
    const { client } = await serveFake();
    expect((await refusal(client.addForward(router, rule))).problem?.status).toBe(status);
  });

  test("removing an unknown forward says which there are", async () => {
    const { client } = await serveFake();
    const { message, problem } = await refusal(client.removeForward("edge", "tcp 1 -> 10.0.10.5"));
    expect(problem?.status).toBe(404);
    expect(message).toContain("there are: tcp 8080 -> 10.0.10.5:80");
  });

  test("flush takes VLAN and port", async () => {
    const { client, engine } = await serveFake();
    expect(await client.flush("lab", { vlan: 10, port: "web" })).toEqual({ flushed: 7 });
    expect(await client.flush("lab")).toEqual({ flushed: 7 });
    expect(engine.flushes).toEqual([{ switchName: "lab", vlan: 10, port: "web" }, { switchName: "lab" }]);
  });

  test.each(["vlan=0", "vlan=4095", "vlan=ten", "color=red"])("flush refuses ?%s", async (query) => {
    const { path, engine } = await serveFake();
    expect((await ask(path, "DELETE", `/switches/lab/fdb?${query}`)).status).toBe(400);
    expect(engine.flushes).toEqual([]);
  });

  test("stop answers the final statistics", async () => {
    const { client, engine } = await serveFake();
    expect(await client.stop()).toEqual(engine.stats());
    expect(engine.stops).toBe(1);
  });
});

describe("streams", () => {
  const places = [["lab", "web"], ["edge", "uplink"]] as const;
  test.each(places)("a capture on %s/%s comes as it is made, and goes with its reader", async (on, port) => {
    const { client, engine } = await serveFake();
    const ending = new AbortController();
    const options = { snaplen: 64, direction: "in", filter: "arp or icmp" } as const;
    const pieces: Buffer[] = [];
    for await (const bytes of client.capture(on, port, options, ending.signal)) {
      pieces.push(bytes);
      if (blockTypes(Buffer.concat(pieces)).length === 2 + engine.framesCaptured) ending.abort();
    }
    expect(blockTypes(Buffer.concat(pieces))).toEqual([0x0a0d0d0a, 1, 6, 6, 6]);
    expect(engine.captures[0]?.options).toEqual(options);
    await expect.poll(() => engine.captures[0]?.signal.aborted).toBe(true);
  });

  test("a capture ends whole when the server closes", async () => {
    const { client, close } = await serveFake();
    const pieces: Buffer[] = [];
    for await (const bytes of client.capture("lab", "web", {}, new AbortController().signal)) {
      if (pieces.push(bytes) === 1) void close();
    }
    expect(blockTypes(Buffer.concat(pieces)).slice(0, 2)).toEqual([0x0a0d0d0a, 1]);
  });

  test.each([
    ["an unknown port", "nosuch", {}, 404],
    ["a wrong filter", "web", { filter: "nonsense" }, 400],
    ["a snaplen of 3", "web", { snaplen: 3 }, 400],
  ])("a capture is refused before it begins: %s", async (_, port, options, status) => {
    const { client } = await serveFake();
    const frames = client.capture("lab", port, options, new AbortController().signal);
    expect((await refusal(frames.next())).problem?.status).toBe(status);
  });

  test("events are lines of JSON from the moment of the answer, which waits for none of them", async () => {
    const { path, engine } = await serveFake();
    const event = { event: "port", switch: "lab", port: "web", link: "down", why: "test" } as const;
    const line = await new Promise<string>((resolve, reject) => {
      const asking = request({ socketPath: path, path: "/events", agent: false }, (response) => {
        engine.emit("event", event);
        response.once("data", (bytes: Buffer) => {
          resolve(String(bytes));
          asking.destroy();
        });
      });
      asking.on("error", reject);
      asking.end();
    });
    expect(line).toBe(`${JSON.stringify(event)}\n`);
    await expect.poll(() => engine.listenerCount("event")).toBe(0);
  });
});

describe("the OpenAPI document", () => {
  test("names every resource with its answers, and nothing refers to what is not there", async () => {
    const { path } = await serveFake();
    const document = (await ask(path, "GET", "/openapi.json")).body as {
      openapi: string; paths: Record<string, Record<string, { summary: string; responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe("3.1.0");
    const resources = Object.entries(document.paths)
      .flatMap(([url, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${url}`));
    expect(resources.sort()).toEqual([
      "DELETE /routers/{router}/forwards",
      "DELETE /switches/{switch}/fdb",
      "DELETE /switches/{switch}/ports/{port}",
      "GET /config", "GET /events", "GET /fdb", "GET /leases", "GET /mirrors", "GET /nat", "GET /neighbors",
      "GET /openapi.json", "GET /ports", "GET /routers", "GET /stats",
      "GET /switches/{switch}/ports/{port}/capture",
      "GET /vlans",
      "POST /routers/{router}/forwards",
      "POST /stop",
      "POST /switches/{switch}/ports/{port}",
      "PUT /config",
    ]);
    for (const method of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
      expect(method.summary).toBeTruthy();
      expect(Object.keys(method.responses)).toEqual(["200", "4XX", "5XX"]);
    }
    const found = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g);
    const references = [...found].map(([, name]) => name);
    expect([...new Set(references)].sort()).toEqual(schema.NAMED.map(({ $id }) => $id).sort());
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(references));
    expect(JSON.stringify(document)).not.toMatch(/"\$ref":"(?!#\/components)/);
  });
});
