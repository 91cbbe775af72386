// pcap: capture files. One is played into the switch, one records what the switch sends to the port. Owns the file
// headers; records are decoded and encoded in the core. Read draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng.

import { closeSync, constants, readSync } from "node:fs";
import { EngineError } from "../api.js";
import type { PcapAttachment } from "../config/model.js";
import type { Codec } from "../core/codec.js";
import { NotACaptureError, openCaptureTarget } from "../disk/capture-target.js";
import { openRegular } from "../disk/regular.js";
import { pcapHeader, pcapngHeader } from "./capture-file.js";
import { codeOf, keepSize, neverAgain, type Attachment } from "./port.js";
import type { Playing, Recording, Wiring } from "./wiring.js";

const PCAP_HEADER_SIZE = 24;
const LINKTYPE_ETHERNET = 1;
const PCAP_MAGICS = [0xa1b2c3d4, 0xa1b23c4d]; // microseconds, nanoseconds: nobody looks at the times
/** Above the link type: how many words of 16 bits each frame's FCS has, and whether that is said. */
const FCS_SHIFT = 28;
const FCS_UNIT = 2;
const FCS_PRESENT = 1 << 26;
const PCAPNG_MAGIC = 0x0a0d0d0a;
const PCAPNG_ORDER = 0x1a2b3c4d;

export class Pcap implements Attachment {
  readonly #codecs: { in: Codec; out: Codec };
  readonly reopen = neverAgain;
  readonly resize = keepSize;

  constructor(readonly config: PcapAttachment) {
    this.#codecs = { in: "none", out: !config.write ? "sink" : isPcapng(config.write) ? "pcapng" : "pcap" };
  }

  get device(): string {
    return [this.config.read, this.config.write].filter(Boolean).join(" → ");
  }

  get codecs(): { in: Codec; out: Codec } {
    return this.#codecs;
  }

  async open(): Promise<Wiring> {
    const { read, write, loop } = this.config;
    const playing = read === undefined ? undefined : this.#openRead(read, loop);
    try {
      const recording = write === undefined ? undefined : openWrite(write);
      return {
        kind: "file",
        ...(playing ? { read: playing } : {}),
        ...(recording === undefined ? {} : { write: recording }),
      };
    } catch (error) {
      if (playing) closeSync(playing.fd);
      throw error;
    }
  }

  async close(): Promise<void> {
    // The worker has closed the files.
  }

  #openRead(path: string, loop: number): Playing {
    const fd = openFile(path, "read");
    try {
      const { codec, ...header } = readHeader(fd, path);
      this.#codecs.in = codec;
      return { fd, loop, ...header };
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
}

function isPcapng(path: string): boolean {
  return path.endsWith(".pcapng") || path.endsWith(".ntar");
}

function openWrite(path: string): Recording {
  return { fd: openFile(path, "write"), header: isPcapng(path) ? pcapngHeader("taploom") : pcapHeader() };
}

function openFile(path: string, purpose: "read" | "write"): number {
  try {
    return purpose === "read" ? openRegular(path, constants.O_RDONLY) : openCaptureTarget(path);
  } catch (cause) {
    const reading = purpose === "read";
    const why = codeOf(cause) === "ENOENT" ? (reading ? "there is no such file" : "its directory is not there")
      : codeOf(cause) === "EACCES" ? `no permission to ${purpose} it`
        : cause instanceof NotACaptureError ? `${cause.message}; move it away, or name another file`
          : (cause as Error).message;
    throw new EngineError("PCAP", `pcap "${path}": ${why}`, { cause });
  }
}

/** Tells the format of a capture file by its first bytes. */
function readHeader(fd: number, path: string): { codec: Codec; start: number; fcs: number } {
  const bytes = Buffer.alloc(PCAP_HEADER_SIZE);
  const size = readSync(fd, bytes, 0, PCAP_HEADER_SIZE, 0);
  const swapped = PCAP_MAGICS.includes(bytes.readUInt32BE(0));
  if (swapped || PCAP_MAGICS.includes(bytes.readUInt32LE(0))) {
    const link = swapped ? bytes.readUInt32BE(20) : bytes.readUInt32LE(20);
    const linkType = link & 0xffff;
    if (size < PCAP_HEADER_SIZE) throw new EngineError("PCAP", `pcap "${path}": the file is cut short`);
    if (linkType !== LINKTYPE_ETHERNET) {
      throw new EngineError("PCAP", `pcap "${path}": link type ${linkType}, and only Ethernet (1) can be played`);
    }
    const fcs = link & FCS_PRESENT ? (link >>> FCS_SHIFT) * FCS_UNIT : 0;
    return { codec: swapped ? "pcap-swapped" : "pcap", start: PCAP_HEADER_SIZE, fcs };
  }
  if (bytes.readUInt32LE(0) === PCAPNG_MAGIC) {
    if (bytes.readUInt32LE(8) === PCAPNG_ORDER) return { codec: "pcapng", start: 0, fcs: 0 };
    throw new EngineError("PCAP", `pcap "${path}": a big-endian pcapng file; convert it (editcap -F pcap)`);
  }
  throw new EngineError("PCAP", `pcap "${path}": neither a pcap nor a pcapng file`);
}
