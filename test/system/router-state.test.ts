// What survives an engine: connections, leases and learned MACs come back from the file of `state`, after a clean stop
// and after the worst. Devices go with the engine that made them; guests are plugged into those of the next.

import { statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { udhcpc, untilGiven } from "./dhcp-clients.js";
import { drip } from "./echo.js";
import { useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { edge, populate } from "./router-lab.js";
import type { Running } from "./running.js";
import { until } from "./running.js";

/** The last of the numbers that came over a connection so far. */
const last = (connection: Running): number => connection.stdout.split("\n").length - 2;

describe.skipIf(!privileged("state", "busybox", "ping", "python3"))("what an engine knows", () => {
  const lab = useLab();

  it.each([["SIGKILL"], ["SIGTERM"]] as const)("is there again after %s", async (signal) => {
    const { a, b, gateway } = populate(lab());
    const state = join(lab().folder, "state");
    const config = { state, ...withDhcp() };
    const first = await lab().join(config);
    b.run("ip", "address", "flush", "dev", b.name);
    const client = udhcpc(b, "-q");
    const { ip } = await untilGiven(client, "bound");
    await client.result();
    const connection = await drip(gateway, a, 9);
    await until("the first numbers", () => last(connection) > 5);
    const [session] = (await first.show("nat")).filter(({ protocol }) => protocol === "tcp");
    const now = Date.now();
    if (signal === "SIGKILL") await until("it to be saved", () => statSync(state).mtimeMs > now + 1000);
    await first.running.end(signal);
    const before = last(connection);

    const second = await lab().join(config);
    expect((await second.show("leases")).map(({ mac, address }) => [mac, address])).toEqual([[b.mac, ip]]);
    expect(await second.show("nat")).toContainEqual({ ...session, expires: expect.any(Number) as number });
    await until("more numbers", () => last(connection) > before + 5);
    expect(connection.stdout).toBe(Array.from({ length: last(connection) + 1 }, (_, number) => `${number}\n`).join(""));
    expect(connection.status).toBe(undefined);
    await connection.end(); // nothing may be on its way while frames are accounted for
  });
});

function withDhcp(): object {
  const dhcp = { range: "10.0.10.100-10.0.10.110" };
  const interfaces = [{ switch: "lab", vlan: 10, address: "10.0.10.1/24", dhcp }];
  return edge({ router: { interfaces } });
}
