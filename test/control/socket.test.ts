// The control socket's life: its mode, who is refused, what is taken over, what is left alone. And its path.

import { spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  existsSync, lstatSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync,
} from "node:fs";
import { createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { ControlClient, ControlError } from "../../src/control/client.js";
import { SOCKET_PATH_MAX, controlPath } from "../../src/control/path.js";
import { claimSocket } from "../../src/control/socket.js";
import { allOf, serveFake, temporaryDirectory } from "./serve.js";

/** Leaves a socket behind that nobody listens at, as `kill -9` does. */
function leaveDeadSocket(path: string): void {
  const script = "require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))";
  spawnSync(process.execPath, ["-e", script, path]);
  expect(lstatSync(path).isSocket()).toBe(true);
}

describe("the file", () => {
  test("has mode 0600 from the start, whatever the umask, and nothing lies beside it", async () => {
    const umask = process.umask(0);
    try {
      const { path } = await serveFake();
      expect(lstatSync(path).mode & 0o777).toBe(0o600);
      expect(readdirSync(dirname(path))).toEqual(["control.sock"]);
    } finally {
      process.umask(umask);
    }
  });

  test("the umask is as it was", async () => {
    const umask = process.umask();
    await serveFake();
    expect(process.umask()).toBe(umask);
  });

  test("a live engine is refused, with the socket and the remedy, and goes on", async () => {
    const { path, client } = await serveFake();
    await expect(serveFake(path)).rejects.toThrow(
      `control socket ${path}: another engine is running there; stop it with "taploom stop --control ${path}", `
      + "or choose another path with --control PATH",
    );
    expect(await allOf(client.rows("ports"))).toHaveLength(2);
    expect(readdirSync(dirname(path))).toEqual(["control.sock"]);
  });

  test("what a dead engine left is taken over", async () => {
    const path = join(temporaryDirectory(), "control.sock");
    leaveDeadSocket(path);
    const { client } = await serveFake(path);
    expect(await allOf(client.rows("ports"))).toHaveLength(2);
    expect(readdirSync(dirname(path))).toEqual(["control.sock"]);
  });

  test("of many that take over at once, one wins and the others are refused", async () => {
    const path = join(temporaryDirectory(), "control.sock");
    leaveDeadSocket(path);
    const servers = Array.from({ length: 8 }, () => createServer());
    const outcomes = await Promise.allSettled(servers.map((server) => claimSocket(server, path)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "CONTROL_IN_USE" });
      else outcome.value();
    }
    for (const server of servers) server.close();
    expect(readdirSync(dirname(path))).toEqual([]);
  });

  test.each([
    ["a file", (path: string) => writeFileSync(path, "precious")],
    ["a symbolic link", (path: string) => symlinkSync("/nowhere", path)],
  ])("%s is never deleted", async (_, make) => {
    const path = join(temporaryDirectory(), "control.sock");
    make(path);
    await expect(serveFake(path)).rejects.toMatchObject({ code: "CONTROL_NOT_A_SOCKET" });
    expect(lstatSync(path).isSocket()).toBe(false);
    if (lstatSync(path).isFile()) expect(readFileSync(path, "utf8")).toBe("precious");
  });

  test("is removed at the end", async () => {
    const { path, close } = await serveFake();
    await close();
    expect(existsSync(path)).toBe(false);
  });

  test("is not removed when another engine's has come in its place", async () => {
    const { path, close } = await serveFake();
    renameSync(path, `${path}.old`);
    const other = await serveFake(path);
    await close();
    expect(await allOf(other.client.rows("ports"))).toHaveLength(2);
    rmSync(`${path}.old`);
  });

  test("a directory that is not there is said", async () => {
    const path = join(temporaryDirectory(), "no", "control.sock");
    await expect(serveFake(path)).rejects.toThrow(
      `control socket ${path}: cannot be made in ${dirname(path)} (ENOENT); choose another path with --control PATH`,
    );
  });
});

