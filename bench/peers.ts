// `npm run bench:peers`: Taploom and other switches and routers between the same two guests, in turn; those that are
// not installed are left out. Root. `--peers DIRECTORY`: one with programs of no package in build/ (a plain C relay, a
// ping-pong that polls, a counter of connections); `--only NAME`, more than once: these alone; `--rounds N`,
// `--seconds N`, `--json`, `--out FILE`.

import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { peerCases } from "./devices.js";
import { report, REPORT_OPTIONS } from "./report.js";

const { values } = parseArgs({
  options: { ...REPORT_OPTIONS, peers: { type: "string" }, only: { type: "string", multiple: true } },
});
const { peers, only, seconds } = values;
if (peers === undefined) {
  console.error("C relays, polled round trips, connections: skipped: no package has what they need; see --peers");
}
const directory = peers === undefined ? {} : { peers: resolve(peers) };
await report(peerCases({ seconds: Number(seconds), ...directory, ...only === undefined ? {} : { only } }), values);
