// A port, from the model back to the user's file.

import type { Attachment, PortConfig, Rate, Vlan } from "./model.js";
import type { PortFile } from "./schema-port.js";
import { printRate, printSize } from "./units.js";
import { vidItems } from "./vlan.js";

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
    case "tap": return { tap: attachment.name, ...(attachment.queues !== undefined && { queues: attachment.queues }) };
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

export function valueOfRate(rate: Rate | undefined): { rate?: string } {
  return rate ? { rate: printRate(rate) } : {};
}
