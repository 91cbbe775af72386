// Which device is meant: the one that was opened, whatever its name is now and wherever it is, and never another one
// that got its name; and which devices are taken at all.

import { describe, expect, it } from "vitest";
import { useLab } from "./lab.js";
import { privileged } from "./namespace.js";
import { until } from "./running.js";

describe.skipIf(!privileged("devices that are renamed, moved or replaced", "ip"))("a device of a port", () => {
  const lab = useLab();

  const mtuOf = (name: string): number =>
    Number(/ mtu (\d+) /.exec(lab().host.run("ip", "link", "show", "dev", name))![1]);

  const devices = async (): Promise<string[]> =>
    (await lab().product!.show("ports")).map(({ device }) => device).sort();

  it("is the one that was opened, not one that has its name later", async () => {
    const { host } = lab();
    const elsewhere = lab().namespace("elsewhere");
    for (const name of ["renamed", "moved"]) host.run("ip", "tuntap", "add", "dev", name, "mode", "tap");
    host.ip("link add lan type veth peer name far");
    const ports = (renamed: number, moved: number) => ({
      renamed: { tap: "renamed", mtu: renamed }, moved: { tap: "moved", mtu: moved }, lan: { interface: "lan" },
    });
    const product = await lab().up({ ports: ports(2000, 2000) });

    host.ip(
      "link set renamed name r9", "link set lan name l9", `link set moved netns ${elsewhere.name}`,
      "link add renamed mtu 1400 type veth peer name moved mtu 1300", // somebody else's
    );
    elsewhere.ip("link set moved name m9");
    expect(await devices()).toEqual(["l9", "m9", "r9"]);

    lab().write({ ports: ports(3000, 2000) });
    await product.run("apply", lab().config);
    lab().write({ ports: ports(3000, 3000) });
    const refused = product.start("apply", lab().config);
    expect(await refused.ended).toBe(1);
    expect(refused.stderr).toContain("it is in another network namespace: set its MTU there");
    expect([mtuOf("r9"), mtuOf("renamed"), mtuOf("moved")]).toEqual([3000, 1400, 1300]);

    await product.run("port", "remove", "lab", "moved");
    await product.stop();
    expect([mtuOf("r9"), mtuOf("renamed"), mtuOf("moved")]).toEqual([1500, 1400, 1300]);
  });

  it("moves to another port by its present name", async () => {
    lab().host.run("ip", "tuntap", "add", "dev", "old", "mode", "tap");
    const product = await lab().up({ ports: { a: { tap: "old" } } });
    lab().host.ip("link set old name new");
    lab().write({ ports: { b: { tap: "new" } } });
    await product.run("apply", lab().config);
    expect(await devices()).toEqual(["new"]);
  });

  it("is Ethernet: others are refused, also those that come back under a known name", async () => {
    const { host } = lab();
    host.ip("link add lan type veth peer name far", "tuntap add dev l3 mode tun");
    const product = await lab().up({ ports: { lan: { interface: "lan" } } });
    const reason = "it has no Ethernet frames to bridge";
    for (const name of ["l3", "lo"]) {
      const added = product.start("port", "add", "lab", "x", JSON.stringify({ interface: name }));
      expect(await added.ended).toBe(1);
      expect(added.stderr).toContain(`interface "${name}": ${reason}`);
    }
    host.ip("link delete lan", "tuntap add dev lan mode tun");
    const tells = (): string[] => product.links("lan").map(({ why }) => why).filter((why) => why.includes(reason));
    await until("the refusal", () => tells().length > 0);
    host.ip("link delete lan", "link add lan type veth peer name far", "link set far up", "link set lan up");
    await product.untilLink("lan", "up");
    expect(tells()).toHaveLength(1);
  });
});
