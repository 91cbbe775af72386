// A copy of the package's files that its install scripts work on, in a folder of its own, with stand-ins for the
// programs that they call: what is looked at is what the scripts ask of them, when, and what they make of the answer.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageFile } from "../../src/files.js";
import { temporaryDirectory } from "../control/serve.js";

export interface Outcome {
  status: number | null;
  stderr: string;
}

export class Installed {
  readonly folder = temporaryDirectory();

  constructor(...paths: string[]) {
    for (const path of ["package.json", "tools/stamp.js", ...paths]) {
      cpSync(packageFile(path), this.path(path), { recursive: true });
    }
    symlinkSync(packageFile("node_modules"), this.path("node_modules"));
  }

  path(path: string): string {
    return join(this.folder, path);
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(this.path(path)), { recursive: true });
    writeFileSync(this.path(path), content);
  }

  /** A file's content; undefined: it is not there. */
  read(path: string): string | undefined {
    return existsSync(this.path(path)) ? readFileSync(this.path(path), "utf8") : undefined;
  }

  /** Which file stands at a path. */
  inode(path: string): number {
    return statSync(this.path(path)).ino;
  }

  /** Puts a program on PATH, as a shell script. */
  program(name: string, script: string): void {
    this.write(`programs/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(this.path(`programs/${name}`), 0o755);
  }

  /** Runs a file of it with Node, as npm does for `command`. `path`: the whole of PATH after the stand-ins. */
  run(script: string, { command = "ci", args = [], path = process.env["PATH"]! }: {
    command?: string; args?: string[]; path?: string;
  } = {}): Outcome {
    const env = { ...process.env, CXX: "", PATH: `${this.path("programs")}:${path}`, npm_command: command };
    const options = { cwd: this.folder, env, encoding: "utf8" } as const;
    return spawnSync(process.execPath, [this.path(script), ...args], options);
  }
}
