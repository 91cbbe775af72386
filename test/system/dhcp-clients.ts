// DHCP clients as guests run them, udhcpc of busybox and dhclient of ISC, told to configure their devices and to say
// what they were given. Owns their command lines and their scripts, which put both clients' words into the same form.

import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Guest, Lab } from "./lab.js";
import type { Running } from "./running.js";

/** What a client was given, each as its client writes it; `event`: `bound`, `renew` and so on. */
export type Given = Record<string, string> & { event: string; ip: string };

const CONFIGURE = `ip address flush dev "$interface"
ip address add "$ip/$mask" dev "$interface"
ip route replace default via "$router"`;

const UDHCPC = `#!/bin/sh
event=$1
case $event in
bound|renew)
${CONFIGURE} ;;
esac
echo "given event=$event ip=$ip mask=$mask router=$router dns=$dns domain=$domain mtu=$mtu lease=$lease" \\
  "hostname=$hostname routes=$(echo $staticroutes | tr ' ' ,)"
`;

const DHCLIENT = `#!/bin/sh
event=$reason ip=$new_ip_address mask=$new_subnet_mask router=$new_routers
case $event in
BOUND|RENEW|REBIND|REBOOT)
${CONFIGURE} ;;
esac
echo "given event=$event ip=$ip mask=$mask router=$router dns=$new_domain_name_servers domain=$new_domain_name" \\
  "mtu=$new_interface_mtu lease=$new_dhcp_lease_time hostname=$new_host_name" \\
  "routes=$(echo $new_classless_routes | tr ' ' ,)"
`;

const DHCLIENT_CONFIG = `option classless-routes code 121 = array of unsigned integer 8;
request subnet-mask, routers, domain-name-servers, domain-name, interface-mtu, host-name, classless-routes;
initial-interval 1;
`;

function script(lab: Lab, name: string, text: string): string {
  const path = join(lab.folder, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** Starts udhcpc; SIGUSR1 renews, SIGUSR2 releases. */
export function udhcpc(guest: Guest, ...options: string[]): Running {
  const asked = ["mtu", "staticroutes", "domain", "hostname", "lease"].flatMap((option) => ["-O", option]);
  return guest.start("busybox", "udhcpc", "-f", "-i", guest.name, "-t", "8", "-T", "1",
    "-s", script(guest.lab, "udhcpc", UDHCPC), ...asked, ...options);
}

/** Starts dhclient, which begins with the lease that it had before, if there is one. `-r` releases that. */
export function dhclient(guest: Guest, ...options: string[]): Running {
  const config = join(guest.lab.folder, "dhclient.conf");
  writeFileSync(config, DHCLIENT_CONFIG);
  const file = (end: string): string => join(guest.lab.folder, `${guest.name}.${end}`);
  return guest.start("dhclient", "-d", "-v", "-cf", config, "-lf", file("leases"), "-pf", file("pid"),
    "-sf", script(guest.lab, "dhclient", DHCLIENT), ...options, guest.name);
}

/** Kills dhclient once it has written its lease down, which it does after its script has run, and before it says so. */
export async function killBound(client: Running): Promise<void> {
  await client.until(/^bound to /m);
  await client.end("SIGKILL");
}

/** What a client has been given so far, in its order. */
export function given(client: Running): Given[] {
  return [...client.stdout.matchAll(/^given (.*)$/gm)].map(([, text]) => {
    const pairs = [...text!.matchAll(/(\w+)=(.*?)(?= \w+=|$)/g)]; // a value may have spaces
    return Object.fromEntries(pairs.map(([, name, value]) => [name!, value!])) as Given;
  });
}

/** Waits for an event of a client, and returns what came with the last of its kind. */
export async function untilGiven(client: Running, event: string): Promise<Given> {
  await client.until(new RegExp(`^given event=${event} .*\\n`, "m"));
  return given(client).filter((one) => one.event === event).at(-1)!;
}
