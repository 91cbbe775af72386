// Framings of a pipe by name; the numbers stand in the memory map.

import * as layout from "./layout.js";

/** length: u32 big-endian before each frame; sink: counted and forgotten; none: no pipe; service: for routers. */
export type Codec = "none" | "length" | "pcap" | "pcap-swapped" | "pcapng" | "sink" | "service";

export const CODEC_NUMBERS: Record<Codec, number> = {
  "none": layout.CODEC_NONE,
  "length": layout.CODEC_LENGTH,
  "pcap": layout.CODEC_PCAP,
  "pcap-swapped": layout.CODEC_PCAP_SWAPPED,
  "pcapng": layout.CODEC_PCAPNG,
  "sink": layout.CODEC_SINK,
  "service": layout.CODEC_SERVICE,
};
