// What people read of routers: sessions, neighbors, leases, and each router as a whole. Owns wording and columns.

import type { LeaseEntry, NatEntry, NeighborEntry, PortUse, RouterStatus } from "../api.js";
import { printable, tableOf, type Lines } from "./table.js";
import { counted } from "./views.js";

export const natLines: Lines<NatEntry> = tableOf(
  ["router", "protocol", "inside", "outside", "remote", "state", "expires"],
  ({ router, protocol, inside, outside, remote, state, expires }) => [
    router, protocol, inside, outside, remote, state, `${Math.round(expires)}s`,
  ],
);

export const neighborLines: Lines<NeighborEntry> = tableOf(
  ["router", "switch", "vlan", "address", "mac", "state", "age"],
  ({ router, switch: of, vlan, address, mac, state, age }) => [
    router, of, vlan, address, mac, state, `${Math.round(age)}s`,
  ],
);

export const leaseLines: Lines<LeaseEntry> = tableOf(
  ["router", "vlan", "mac", "address", "hostname", "expires"],
  ({ router, vlan, mac, address, hostname, expires }) => [
    router, vlan, mac, address, hostname, `${Math.round(expires)}s`,
  ],
);

/** Each router with an empty line behind it, as long as there is another. */
export async function* routerLines(batches: AsyncIterable<RouterStatus[]>): AsyncGenerator<string[]> {
  let isFirst = true;
  for await (const routers of batches) {
    for (const router of routers) {
      const lines = linesOf(router).map(printable);
      yield isFirst ? lines : ["", ...lines];
      isFirst = false;
    }
  }
  if (isFirst) yield ["no routers"];
}

function linesOf({ name, mac, interfaces, uplink, nat, routes, services }: RouterStatus): string[] {
  return [
    `router ${name}, ${mac}`,
    ...interfaces.map(({ switch: of, vlan, address, mtu, dhcp }) =>
      `  interface ${address} on ${of} VLAN ${vlan}, MTU ${mtu}${dhcp ? ", serves DHCP" : ""}`),
    ...(uplink ? [uplinkLine(uplink)] : []),
    ...(nat ? translationLines(nat) : []),
    ...routes.map(({ to, via, switch: of, vlan }) =>
      `  route     ${to} ${via === null ? "on the link of" : `via ${via} on`} ${of} VLAN ${vlan}`),
    ...Object.entries(services).map(([service, counts]) => `  service   ${service}: ${countsText(counts)}`),
  ];
}

function uplinkLine({ kind, device, link, address, gateway, mtu, dhcp }: NonNullable<RouterStatus["uplink"]>): string {
  const what = `  uplink    ${address ?? "no address yet"}${dhcp ? " by DHCP" : ""}, ${kind}${device && ` ${device}`}`;
  return `${what}, link ${link}, MTU ${mtu}${gateway === null ? "" : `, gateway ${gateway}`}`;
}

function translationLines(nat: NonNullable<RouterStatus["nat"]>): string[] {
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
