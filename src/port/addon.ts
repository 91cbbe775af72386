// The C++ addon as TypeScript sees it: devices, sockets in batches, and the poller that a worker waits in.
// Owns the contract of native/ and the loading of it. Nothing here decides anything.

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { EngineError } from "../api.js";
import { packageFile } from "../files.js";

/** An fd with what was found out while it was opened. */
export interface OpenedDevice {
  fd: number;
  /** Of a TAP with several queue pairs: the fds of the others. */
  further: number[];
  /** Whether the device was made by the call (and vanishes with the fd). */
  created: boolean;
  index: number;
  /** Bytes, as it was before the call changed it. */
  mtu: number;
  /** Of a TAP: its frames stand behind headers (IFF_VNET_HDR), with checksums and segmentation left to the port. */
  offload: boolean;
}

/** Where the poller finds its worker's part of the shared memory; byte offsets and counts, see assembly/layout.ts. */
export interface Geometry {
  rx: number;
  rxMax: number;
  slots: number;
  slotSize: number;
  slotCount: number;
  headroom: number;
  frameMax: number;
  dirtyCount: number;
  dirtyList: number;
  queues: number;
  queueSize: number;
  ringSize: number;
  portsMax: number;
  cuts: number;
  pipeSize: number;
}

export type PollerEvent = {
  port: number;
  /** up: frames can leave. down: the link is down, the attachment stays. gone: the device is lost or the peer
   *  hung up; its fd is closed (a listener goes on listening). */
  what: "up" | "down" | "gone";
  /** errno's name where there is one (EBADFD, ENETDOWN, EPIPE, …), "closed", or "fault" where the core asked for it. */
  why: string;
};

/** "tap-offload": a TAP whose frames stand behind headers. */
export type DeviceKind = "tap" | "tap-offload" | "packet";
export type PolledKind = DeviceKind | "stream";

/** What a worker waits in: transmits, waits and receives for all its devices and sockets, in batches. */
export interface Poller {
  /** eventfd that wakes `turn`; pass it to `Addon.ring`. */
  readonly doorbell: number;
  /** Takes over an fd for a port. For streams `pipe` is the pipe's offset in memory, and `listener` an fd that
   *  connections are accepted from, one at a time, or -1. */
  attach(port: number, kind: PolledKind, fd: number, pipe: number, listener: number): void;
  /** Takes over an fd of a device to send to it only: what comes from it is another poller's. */
  attachSender(port: number, kind: DeviceKind, fd: number): void;
  /** Closes what a port has. Frames that wait for it stay in its queue. */
  detach(port: number): void;
  /** Transmits what is queued for the ports in the dirty list, then waits up to `timeout` ms (0: not at all;
   *  -1: without end) for input or a ring of the doorbell, then receives: frames of devices into the RX
   *  descriptors, bytes of streams into their pipes. Returns how many RX descriptors it filled, + POLLER_EVENTS
   *  where `events` has something to tell, + POLLER_RUNG where the doorbell rang. */
  turn(timeout: number): number;
  /** Whether the calling thread stays on the processor where it is; it does not where another thread of the process
   *  stays there already. */
  stay(on: boolean): void;
  /** Lets whoever waits for the calling thread's processor run first. */
  giveWay(): void;
  events(): PollerEvent[];
  close(): void;
}

export const POLLER_EVENTS = 0x10000;
export const POLLER_RUNG = 0x20000;

export interface Addon {
  /** Attaches to a TAP device, making it where it is not there, with offloads where the kernel has them, which end when
   *  a poller detaches from it. `mtu` 0 leaves the MTU. `queues`: queue pairs, one where nothing is said; the kernel is
   *  told how to share flows out among several (native/steering.h). Errors carry errno's name as `code`. */
  openTap(name: string, mtu: number, queues?: number): OpenedDevice;
  /** An AF_PACKET socket on an existing device, promiscuous, that does not see what it sent itself. EPROTOTYPE: the
   *  device has no Ethernet frames, or is the loopback device. */
  openPacket(name: string): OpenedDevice;
  /** A Unix stream socket that listens at `path` (mode 0600 before the umask). */
  listen(path: string): number;
  /** A connected Unix stream socket. */
  connect(path: string): number;
  /** Who connected to a Unix stream socket, as the kernel knows it. */
  peerOf(fd: number): { pid: number; uid: number; gid: number };
  /** An fd more for what another one is. */
  duplicate(fd: number): number;
  close(fd: number): void;
  ring(doorbell: number): void;
  /** Index of a network device in this namespace, 0 where there is none. */
  deviceIndex(name: string): number;
  /** The present name of a device of this namespace, "" where there is none. */
  deviceName(index: number): string;
  /** The present name of a TAP, in whatever namespace it is; "": it was deleted. */
  tapName(fd: number): string;
  /** EBADFD: the TAP was deleted. EXDEV: it is in another network namespace. */
  setTapMtu(fd: number, mtu: number): void;
  /** Asks for large pages under a part of the memory; where there are none, nothing changes. */
  preferLargePages(part: Uint8Array): void;
  createPoller(memory: Uint8Array, geometry: Geometry): Poller;
}

const ADDON = "build/Release/taploom.node";
const REASON = "build/addon.missing"; // written by tools/build-addon.js
const AGAIN = "run \"npm rebuild taploom\" (in a checkout: \"npm run install\")";

let loaded: Addon | undefined;
let failure: unknown;

/** The addon, or undefined where there is none that loads; `requireAddon` tells why. */
export function findAddon(): Addon | undefined {
  if (loaded || failure) return loaded;
  try {
    loaded = createRequire(import.meta.url)(packageFile(ADDON)) as Addon;
  } catch (error) {
    failure = error;
  }
  return loaded;
}

/** The addon, or an error that says what is missing and how to get it. */
export function requireAddon(attachment: string): Addon {
  const addon = findAddon();
  if (addon) return addon;
  throw new EngineError(
    "ADDON_MISSING",
    process.platform === "linux"
      ? `"${attachment}" needs the native addon: ${whyMissing()}; then ${AGAIN}`
      : `"${attachment}" needs Linux: on ${process.platform} use memory, pcap and generator ports`,
    { cause: failure },
  );
}

/** Why there is no addon, and what to do about it before it is built again. */
function whyMissing(): string {
  if (existsSync(packageFile(ADDON))) return `it is there, and does not load: ${(failure as Error).message}`;
  try {
    return readFileSync(packageFile(REASON), "utf8").trim();
  } catch {
    return "it has not been built, since the package's install script did not run: allow it "
      + "(npm: no ignore-scripts, and npm install-scripts approve taploom; pnpm: pnpm approve-builds)";
  }
}
