// The tables of VLANs and of stacks of tags through the real core. test/model holds them, and the model to them.

import { describe, expect, it } from "vitest";
import * as layout from "../../src/core/layout.js";
import { tagText, tagsOf, testFrame, type Tag } from "../model/frames.js";
import type { ReferenceVlan } from "../model/reference.js";
import { STACK_TABLE } from "../model/stack-table.js";
import { VLAN_TABLE, VLAN_TABLE_PORTS } from "../model/vlan-table.js";
import { Rig, trunk } from "./rig.js";

const tagTexts = (tags: readonly Tag[]): string => tags.map(tagText).join(" ") || "untagged";

/** Native-tagged is what a port's record can say and the configuration cannot: its native VLAN leaves tagged. */
function addPort(rig: Rig, name: string, vlan: ReferenceVlan): void {
  if (vlan.mode !== "native-tagged") return rig.addPort(name, { vlan });
  rig.addPort(name, { vlan: trunk(vlan.vids, vlan.vid) });
  const { index, switchIndex } = rig.end(name).port;
  rig.host.setMember(rig.registry.knownDomain(switchIndex, vlan.vid)!, index, layout.LEAVES_TAGGED);
}

const tables = [["VLANs", VLAN_TABLE], ["stacks of tags", STACK_TABLE]] as const;

describe.each(tables)("the table of %s through the core", (_, table) => {
  it.each(table.map((row, index) => ({ index, name: `${row.from}, ${tagTexts(row.tags)}` })))(
    "row $index: $name",
    ({ index }) => {
      const row = table[index]!;
      const rig = new Rig();
      for (const [name, vlan] of Object.entries(VLAN_TABLE_PORTS)) addPort(rig, name, vlan);
      const outputs = rig.pass(row.from, testFrame({ tags: row.tags }));
      const seen = Object.entries(outputs).flatMap(([port, frames]) =>
        frames.map((frame) => `${port} ${tagTexts(tagsOf(frame))}`));
      expect(seen.sort()).toEqual(row.copies.map(({ port, tags }) => `${port} ${tagTexts(tags)}`).sort());
      for (const { port, tags } of row.copies) expect(outputs[port]).toEqual([testFrame({ tags })]);
      expect(rig.count(row.from).dropsIn).toEqual(row.copies.length === 0 ? { vlan: 1 } : {});
    },
  );
});
