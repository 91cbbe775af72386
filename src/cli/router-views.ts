// What people read of routers: neighbors, leases, and each router as a whole. Owns wording and columns.

import type { LeaseEntry, NeighborEntry, PortUse, RouterStatus } from "../api.js";
import { printable, tableLines } from "./table.js";
import { counted } from "./views.js";

export function neighborLines(neighbors: NeighborEntry[]): string[] {
  return tableLines(
    ["router", "switch", "vlan", "address", "mac", "state", "age"],
    neighbors.map(({ router, switch: of, vlan, address, mac, state, age }) => [
      router, of, vlan, address, mac, state, `${Math.round(age)}s`,
    ]),
  );
}

export function leaseLines(leases: LeaseEntry[]): string[] {
  return tableLines(
    ["router", "vlan", "mac", "address", "hostname", "expires"],
    leases.map(({ router, vlan, mac, address, hostname, expires }) => [
      router, vlan, mac, address, hostname, `${Math.round(expires)}s`,
    ]),
  );
}

/** Each router with an empty line behind it, as long as there is another. */
export function routerLines(routers: RouterStatus[]): string[] {
  if (routers.length === 0) return ["no routers"];
  return routers.flatMap((router, index) => (index > 0 ? ["", ...linesOf(router)] : linesOf(router))).map(printable);
}

function linesOf({ name, mac, interfaces, uplink, nat, routes, services }: RouterStatus): string[] {
  return [
    `router ${name}, ${mac}`,
    ...interfaces.map(({ switch: of, vlan, address, mtu, dhcp }) =>
      `  interface ${address} on ${of} VLAN ${vlan}, MTU ${mtu}${dhcp ? ", serves DHCP" : ""}`),
    ...(uplink ? [uplinkLine(uplink)] : []),
    ...(nat ? natLines(nat) : []),
    ...routes.map(({ to, via, switch: of, vlan }) =>
      `  route     ${to} ${via === null ? "on the link of" : `via ${via} on`} ${of} VLAN ${vlan}`),
    ...Object.entries(services).map(([service, counts]) => `  service   ${service}: ${countsText(counts)}`),
  ];
}

function uplinkLine({ kind, device, link, address, gateway, mtu, dhcp }: NonNullable<RouterStatus["uplink"]>): string {
  const what = `  uplink    ${address ?? "no address yet"}${dhcp ? " by DHCP" : ""}, ${kind}${device && ` ${device}`}`;
  return `${what}, link ${link}, MTU ${mtu}${gateway === null ? "" : `, gateway ${gateway}`}`;
}

function natLines(nat: NonNullable<RouterStatus["nat"]>): string[] {
  const { mapping, filtering, sessions, mappings, hosts, outside } = nat;
  const holds = `${counted(sessions, "session")}, ${counted(mappings, "mapping")} of ${counted(hosts, "host")}`;
  return [
    `  nat       ${holds}; mapping ${mapping}, filtering ${filtering}`,
    ...outside.map(({ address, inside, tcp, udp, icmp }) => {
      const uses = [["tcp", tcp], ["udp", udp], ["icmp", icmp]] as const;
      const who = inside === null ? address : `${address} = ${inside}`;
      return `  outside   ${who}: ${uses.map(useText).join(", ")} ports free`;
    }),
  ];
}

function useText([kind, { used, free }]: readonly [string, PortUse]): string {
  return `${kind} ${free} of ${free + used}`;
}

function countsText(counts: Record<string, number>): string {
  return Object.entries(counts).map(([what, count]) => `${what} ${count}`).join(", ") || "nothing yet";
}
