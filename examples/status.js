// What an engine tells about itself: ports with their counters, MACs, VLANs, and the account of every frame; and how
// to make it forget what it learned. Run it: node examples/status.js

import { setTimeout as sleep } from "node:timers/promises";
import { Engine } from "taploom";

const engine = await Engine.start({
  switches: {
    lab: {
      ports: {
        source: { generator: { frames: 1000, size: 100, flows: 5 }, access: 10 },
        sink: { memory: true, access: 10 },
        other: { memory: true, access: 20 },
      },
    },
  },
});
engine.memory("lab", "sink").onFrames(() => undefined);
await sleep(300);

const ports = engine.ports();
console.table(ports.map(({ name, vlan, link, rx, tx }) => ({ name, vlan, link, in: rx.frames, out: tx.frames })));
console.table(engine.fdb());
console.table(engine.vlans().map(({ vlan, untagged, macs }) => ({ vlan, ports: untagged.join(" "), macs })));
console.log("forgotten:", engine.flush("lab", { vlan: 10 }), "MACs");
const { rx, tx, copies, queued, unaccounted } = engine.stats().totals;
console.log(`${rx.frames} in + ${copies} copies = ${tx.frames} out + ${queued} waiting; unaccounted: ${unaccounted}`);
await engine.stop();
