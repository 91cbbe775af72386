// tap: a TAP device, made if it is not there (and then gone with its fd), attached if it is. The fd stays good when
// somebody renames the device or moves it into another network namespace, so its name is used only to open it: all else
// goes by an fd that this file owns, beside those of the workers. Read Documentation/networking/tuntap.rst.

import { EngineError } from "../api.js";
import type { TapAttachment } from "../config/model.js";
import { requireAddon, type OpenedDevice } from "./addon.js";
import { codeOf, type Attachment } from "./port.js";
import { discard, type Wiring } from "./wiring.js";

const MOVED = "it is in another network namespace: set its MTU there, or unplug the port and plug it anew";
const MTU_REMEDY = "the device's driver allows 68 to 65521";

export class Tap implements Attachment {
  readonly codecs = { in: "none", out: "none" } as const;
  /** The device; -1: none is open. */
  #fd = -1;
  /** Bytes, before the device was ours. */
  #ownMtu = 0;
  #isOurs = false;

  /** `mtu`: bytes; undefined leaves the device's own. */
  constructor(readonly config: TapAttachment, private mtu: number | undefined) {}

  /** Its present name; the configured one while none is open. */
  get device(): string {
    return (this.#fd >= 0 && requireAddon("tap").tapName(this.#fd)) || this.config.name;
  }

  async open(): Promise<Wiring> {
    const opened = this.#open();
    try {
      this.#fd = requireAddon("tap").duplicate(opened.fd);
    } catch (cause) {
      discard(wiringOf(opened));
      throw new EngineError("TAP", `tap "${this.config.name}": ${(cause as Error).message}`, { cause });
    }
    this.#ownMtu = opened.mtu;
    this.#isOurs = opened.created;
    return wiringOf(opened);
  }

  /** Comes back when the device does; never makes it anew, since somebody has taken it away on purpose. */
  async reopen(): Promise<Wiring | undefined> {
    this.#letGo();
    return requireAddon("tap").deviceIndex(this.config.name) === 0 ? undefined : this.open();
  }

  async resize(mtu: number | undefined): Promise<void> {
    try {
      if (this.#fd >= 0) requireAddon("tap").setTapMtu(this.#fd, mtu ?? this.#ownMtu);
    } catch (cause) {
      // A device that was deleted gets its MTU when it comes back.
      if (codeOf(cause) !== "EBADFD") {
        const why = codeOf(cause) === "EXDEV" ? MOVED : (cause as Error).message;
        throw new EngineError("TAP", `tap "${this.device}": ${why}`, { cause });
      }
    }
    this.mtu = mtu;
  }

  /** A device that was there before is left as it was found, unless it has gone to another network namespace. */
  async close(): Promise<void> {
    try {
      if (!this.#isOurs && this.mtu !== undefined) await this.resize(undefined);
    } catch {
      // who moved it knows what MTU it needs there
    } finally {
      this.#letGo();
    }
  }

  #letGo(): void {
    if (this.#fd >= 0) requireAddon("tap").close(this.#fd);
    this.#fd = -1;
  }

  #open(): OpenedDevice {
    const { name, queues } = this.config;
    try {
      return requireAddon("tap").openTap(name, this.mtu ?? 0, queues ?? 1);
    } catch (cause) {
      throw new EngineError("TAP", `tap "${name}": ${remedy(this.config, codeOf(cause), cause)}`, { cause });
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
