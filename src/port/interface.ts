// interface: an existing network device of the host, bridged onto the switch through AF_PACKET, promiscuous while
// attached. Read packet(7).

import { EngineError } from "../api.js";
import type { InterfaceAttachment } from "../config/model.js";
import { requireAddon } from "./addon.js";
import { codeOf, keepSize, type Attachment } from "./port.js";
import type { Wiring } from "./wiring.js";

export class Interface implements Attachment {
  readonly codecs = { in: "none", out: "none" } as const;
  readonly resize = keepSize;

  constructor(readonly config: InterfaceAttachment) {}

  get device(): string {
    return this.config.name;
  }

  async open(): Promise<Wiring> {
    try {
      return { kind: "packet", fd: requireAddon("interface").openPacket(this.device).fd };
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      throw new EngineError("INTERFACE", `interface "${this.device}": ${remedy(codeOf(cause), cause)}`, { cause });
    }
  }

  async reopen(): Promise<Wiring | undefined> {
    if (requireAddon("interface").deviceIndex(this.device) === 0) return undefined;
    return this.open().catch(() => undefined);
  }

  async close(): Promise<void> {
    // Promiscuous mode ends with the socket.
  }
}

function remedy(code: string, cause: unknown): string {
  switch (code) {
    case "EPERM":
    case "EACCES":
      return "bridging onto it needs CAP_NET_RAW: run as root, "
        + "or grant it (sudo setcap cap_net_raw+ep \"$(command -v node)\")";
    case "ENODEV":
    case "ENXIO":
      return "there is no such device in this network namespace: `ip link` lists what there is";
    default:
      return (cause as Error).message;
  }
}
