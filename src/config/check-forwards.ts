// What a router's forwards mean: with its NAT and uplink, with its networks, and beside each other. Owns the
// sentences about conflicts; what a single rule says is forward.ts's.

import type { Path } from "./error.js";
import { parseForward } from "./forward.js";
import { contains, networkOf, parseIpv4, printCidr, printIpv4, type Cidr } from "./ipv4.js";
import type { ForwardConfig } from "./model.js";
import { isMapping, type Mapping } from "./raw.js";
import { insideNetworks, type Ground } from "./raw-router.js";
import { FORWARDS_MAX } from "./schema-router.js";
import { list, type Report } from "./structure.js";

/** A rule as it is written, and what it takes of the outside. */
interface Rule {
  text: string;
  forward: ForwardConfig;
  /** Outside address; undefined: the uplink's own, which comes by DHCP. */
  outside: number | undefined;
}

/** Reports everything in a router's forwards that has no meaning. */
export function checkForwards(router: Mapping, ground: Ground, path: Path, report: Report): void {
  const { forwards, uplink, nat } = router;
  if (!Array.isArray(forwards) || forwards.length === 0) return;
  const here = [...path, "forwards"];
  if (!isMapping(uplink)) {
    if (uplink === undefined) report(here, "come in by an uplink, and the router has none; add uplink", "key");
    return;
  }
  if (nat === false) report(here, "are part of NAT, which is off; remove `nat: false`, or the forwards", "key");
  const inside = insideNetworks(router, ground);
  const rules: Rule[] = [];
  for (const [index, text] of (forwards as unknown[]).slice(0, FORWARDS_MAX).entries()) {
    if (typeof text !== "string" || text === "") continue;
    const forward = parseForward(text);
    const fault = typeof forward === "string" ? forward : faultOf(forward, text, rules, ground, inside);
    if (fault !== undefined) report([...here, index], fault);
  }
}

/** What is wrong with a forward among those before it, to which it is added. */
function faultOf(
  forward: ForwardConfig, text: string, rules: Rule[], ground: Ground, inside: readonly Cidr[],
): string | undefined {
  const own = ground.outsides[0]?.address;
  const rule: Rule = { text, forward, outside: forward.outside === undefined ? own : parseIpv4(forward.outside) };
  const fault = outsideFault(rule, ground) ?? insideFault(parseIpv4(forward.inside)!, ground, inside);
  const other = rules.find((before) => isConflict(before, rule));
  rules.push(rule);
  if (fault !== undefined || !other) return fault;
  if (other.forward.protocol === "1:1" && forward.protocol === "1:1" && other.outside !== rule.outside) {
    return `${forward.inside} has an address of its own already, by "${other.text}"; keep one`;
  }
  return `takes what "${other.text}" takes already; choose other ports or another address, or remove one`;
}

function outsideFault({ forward, outside }: Rule, { outsides, isDynamic }: Ground): string | undefined {
  if (forward.outside === undefined) return undefined;
  if (isDynamic) {
    return forward.protocol === "1:1"
      ? "the uplink's one address comes by DHCP, and the router needs it itself; forward ports with tcp or udp"
      : `the uplink's address comes by DHCP; leave ${forward.outside} out`;
  }
  const there = outsides.map(({ address }) => address);
  if (there.length === 0) return undefined;
  if (!there.includes(outside!)) {
    return `${forward.outside} is none of the uplink's addresses; it has ${list(there.map(printIpv4), "and")}`;
  }
  if (forward.protocol !== "1:1" || outside !== there[0]) return undefined;
  const others = there.slice(1);
  const remedy = others.length > 0 ? `write ${list(others.map(printIpv4), "or")}` : "give the uplink another";
  return `${forward.outside} is the uplink's first address, which the router needs itself; ${remedy}`;
}

function insideFault(inside: number, { insides, outsides }: Ground, networks: readonly Cidr[]): string | undefined {
  const text = printIpv4(inside);
  const own = [...insides.map((side) => side.own.address), ...outsides.map(({ address }) => address)];
  if (own.includes(inside)) return `${text} is the router's own address; write a host's`;
  if (networks.some((network) => contains(network, inside))) return undefined;
  const there = networks.map((network) => printCidr(networkOf(network)));
  return `${text} is in no inside network; ${there.length > 0 ? `there is ${list(there, "and")}` : "add an interface"}`;
}

/** Whether two rules cannot both be: one packet would have two ways, in or out. */
function isConflict(one: Rule, other: Rule): boolean {
  const [a, b] = [one.forward, other.forward];
  if (a.protocol === "1:1" && b.protocol === "1:1" && a.inside === b.inside) return true;
  if (one.outside !== other.outside) return false;
  if (a.protocol === "1:1" || b.protocol === "1:1") return true;
  return a.protocol === b.protocol && a.port < b.port + b.count && b.port < a.port + a.count;
}
