// tap: a TAP device, made if it is not there (and then gone with its fd), attached if it is. The fd stays good when
// somebody moves the device into another network namespace. Read Documentation/networking/tuntap.rst.

import { EngineError } from "../api.js";
import type { TapAttachment } from "../config/model.js";
import { requireAddon, type OpenedDevice } from "./addon.js";
import { codeOf, type Attachment } from "./port.js";
import type { Wiring } from "./wiring.js";

const MTU_REMEDY = "the device's driver allows 68 to 65521";

export class Tap implements Attachment {
  readonly codecs = { in: "none", out: "none" } as const;
  #restoreMtu = 0;

  /** `mtu`: bytes, 0 leaves the device's own. */
  constructor(readonly config: TapAttachment, readonly mtu: number) {}

  get device(): string {
    return this.config.name;
  }

  async open(): Promise<Wiring> {
    const addon = requireAddon("tap");
    const before = addon.deviceIndex(this.device) ? addon.deviceMtu(this.device) : 0;
    const opened = this.#open();
    this.#restoreMtu = !opened.created && before !== opened.mtu ? before : 0;
    return { kind: "tap", fd: opened.fd };
  }

  /** Comes back when the device does; never makes it anew, since somebody has taken it away on purpose. */
  async reopen(): Promise<Wiring | undefined> {
    if (requireAddon("tap").deviceIndex(this.device) === 0) return undefined;
    try {
      return { kind: "tap", fd: this.#open().fd };
    } catch {
      return undefined; // gone again, or taken by another process: the next try tells
    }
  }

  /** A device that was there before is left as it was found. */
  async close(): Promise<void> {
    const addon = requireAddon("tap");
    if (this.#restoreMtu && addon.deviceIndex(this.device)) addon.setDeviceMtu(this.device, this.#restoreMtu);
  }

  #open(): OpenedDevice {
    try {
      return requireAddon("tap").openTap(this.device, this.mtu);
    } catch (cause) {
      throw new EngineError("TAP", `tap "${this.device}": ${remedy(this.device, codeOf(cause), cause)}`, { cause });
    }
  }
}

function remedy(name: string, code: string, cause: unknown): string {
  switch (code) {
    case "EPERM":
    case "EACCES":
      return "opening it needs CAP_NET_ADMIN: run as root, "
        + "grant it (sudo setcap cap_net_admin+ep \"$(command -v node)\"), "
        + `or have an administrator make the device for you (ip tuntap add dev ${name} mode tap user "$USER")`;
    case "EBUSY":
      return "another program has it open: stop that program, or name another device";
    case "ENOENT":
    case "ENXIO":
    case "ENODEV":
      return "this system has no /dev/net/tun: load the module (modprobe tun), or give the container the device";
    case "EINVAL":
      return `a device of that name is there and is not a TAP, or the MTU is out of range (${MTU_REMEDY})`;
    default:
      return (cause as Error).message;
  }
}
