// A running network that is changed: by apply, SIGHUP and hot-plug, under load, and wrongly. Ports that stay lose
// nothing; what is refused changes nothing. And the control socket: who may have it.

import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectUnbroken, useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { Product } from "./product.js";
import { until } from "./running.js";

const tap = (name: string, port: object = {}): object => ({ [name]: { tap: name, ...port } });

describe.skipIf(!privileged("changing a running network", "iperf3", "ping"))("a running network", () => {
  const lab = useLab();

  it.each(["1", "2"])("loses nothing where nothing changes, while other ports come and go (%s workers)", async (n) => {
    const [a, b, c] = [lab().guest("a"), lab().guest("b"), lab().guest("c")];
    const stay = { ...tap("a", { access: 10 }), ...tap("b", { access: 10 }) };
    const product = await lab().plugged({ a: { access: 10 }, b: { access: 10 }, c: { access: 20 } }, "--workers", n);
    expect(await a.reaches(b)).toBe(true);
    const pings = a.stream(b, 3000);

    lab().write({ ports: { ...stay, ...tap("c", { access: 10 }), ...tap("d", { trunk: "all" }) } });
    expect(JSON.parse(await product.run("apply", lab().config, "--json")))
      .toEqual({ added: ["lab/d"], removed: [], changed: ["lab/c"], unchanged: ["lab/a", "lab/b"] });
    expect(await c.reaches(a)).toBe(true);

    lab().write({ ports: { ...stay, ...tap("c", { access: 20 }) }, mirrors: {} });
    product.running.child.kill("SIGHUP");
    await product.running.until(/reloaded: removed lab\/d; changed lab\/c; 2 unchanged/);
    expect(await c.misses(a)).toBe(true);

    await product.run("port", "add", "lab", "e", JSON.stringify({ tap: "e", access: 10 }));
    expect(await product.port("e")).toMatchObject({ kind: "tap", device: "e", vlan: "access 10" });
    await product.run("port", "remove", "lab", "e");
    expect((await product.show("ports")).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(pings.status).toBe(undefined); // all that was under load
    await expectUnbroken(pings);
  });

  it("keeps a TCP transfer going through a series of reloads", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const product = await lab().plugged({ a: {}, b: {} });
    const transfer = a.transfer(b, { seconds: 3 });
    const answers = /reloaded: .*/g;
    for (let round = 1; round <= 6; round++) {
      lab().write({ ports: { ...tap("a"), ...tap("b"), ...(round % 2 ? tap("c") : {}) } });
      product.running.child.kill("SIGHUP");
      await until("the reload", () => (product.running.stderr.match(answers) ?? []).length === round);
    }
    expect(await transfer).toBeGreaterThan(10e6);
  });

  it("changes nothing where a part of it cannot be had, or where the file is wrong", async () => {
    const [a, b] = [lab().guest("a"), lab().guest("b")];
    const product = await lab().plugged({ a: {}, b: {} });
    const before = await product.show("ports");
    lab().write({ ports: { ...tap("a"), ...tap("n", { access: 7 }), x: { interface: "nowhere" } } });
    const impossible = product.start("apply", lab().config);
    expect(await impossible.ended).toBe(1);
    expect(impossible.stderr).toMatch(/interface "nowhere": there is no such device/);

    writeFileSync(lab().config, "switches:\n  lab:\n    ports:\n      a: { tap: a, acess: 5000 }\n");
    const wrong = product.start("apply", lab().config);
    expect(await wrong.ended).toBe(2);
    expect(wrong.stderr).toMatch(/net\.json:4:\d+: .*acess.*access/);
    product.running.child.kill("SIGHUP");
    await product.running.until(/not reloaded, nothing changed/);

    const names = (ports: typeof before): string[] => ports.map(({ name, vlan, link }) => `${name} ${vlan} ${link}`);
    expect(names(await product.show("ports"))).toEqual(names(before));
    expect(lab().host.run("ip", "-br", "link")).not.toMatch(/^n\b/m);
    expect(await a.reaches(b)).toBe(true);
  });

  it("plugs a guest in and out again, and forgets it", async () => {
    const a = lab().guest("a");
    const product = await lab().plugged({ a: {} });
    await product.run("port", "add", "lab", "hot", JSON.stringify({ tap: "hot" }));
    const hot = lab().guest("hot").plug();
    expect(await a.reaches(hot)).toBe(true);
    expect(await product.places(hot.mac)).toEqual(["1 hot"]);
    await lab().account(product);
    await product.run("port", "remove", "lab", "hot");
    hot.isCounted = false;
    expect(await product.places(hot.mac)).toEqual([]);
    expect(hot.run("ip", "-br", "link")).not.toMatch(/^hot\b/m);
    expect(await a.misses(hot)).toBe(true);
  });

  it("refuses the control socket of a live engine and takes that of a dead one", async () => {
    const a = lab().guest("a");
    const first = await lab().plugged({ a: {} });
    lab().write({ ports: tap("z") });
    const second = Product.begin(lab().host, lab().config, lab().control);
    expect(await second.running.ended).toBe(1);
    expect(JSON.parse(second.running.stderr)).toMatchObject({ code: "CONTROL_IN_USE" });
    expect(lab().host.run("ip", "-br", "link")).not.toMatch(/^z\b/m); // it touched nothing
    expect(await first.port("a")).toMatchObject({ link: "up" });

    await first.running.end("SIGKILL");
    a.isCounted = false; // its device went with the first engine
    const third = await lab().up({ ports: tap("z") });
    expect(await third.port("z")).toMatchObject({ device: "z" });
    expect(JSON.parse(await third.run("stop", "--json"))).toMatchObject({ totals: { unaccounted: 0 } });
    expect(await third.running.ended).toBe(0);
  });
});
