// A live capture of a port, as the bytes of a pcapng file: to a file here, or to whoever reads pcapng.
// Run it: node examples/capture.js [FILE]; then: tshark -r FILE

import { createWriteStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Engine } from "taploom";

const path = process.argv[2] ?? join(tmpdir(), `taploom-example-${process.pid}.pcapng`);
const engine = await Engine.start({
  switches: { lab: { ports: { source: { generator: { rate: "1kpps", size: 64 } }, sink: { memory: true } } } },
});
engine.memory("lab", "sink").onFrames(() => undefined);

const end = AbortSignal.timeout(500);
const capture = engine.capture("lab", "source", { snaplen: 96, filter: "udp port 9" }, end);
await pipeline(Readable.from(capture), createWriteStream(path));
console.log(`captured to ${path}`);
await engine.stop();
