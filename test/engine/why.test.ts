// Why a link is down, in words.

import { expect, test } from "vitest";
import type { Engine } from "../../src/engine.js";
import { linkText } from "../../src/engine/why.js";
import { listen, network, port, startEngine } from "./lab.js";

test.each([
  ["tap", "EBADFD", "the device was deleted"],
  ["tap", "ENETDOWN", "the device is set down (ip link set dev d0 up)"],
  ["interface", "ENOLINK", "the device has no carrier"],
  ["stream", "closed", "the peer hung up"],
  ["stream", "fault",
    "the peer sent what is no frame behind its length; hung up (it has to speak QEMU's -netdev stream)"],
  ["pcap", "end of file", "end of file"],
  ["pcap", "EUNKNOWN", "input or output failed (EUNKNOWN)"],
] as const)("%s: %s", (kind, why, text) => {
  expect(linkText({ kind }, why, "d0")).toBe(text);
});

test("each change tells what it did and that the program did it", async () => {
  const engine: Engine = await startEngine(network({ a: { memory: true } }));
  const events = listen(engine);
  const before = Date.now();
  await engine.addPort("lab", "b", { ...engine.config().switches["lab"]!.ports["a"]! });
  expect(port(engine, "b")).toMatchObject({ link: "up", why: "" });
  await engine.removePort("lab", "a");
  engine.flush("lab");
  const changes = events.filter((event) => event.event === "change");
  expect(changes).toMatchObject([
    { by: "library", what: "port add lab/b", added: ["lab/b"], removed: [], changed: [] },
    { by: "library", what: "port remove lab/a", added: [], removed: ["lab/a"], changed: [] },
    { by: "library", what: "fdb flush lab" },
  ]);
  for (const { time } of changes) expect(Date.parse(time)).toBeGreaterThanOrEqual(before);
});
