// Tests that work on real devices: in network namespaces, whose class the benchmarks have. Owns the question whether
// this process may make them. ip-netns(8).

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { it } from "vitest";
import { Namespace } from "../../bench/lab/namespace.js";

const INSIDE = "TAPLOOM_TEST_INSIDE";
const CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_NET_RAW: 13n, CAP_SYS_ADMIN: 21n };

export { Namespace };

/** What keeps this process from making namespaces and devices and from using `tools`; undefined: nothing does. */
function obstacle(tools: string[]): string | undefined {
  if (process.platform !== "linux") return `it needs Linux, and this is ${process.platform}`;
  const effective = BigInt("0x" + /^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  const missing = Object.entries(CAPABILITIES).filter(([, bit]) => !(effective >> bit & 1n));
  if (missing.length > 0) return `it needs ${missing.map(([name]) => name).join(", ")}: run it as root`;
  if (!existsSync("/dev/net/tun")) return "there is no /dev/net/tun: load the module tun";
  if (spawnSync("ip", ["-V"]).status !== 0) return "the command ip is missing: install iproute2";
  const path = (process.env["PATH"] ?? "").split(":");
  const absent = tools.filter((tool) => !path.some((folder) => existsSync(`${folder}/${tool}`)));
  return absent.length > 0 ? `${absent.join(", ")} cannot be found: install it` : undefined;
}

/** Whether tests on real devices, which start `tools`, can run here, for `describe.skipIf(!privileged("…"))`.
 *  Prints why not; in CI it throws instead, where nothing may be skipped. */
export function privileged(what: string, ...tools: string[]): boolean {
  const reason = obstacle(tools);
  if (reason === undefined) return true;
  if (process.env["CI"]) throw new Error(`${what} cannot be tested: ${reason}`);
  process.stderr.write(`skipped: ${what}: ${reason}\n`);
  return false;
}

/** Runs a file's tests, which start `tools`, in a vitest whose whole process is in a namespace, so that they can open
 *  devices under any name. To this one they are a single test. `url` is the file's `import.meta.url`. */
export function inNamespace(url: string, tests: () => void, ...tools: string[]): void {
  if (process.env[INSIDE]) return tests();
  const file = fileURLToPath(url);
  it.skipIf(!privileged(basename(file), ...tools))("in a network namespace of its own", () => {
    const namespace = new Namespace("tests");
    const vitest = ["node_modules/vitest/vitest.mjs", "run", "--project", "system", "--reporter", "verbose", file];
    try {
      process.stdout.write(namespace.run("env", `${INSIDE}=1`, process.execPath, ...vitest));
    } finally {
      namespace.remove();
    }
  });
}
