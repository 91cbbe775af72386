// What happens in a network, as it happens: links that go up and down, MACs that are learned and that move.
// Run it: node examples/events.js

import { setTimeout as sleep } from "node:timers/promises";
import { Engine } from "taploom";

const ports = { a: { memory: true }, b: { memory: true } };
const engine = await Engine.start({ switches: { lab: { ports } } });
engine.on("event", (event) => { console.log(JSON.stringify(event)); });

const frame = Buffer.alloc(60);
frame.fill(0xff, 0, 6); // to everybody
frame.write("020000000001", 6, "hex"); // from a MAC that is new
frame.write("88b5", 12, "hex");

engine.memory("lab", "a").send(frame);
await sleep(300);
engine.memory("lab", "b").send(frame); // the same MAC, elsewhere: it has moved
await sleep(300);
await engine.stop();
