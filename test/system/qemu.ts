// QEMU as a test needs it: without a guest it relays frames between two of its network back ends, here the one under
// test and a TAP device, which stands for the guest's network card. qemu(1), -netdev.

import type { Guest } from "./lab.js";
import type { Namespace } from "./namespace.js";
import { Running } from "./running.js";

/** Starts a QEMU in `namespace`, which makes the TAP device of the guest's name there and relays between it and
 *  `netdev`, a -netdev option's value without its `id`. */
export function relay(namespace: Namespace, guest: Guest, netdev: string): Running {
  guest.isCounted = false; // the device is QEMU's, not the port's
  const tap = `tap,id=tap,ifname=${guest.name},script=no,downscript=no`;
  const args = ["-machine", "none", "-nodefaults", "-display", "none",
    "-netdev", `${netdev},id=net`, "-netdev", "hubport,id=one,hubid=0,netdev=net",
    "-netdev", tap, "-netdev", "hubport,id=two,hubid=0,netdev=tap"];
  return new Running(namespace.start("qemu-system-x86_64", args), `QEMU of ${guest.name}`);
}
