// What the DHCP server tells its clients beside the address, by the sections of RFC 2132, 3396 and 3442.

import { describe, expect, it } from "vitest";
import { TYPE } from "../../../src/service/dhcp/message.js";
import { addressesIn, CODE, numberBytes, routesIn } from "../../../src/service/dhcp/options.js";
import { NONE, PLACE, Rig, type Asked } from "./rig.js";

const SERVER = PLACE.address;
const wanted = (...codes: number[]): Asked => ({ options: [[CODE.parameters, Uint8Array.from(codes)]] });

describe("rfc2132-9.8 parameters", () => {
  it("are those that the client lists, and the netmask", () => {
    const offer = new Rig().say(TYPE.discover, wanted(CODE.dns))!;
    expect([...offer.options.keys()].sort((a, b) => a - b)).toEqual([
      CODE.mask, CODE.dns, CODE.lease, CODE.server, CODE.renewal, CODE.rebinding,
    ]);
  });

  it("name the configured DNS servers, and none where the router forwards nothing", () => {
    const rig = new Rig();
    const dns = (config: { dns: string[] }): string[] => (
      addressesIn(rig.say(TYPE.discover, {}, rig.serve(config, {}, false))!.options, CODE.dns)
    );
    expect(dns({ dns: ["192.0.2.53", "192.0.2.54"] })).toEqual(["192.0.2.53", "192.0.2.54"]);
    expect(dns({ dns: [] })).toEqual([]);
  });

  it("rfc3442: hold the classless routes and the default route, where asked for", () => {
    const routes = [{ to: { address: "10.8.0.0", prefix: 13 }, via: "10.0.10.7" }];
    const rig = new Rig({ routes });
    const offer = rig.say(TYPE.discover, wanted(CODE.routes, CODE.router))!;
    expect(routesIn(offer.options)).toEqual([...routes, { to: { address: NONE, prefix: 0 }, via: SERVER }]);
    expect([...offer.options.get(CODE.routes)!]).toEqual([13, 10, 8, 10, 0, 10, 7, 0, 10, 0, 10, 1]);
    expect(rig.say(TYPE.discover)?.options.has(CODE.routes)).toBe(false);
  });

  it("rfc3396: go in pieces where they are longer than 255 bytes", () => {
    const routes = Array.from({ length: 40 }, (_, i) => ({ to: { address: `10.9.${i}.0`, prefix: 24 }, via: SERVER }));
    const roomy: Asked = { options: [
      [CODE.parameters, Uint8Array.of(CODE.routes)], [CODE.sizeMax, numberBytes(1500, 2)],
    ] };
    expect(routesIn(new Rig({ routes }).say(TYPE.discover, roomy)!.options)).toHaveLength(41);
  });

  it("rfc2132-9.10: stay under the size that the client takes", () => {
    const routes = Array.from({ length: 60 }, (_, i) => ({ to: { address: `10.9.${i}.0`, prefix: 24 }, via: SERVER }));
    const asked = (size: number): Asked => ({ options: [
      [CODE.parameters, Uint8Array.of(CODE.routes, CODE.router)], [CODE.sizeMax, numberBytes(size, 2)],
    ] });
    for (const size of [0, 576, 700]) {
      const offer = new Rig({ routes }).say(TYPE.discover, asked(size))!;
      expect(offer.way.payload.length + 28).toBeLessThanOrEqual(Math.max(576, size));
      expect(addressesIn(offer.options, CODE.router), "what fits is there").toEqual([SERVER]);
      expect(offer.options.has(CODE.routes)).toBe(false);
    }
  });
});
