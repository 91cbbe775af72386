// Guests that ask for their addresses, with the clients that guests have; and a router that asks for its own.

import { describe, expect, it } from "vitest";
import { dhclient, killBound, udhcpc, untilGiven } from "./dhcp-clients.js";
import { type Guest, type Lab, shareLab, useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { until } from "./running.js";

const NAS = "02:00:00:00:00:03"; // of the third guest

const dhcp = {
  range: "10.0.10.100-10.0.10.110", lease: "10m", domain: "lab.example", dns: ["10.0.10.1", "192.0.2.53"],
  routes: [{ to: "10.9.0.0/16", via: "10.0.10.9" }], hosts: { [NAS]: { address: "10.0.10.20", name: "nas" } },
};

function config(network = "10.0.10", served: object = dhcp): object {
  const tap = (name: string): object => ({ tap: name, access: 10 });
  const face = { switch: "lab", vlan: 10, address: `${network}.1/24`, mtu: 1400, dhcp: served };
  return {
    switches: { lab: { ports: { a: tap("a"), b: tap("b"), nas: tap("nas") } } },
    routers: { edge: { interfaces: [face] } },
  };
}

const can = privileged("DHCP", "busybox", "dhclient", "ping");

describe.skipIf(!can)("a DHCP client of a router", () => {
  let a: Guest;
  let b: Guest;
  let nas: Guest;
  const lab = shareLab(async (lab) => {
    [a, b, nas] = [lab.guest("a", {}), lab.guest("b", {}), lab.guest("nas", {})];
    await lab.join(config());
  });
  const leases = async (): Promise<string[]> =>
    (await lab().product!.show("leases")).map(({ mac, address, hostname }) => `${mac} ${address} ${hostname}`);

  it("udhcpc gets a lease with all that goes with it, renews it and releases it", async () => {
    const client = udhcpc(a, "-x", "hostname:ada");
    const bound = await untilGiven(client, "bound");
    expect(bound.ip).toMatch(/^10\.0\.10\.1(0\d|10)$/);
    expect(bound).toMatchObject({
      mask: "24", router: "10.0.10.1", domain: "lab.example", mtu: "1400", lease: "600",
      routes: "10.9.0.0/16,10.0.10.9,0.0.0.0/0,10.0.10.1",
    });
    expect(await a.reaches("10.0.10.1")).toBe(true);
    expect(await leases()).toEqual([`${a.mac} ${bound.ip} ada`]);
    client.child.kill("SIGUSR1");
    expect(await untilGiven(client, "renew")).toMatchObject({ ip: bound.ip, lease: "600" });
    client.child.kill("SIGUSR2");
    await untilGiven(client, "deconfig");
    await until("the lease to be gone", async () => (await leases()).length === 0);
    await client.end();
  });

  it("dhclient gets a lease with all that goes with it, keeps it over a restart, and releases it", async () => {
    const client = dhclient(b);
    const bound = await untilGiven(client, "BOUND");
    expect(bound).toMatchObject({
      mask: "255.255.255.0", router: "10.0.10.1", domain: "lab.example", mtu: "1400", lease: "600",
      routes: "16,10,9,10,0,10,9,0,10,0,10,1",
    });
    expect(await b.reaches("10.0.10.1")).toBe(true);
    await killBound(client);
    const again = dhclient(b);
    expect(await untilGiven(again, "REBOOT")).toMatchObject({ ip: bound.ip });
    expect(again.stderr).not.toContain("DHCPDISCOVER");
    await again.end("SIGKILL");
    await dhclient(b, "-r").ended;
    await until("the lease to be gone", async () => (await leases()).length === 0);
  });

  it("has the address that is kept for its MAC, and its name", async () => {
    const client = udhcpc(nas, "-q");
    expect(await untilGiven(client, "bound")).toMatchObject({ ip: "10.0.10.20", hostname: "nas" });
    await client.result();
  });

  it("declines an address that somebody else has, and gets another one", async () => {
    const first = udhcpc(a, "-q", "-R");
    const { ip } = await untilGiven(first, "bound");
    await first.result();
    a.run("ip", "address", "flush", "dev", "a");
    b.run("ip", "address", "add", `${ip}/24`, "dev", "b");
    const client = udhcpc(a, "-a", "-q", "-A", "1");
    const bound = await untilGiven(client, "bound");
    b.run("ip", "address", "flush", "dev", "b");
    expect(bound.ip).not.toBe(ip);
    expect(client.stderr).toContain("declining");
  });

  it("is told that its lease is of another network, and gets one of this", async () => {
    const client = dhclient(b);
    await untilGiven(client, "BOUND");
    await killBound(client);
    lab().writeWhole(config("10.0.11", { range: "10.0.11.100-10.0.11.110" }));
    await lab().product!.run("apply", lab().config);
    const moved = dhclient(b);
    expect((await untilGiven(moved, "BOUND")).ip).toMatch(/^10\.0\.11\./);
    expect(moved.stderr).toContain("DHCPNAK");
    expect(await b.reaches("10.0.11.1")).toBe(true);
  });
});

/** A DHCP server at the end of an uplink. */
async function serveOutside(gateway: Guest, lab: Lab): Promise<void> {
  const server = gateway.start("dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=0",
    `--interface=${gateway.name}`, "--bind-interfaces", "--no-ping", "--dhcp-authoritative", "--pid-file=",
    `--dhcp-leasefile=${lab.folder}/outside.leases`, "--dhcp-range=203.0.113.50,203.0.113.60,1h");
  await server.until(/DHCP, IP range/);
}

const canOutside = privileged("an uplink's DHCP", "dnsmasq", "ping");

describe.skipIf(!canOutside)("an uplink that asks for its address", () => {
  const lab = useLab();

  it("gets one of a server, and guests are translated to it", async () => {
    const a = lab().guest("a", { address: "10.0.10.5/24", gateway: "10.0.10.1" });
    const gateway = lab().guest("up", { address: "203.0.113.1/24" });
    await lab().join({
      switches: { lab: { ports: { a: { tap: "a" } } } },
      routers: {
        edge: { interfaces: [{ switch: "lab", address: "10.0.10.1/24" }], uplink: { tap: "up", address: "dhcp" } },
      },
    });
    expect(await a.misses(gateway)).toBe(true);
    await serveOutside(gateway, lab());
    await until("the way out", async () => await a.start("ping", "-c", "1", "-w", "1", gateway.address).ended === 0);
    const own = /203\.0\.113\.[56]\d/.exec(gateway.run("cat", `${lab().folder}/outside.leases`))![0];
    expect(await gateway.reaches(own)).toBe(true);
  });
});
