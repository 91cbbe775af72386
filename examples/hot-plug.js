// A network that changes while it runs: ports plugged in and out, and a whole configuration applied at once, all of it
// or nothing. Run it: node examples/hot-plug.js

import { Engine, EngineError } from "taploom";

const network = { switches: { lab: { ports: { web: { memory: true, access: 10 } } } } };
const engine = await Engine.start(network);
const names = () => engine.ports().map(({ name, vlan }) => `${name} (${vlan})`).join(", ");

await engine.addPort("lab", "db", { memory: true, access: 10 });
console.log("plugged in:", names());

network.switches.lab.ports = { web: { memory: true, access: 20 }, log: { memory: true, trunk: [10, 20] } };
console.log("applied:", await engine.apply(network));
console.log("now:", names());

network.switches.lab.ports.file = { pcap: { read: "/no/such/file.pcap" } };
try {
  await engine.apply(network);
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  console.log("refused:", error.message);
}
console.log("unchanged:", names());

await engine.removePort("lab", "log");
console.log("unplugged:", names());
await engine.stop();