describe("the client", () => {
  test("says where it looked and how to start one", async () => {
    const path = join(temporaryDirectory(), "control.sock");
    const remedy = "start one with \"taploom up CONFIG\", or name the socket of one with --control PATH";
    await expect(allOf(new ControlClient(path).rows("ports")))
      .rejects.toThrow(`control socket ${path}: no engine is running there (no such file); ${remedy}`);
    leaveDeadSocket(path);
    await expect(allOf(new ControlClient(path).rows("ports")))
      .rejects.toThrow(`control socket ${path}: no engine is running there (nobody listens); ${remedy}`);
  });
});

describe("an engine that does not answer", () => {
  /** Takes every request and says no more than `said`. */
  async function serveSilence(said: string): Promise<string> {
    const path = join(temporaryDirectory(), "control.sock");
    const callers = new Set<Socket>();
    const server = createServer((caller) => callers.add(caller.on("data", () => caller.write(said))));
    server.listen(path);
    await once(server, "listening");
    onTestFinished(() => {
      for (const caller of callers) caller.destroy();
      server.close();
    });
    return path;
  }

  test.each([
    ["says nothing", ""],
    ["stops in its head", "HTTP/1.1 200 OK\r\ncontent-type: "],
    ["stops in its body", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n["],
    ["stops in a refusal", "HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\n{"],
  ])("is given up where it %s", async (_, said) => {
    const path = await serveSilence(said);
    const client = new ControlClient(path, { answerMs: 50, changeMs: 60_000 });
    await expect(allOf(client.rows("ports"))).rejects.toThrow(new ControlError(
      `control socket ${path}: the engine did not answer within 0.05s; `
      + "see whether its process is suspended or overloaded",
    ));
  });

  test("has longer for a change, and any time for a capture", async () => {
    const client = new ControlClient(await serveSilence(""), { answerMs: 1, changeMs: 50 });
    await expect(client.apply({})).rejects.toThrow("within 0.05s");
    await expect(client.addPort("lab", "x", {})).rejects.toThrow("within 0.05s");
    await expect(client.removePort("lab", "x")).rejects.toThrow("within 0.05s");
    await expect(client.stop()).rejects.toThrow("within 0.05s");
    const ending = AbortSignal.timeout(200);
    expect((await client.capture("lab", "web", {}, ending).next()).done).toBe(true);
    expect(ending.aborted).toBe(true);
  });
});

describe("the path", () => {
  test.each([
    ["the option", "/a/b.sock", { TAPLOOM_CONTROL: "/c/d.sock", XDG_RUNTIME_DIR: "/run/user/1" }, "/a/b.sock", true],
    ["$TAPLOOM_CONTROL", undefined, { TAPLOOM_CONTROL: "/c/d.sock", XDG_RUNTIME_DIR: "/u" }, "/c/d.sock", true],
    ["$XDG_RUNTIME_DIR", undefined, { TAPLOOM_CONTROL: "", XDG_RUNTIME_DIR: "/u" }, "/u/taploom.sock", false],
    ["/run", undefined, {}, "/run/taploom.sock", false],
  ])("comes from %s", (_, option, env, path, asked) => {
    expect(controlPath(option, env)).toEqual({ path, asked });
  });

  test("may be as long as a Unix socket's, and no longer", async () => {
    const longest = join(temporaryDirectory(), "x".repeat(SOCKET_PATH_MAX)).slice(0, SOCKET_PATH_MAX);
    expect(controlPath(longest, {}).path).toBe(longest);
    const { client } = await serveFake(longest);
    expect(await allOf(client.rows("ports"))).toHaveLength(2);
    expect(() => controlPath(`${longest}x`, {})).toThrow(
      `control socket ${longest}x: too long by 1 of at most 107 bytes; name another with --control PATH`,
    );
  });

  test.each(["", "/run/", "a\0b"])("%j is none", (path) => {
    expect(() => controlPath(path, {})).toThrow("not a path of a file");
  });
});
