// Whether what a build has made is what it would make again. npm runs a checkout's install scripts whenever somebody
// refers to the checkout (npx, npm link, npm install FOLDER), and nothing is to be built, or written, for that.
// Owns the form of a stamp: a file with a digest of what a build read, and one of what it wrote.

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Whether neither the inputs nor the outputs have changed since `writeStamp`; paths are relative to the package. */
export function isCurrent(stamp, inputs, outputs) {
  try {
    return readFileSync(join(ROOT, stamp), "utf8") === stampOf(inputs, outputs);
  } catch {
    return false; // something is not there
  }
}

export function writeStamp(stamp, inputs, outputs) {
  mkdirSync(dirname(join(ROOT, stamp)), { recursive: true });
  writeFileSync(join(ROOT, stamp), stampOf(inputs, outputs));
}

function stampOf(inputs, outputs) {
  return `inputs ${digestOf(inputs)}\noutputs ${digestOf(outputs)}\n`;
}

/** Of the names and contents of files; of a folder, all in it. Throws where one is not there. */
function digestOf(paths) {
  const hash = createHash("sha256");
  for (const path of paths.flatMap(filesOf)) hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  return hash.digest("hex");
}

function filesOf(path) {
  if (!statSync(join(ROOT, path)).isDirectory()) return [path];
  return readdirSync(join(ROOT, path)).sort().flatMap((name) => filesOf(join(path, name)));
}
