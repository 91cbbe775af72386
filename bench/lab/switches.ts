// Switches that guests can be put on, each as its manual has it: what starts it, and where its devices are. The guests'
// devices are TAPs where a hypervisor's would be, and veths for the kernel's bridge, which needs no process.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { macOf, TAPLOOM, until, type BenchLab, type End } from "./bench-lab.js";
import type { Way } from "./measure.js";

export interface Peer {
  name: string;
  /** Commands that must be there; those with a slash are files. */
  needs: readonly string[];
  start: (lab: BenchLab) => Promise<Way>;
  /** Guests' frames in so many flows, where not the usual number. */
  flows?: number;
}

const [ADDRESS_A, ADDRESS_B] = ["10.99.0.1", "10.99.0.2"] as const;
const TAPS = ["tl-a", "tl-b"] as const;
const SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema";

/** Those that can be had here. `peers`: a directory with programs in build/, none of which is anybody's package. */
export function switches(peers: string | undefined): Peer[] {
  const relay = (name: string, mode: string): Peer => {
    const program = join(peers!, "build/relay");
    return { name, needs: [program], start: (lab) => onTaps(lab, [program, mode, ...TAPS]) };
  };
  const relays = [["C relay", "poll"], ["C relay, offloads", "vnet"], ["C relay, io_uring", "uring"]] as const;
  return [
    taploom("taploom"), taploom("taploom, 2 workers", "--workers", "2"),
    { name: "kernel bridge", needs: [], start: bridge },
    ...peers === undefined ? [] : relays.map(([name, mode]) => relay(name, mode)),
    { name: "vde_switch", needs: ["vde_switch"], start: vde },
    openVswitch("Open vSwitch"), openVswitch("Open vSwitch, TSO", "userspace-tso-enable=true"),
  ];
}

export function taploom(name: string, ...options: string[]): Peer {
  return {
    name, needs: [],
    start: (lab) => {
      const file = lab.file("switch.json");
      writeFileSync(file, JSON.stringify({ switches: { s: { ports: { a: { tap: TAPS[0] }, b: { tap: TAPS[1] } } } } }));
      return onTaps(lab, [...TAPLOOM, "up", file, "--control", lab.file("switch.sock"), ...options]);
    },
  };
}

function vde(lab: BenchLab): Promise<Way> {
  return onTaps(lab, ["vde_switch", "--sock", lab.file("vde"), ...TAPS.flatMap((tap) => ["--tap", tap])]);
}

async function onTaps(lab: BenchLab, command: string[]): Promise<Way> {
  const pid = lab.start(...command);
  const from = await lab.plug(TAPS[0], lab.a, `${ADDRESS_A}/24`);
  return between(lab, from, await lab.plug(TAPS[1], lab.b, `${ADDRESS_B}/24`), pid);
}

async function bridge(lab: BenchLab): Promise<Way> {
  const from = await lab.connect("port-a", lab.a, `${ADDRESS_A}/24`);
  const to = await lab.connect("port-b", lab.b, `${ADDRESS_B}/24`);
  lab.between.run("ip", "link", "add", "bridge", "type", "bridge");
  for (const port of ["port-a", "port-b"]) lab.between.run("ip", "link", "set", port, "master", "bridge");
  lab.between.run("ip", "link", "set", "bridge", "up");
  return between(lab, from, to);
}

/** ovs-vsctl(8), ovs-vswitchd(8); the datapath is that of user space. */
function openVswitch(name: string, ...settings: string[]): Peer {
  const start = async (lab: BenchLab): Promise<Way> => {
    const run = (...command: string[]): string => lab.between.run("env", ...ovsFolders(lab), ...command);
    const control = (...args: string[]): string => run("ovs-vsctl", `--db=unix:${lab.file("db.sock")}`, ...args);
    run("ovsdb-tool", "create", lab.file("conf.db"), SCHEMA);
    lab.start("env", ...ovsFolders(lab), "ovsdb-server", lab.file("conf.db"), `--remote=punix:${lab.file("db.sock")}`);
    await until("ovsdb-server", () => answers(() => control("--no-wait", "init")));
    for (const setting of settings) control("--no-wait", "set", "Open_vSwitch", ".", `other_config:${setting}`);
    const log = [`--log-file=${lab.file("ovs.log")}`, "-vconsole:off"];
    const pid = lab.start("env", ...ovsFolders(lab), "ovs-vswitchd", `unix:${lab.file("db.sock")}`, ...log);
    control("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev", "fail-mode=standalone");
    for (const tap of TAPS) control("add-port", "br0", tap, "--", "set", "interface", tap, "type=tap");
    const from = await lab.plug(TAPS[0], lab.a, `${ADDRESS_A}/24`);
    return between(lab, from, await lab.plug(TAPS[1], lab.b, `${ADDRESS_B}/24`), pid);
  };
  return { name, needs: ["ovs-vswitchd", "ovsdb-server", "ovsdb-tool", "ovs-vsctl", SCHEMA], start };
}

function ovsFolders({ folder }: BenchLab): string[] {
  return ["OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR"].map((name) => `${name}=${folder}`);
}

/** Two guests on one network, once each answers the other. */
async function between(lab: BenchLab, from: End, to: End, pid?: number): Promise<Way> {
  await until("the guests to reach each other", () => reaches(from, ADDRESS_B));
  const macs = { target: macOf(to), back: macOf(from) };
  return { lab, from, to, address: ADDRESS_B, ...macs, ...pid === undefined ? {} : { pid } };
}

export function reaches(from: End, address: string): boolean {
  return answers(() => from.namespace.run("ping", "-c", "1", "-W", "1", address));
}

function answers(command: () => unknown): boolean {
  try {
    command();
    return true;
  } catch {
    return false;
  }
}
