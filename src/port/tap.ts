// tap: a TAP device, made if it is not there (and then gone with its fd), attached if it is. The fd stays good when
// somebody moves the device into another network namespace. Read Documentation/networking/tuntap.rst.

import { EngineError } from "../api.js";
import type { TapAttachment } from "../config/model.js";
import { requireAddon, type OpenedDevice } from "./addon.js";
import { codeOf, type Attachment } from "./port.js";
import type { Wiring } from "./wiring.js";

const ETHERNET_MTU = 1500; // what the kernel gives a new device
const MTU_REMEDY = "the device's driver allows 68 to 65521";

export class Tap implements Attachment {
  readonly codecs = { in: "none", out: "none" } as const;
  /** What the device had before it was ours, 0: nothing to give back. */
  #own = 0;
  #isOurs = false;

  /** `mtu`: bytes; undefined leaves the device's own. */
  constructor(readonly config: TapAttachment, private mtu: number | undefined) {}

  get device(): string {
    return this.config.name;
  }

  async open(): Promise<Wiring> {
    const addon = requireAddon("tap");
    this.#own = addon.deviceIndex(this.device) ? addon.deviceMtu(this.device) : 0;
    const opened = this.#open();
    this.#isOurs = opened.created;
    if (this.#own === 0) this.#own = this.mtu === undefined ? opened.mtu : ETHERNET_MTU;
    return wiringOf(opened);
  }

  /** Comes back when the device does; never makes it anew, since somebody has taken it away on purpose. */
  async reopen(): Promise<Wiring | undefined> {
    if (requireAddon("tap").deviceIndex(this.device) === 0) return undefined;
    try {
      return wiringOf(this.#open());
    } catch {
      return undefined; // gone again, or taken by another process: the next try tells
    }
  }

  async resize(mtu: number | undefined): Promise<void> {
    try {
      requireAddon("tap").setDeviceMtu(this.device, mtu ?? this.#own);
      this.mtu = mtu;
    } catch (cause) {
      const why = codeOf(cause) === "ENODEV"
        ? "it is not in this network namespace any more: set its MTU where it is, or plug the port anew"
        : (cause as Error).message;
      throw new EngineError("TAP", `tap "${this.device}": ${why}`, { cause });
    }
  }

  /** A device that was there before is left as it was found. */
  async close(): Promise<void> {
    const addon = requireAddon("tap");
    if (this.#isOurs || this.mtu === undefined || addon.deviceIndex(this.device) === 0) return;
    addon.setDeviceMtu(this.device, this.#own);
  }

  #open(): OpenedDevice {
    try {
      return requireAddon("tap").openTap(this.device, this.mtu ?? 0, this.config.queues ?? 1);
    } catch (cause) {
      throw new EngineError("TAP", `tap "${this.device}": ${remedy(this.config, codeOf(cause), cause)}`, { cause });
    }
  }
}

function wiringOf({ fd, further, offload }: OpenedDevice): Wiring {
  return { kind: offload ? "tap-offload" : "tap", fd, further };
}

function remedy({ name, queues }: TapAttachment, code: string, cause: unknown): string {
  const many = queues === undefined ? "" : " multi_queue";
  switch (code) {
    case "EPERM":
    case "EACCES":
      return "opening it needs CAP_NET_ADMIN: run as root, "
        + "grant it (sudo setcap cap_net_admin+ep \"$(command -v node)\"), "
        + `or have an administrator make the device for you (ip tuntap add dev ${name} mode tap${many} user "$USER")`;
    case "EBUSY":
      return "another program has it open: stop that program, or name another device";
    case "ENOENT":
    case "ENXIO":
    case "ENODEV":
      return "this system has no /dev/net/tun: load the module (modprobe tun), or give the container the device";
    case "EINVAL":
      return `a device of that name is there and is not a TAP, ${many && narrow(name)}`
        + `or the MTU is out of range (${MTU_REMEDY})`;
    default:
      return (cause as Error).message;
  }
}

function narrow(name: string): string {
  return `or was made with one queue (ip tuntap add dev ${name} mode tap multi_queue makes it with many), `;
}
