// The names that the router itself knows: static ones, and those of guests from their leases; and the way back, from
// address to name. Such names never go upstream: what they have not (AAAA, say) is answered with "no such record".
// Read first: RFC 1035 section 3.5 (IN-ADDR.ARPA), RFC 2308 section 2.2 (NODATA).

import { isIPv4 } from "node:net";
import { encode, type Answer as DnsRecord } from "dns-packet";
import { type DnsConfig } from "../../config/model.js";
import { type Answer } from "./answer.js";
import { CLASS_IN, FLAG, HEADER_SIZE, RCODE, TYPE, viewOf, type Question } from "./message.js";

/** Seconds that guests may keep the router's own names: leases and configurations change. */
export const LOCAL_TTL = 60;

/** Records in one answer; a name has few addresses, an address few names. */
const RECORDS_MAX = 64;

/** Names for hosts, with the underscore that some use; and nothing that the encoder could mistake. */
const NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i;
const REVERSE = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;

export interface LocalSources {
  /** Addresses of a guest by its bare name, lower case; undefined: there is no such guest. */
  names(name: string): string[] | undefined;
  /** The bare name of the guest with this address. */
  reverse?(address: string): string | undefined;
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

  /** The answer to a question for a name that is known here; undefined: ask upstream. */
  answer(question: Question): Answer | undefined {
    const name = question.class === CLASS_IN ? textOf(question.name) : undefined;
    if (name === undefined) return undefined;
    const lower = name.toLowerCase();
    const wanted = (type: number): boolean => question.type === type || question.type === TYPE.ANY;
    // What the encoder would throw at, or write wrongly, is left out, wherever it comes from.
    const addresses = this.#addresses(lower)?.filter((address) => isIPv4(address));
    if (addresses) {
      const records = addresses.map((data) => ({ type: "A" as const, name, ttl: LOCAL_TTL, data }));
      return build(question, wanted(TYPE.A) ? records : []);
    }
    const pointers = this.#names(lower)?.filter((pointer) => NAME.test(pointer));
    if (!pointers) return undefined;
    const records = pointers.map((data) => ({ type: "PTR" as const, name, ttl: LOCAL_TTL, data }));
    return build(question, wanted(TYPE.PTR) ? records : []);
  }

  #addresses(name: string): string[] | undefined {
    const { hosts, domain } = this.#config;
    if (Object.hasOwn(hosts, name)) return hosts[name];
    const bare = domain !== undefined && name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : name;
    // One label only: no guest may give itself somebody else's name in the world.
    return bare.includes(".") ? undefined : this.#sources.names(bare);
  }

  #names(name: string): string[] | undefined {
    const octets = REVERSE.exec(name)?.slice(1);
    if (!octets) return undefined;
    const address = octets.reverse().join(".");
    const fixed = this.#pointers.get(address);
    if (fixed) return fixed;
    const bare = this.#sources.reverse?.(address);
    if (bare === undefined) return undefined;
    const { domain } = this.#config;
    return [domain === undefined || bare.includes(".") ? bare : `${bare}.${domain}`];
  }
}

/** A name as people write it; undefined where it has bytes that no host's name has. */
function textOf(name: Uint8Array): string | undefined {
  const labels: string[] = [];
  for (let at = 0; name[at]! > 0; at += 1 + name[at]!) {
    const label = Buffer.from(name.subarray(at + 1, at + 1 + name[at]!)).toString("latin1");
    // A dot inside of a label is no border between two.
    if (label.includes(".")) return undefined;
    labels.push(label);
  }
  const text = labels.join(".");
  return NAME.test(text) ? text : undefined;
}

function build(question: Question, answers: DnsRecord[]): Answer {
  const records = answers.slice(0, RECORDS_MAX);
  const body = encode({ type: "response", answers: records }).subarray(HEADER_SIZE);
  const message = new Uint8Array(HEADER_SIZE + question.bytes.length + body.length);
  const view = viewOf(message);
  view.setUint16(2, FLAG.AA);
  view.setUint16(4, 1);
  view.setUint16(6, records.length);
  message.set(question.bytes, HEADER_SIZE);
  message.set(body, HEADER_SIZE + question.bytes.length);
  return { message, rcode: RCODE.NOERROR, ttl: 0, truncated: false, edns: true };
}
