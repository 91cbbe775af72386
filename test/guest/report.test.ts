// The quickstart's words, word for word, on figures made up for it.

import { expect, it } from "vitest";
import type { PortStatus, Totals } from "../../src/api.js";
import type { GuestSeen, LabReport } from "../../src/guest/lab.js";
import { liveLines, summaryText } from "../../src/guest/report.js";

const frames = (count: number) => ({ frames: count, bytes: count * 100 });

const web: PortStatus = {
  switch: "lab", name: "web", kind: "memory", device: "", link: "up", why: "", vlan: "access 10",
  rx: frames(1500), tx: frames(1200), drops: { "vlan": 2, "queue-full": 1 },
  forwarded: 1498, copies: 30, merged: 0, offered: 1201, queued: 0,
};
const tape: PortStatus = {
  ...web, name: "tape", kind: "pcap", vlan: "monitor", rx: frames(0), tx: frames(327), drops: {},
  forwarded: 0, copies: 0, merged: 0, offered: 327, queued: 0,
};
const totals: Totals = {
  rx: frames(1500), tx: frames(1527), forwarded: 1498, copies: 30, merged: 0, drops: { "vlan": 2, "queue-full": 1 },
  queued: 0, unaccounted: 0,
};
const guest: GuestSeen = {
  name: "web", vid: 10, pings: { sent: 12, answered: 11, lost: 1 }, roundTripMs: 0.2149,
  udp: { sent: 1234, received: 30 }, unreachable: 0, strange: 0, faults: { malformed: 0, checksum: 0, unsupported: 0 },
};
const lab: LabReport = {
  guests: [guest],
  intrusion: { from: "app", to: "nvr", fromVid: 10, toVid: 20, tried: 6, answered: 0, leaked: 0 },
  given: 1500,
  refused: 0,
};
const capture = { path: "/tmp/taploom-x/quickstart.pcap", bytes: 34567, frames: 327 };

it("shows ports with rates since the call before, then guests", () => {
  const before = [{ ...web, rx: frames(500), tx: frames(700) }];
  expect(liveLines([web, tape], before, 2, lab).join("\n")).toMatchInlineSnapshot(`
    "  port  vlan       link  rx frames/s  tx frames/s  drops
      web   access 10  up            500          250      3
      tape  monitor    up              0          164      0

      guest  vlan  pings sent  answered  rtt p50, ms  UDP sent  UDP received  damaged
      web      10          12        11         0.21     1,234            30        0

    Across VLANs: kept apart, as it should be.
      app (VLAN 10) pinged nvr (VLAN 20) 6 times: 0 answers, 0 frames of it came out there."
  `);
});

it("ends with what was seen, what was captured and where every frame went", () => {
  expect(summaryText([web, tape], totals, lab, capture)).toMatchInlineSnapshot(`
    "What the guests saw
      guest  vlan  pings sent  answered  rtt p50, ms  UDP sent  UDP received  damaged
      web      10          12        11         0.21     1,234            30        0

    Across VLANs: kept apart, as it should be.
      app (VLAN 10) pinged nvr (VLAN 20) 6 times: 0 answers, 0 frames of it came out there.

    What was captured
    /tmp/taploom-x/quickstart.pcap: 327 frames, 34,567 bytes; look inside with
      tcpdump -e -n -r /tmp/taploom-x/quickstart.pcap

    Where every frame went
    At a port, what came in from the guest and what the switch handed over for it is either switched on to other
    ports, sent out, dropped or still waiting:
      port     in  handed over  switched on    out  dropped  waiting  unaccounted
      web   1,500        1,201        1,498  1,200        3        0            0
      tape      0          327            0    327        0        0            0
    In total, with the further copies that broadcasts and the mirror made:
      1,500 frames in + 30 copies = 1,527 out + 3 dropped + 0 waiting; unaccounted 0
      dropped as vlan: 2
      dropped as queue-full: 1"
  `);
});

it("says so where VLANs are not kept apart, and where frames were refused", () => {
  const intrusion = { ...lab.intrusion, answered: 1, leaked: 2 };
  const text = summaryText([web, tape], totals, { ...lab, intrusion, refused: 7 }, capture);
  expect(text).toContain("NOT KEPT APART");
  expect(text).toContain("6 times: 1 answer, 2 frames of it came out there");
  expect(text).toContain("7 frames found their port full or unplugged");
});

it("shows a frame that is missing", () => {
  const short = summaryText([{ ...web, tx: frames(1199) }], { ...totals, unaccounted: 1 }, lab, capture);
  expect(short).toMatch(/web .* 1$/m);
  expect(short).toContain("unaccounted 1");
});
