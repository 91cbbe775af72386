// What a STUN client finds out about the translation that is configured, by the tests of RFC 3489: against a server
// with two addresses, in all that it can tell apart. Between two of them a running engine is changed.

import { describe, expect, it } from "vitest";
import { shareLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { edge, populate, type World } from "./router-lab.js";

const SECOND_ADDRESS = "203.0.113.4";

describe.skipIf(!privileged("STUN through a router", "stun", "stund"))("a STUN client behind a router", () => {
  let world: World;
  const lab = shareLab(async (lab) => {
    world = populate(lab);
    await lab.join(edge());
    const { a, gateway } = world;
    gateway.run("ip", "address", "add", `${SECOND_ADDRESS}/24`, "dev", gateway.name);
    gateway.start("stund", "-h", gateway.address, "-a", SECOND_ADDRESS);
    expect(await Promise.all([a.reaches(gateway), a.reaches(SECOND_ADDRESS)])).toEqual([true, true]);
  });

  const same = "Independent Mapping";
  it.each([
    ["endpoint-independent", "endpoint-independent", `${same}, Independent Filter, preserves ports, will hairpin`],
    ["endpoint-independent", "address-dependent", `${same}, Address Dependent Filter, preserves ports`],
    ["endpoint-independent", "address-and-port-dependent", `${same}, Port Dependent Filter, preserves ports`],
    ["address-and-port-dependent", "endpoint-independent", "Dependent Mapping, preserves ports, will hairpin"],
    ["address-and-port-dependent", "address-dependent", "Dependent Mapping, preserves ports"],
  ])("finds %s mapping and %s filtering", async (mapping, filtering, found) => {
    lab().writeWhole(edge({ router: { nat: { mapping, filtering } } }));
    await lab().product!.run("apply", lab().config);
    const client = world.a.start("stun", world.gateway.address);
    await client.ended; // its status says what it found
    expect(client.stdout).toContain(`Primary: ${found}`);
  });
});
