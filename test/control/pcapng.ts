// The few pcapng blocks that tests need, little-endian. Read: draft-ietf-opsawg-pcapng, 4.1 to 4.3.

/** Section header and one Ethernet interface. */
export function pcapngHeader(): Buffer {
  return Buffer.concat([block(0x0a0d0d0a, [0x1a2b3c4d, 1, 0xffffffff, 0xffffffff]), block(1, [1, 0])]);
}

/** An enhanced packet block. */
export function enhancedPacket(frame: Uint8Array): Buffer {
  const padding = Buffer.alloc((4 - frame.length % 4) % 4);
  return block(6, [0, 0, 0, frame.length, frame.length], Buffer.concat([frame, padding]));
}

/** Types of the blocks of a file; throws where the last is not whole. */
export function blockTypes(file: Buffer): number[] {
  const types: number[] = [];
  let at = 0;
  while (at < file.length) {
    const length = file.readUInt32LE(at + 4);
    if (file.readUInt32LE(at + length - 4) !== length) throw new Error(`block at ${at}: its lengths differ`);
    types.push(file.readUInt32LE(at));
    at += length;
  }
  return types;
}

function block(type: number, words: number[], data: Uint8Array = new Uint8Array(0)): Buffer {
  const length = 12 + words.length * 4 + data.length;
  const head = Uint32Array.from([type, length, ...words]);
  return Buffer.concat([new Uint8Array(head.buffer), data, new Uint8Array(Uint32Array.of(length).buffer)]);
}
