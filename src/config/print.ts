// From the model back to the user's file: a plain object of the file's shape, and YAML as a person would write it.
// What is printed parses to the same Config. Defaults are left out where the line reads better without them.

import { Document, isMap } from "yaml";
import type { Attachment, Config, MirrorConfig, PortConfig, Rate, SwitchConfig, Vlan } from "./model.js";
import { mapValues } from "./record.js";
import type { ConfigFile, MirrorFile, PortFile, SwitchFile } from "./schema.js";
import { printDuration, printRate, printSize } from "./units.js";
import { vidItems } from "./vlan.js";

/** A configuration as a file has it, ready for JSON. */
export function valueOfConfig({ fdbCapacity, switches }: Config): ConfigFile {
  return { fdb: { capacity: fdbCapacity }, switches: mapValues(switches, valueOfSwitch) };
}

/** A configuration as YAML: a line for each port and mirror. */
export function printConfig(config: Config): string {
  const document = new Document(valueOfConfig(config), { aliasDuplicateObjects: false });
  for (const name of Object.keys(config.switches)) {
    for (const group of ["ports", "mirrors"]) {
      const lines = document.getIn(["switches", name, group]);
      if (!isMap(lines)) continue;
      for (const { value } of lines.items) if (isMap(value)) value.flow = true;
    }
  }
  return document.toString({ lineWidth: 0 });
}

function valueOfSwitch({ learning, agingSeconds, ports, mirrors }: SwitchConfig): SwitchFile {
  return {
    learning,
    aging: printDuration(Math.round(agingSeconds * 1000)),
    ports: mapValues(ports, valueOfPort),
    ...(Object.keys(mirrors).length > 0 && { mirrors: mapValues(mirrors, valueOfMirror) }),
  };
}

/** One port as a file has it. */
export function valueOfPort({ attachment, vlan, isolated, monitor, mtu, macs }: PortConfig): PortFile {
  return {
    ...valueOfAttachment(attachment),
    ...(monitor ? { monitor } : valueOfVlan(vlan)),
    ...(isolated && { isolated }),
    ...(mtu !== undefined && { mtu: printSize(mtu) }),
    ...(macs.length > 0 && { macs }),
  };
}

function valueOfAttachment(attachment: Attachment): PortFile {
  switch (attachment.kind) {
    case "tap": return { tap: attachment.name };
    case "interface": return { interface: attachment.name };
    case "stream": return { stream: attachment.path, ...(attachment.connect && { connect: true }) };
    case "memory": return { memory: true };
    case "pcap": {
      const { read, write, loop, rate } = attachment;
      const files = { ...(read !== undefined && { read }), ...(write !== undefined && { write }) };
      return { pcap: { ...files, ...(loop !== 1 && { loop }), ...valueOfRate(rate) } };
    }
    case "generator": {
      const { frames, rate, size, flows, to, vlan } = attachment;
      return {
        generator: {
          ...(frames !== undefined && { frames }),
          ...valueOfRate(rate),
          size: size === "imix" ? size : printSize(size),
          ...(flows !== 1 && { flows }),
          ...(to !== undefined && { to }),
          ...(vlan !== undefined && { vlan }),
        },
      };
    }
  }
}

function valueOfVlan(vlan: Vlan): PortFile {
  if (vlan.mode === "access") return { access: vlan.vid };
  if (vlan.mode === "tunnel") return { tunnel: vlan.vid };
  const trunk = vlan.vids === "all" ? vlan.vids : vidItems(vlan.vids);
  return { trunk, ...(vlan.native !== undefined && { native: vlan.native }) };
}

function valueOfMirror({ from, vlans, direction, to, rate, snaplen }: MirrorConfig): MirrorFile {
  return {
    ...(from.length > 0 && { from }),
    ...(vlans.length > 0 && { vlans: vidItems(vlans) }),
    direction,
    to,
    ...valueOfRate(rate),
    ...(snaplen !== undefined && { snaplen: printSize(snaplen) }),
  };
}

function valueOfRate(rate: Rate | undefined): { rate?: string } {
  return rate ? { rate: printRate(rate) } : {};
}
