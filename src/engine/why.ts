// Why a port's link is down, in words: the data plane gives errno's names and words of its own. Owns the wording.
// Read errno(3); Documentation/networking/tuntap.rst for what a TAP's errors mean.

import type { Attachment } from "../config/model.js";

type Kind = Attachment["kind"];

const BY_KIND: Partial<Record<Kind, Record<string, string>>> = {
  tap: {
    EBADFD: "the device was deleted",
    ENETDOWN: "the device is set down (ip link set dev NAME up)",
  },
  interface: {
    ENODEV: "the device was deleted",
    ENETDOWN: "the device is set down (ip link set dev NAME up)",
    ENOLINK: "the device has no carrier",
  },
  stream: {
    closed: "the peer hung up",
    EPIPE: "the peer hung up",
    ECONNRESET: "the peer hung up",
    fault: "the peer sent what is no frame behind its length; hung up (it has to speak QEMU's -netdev stream)",
  },
  pcap: {
    ENOSPC: "the file cannot be written: no space left on its device",
    EDQUOT: "the file cannot be written: its owner's quota is used up",
    EIO: "the file cannot be read or written: input/output error",
    EFBIG: "the file cannot be written: it has reached the size limit",
  },
};

const BY_CODE: Record<string, string> = {
  EMFILE: "this process has too many open files (ulimit -n)",
  ENFILE: "the system has too many open files",
  ENOMEM: "the system is out of memory",
  EPERM: "no permission",
};

/** What has become of a link, for people. `name`: of its device. */
export function linkText({ kind }: { kind: Kind }, why: string, name: string): string {
  const known = BY_KIND[kind]?.[why] ?? BY_CODE[why];
  if (known !== undefined) return known.replace("NAME", name);
  return codeOfWhy(why) === undefined ? why : `input or output failed (${why})`;
}

/** Errno's name, where that is what the data plane gave. */
export function codeOfWhy(why: string): string | undefined {
  return /^E[A-Z0-9]+$/.test(why) ? why : undefined;
}

/** Why a port has no link yet that has its attachment or waits for it. */
export function waitingText(attachment: Attachment): string {
  if (attachment.kind !== "stream") return "";
  return attachment.connect ? "nobody listens there yet" : "nobody has connected yet";
}
