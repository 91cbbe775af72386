// Files with a router, of which tests write but a few keys. Lines and columns of what they write are said below.

export const SWITCHES = "switches: { lab: {}, den: {} }\n";
/** An interface in VLAN 10, and an uplink with two addresses. */
export const INSIDE = "interfaces: [{ switch: lab, vlan: 10, address: 10.0.10.1/24 }]";
export const UPLINK = "uplink: { tap: tl-up, address: [203.0.113.2/24, 203.0.113.3], gateway: 203.0.113.1 }";

/** A router whose keys stand in lines 4 and on, each from column 5. */
export function router(...lines: string[]): string {
  return `${SWITCHES}routers:\n  edge:\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

/** The same with interface and uplink in lines 4 and 5, before what is written. */
export function out(...lines: string[]): string {
  return router(INSIDE, UPLINK, ...lines);
}

/** With a DHCP server's keys in line 4. */
export function dhcp(keys: string): string {
  return router(`interfaces: [{ switch: lab, vlan: 10, address: 10.0.10.1/24, dhcp: ${keys} }]`);
}

/** With more keys of an uplink in line 5. */
export function uplink(keys: string): string {
  return router(INSIDE, `uplink: { tap: tl-up, ${keys} }`);
}

export function nat(keys: string): string {
  return out(`nat: ${keys}`);
}

export function forwards(...rules: string[]): string {
  return out(`forwards: [${rules.join(", ")}]`);
}

/** Two routers, a in line 3 and b in line 4. */
export function two(a: string, b: string): string {
  return `${SWITCHES}routers:\n  a: { ${a} }\n  b: { ${b} }\n`;
}
