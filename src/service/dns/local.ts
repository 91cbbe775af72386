// The names that the router itself knows: static ones, and those of guests from their leases; and the way back, from
// address to name. The router is the authority for its own domain and for the reverse names of its own networks: what
// it does not know there does not exist, and no question about it goes upstream.
// Read first: RFC 1035 section 3.5 (IN-ADDR.ARPA), RFC 2308 section 2 (NXDOMAIN, NODATA), RFC 6303 (local zones),
// RFC 8020 (a name with names below it exists).

import { isIPv4 } from "node:net";
import { encode, type Answer as DnsRecord } from "dns-packet";
import { type DnsConfig, type Network } from "../../config/model.js";
import { addressNumber } from "../../wire/packet.js";
import { type Answer } from "./answer.js";
import { CLASS_IN, FLAG, HEADER_SIZE, RCODE, TYPE, viewOf, type Question } from "./message.js";
import { isTopLevel } from "./root.js";

/** Seconds that guests may keep the router's own names: leases and configurations change. */
export const LOCAL_TTL = 60;

/** Records in one answer; a name has few addresses, an address few names. */
const RECORDS_MAX = 64;
const REVERSE_ZONE = ".in-addr.arpa";

/** Names for hosts, with the underscore that some use; and nothing that the encoder could mistake. */
const NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i;
const OCTET = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;

export interface LocalSources {
  /** Addresses of a guest by its bare name, lower case; undefined: there is no such guest. */
  names(name: string): string[] | undefined;
  /** The bare name of the guest with this address. */
  reverse?(address: string): string | undefined;
  /** The networks that the router is in; absent: none. */
  networks?(): readonly Network[];
}

export class LocalNames {
  readonly #config: DnsConfig;
  readonly #sources: LocalSources;
  readonly #pointers = new Map<string, string[]>();

  constructor(config: DnsConfig, sources: LocalSources) {
    this.#config = config;
    this.#sources = sources;
    for (const [name, addresses] of Object.entries(config.hosts)) {
      for (const address of addresses) {
        this.#pointers.set(address, [...this.#pointers.get(address) ?? [], name]);
      }
    }
  }

  /** The answer to a question that is the router's to answer; undefined: ask upstream. */
  answer(question: Question): Answer | undefined {
    if (question.class !== CLASS_IN) return undefined;
    const name = textOf(question.name);
    const lower = name.toLowerCase();
    if (lower.endsWith(REVERSE_ZONE)) return this.#answerReverse(question, name);
    const addresses = this.#addresses(lower, question.type);
    if (addresses) return addressAnswer(question, name, addresses);
    if (!this.#isUnderDomain(lower)) return undefined;
    return build(question, [], this.#hasBelow(lower) ? RCODE.NOERROR : RCODE.NXDOMAIN);
  }

  /** The addresses of a name that the router knows. */
  #addresses(name: string, type: number): string[] | undefined {
    const { hosts, domain } = this.#config;
    if (Object.hasOwn(hosts, name)) return hosts[name];
    const isUnder = this.#isUnderDomain(name);
    if (isUnder && name === domain) return undefined;
    const bare = isUnder ? name.slice(0, -domain!.length - 1) : name;
    if (isUnder && Object.hasOwn(hosts, bare)) return hosts[bare];
    // One label only, and none of the root's: no guest may give itself somebody else's name in the world.
    if (bare.includes(".") || (!isUnder && !mayStandAlone(bare, type))) return undefined;
    return this.#sources.names(bare);
  }

  #isUnderDomain(name: string): boolean {
    const { domain } = this.#config;
    return domain !== undefined && (name === domain || name.endsWith(`.${domain}`));
  }

