// Which file a path names. A symbolic link is followed only if no other user can have made it: the rule of
// protected_symlinks (Linux, proc_sys_fs(5)), for every directory that others may write to, sticky or not.
// Owns no file; regular.ts opens them.

import { lstatSync, readlinkSync, type Stats } from "node:fs";
import { join, parse, resolve, sep } from "node:path";

const LINKS_MAX = 40; // as the kernel's
const WRITABLE_BY_OTHERS = 0o022;

/**
 * The path without symbolic links; its last part need not exist. Throws Error if a link on the way is another user's,
 * and what lstat and readlink throw.
 */
export function realPath(path: string): string {
  const absolute = resolve(path);
  const { root } = parse(absolute);
  let place = root;
  let rest = partsOf(absolute.slice(root.length));
  for (let links = 0; rest.length > 0;) {
    const next = join(place, rest[0]!);
    const found = lstatSync(next, { throwIfNoEntry: false });
    rest = rest.slice(1);
    if (!found?.isSymbolicLink()) {
      place = next;
      continue;
    }
    links += 1;
    if (links > LINKS_MAX) throw new Error(`${next} leads through more than ${LINKS_MAX} symbolic links`);
    if (isForeign(found, lstatSync(place))) {
      throw new Error(`${next} is a symbolic link of another user (uid ${found.uid}); name the file that it points to`);
    }
    const target = readlinkSync(next);
    const { root: start } = parse(target);
    if (start) place = start;
    rest = [...partsOf(target.slice(start.length)), ...rest];
  }
  return place;
}

function partsOf(path: string): string[] {
  return path.split(sep).filter(Boolean);
}

/** Whether a link may have been made by somebody other than root and this user. */
function isForeign(link: Stats, folder: Stats): boolean {
  const own = [0, process.geteuid?.() ?? 0];
  return !own.includes(link.uid) && (!own.includes(folder.uid) || (folder.mode & WRITABLE_BY_OTHERS) !== 0);
}
