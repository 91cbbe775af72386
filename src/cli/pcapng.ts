// A pcapng stream cut at block boundaries: so that a capture that is interrupted is a complete file, and that N
// frames are N frames. Owns the cutting; the blocks' contents are the engine's.
// Read: draft-ietf-opsawg-pcapng, section 3.1 (blocks) and 4.3 (Enhanced Packet Block).

const BLOCK_HEADER = 8; // u32 type, u32 length of the whole block
const BLOCK_MIN = 12;
const BLOCK_MAX = 1 << 20; // a frame is 64 KiB at most
const ENHANCED_PACKET = 6;

export class BlockCutter {
  #rest: Buffer = Buffer.alloc(0);
  #frames = 0;
  readonly #framesMax: number;

  /** `framesMax`: what follows this many frames is left out. */
  constructor(framesMax = Infinity) {
    this.#framesMax = framesMax;
  }

  /** Frames that were given out. */
  get frames(): number {
    return this.#frames;
  }

  get isFull(): boolean {
    return this.#frames >= this.#framesMax;
  }

  /** Takes what came and returns the whole blocks that there are now; throws where it is no pcapng, little-endian. */
  take(bytes: Uint8Array): Buffer {
    const all = Buffer.concat([this.#rest, bytes]);
    let end = 0;
    while (!this.isFull && all.length - end >= BLOCK_HEADER) {
      const length = all.readUInt32LE(end + 4);
      if (length < BLOCK_MIN || length > BLOCK_MAX || length % 4 !== 0) {
        throw new Error(`not a capture: a block of ${length} bytes`);
      }
      if (length > all.length - end) break;
      if (all.readUInt32LE(end) === ENHANCED_PACKET) this.#frames += 1;
      end += length;
    }
    this.#rest = all.subarray(end);
    return all.subarray(0, end);
  }
}