  /** Whether a name of the own domain exists since there are names below it. */
  #hasBelow(name: string): boolean {
    const { hosts, domain } = this.#config;
    return name === domain
      || Object.keys(hosts).some((host) => host.endsWith(`.${name}`) || `${host}.${domain}`.endsWith(`.${name}`));
  }

  // ---- from address to name ----

  #answerReverse(question: Question, name: string): Answer | undefined {
    const octets = octetsOf(name.toLowerCase());
    const isWhole = octets.length === 4 && name.split(".").length === 6;
    const pointers = isWhole ? this.#names(octets.join("."))?.filter((pointer) => NAME.test(pointer)) : undefined;
    if (pointers) {
      const records = pointers.map((data) => ({ type: "PTR" as const, name, ttl: LOCAL_TTL, data }));
      return build(question, wants(question, TYPE.PTR) ? records : []);
    }
    if (!this.#isOwn(octets)) return undefined;
    const isAbove = octets.length < 4 && name.split(".").length === octets.length + 2;
    return build(question, [], isAbove ? RCODE.NOERROR : RCODE.NXDOMAIN);
  }

  #names(address: string): string[] | undefined {
    const fixed = this.#pointers.get(address);
    if (fixed) return fixed;
    const bare = this.#sources.reverse?.(address);
    if (bare === undefined) return undefined;
    const { domain } = this.#config;
    return [domain === undefined || bare.includes(".") ? bare : `${bare}.${domain}`];
  }

  /** Whether all addresses that begin so are of one of the router's networks. */
  #isOwn(octets: readonly number[]): boolean {
    const first = addressNumber([...octets, 0, 0, 0, 0].slice(0, 4).join("."));
    return (this.#sources.networks?.() ?? []).some(({ address, prefix }) => {
      const hosts = 2 ** (32 - prefix);
      const isIn = Math.floor(first / hosts) === Math.floor(addressNumber(address) / hosts);
      return isIn && prefix <= 8 * octets.length;
    });
  }
}

/** Whether a guest's name is answered without the domain: to who looks for an address, and shadowing nothing. */
function mayStandAlone(label: string, type: number): boolean {
  return (type === TYPE.A || type === TYPE.AAAA || type === TYPE.ANY) && !isTopLevel(label);
}

function wants({ type }: Question, kind: number): boolean {
  return type === kind || type === TYPE.ANY;
}

function addressAnswer(question: Question, name: string, addresses: readonly string[]): Answer {
  // What the encoder would throw at, or write wrongly, is left out, wherever it comes from.
  const records = addresses.filter((address) => isIPv4(address))
    .map((data) => ({ type: "A" as const, name, ttl: LOCAL_TTL, data }));
  return build(question, wants(question, TYPE.A) ? records : []);
}

/** The octets that stand in front of the reverse zone, the first of the address first; 0 to 4. */
function octetsOf(name: string): number[] {
  const labels = name.slice(0, -REVERSE_ZONE.length).split(".").reverse();
  const end = labels.findIndex((label) => !OCTET.test(label));
  return labels.slice(0, Math.min(4, end < 0 ? 4 : end)).map(Number);
}

/** A name as people write it; a dot inside of a label, which is no border between two, behind a backslash. */
function textOf(name: Uint8Array): string {
  const labels: string[] = [];
  for (let at = 0; name[at]! > 0; at += 1 + name[at]!) {
    const label = Buffer.from(name.subarray(at + 1, at + 1 + name[at]!)).toString("latin1");
    labels.push(label.replaceAll(".", "\\."));
  }
  return labels.join(".");
}

function build(question: Question, answers: DnsRecord[], rcode: number = RCODE.NOERROR): Answer {
  const records = answers.slice(0, RECORDS_MAX);
  const body = encode({ type: "response", answers: records }).subarray(HEADER_SIZE);
  const message = new Uint8Array(HEADER_SIZE + question.bytes.length + body.length);
  const view = viewOf(message);
  view.setUint16(2, FLAG.AA);
  view.setUint16(4, 1);
  view.setUint16(6, records.length);
  message.set(question.bytes, HEADER_SIZE);
  message.set(body, HEADER_SIZE + question.bytes.length);
  return { message, rcode, ttl: 0, truncated: false, edns: true, sameCase: true };
}
