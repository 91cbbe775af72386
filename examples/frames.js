// Frames of a program's own: starts an engine in this process, sends a frame into one port and takes it out of
// another. Run it: node examples/frames.js

import { Engine, parseConfig } from "taploom";

const engine = await Engine.start(parseConfig(`
switches:
  lab:
    ports:
      left:  { memory: true, access: 10 }
      right: { memory: true, trunk: [10, 20] }
`, "frames.js"));

/** An Ethernet frame: two MACs, a type (here one for experiments, IEEE 802), a payload. */
function frame(destination, source, text) {
  const mac = (address) => Buffer.from(address.replaceAll(":", ""), "hex");
  return Buffer.concat([mac(destination), mac(source), Buffer.from("88b5", "hex"), Buffer.from(text.padEnd(46))]);
}

const arrived = new Promise((resolve) => {
  engine.memory("lab", "right").onFrames((frames) => { resolve(frames[0]); });
});
engine.memory("lab", "left").send(frame("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:01", "hello, VLAN 10"));

const received = Buffer.from(await arrived);
console.log(`tag ${received.subarray(12, 16).toString("hex")}: ${received.subarray(18).toString().trim()}`);
await engine.stop();
