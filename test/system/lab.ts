// A laboratory for one test: a namespace that the product runs in, and a namespace for each guest, whose TAP device
// is moved there while the product holds it. Owns the account: when a test ends, every frame must be accounted for.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import type { Totals } from "../../src/api.js";
import { Namespace } from "./namespace.js";
import { Product } from "./product.js";
import { Running, until } from "./running.js";
import { Wire } from "./wire.js";

/** A machine, wherever it is: it has an address and runs commands. */
export interface Station {
  readonly address: string;
  start(command: string, ...args: string[]): Running;
}

/** How long an iperf3 transfer is. */
export type Length = { bytes: number } | { seconds: number };

/** What takes a moment. At the end, some of it may be on its way. */
export const MUCH: Length = { bytes: 40e6 };

/** An iperf3 transfer from a machine to another; `options` are the client's. Returns bytes received. */
export async function transfer(from: Station, to: Station, length: Length, ...options: string[]): Promise<number> {
  const [amount, value] = "bytes" in length ? ["--bytes", length.bytes] as const : ["--time", length.seconds] as const;
  const port = options.includes("--port") ? options.slice(options.indexOf("--port")).slice(0, 2) : [];
  const server = to.start("iperf3", "--server", "--one-off", "--forceflush", ...port);
  await server.until(/listening/);
  const client = from.start("iperf3", "--client", to.address, amount, String(value), "--json", ...options);
  const report = JSON.parse(await client.result()) as { end: { sum_received: { bytes: number } } };
  await server.end();
  return report.end.sum_received.bytes;
}

/** That each of a stream of pings was answered, and nothing came twice. */
export async function expectUnbroken(pings: Running): Promise<void> {
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(await pings.result())!;
  expect([received, pings.stdout.includes("duplicates")]).toEqual([sent, false]);
}

/** A machine's place in the network: its address with the prefix, none where DHCP gives one, and its default route. */
export interface Seat {
  address?: string;
  gateway?: string;
}

/** A machine on a port: its device has the port's name. */
export class Guest {
  readonly namespace: Namespace;
  /** Without the prefix; empty where DHCP gives one. */
  readonly address: string;
  mac: string;
  /** Whether the kernel's counters of the device are those of its port from the beginning. */
  isCounted = true;

  constructor(readonly lab: Lab, readonly name: string, number: number, readonly seat: Seat) {
    this.namespace = new Namespace(name);
    this.address = seat.address?.split("/")[0] ?? "";
    this.mac = `02:00:00:00:00:${number.toString(16).padStart(2, "0")}`;
    // Whatever a kernel says by itself would stand between the frames that a test counts.
    this.namespace.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1");
  }

  /** Moves the device here from the product's namespace, gives it its addresses and sets it up. */
  plug(): this {
    this.lab.host.run("ip", "link", "set", "dev", this.name, "netns", this.namespace.name);
    return this.configure();
  }

  configure(): this {
    const { address, gateway } = this.seat;
    this.namespace.ip(
      `link set dev ${this.name} address ${this.mac} up`,
      ...address === undefined ? [] : [`address replace ${address} dev ${this.name}`],
      ...gateway === undefined ? [] : [`route replace default via ${gateway}`],
    );
    return this;
  }

  run(command: string, ...args: string[]): string {
    return this.namespace.run(command, ...args);
  }

  start(command: string, ...args: string[]): Running {
    return new Running(this.namespace.start(command, args), `${command} on ${this.name}`);
  }

  /** Whether one ping of several tries is answered; a guest that is there answers at once. */
  async reaches(other: Guest | string): Promise<boolean> {
    return await this.start("ping", "-c", "1", "-w", "10", "-i", "0.2", addressOf(other)).ended === 0;
  }

  /** Whether no ping is answered, while those within a VLAN are. */
  async misses(other: Guest): Promise<boolean> {
    return await this.start("ping", "-c", "2", "-W", "0.5", "-i", "0.2", other.address).ended !== 0;
  }

  wire(): Promise<Wire> {
    return new Wire(this.namespace, this.name).ready();
  }

  /** A TCP transfer to another machine, and back with `-R`; returns bytes received. */
  transfer(other: Station, length: Length, ...options: string[]): Promise<number> {
    return transfer(this, other, length, ...options);
  }

  /** A ping every other millisecond; its result must show that each was answered, once. */
  stream(other: Guest | string, count: number): Running {
    return this.start("ping", "-q", "-c", String(count), "-i", "0.002", addressOf(other));
  }

  counter(name: string): number {
    return this.counters(name)[0]!;
  }

  counters(...names: string[]): number[] {
    const files = names.map((name) => `/sys/class/net/${this.name}/statistics/${name}`);
    return this.run("cat", ...files).trim().split("\n").map(Number);
  }
}

function addressOf(other: Guest | string): string {
  return typeof other === "string" ? other : other.address;
}

export class Lab {
  readonly host = new Namespace("product");
  readonly folder = mkdtempSync(join(tmpdir(), "taploom-test-"));
  readonly control = join(this.folder, "control.sock");
  readonly config = join(this.folder, "net.json");
  readonly guests: Guest[] = [];
  product: Product | undefined;
  /** Whether a test of a shared laboratory has failed. */
  hasFailed = false;
  readonly #namespaces: Namespace[] = [];

