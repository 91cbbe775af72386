// A router that translates, in memory: hosts of 10.0.0.0/16 at port 0 on a switch, remotes behind a gateway at port 1,
// all neighbors known. What core-napt, core-napt-new and core-napt-age are run on. The workload is that of
// bench/assembly/napt.ts.

import { EngineError } from "../api.js";
import { printIpv4, parseIpv4 } from "../config/ipv4.js";
import { configFromValue } from "../config/parse.js";
import type { PortConfig } from "../config/model.js";
import * as layout from "../core/layout.js";
import { macWords } from "../core/mac.js";
import type { RegisteredPort } from "../core/registry.js";
import { RouterTables, wire, type WrittenRouter } from "../core/router-tables.js";
import { interfaceKey, interfaceName, planRouter } from "../engine/router-plan.js";
import { MemoryCore } from "./memory-core.js";

const ROUTER = "bench";
const INNER: PortConfig = {
  attachment: { kind: "memory" }, vlan: { mode: "access", vid: 1 }, isolated: false, monitor: false, macs: [],
};
const GATEWAY = "198.19.255.254";
const OUTSIDE = parseIpv4("198.18.0.1")!;
const INSIDE = parseIpv4("10.0.1.0")!;
const INSIDES = 4093;
const NAT_CAPACITY_MIN = 1024;
const FDB_CAPACITY = 64;

export abstract class NaptCore extends MemoryCore {
  protected readonly routers: RouterTables;
  protected readonly router: WrittenRouter;
  #inside?: RegisteredPort;
  #uplink?: RegisteredPort;

  /** `sessions`: for how many there is room; `outsides`: addresses, from 198.18.0.1 on. */
  constructor(sessions: number, outsides: number) {
    super(2, { fdbCapacity: FDB_CAPACITY, natCapacity: Math.max(NAT_CAPACITY_MIN, sessions) });
    this.routers = new RouterTables(this.tables);
    this.router = this.routers.add();
    this.#configure(Array.from({ length: outsides }, (_, i) => printIpv4(OUTSIDE + i)));
    this.core.turn(0, this.now); // announcements
    this.workload.transmit();
  }

  /** Sessions in the table. */
  protected get sessions(): number {
    return this.shared.word(layout.FLOW_SLAB + layout.SLAB_COUNT);
  }

  #configure(outsides: string[]): void {
    const config = configFromValue({
      switches: { inside: { ports: { hosts: { memory: true, access: 1 } } } },
      routers: {
        [ROUTER]: {
          mac: "02:00:00:00:00:01", interfaces: [{ switch: "inside", vlan: 1, address: "10.0.255.254/16" }],
          uplink: { memory: true, address: [`${outsides[0]}/15`, ...outsides.slice(1)], gateway: GATEWAY },
          nat: { host: { ports: 0, rate: 0 } },
        },
      },
    }).routers[ROUTER]!;
    for (const name of ["inside", ROUTER]) {
      this.tables.writeSwitch(this.registry.addSwitch(name), { learning: true, agingSeconds: 300 });
    }
    this.#addPort("inside", "hosts");
    this.#addPort(ROUTER, "remotes");
    const [one] = config.interfaces;
    const inside = this.#addPort("inside", interfaceName(ROUTER, one!.vid), "router");
    const uplink = this.#addPort(ROUTER, `@${ROUTER}`, "router");
    const services = this.#addPort("", `@${ROUTER}`, "services");
    this.routers.write(this.router, planRouter(ROUTER, config, {
      interfaces: new Map([[interfaceKey(one!), inside]]), uplink, services,
    }));
    this.#inside = inside;
    this.#uplink = uplink;
    this.greet();
  }

  /** Every neighbor says where it is: nobody answers here when one is asked after a minute. */
  protected greet(): void {
    for (let i = 0; i < INSIDES; i++) this.#addNeighbor(this.#inside!, INSIDE + i, "02:00:00:00:01:00");
    this.#addNeighbor(this.#uplink!, parseIpv4(GATEWAY)!, "02:00:00:00:01:01");
  }

  #addPort(on: string, name: string, role?: "router" | "services"): RegisteredPort {
    const port = this.registry.addPort(on, name, INNER, role === undefined ? {} : { role });
    if (role === "services") port.pipe = this.shared.pipe(0);
    const codec = role === "services" ? layout.CODEC_SERVICE : layout.CODEC_NONE;
    this.tables.writePort(port, { in: codec, out: codec });
    this.core.setLink(port.index, true);
    return port;
  }

  /** Lets the router know a neighbor, and the switch that it is at the device that is the way there. */
  #addNeighbor(at: RegisteredPort, address: number, mac: string): void {
    const [low, high] = macWords(mac);
    const domain = this.tables.domain(at.switchIndex, 1);
    const device = at.switchName === "inside" ? 0 : 1;
    const learned = this.core.addStatic(domain, low, high, device);
    if (!learned || !this.core.addNeighbor(at.index, wire(address), low, high)) {
      throw new EngineError("BENCH", "there is no room for the neighbors");
    }
  }
}
