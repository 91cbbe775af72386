// Clients that mean harm or are broken, one case each: each gets what it deserves, and the next one is served.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { ControlError } from "../../src/control/client.js";
import { RESPONSES_MAX } from "../../src/control/turns.js";
import { STREAMS_MAX } from "../../src/control/routes.js";
import { allOf, serveFake, type Served } from "./serve.js";

const PUT = "PUT /config HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

async function dial(path: string): Promise<Socket> {
  const socket = connect({ path });
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** What comes until the server hangs up. */
async function listen(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1").on("data", (piece: string) => {
    text += piece;
  });
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}

async function stillServes({ client }: Served): Promise<void> {
  expect(await allOf(client.rows("ports"))).toHaveLength(2);
}

test.each([
  ["garbage bytes", "\0\x01\xff\xfe garbage\r\n\r\n", "400 Bad Request"],
  ["a TLS hello", "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", "400 Bad Request"],
  ["two lengths", `${PUT}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, "400 Bad Request"],
  ["headers without end", `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n`, "431 Request Header Fields Too Large"],
  ["a body said to be huge", `${PUT}Content-Length: 99999999999\r\n\r\n`, "413 Payload Too Large"],
])("%s: a problem, and the connection ends", async (_, bytes, status) => {
  const served = await serveFake();
  const socket = await dial(served.path);
  socket.write(Buffer.from(bytes, "latin1"));
  const answer = await listen(socket);
  expect(answer.split("\r\n")[0]).toBe(`HTTP/1.1 ${status}`);
  expect(answer).toMatch(/content-type: application\/problem\+json/i);
  await stillServes(served);
});

test.each([
  ["no JSON", "{", 400],
  ["nesting a hundred thousand deep", "[".repeat(100_000) + "]".repeat(100_000), 422],
  ["a prototype", "{\"__proto__\": {\"switches\": {}}}", 422],
  ["nothing", "null", 422],
])("a configuration that is %s is refused", async (_, body, status) => {
  const served = await serveFake();
  const socket = await dial(served.path);
  socket.write(`${PUT}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  expect((await listen(socket)).split(" ")[1]).toBe(String(status));
  await stillServes(served);
});

const MANY = "k".repeat(1_000);

/** A document of `count` keys that nobody knows, each longer than a line. */
function unknownKeys(count: number): string {
  return `{${Array.from({ length: count }, (_, number) => `"${number}${MANY}": 1`).join()}}`;
}

test("a configuration of thousands of faults is refused with a hundred of them, shortened", async () => {
  const { client } = await serveFake();
  const config = JSON.parse(unknownKeys(3_000)) as Record<string, unknown>;
  const error = await client.apply(config).then(() => undefined, (reason: unknown) => reason as ControlError);
  expect(error!.problem).toMatchObject({ status: 422, more: 2_901 });
  expect(error!.problem!.problems).toHaveLength(100);
  expect(JSON.stringify(error!.problem).length).toBeLessThan(100_000);
});

test("while a large document is checked, others are served", async () => {
  const served = await serveFake();
  const socket = await dial(served.path);
  const body = `{"switches":{"s":{"ports":{${Array.from({ length: 60_000 }, (_, i) => `"p${i}":{"x":1}`).join()}}}}}`;
  let isRefused = false;
  const refused = listen(socket).then((answer) => {
    isRefused = true;
    return answer;
  });
  socket.write(`${PUT}Connection: close\r\nContent-Length: ${body.length}\r\n\r\n`);
  await new Promise((resolve) => socket.write(body, resolve));
  await sleep(50); // all of it is there
  await stillServes(served);
  expect(isRefused).toBe(false);
  expect(await refused).toContain("HTTP/1.1 422");
});

test("a body without end is not read to its end", async () => {
  const served = await serveFake();
  const socket = await dial(served.path);
  socket.write(`${PUT}Transfer-Encoding: chunked\r\n\r\n`);
  const ended = listen(socket);
  const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
  let sent = 0;
  while (socket.writable && sent < 1_000) {
    await new Promise((resolve) => socket.write(chunk, resolve));
    sent += 1;
  }
  await ended;
  expect(sent).toBeLessThan(200); // 4 MiB are 64 chunks; sockets hold a few more
  await stillServes(served);
});

test("a slow client is hung up on", async () => {
  const served = await serveFake();
  const socket = await dial(served.path);
  socket.write("GET /ports HTTP/1.1\r\n");
  const dribble = setInterval(() => socket.write("X: y\r\n"), 200);
  const answer = await listen(socket);
  clearInterval(dribble);
  expect(answer).toContain("HTTP/1.1 408 Request Timeout");
  await stillServes(served);
}, 10_000);

test("ten thousand pipelined requests are answered in turn", async () => {
  const served = await serveFake();
  const socket = await dial(served.path);
  let answers = 0;
  socket.setEncoding("latin1").on("data", (text: string) => {
    answers += text.split("HTTP/1.1 200 OK").length - 1;
  });
  socket.write(GET("/mirrors").repeat(10_000));
  await expect.poll(() => answers, { timeout: 20_000 }).toBeGreaterThan(9_900); // a status line may be cut in two
  await stillServes(served);
}, 30_000);

test("one that asks for much and reads nothing costs one response, not thousands", async () => {
  const served = await serveFake();
  served.engine.macs = 10_000; // about a megabyte of JSON
  const socket = await dial(served.path);
  socket.pause();
  socket.write(GET("/fdb").repeat(2_000));
  await expect.poll(() => served.engine.fdbReads).toBe(1);
  await sleep(300);
  expect(served.engine.fdbReads).toBe(1);
  await stillServes(served);
});

test("many that read nothing do not make more responses than the limit", async () => {
  const served = await serveFake();
  served.engine.macs = 10_000;
  const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(served.path)));
  for (const socket of sockets) socket.pause().write(GET("/fdb"));
  await expect.poll(() => served.engine.fdbReads).toBe(RESPONSES_MAX);
  await sleep(300);
  expect(served.engine.fdbReads).toBe(RESPONSES_MAX);
  for (const socket of sockets) socket.destroy();
  await stillServes(served);
});

