// `show` against a fake engine over a real socket: its JSON, its tables, and its watch.

import { describe, expect, test } from "vitest";
import { serveFake } from "../control/serve.js";
import { configFile, taploom, withEngine } from "./taploom.js";
import { Terminal } from "./terminal.js";

describe("show", () => {
  test("JSON is the engine's own, one value on one line", async () => {
    for (const what of ["ports", "fdb", "vlans", "mirrors", "neighbors", "leases", "routers", "stats"] as const) {
      const { status, out, err, engine } = await withEngine("show", what, "--json");
      expect({ status, err }).toEqual({ status: 0, err: "" });
      expect(JSON.parse(out)).toEqual(engine[what]());
      expect(out.match(/\n/g)).toHaveLength(1);
    }
  });

  test("tables are plain and aligned", async () => {
    expect((await withEngine("show", "ports")).out).toBe([
      "SWITCH  PORT  KIND    DEVICE  LINK  VLAN       RX FRAMES  RX BYTES  TX FRAMES  TX BYTES  DROPS",
      "lab     web   memory  -       up    access 10          5       300          4       240      1",
      "lab     ids   memory  -       up    access 10          5       300          4       240      1",
      "",
    ].join("\n"));
    expect((await withEngine("show", "fdb")).out).toBe([
      "SWITCH  VLAN  MAC                PORT  AGE",
      "lab       10  02:00:00:00:00:01  web   2s",
      "",
    ].join("\n"));
    expect((await withEngine("show", "vlans")).out).toContain("lab       10     1          5       300  web       -");
    expect((await withEngine("show", "mirrors")).out)
      .toContain("lab     watch   web   -      both       ids  -        200mbit");
    expect((await withEngine("show", "stats")).out).toContain("dropped 1 (vlan 1)\n");
  });

  test("nat as JSON is one array on one line, however many there are", async () => {
    const { path, engine } = await serveFake();
    for (const sessions of [0, 3, 3_000]) {
      engine.sessions = sessions;
      const { out } = await taploom("show", "nat", "--json", "--control", path);
      expect(JSON.parse(out)).toEqual([...engine.nat()]);
      expect(out.match(/\n/g)).toHaveLength(1);
    }
  });

  test("nat as a table", async () => {
    expect((await withEngine("show", "nat")).out.split("\n")).toEqual([
      "ROUTER  PROTOCOL  INSIDE       OUTSIDE        REMOTE            STATE        EXPIRES",
      "edge    tcp       10.0.10.5:0  203.0.113.2:0  198.51.100.9:443  established  7440s",
      "edge    tcp       10.0.10.5:1  203.0.113.2:1  198.51.100.9:443  established  7440s",
      "",
    ]);
  });

  test("a watch on a terminal shows as many rows as fit, and reads no more", async () => {
    const { path, engine } = await serveFake();
    engine.sessions = 1_000_000;
    const terminal = new Terminal();
    Object.assign(terminal.out, { isTTY: true, rows: 11, columns: 200 });
    const done = terminal.run("show", "nat", "--watch", "--control", path);
    await expect.poll(() => terminal.out.text).toContain("\n...\n");
    terminal.signals.emit("SIGINT");
    expect(await done).toBe(0);
    expect(terminal.out.text.match(/established/g)).toHaveLength(8);
    expect(engine.sessionsRead).toBeLessThan(100_000);
  });

  test("a list of 70,000 rows is a table, whose later rows are as wide as the first or wider", async () => {
    const { path, engine } = await serveFake();
    engine.macs = 70_000;
    const fdb = await taploom("show", "fdb", "--control", path);
    expect(fdb.out.match(/\n/g)).toHaveLength(70_001);
    engine.sessions = 10_001;
    const lines = (await taploom("show", "nat", "--control", path)).out.split("\n");
    expect(lines[1]).toContain("tcp       10.0.10.5:0    203.0.113.2:0    198");
    expect(lines[10_001]).toContain("tcp       10.0.10.5:10000  203.0.113.2:10000  198");
  });

  test("NAME narrows; one that nothing has is told with what there is, and status 1", async () => {
    expect(JSON.parse((await withEngine("show", "ports", "lab/web", "--json")).out)).toMatchObject([{ name: "web" }]);
    expect((await withEngine("show", "fdb", "lab/ids")).out).toBe("SWITCH  VLAN  MAC  PORT  AGE\n");
    expect(await withEngine("show", "nat", "nosuch"))
      .toMatchObject({ status: 1, out: "", err: "error: nosuch: no router has this name; there are: edge\n" });
  });

  test("neighbors, leases and routers for people", async () => {
    expect((await withEngine("show", "neighbors")).out).toContain("edge    lab       10  10.0.10.6  -");
    expect((await withEngine("show", "leases")).out).toContain("10.0.10.100  vm5       3599s");
    expect((await withEngine("show", "routers")).out).toBe([
      "router edge, 02:54:00:00:00:01",
      "  interface 10.0.10.1/24 on lab VLAN 10, MTU 1500, serves DHCP",
      "  uplink    203.0.113.2/24, memory, link up, MTU 1500, gateway 203.0.113.1",
      "  nat       2 sessions, 1 mapping of 1 host; mapping endpoint-independent, filtering address-dependent",
      "  outside   203.0.113.2: tcp 65534 of 65535, udp 65534 of 65535, icmp 65534 of 65535 ports free",
      "  route     10.0.10.0/24 on the link of lab VLAN 10",
      "  route     0.0.0.0/0 via 203.0.113.1 on edge VLAN 1",
      "  service   dhcp: offers 2",
      "",
    ].join("\n"));
  });

  test("a terminal's control characters in names are not shown to it", async () => {
    const { engine, path } = await serveFake();
    const ports = engine.ports().map((port) => ({ ...port, device: "\x1b[2J\r\nx" }));
    engine.ports = () => ports;
    const { out } = await taploom("show", "ports", "--control", path);
    expect(out).toContain("?[2J??x");
  });

  test("config is a file that can be applied", async () => {
    const { out, path } = await withEngine("show", "config");
    const file = configFile(out);
    expect((await taploom("apply", file, "--control", path)).out).toBe("2 unchanged\n");
  });

  test("--watch --json is a line a time, until a signal", async () => {
    const { path } = await serveFake();
    const terminal = new Terminal();
    const done = terminal.run("show", "fdb", "--watch", "--json", "--control", path);
    await expect.poll(() => terminal.out.text.split("\n").length).toBeGreaterThan(2);
    terminal.signals.emit("SIGINT");
    expect(await done).toBe(0);
    for (const line of terminal.out.text.trimEnd().split("\n")) expect(JSON.parse(line)).toHaveLength(1);
    expect(terminal.signals.listenerCount("SIGINT")).toBe(0);
  });

  test("--watch ends quietly when nobody reads any more", async () => {
    const { path } = await serveFake();
    const terminal = new Terminal();
    const done = terminal.run("show", "fdb", "--watch", "--control", path);
    terminal.out.destroy();
    expect(await done).toBe(0);
    expect(terminal.err.text).toBe("");
  });
});
