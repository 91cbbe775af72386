// From the configuration of a port to its attachment: the one list of kinds.

import type { PortConfig } from "../config/model.js";
import { generatorAttachment, memoryAttachment } from "./inner.js";
import { Interface } from "./interface.js";
import { Pcap } from "./pcap.js";
import type { Attachment } from "./port.js";
import { Stream } from "./stream.js";
import { Tap } from "./tap.js";

export function attachmentOf({ attachment, mtu }: PortConfig): Attachment {
  switch (attachment.kind) {
    case "tap": return new Tap(attachment, mtu);
    case "interface": return new Interface(attachment);
    case "stream": return new Stream(attachment);
    case "pcap": return new Pcap(attachment);
    case "memory": return memoryAttachment();
    case "generator": return generatorAttachment();
  }
}

/** Whether a port of this kind is served through a pipe. */
export function needsPipe({ attachment }: PortConfig): boolean {
  return attachment.kind === "stream" || attachment.kind === "pcap" || attachment.kind === "memory";
}

/** Whether the core pulls a port's frames, out of a pipe or a generator, rather than a poller receiving them. */
export function isSource(config: PortConfig): boolean {
  return needsPipe(config) || config.attachment.kind === "generator";
}
