// What `npm pack` puts into the package: everything that runs or is read, and nothing that only development needs.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { packageFile } from "../../src/files.js";

const options = { cwd: packageFile("."), encoding: "utf8" } as const;
const listing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], options);
const [{ files }] = JSON.parse(listing) as [{ files: { path: string }[] }];
const shipped = new Set(files.map(({ path }) => path));
const modules = [...shipped].filter((path) => /^(dist|tools)\/.*\.(js|d\.ts)$/.test(path));

/** What the shipped modules import, each with who does. */
const imports = modules.flatMap((from) =>
  ts.preProcessFile(readFileSync(packageFile(from), "utf8")).importedFiles.map(({ fileName }) => ({ from, fileName })));

test("the package has what runs, what builds the addon and what is read", () => {
  for (const path of [
    "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md", "dist/core.wasm", "dist/bench.wasm",
    "dist/src/cli/main.js", "dist/src/index.d.ts", "dist/src/worker/main.js", "binding.gyp", "native/addon.cc",
    "tools/build-addon.js", "examples/switch.yaml", "docs/nat.md",
  ]) expect(shipped).toContain(path);
});

test("the package has no data of benchmarks, and none of their programs", () => {
  expect([...shipped].filter((path) => /^(docs\/data|dist\/bench|bench|test|assembly|build)\//.test(path))).toEqual([]);
});

test("what is shipped imports nothing but what is shipped and what it depends on", () => {
  const { dependencies } = JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { dependencies: object };
  const nameOf = (specifier: string) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)![0];
  const isThere = ({ from, fileName }: (typeof imports)[number]) =>
    fileName.startsWith(".") ? shipped.has(posix.join(posix.dirname(from), fileName))
      : isBuiltin(fileName) || nameOf(fileName) in dependencies;
  expect(imports.length).toBeGreaterThan(100);
  expect(imports.filter((one) => !isThere(one))).toEqual([]);
});
