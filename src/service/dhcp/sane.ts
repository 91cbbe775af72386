// Which texts of a file or a packet are what they should be: addresses of hosts, MACs of stations, keys of clients.
// Owns no state. Read first: RFC 6890 (addresses that no host has), RFC 2131 section 4.2 (client identifiers).

import { addressNumber, isGroup, MAC_NONE } from "../../wire/packet.js";

/** An IPv4 address that a host can have: not of 0/8, 127/8, or 224/3 and up. */
export function isHostAddress(value: unknown): value is string {
  if (typeof value !== "string" || !/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(value)) return false;
  if (value.split(".").some((part) => Number(part) > 255)) return false;
  const first = addressNumber(value) >>> 24;
  return first !== 0 && first !== 127 && first < 224;
}

/** A MAC that a station can have, lower case with colons. */
export function isMac(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(value)
    && !isGroup(value) && value !== MAC_NONE;
}

/** "id:" and 2 to 255 bytes in hex, or "mac:" and a MAC. */
export function isClientKey(value: unknown): value is string {
  if (typeof value !== "string") return false;
  return value.startsWith("mac:") ? isMac(value.slice(4)) : /^id:([0-9a-f]{2}){2,255}$/.test(value);
}
