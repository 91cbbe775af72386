// interface: an existing network device of the host, bridged onto the switch through AF_PACKET, promiscuous while
// attached. Its name is used only to open it: from then on it is known by its index, whatever its name. Read packet(7).

import { EngineError } from "../api.js";
import type { InterfaceAttachment } from "../config/model.js";
import { requireAddon } from "./addon.js";
import { codeOf, keepSize, type Attachment } from "./port.js";
import type { Wiring } from "./wiring.js";

export class Interface implements Attachment {
  readonly codecs = { in: "none", out: "none" } as const;
  readonly resize = keepSize;
  /** 0: none was open yet. */
  #index = 0;

  constructor(readonly config: InterfaceAttachment) {}

  /** Its present name; the configured one while there is none. */
  get device(): string {
    return (this.#index > 0 && requireAddon("interface").deviceName(this.#index)) || this.config.name;
  }

  async open(): Promise<Wiring> {
    const { name } = this.config;
    try {
      const { fd, index } = requireAddon("interface").openPacket(name);
      this.#index = index;
      return { kind: "packet", fd };
    } catch (cause) {
      if (cause instanceof EngineError) throw cause;
      throw new EngineError("INTERFACE", `interface "${name}": ${remedy(codeOf(cause), cause)}`, { cause });
    }
  }

  async reopen(): Promise<Wiring | undefined> {
    return requireAddon("interface").deviceIndex(this.config.name) === 0 ? undefined : this.open();
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
    case "EPROTOTYPE":
      return "it has no Ethernet frames to bridge (tun, WireGuard, PPP), or is the loopback device: name an Ethernet "
        + "device, or lead guests there with a router";
    default:
      return (cause as Error).message;
  }
}