  guest(name: string, seat?: Seat): Guest {
    const number = this.guests.length + 1;
    const guest = new Guest(this, name, number, seat ?? { address: `10.9.0.${number}/24` });
    this.guests.push(guest);
    return guest;
  }

  /** A namespace beside those of guests, gone with the laboratory. */
  namespace(label: string): Namespace {
    const namespace = new Namespace(label);
    this.#namespaces.push(namespace);
    return namespace;
  }

  /** Writes the file of a configuration of one switch, `lab`. */
  write(lab: object): void {
    this.writeWhole({ switches: { lab } });
  }

  writeWhole(config: object): void {
    writeFileSync(this.config, JSON.stringify(config));
  }

  /** Starts the product with one switch, `lab`, and waits until it is ready. */
  up(lab: object, ...options: string[]): Promise<Product> {
    return this.begin({ switches: { lab } }, ...options);
  }

  /** Starts the product with a whole configuration, and waits until it is ready. */
  async begin(config: object, ...options: string[]): Promise<Product> {
    this.writeWhole(config);
    return this.run(this.config, ...options);
  }

  /** Starts the product with the configuration in a file, and waits until it is ready. */
  async run(file: string, ...options: string[]): Promise<Product> {
    this.product = Product.begin(this.host, file, this.control, options);
    return this.product.ready();
  }

  /** Starts the product, and plugs each guest into the TAP port of its name. */
  async join(config: object, ...options: string[]): Promise<Product> {
    return this.joinTo(await this.begin(config, ...options));
  }

  /** Plugs each guest into its TAP port of a product that runs. */
  async joinTo(product: Product): Promise<Product> {
    for (const guest of this.guests) guest.plug();
    await until("every link to be up", async () => (await product.show("ports")).every(({ link }) => link === "up"));
    return product;
  }

  /** The usual start: a TAP port for each guest, with the rest of its configuration, and each of them plugged in. */
  async plugged(ports: Record<string, object>, ...options: string[]): Promise<Product> {
    const taps = Object.entries(ports).map(([name, port]) => [name, { tap: name, ...port }]);
    return this.join({ switches: { lab: { ports: Object.fromEntries(taps) } } }, ...options);
  }

  /** That nothing was lost without a reason: in the product's own figures, and against the kernel's. */
  async account(product: Product): Promise<void> {
    let totals: Totals;
    await until(() => `the account to be even: ${JSON.stringify(totals)}`, async () => {
      totals = (await product.show("stats")).totals;
      return totals.unaccounted === 0 && totals.queued === 0;
    });
    for (const { name, rx, tx, forwarded, offered, queued, drops } of await product.show("ports")) {
      const dropped = Object.values(drops).reduce((sum, frames) => sum + frames, 0);
      expect([rx.frames + offered, queued], name).toEqual([tx.frames + forwarded + dropped, 0]);
      expect(forwarded, name).toBeLessThanOrEqual(rx.frames);
    }
    await this.#compareDevices(product);
  }

  /** Ends everything, whatever state it is in; `checks` that nothing was lost. */
  async end(checks: boolean): Promise<void> {
    const { product } = this;
    try {
      if (checks && product && product.running.status === undefined) {
        await this.account(product);
        expect((await product.stop()).totals).toMatchObject({ unaccounted: 0 });
      }
    } finally {
      await product?.running.end("SIGKILL");
      for (const { namespace } of this.guests) namespace.remove();
      for (const namespace of this.#namespaces) namespace.remove();
      this.host.remove();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** A TAP device counts what its port sent and received. */
  async #compareDevices(product: Product): Promise<void> {
    const guests = this.guests.filter(({ isCounted }) => isCounted);
    let figures: string[][] = [];
    await until(() => `ports to agree with their devices: ${JSON.stringify(figures)}`, async () => {
      const ports = new Map((await product.show("ports")).map((port) => [port.device, port]));
      figures = guests.map((guest) => {
        const { rx, tx } = ports.get(guest.name)!;
        const device = guest.counters("tx_packets", "tx_bytes", "rx_packets", "rx_bytes");
        return [`${guest.name} port`, [rx.frames, rx.bytes, tx.frames, tx.bytes].join(), "device", device.join()];
      });
      return figures.every(([, port, , device]) => port === device);
    });
  }
}

/** A laboratory for each test of the file, ended after it. */
export function useLab(): () => Lab {
  let lab: Lab;
  beforeEach(() => { lab = new Lab(); });
  afterEach(({ task }) => lab.end(task.result?.state !== "fail"));
  return () => lab;
}

/** A laboratory for all tests of a `describe`, whose account must be even after each of them. */
export function shareLab(setUp: (lab: Lab) => Promise<unknown>): () => Lab {
  let lab: Lab;
  beforeAll(async () => {
    lab = new Lab();
    lab.hasFailed = true; // until it is there
    await setUp(lab);
    lab.hasFailed = false;
  });
  afterEach(async ({ task }) => {
    lab.hasFailed ||= task.result?.state === "fail";
    if (!lab.hasFailed && lab.product) await lab.account(lab.product);
  });
  afterAll(() => lab.end(!lab.hasFailed));
  return () => lab;
}
