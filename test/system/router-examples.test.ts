// The examples with routers, as they stand in their files: what their comments promise holds for guests that know
// nothing but DHCP.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageFile } from "../../src/files.js";
import { udhcpc, untilGiven } from "./dhcp-clients.js";
import { ask, serve } from "./echo.js";
import { type Guest, useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { relay } from "./qemu.js";

/** The address that a guest gets by DHCP. */
async function boot(guest: Guest, name: string): Promise<string> {
  const client = udhcpc(guest, "-q", "-x", `hostname:${name}`);
  const { ip } = await untilGiven(client, "bound");
  await client.result();
  return ip;
}

const dig = (guest: Guest, router: string, name: string): string =>
  guest.run("dig", `@${router}`, "+short", "+time=5", name).trim();

const can = privileged("examples of routers", "busybox", "dig", "ping", "python3", "qemu-system-x86_64");

describe.skipIf(!can)("the example", () => {
  const lab = useLab();

  it("nat.yaml takes guests to the world, and the world to two of them", async () => {
    const [web, desk] = [lab().guest("tl-web", {}), lab().guest("tl-desk", {})];
    web.mac = "02:00:00:00:10:05";
    const db = lab().guest("tl-db", { address: "10.0.20.5/24", gateway: "10.0.20.1" });
    const world = lab().guest("tl-up", { address: "203.0.113.1/24" });
    await lab().joinTo(await lab().run(packageFile("examples/nat.yaml")));
    expect(await boot(web, "web")).toBe("10.0.10.5");
    expect(await boot(desk, "desk")).toMatch(/^10\.0\.10\.1\d\d$/);
    for (const guest of [web, desk, db]) expect(await guest.reaches(world)).toBe(true);
    expect(await desk.reaches(db)).toBe(true);
    expect(dig(desk, "10.0.10.1", "web.lab.example")).toBe("10.0.10.5");
    expect(dig(db, "10.0.20.1", "db.lab.example")).toBe("10.0.20.5");
    await serve(web, "tcp", 80);
    await serve(web, "udp", 6004);
    await serve(db, "tcp", 22);
    expect(await ask(world, "tcp", "203.0.113.2", 8080, 50_000)).toBe("203.0.113.1:50000");
    expect(await ask(world, "udp", "203.0.113.2", 6004, 50_000)).toBe("203.0.113.1:50000");
    expect(await ask(world, "tcp", "203.0.113.3", 22, 50_000)).toBe("203.0.113.1:50000");
    expect(await ask(desk, "tcp", "203.0.113.2", 8080)).toContain("203.0.113.2:");
  });

  it("host-only.yaml takes guests to each other and to their host", async () => {
    const [one, two] = [lab().guest("one", {}), lab().guest("two", {})];
    const host = lab().guest("tl-host", { address: "10.0.30.2/24" });
    const { folder, host: machine } = lab();
    relay(machine, one, `stream,server=on,addr.type=unix,addr.path=${join(folder, "taploom-vm1.sock")}`);
    machine.ip("tuntap add tl-vm2 mode tap", "link set tl-vm2 up");
    relay(machine, two, "tap,ifname=tl-vm2,script=no,downscript=no");
    const file = join(folder, "host-only.yaml"); // its socket is this test's own
    writeFileSync(file, readFileSync(packageFile("examples/host-only.yaml"), "utf8").replaceAll("/run/", `${folder}/`));
    await lab().joinTo(await lab().run(file));
    const ips = [await boot(one, "one"), await boot(two, "two")];
    expect(await one.reaches(ips[1]!)).toBe(true);
    expect(await host.reaches(ips[0]!)).toBe(true);
    expect(dig(one, "10.0.30.1", "two.vm.example")).toBe(ips[1]);
    expect(dig(two, "10.0.30.1", "host.vm.example")).toBe("10.0.30.2");
    const outwards = one.start("ping", "-n", "-c", "1", "-w", "2", "203.0.113.1");
    expect(await outwards.ended).not.toBe(0);
    expect(outwards.stdout).toContain("From 10.0.30.1 icmp_seq=1 Destination Net Unreachable");
  });
});
