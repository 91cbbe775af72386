// Guests that ask a router for names, with dig: over UDP and TCP, names of its own and those that a resolver knows,
// which listens on the loopback address of the product's namespace.

import { describe, expect, it } from "vitest";
import { udhcpc, untilGiven } from "./dhcp-clients.js";
import { type Guest, type Lab, shareLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { Running } from "./running.js";

const BIG = Array.from({ length: 12 }, (_, number) => String.fromCharCode(97 + number).repeat(200));

function config(upstreams = ["127.0.0.1:5353"]): object {
  return {
    switches: { lab: { ports: { a: { tap: "a", access: 10 }, b: { tap: "b", access: 10 } } } },
    routers: {
      edge: {
        interfaces: [{
          switch: "lab", vlan: 10, address: "10.0.10.1/24",
          dhcp: { range: "10.0.10.100-10.0.10.110", domain: "lab.example" },
        }],
        dns: { upstreams, hosts: { "web.lab.example": ["10.0.10.5", "10.0.10.6"] }, domain: "lab.example" },
      },
    },
  };
}

/** A resolver that knows `example.org`. */
async function resolve(lab: Lab): Promise<void> {
  const options = ["--no-daemon", "--conf-file=/dev/null", "--user=root", "--port=5353", "--listen-address=127.0.0.1",
    "--bind-interfaces", "--no-resolv", "--no-hosts", "--pid-file=", "--local=/example.org/", "--log-queries",
    "--host-record=www.example.org,192.0.2.80,2001:db8::80", `--txt-record=big.example.org,${BIG.join()}`];
  await new Running(lab.host.start("dnsmasq", options), "dnsmasq").until(/started/);
}

describe.skipIf(!privileged("DNS", "busybox", "dig", "dnsmasq"))("dig at a router", () => {
  let a: Guest;
  let b: Guest;
  const lab = shareLab(async (lab) => {
    a = lab.guest("a", { address: "10.0.10.5/24" });
    b = lab.guest("b", {});
    await resolve(lab);
    await lab.join(config());
  });
  const dig = (...query: string[]): Promise<string> =>
    a.start("dig", "@10.0.10.1", "+time=5", "+tries=1", ...query).result();

  it.each([["UDP", "+notcp"], ["TCP", "+tcp"]])("gets what a resolver knows over %s", async (_, how) => {
    expect(await dig(how, "+short", "www.example.org")).toBe("192.0.2.80\n");
    expect(await dig(how, "+short", "www.example.org", "AAAA")).toBe("2001:db8::80\n");
    expect(await dig(how, "nobody.example.org")).toContain("status: NXDOMAIN");
  });

  it.each([["UDP", "+notcp"], ["TCP", "+tcp"]])("gets static names over %s", async (_, how) => {
    const addresses = (await dig(how, "+short", "web.lab.example")).trim().split("\n");
    expect(addresses.sort()).toEqual(["10.0.10.5", "10.0.10.6"]);
  });

  it("gets guests by the names that they have leases with, and back", async () => {
    const client = udhcpc(b, "-q", "-x", "hostname:grace");
    const { ip, domain } = await untilGiven(client, "bound");
    expect(domain).toBe("lab.example");
    expect(await dig("+short", "grace.lab.example")).toBe(`${ip}\n`);
    expect(await dig("+short", "-x", ip)).toBe("grace.lab.example.\n");
    expect(b.run("dig", "@10.0.10.1", "+short", "www.example.org")).toBe("192.0.2.80\n");
  });

  it("gets an answer that is cut over UDP, and all of it over TCP", async () => {
    expect(await dig("+noedns", "+ignore", "big.example.org", "TXT")).toMatch(/flags:[^;]* tc/);
    const whole = await dig("+noedns", "big.example.org", "TXT");
    expect(whole).toContain("Truncated, retrying in TCP mode");
    expect(whole).toContain(BIG.map((text) => `"${text}"`).join(" "));
  });

  it("is answered with EDNS where it asks with it", async () => {
    expect(await dig("+edns=0", "+bufsize=4096", "www.example.org")).toMatch(/EDNS: version: 0, flags:; udp: \d+/);
    expect(await dig("+noedns", "www.example.org")).not.toContain("EDNS");
  });

  it("is told SERVFAIL where no resolver answers", async () => {
    lab().writeWhole(config(["127.0.0.1:5354"]));
    await lab().product!.run("apply", lab().config);
    for (const how of ["+notcp", "+tcp"]) {
      expect(await dig(how, "+time=15", "other.example.org")).toContain("status: SERVFAIL");
    }
    expect(await dig("+short", "web.lab.example")).toContain("10.0.10.5");
  });
});
