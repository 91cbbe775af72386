// Routers that translate, each as its manual has it. Guest a is inside, at 198.18.200.1 of 198.18.0.0/16, from where
// the generator's frames come too; they go to 198.19.0.1, which is guest b, or, for a translator that makes sockets of
// its own, the loopback of the namespace that it runs in. RFC 2544 (the addresses), nft(8), slirp4netns(1), pasta(1).

import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { discard, hasDevice, macOf, TAPLOOM, until, type BenchLab, type End } from "./bench-lab.js";
import type { Way } from "./measure.js";
import { reaches, type Peer } from "./switches.js";

const TARGET = "198.19.0.1";
const INSIDE = { guest: "198.18.200.1", router: "198.18.255.254", prefix: 16 } as const;
const OUTSIDE = { guest: "203.0.113.2", router: "203.0.113.1", prefix: 24 } as const;
const SOCKET_FLOWS = 64; // each is a socket
const MTU = "1500";

export function routers(): Peer[] {
  return [
    taploomRouter("taploom"), taploomRouter("taploom, 2 workers", "--workers", "2"),
    { name: "nftables", needs: [], start: nftables },
    { name: "slirp4netns", needs: ["slirp4netns"], start: slirp, flows: SOCKET_FLOWS },
    { name: "pasta", needs: ["pasta"], start: pasta, flows: SOCKET_FLOWS },
  ];
}

function taploomRouter(name: string, ...options: string[]): Peer {
  return { name, needs: [], start: (lab) => startTaploom(lab, options) };
}

async function startTaploom(lab: BenchLab, options: string[]): Promise<Way> {
  const file = lab.file("router.json");
  const uplink = { tap: "tl-b", address: `${OUTSIDE.router}/${OUTSIDE.prefix}`, gateway: OUTSIDE.guest };
  const interfaces = [{ switch: "s", vlan: 1, address: `${INSIDE.router}/${INSIDE.prefix}` }];
  writeFileSync(file, JSON.stringify({
    switches: { s: { ports: { a: { tap: "tl-a" } } } }, routers: { r: { interfaces, uplink } },
  }));
  const pid = lab.start(...TAPLOOM, "up", file, "--control", lab.file("router.sock"), ...options);
  const from = await lab.plug("tl-a", lab.a, `${INSIDE.guest}/${INSIDE.prefix}`);
  return routed(lab, from, await lab.plug("tl-b", lab.b, `${OUTSIDE.guest}/${OUTSIDE.prefix}`), pid);
}

async function nftables(lab: BenchLab): Promise<Way> {
  const from = await lab.connect("inside", lab.a, `${INSIDE.guest}/${INSIDE.prefix}`);
  const to = await lab.connect("outside", lab.b, `${OUTSIDE.guest}/${OUTSIDE.prefix}`);
  const run = (...[command, ...args]: string[]): string => lab.between.run(command!, ...args);
  run("ip", "address", "add", `${INSIDE.router}/${INSIDE.prefix}`, "dev", "inside");
  run("ip", "address", "add", `${OUTSIDE.router}/${OUTSIDE.prefix}`, "dev", "outside");
  run("ip", "route", "add", "default", "via", OUTSIDE.guest);
  run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0");
  run("nft", 'table ip nat { chain out { type nat hook postrouting priority 100; oifname "outside" masquerade; }; }');
  return routed(lab, from, to);
}

/** Guests on two networks with a router between them, once it answers for both. */
async function routed(lab: BenchLab, from: End, to: End, pid?: number): Promise<Way> {
  from.namespace.run("ip", "route", "add", "default", "via", INSIDE.router);
  to.namespace.run("ip", "address", "add", `${TARGET}/32`, "dev", "lo");
  await until("the router", () => reaches(from, TARGET));
  const target = neighborOf(from, INSIDE.router);
  return { lab, from, to, address: TARGET, target, back: macOf(from), ...pid === undefined ? {} : { pid } };
}

// ---- those that make sockets ----

async function slirp(lab: BenchLab): Promise<Way> {
  const pid = lab.start("slirp4netns", "--netns-type=path", "--configure", `--mtu=${MTU}`, pathOf(lab), "tl-a");
  return throughSockets(lab, "tl-a", "10.0.2.2", pid);
}

/** pasta takes the addresses for its guest from the device that has the default route. */
async function pasta(lab: BenchLab): Promise<Way> {
  const { between } = lab;
  between.run("ip", "link", "add", "outer", "type", "veth", "peer", "name", "far");
  between.run("ip", "address", "add", "192.0.2.2/24", "dev", "outer");
  for (const device of ["outer", "far"]) between.run("ip", "link", "set", device, "up");
  between.run("ip", "route", "add", "default", "via", "192.0.2.1");
  const forwards = ["-t", "none", "-u", "none", "-T", "none", "-U", "none"];
  const where = ["--runas", "0", "--netns-only", "--netns", pathOf(lab)];
  const pid = lab.start("pasta", "--foreground", "-4", "--config-net", "-m", MTU, ...forwards, ...where);
  return throughSockets(lab, "outer", "192.0.2.1", pid);
}

async function throughSockets(lab: BenchLab, device: string, gateway: string, pid: number): Promise<Way> {
  const from = { namespace: lab.a, device };
  const to = { namespace: lab.between, device: "lo" };
  lab.between.run("ip", "address", "add", `${TARGET}/32`, "dev", "lo");
  discard(to);
  await until(`device ${device}`, () => hasDevice(lab.a, device));
  await until("a route", () => lab.a.run("ip", "route", "show", "default") !== "");
  await sleep(500); // until it listens, of which it says nothing
  reaches(from, gateway); // the guest asks for its MAC, whether it is answered or not
  return { lab, from, to, address: TARGET, target: neighborOf(from, gateway), back: macOf(from), pid };
}

/** MAC of a neighbor that a guest knows. */
function neighborOf({ namespace }: End, address: string): string {
  const [neighbor] = JSON.parse(namespace.run("ip", "-json", "neighbor", "show", address)) as { lladdr?: string }[];
  if (neighbor?.lladdr === undefined) throw new Error(`nobody answers for ${address}`);
  return neighbor.lladdr;
}

function pathOf({ a }: BenchLab): string {
  return `/run/netns/${a.name}`;
}