test("captures that nobody reads stop where they are, and there is an end to their number", async () => {
  const served = await serveFake();
  served.engine.framesCaptured = Infinity;
  const sockets = await Promise.all(Array.from({ length: STREAMS_MAX }, () => dial(served.path)));
  for (const socket of sockets) socket.pause().write(GET("/switches/lab/ports/web/capture"));
  await expect.poll(() => served.engine.captures.length).toBe(STREAMS_MAX);
  const frames = served.client.capture("lab", "web", {}, new AbortController().signal);
  await expect(frames.next()).rejects.toThrow(`${STREAMS_MAX} captures and event streams are open`);
  await stillServes(served);
  for (const socket of sockets) socket.destroy();
  await expect.poll(() => served.engine.captures.every(({ signal }) => signal.aborted)).toBe(true);
});

test("events that nobody reads are counted, not kept", async () => {
  const served = await serveFake();
  const socket = await dial(served.path);
  socket.pause().write(GET("/events"));
  await expect.poll(() => served.engine.listenerCount("event")).toBe(1);
  const event = { event: "port", switch: "lab", port: "web", link: "down", why: "flaps" } as const;
  const count = 200_000;
  for (let sent = 0; sent < count; sent += 1) {
    served.engine.emit("event", event);
    if (sent % 1_000 === 0) await sleep(0);
  }
  let text = "";
  socket.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  }).resume();
  const told = (): number => text.split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as { event: string; count?: number })
    .reduce((sum, { count: lost }) => sum + (lost ?? 1), 0);
  await expect.poll(told).toBe(count);
  expect(text.length).toBeLessThan(2_000_000);
});

test("more connections than there are places end no other", async () => {
  const served = await serveFake();
  const keep = await dial(served.path);
  const others = Array.from({ length: 100 }, () => connect({ path: served.path }).on("error", () => undefined));
  await sleep(100);
  for (const socket of others) socket.destroy();
  keep.write(GET("/ports").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n"));
  expect(await listen(keep)).toContain("HTTP/1.1 200 OK");
  await stillServes(served);
});
