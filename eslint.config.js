// What a machine can check of the house's style: format, types' rules, which way imports run, and that the core
// allocates nothing. What does not fit a linter (C++, cycles, the lock file) is in tools/check-tree.js.

import stylistic from "@stylistic/eslint-plugin";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

// ---- format ----

const format = [
  stylistic.configs.customize({ indent: 2, quotes: "double", semi: true, braceStyle: "1tbs", arrowParens: true }),
  {
    rules: {
      "@stylistic/linebreak-style": ["error", "unix"],
      "@stylistic/max-len": ["error", { code: 120, ignoreUrls: true }],
      "@stylistic/max-statements-per-line": ["error", { max: 2 }],
      "@stylistic/quotes": ["error", "double", { avoidEscape: true, allowTemplateLiterals: "avoidEscape" }],
      // Where a line may break is the writer's: these would forbid unions and ternaries set as tables.
      "@stylistic/operator-linebreak": "off",
      "@stylistic/multiline-ternary": "off",
      "@stylistic/indent-binary-ops": "off",
      "@stylistic/lines-between-class-members": "off",
    },
  },
];

// ---- plain rules, for every file ----

const plain = {
  files: ["**/*.{js,ts}"],
  rules: {
    "curly": ["error", "multi-line"],
    "eqeqeq": "error",
    "max-lines": ["error", { max: 399 }],
    "no-console": "error",
    "no-else-return": "error",
    "no-fallthrough": "error",
    "no-unreachable": "error",
    "no-useless-return": "error",
    "no-var": "error",
    "no-warning-comments": ["error", { terms: ["todo", "fixme"] }],
    "object-shorthand": "error",
    "prefer-const": "error",
    "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrors: "none" }],
  },
};

// ---- which way imports run ----

/** Forbids imports whose specifier matches; each arrow is [regular expression, why]. */
function arrows(files, ...forbidden) {
  const patterns = forbidden.map(([regex, message]) => ({ regex, message }));
  return { files, rules: { "no-restricted-imports": ["error", { patterns }] } };
}

const OUTSIDE = ["^(?!\\.)|^\\.\\./(\\.\\./|src/)", "the core imports nothing from outside assembly/"];
const ELEMENTS = ["(^|/)element/", "only engine.ts knows the elements"];
const ENGINE = ["/(engine|index)(\\.js)?$", "imports run layout ← wire ← table ← element ← engine ← index"];
const TABLES = ["(^|/)table/", "imports run layout ← wire ← table: a protocol knows no tables"];
const SIBLINGS = ["^\\./", "no element knows its neighbours: what they share goes to assembly/ itself"];

const coreImports = [
  arrows(["assembly/*.ts"], OUTSIDE, ELEMENTS, ENGINE),
  arrows(["assembly/{layout,reason,bpf}.ts"], ["", "the ground floor imports nothing: asc and tsc both compile it"]),
  arrows(["assembly/wire/**"], OUTSIDE, TABLES, ELEMENTS, ENGINE),
  arrows(["assembly/table/**"], OUTSIDE, ELEMENTS, ENGINE),
  arrows(["assembly/element/**"], OUTSIDE, SIBLINGS, ENGINE),
  arrows(["assembly/engine.ts"], OUTSIDE, ["/index(\\.js)?$", "index.ts is the ABI, for hosts only"]),
  arrows(["assembly/index.ts"], OUTSIDE, ELEMENTS),
];

const LAYOUT = ["/assembly/(?!(reason|bpf)\\.js$)", "only src/core knows the memory map; ask it"];
const CLI = ["/cli/", "the command line is a user of the library: nothing imports it"];

const hostImports = [
  arrows(["src/**"], LAYOUT, CLI),
  arrows(["src/core/**"], CLI),
  arrows(["src/cli/**"], LAYOUT),
  arrows(["src/config/**"], ["^\\.\\./", "the configuration is a plain value: src/config imports nothing beside it"]),
  arrows(["src/control/**"], LAYOUT, CLI,
    ["/(worker|core)/", "the control plane speaks to the engine through src/api.ts, not to its parts"]),
  arrows(["src/port/**"], LAYOUT, CLI, ["^(\\.\\./)+engine(\\.js)?$", "a port is told what to do; it does not ask"]),
];

// ---- the core: AssemblyScript ----

const BUMP = "the stub allocator's pointer is a global of one instance, and two workers would overwrite each other";

/** [selector, why] of what must not stand in assembly/. */
const FORBIDDEN = [
  ["NewExpression", `no new: ${BUMP}; state lives in memory at offsets from layout.ts`],
  ["ArrayExpression", `no arrays: ${BUMP}; a table is a range of memory, declared in layout.ts`],
  ["ObjectExpression", `no objects: ${BUMP}; a record is a set of offsets, declared in layout.ts`],
  ["TemplateLiteral", "no strings: they allocate, and the core has no one to tell them to; count a Reason"],
  [":not(ImportDeclaration, ExportNamedDeclaration, ExportAllDeclaration) > Literal[raw=/^[\"']/]",
    "no strings: they become data segments at addresses that layout.ts does not know; count a Reason"],
  ["ArrowFunctionExpression, FunctionExpression, FunctionDeclaration FunctionDeclaration",
    "no closures: a function value is an indirect call and an allocation; write a function of its own"],
  ["ClassDeclaration, ClassExpression", "no classes: instances are allocated; a record is a set of offsets"],
  ["Identifier[name=/^(heap|__new|__renew|__alloc|StaticArray|Array|ArrayBuffer|Map|Set|String)$/]",
    `nothing managed: ${BUMP}`],
  ["MemberExpression[object.name='memory'][property.name='grow']",
    "memory never grows: it is sized once, and the hosts' views of it are made once"],
  ["ThrowStatement, TryStatement", "nothing is thrown per frame: check, and count a Reason"],
];

const core = {
  files: ["assembly/**/*.ts", "bench/assembly/**/*.ts"],
  // asc's language is TypeScript's grammar with decorators on functions and variables, which tsc would refuse.
  languageOptions: { parserOptions: { allowInvalidAST: true } },
  rules: {
    "no-restricted-syntax": ["error", ...FORBIDDEN.map(([selector, message]) => ({ selector, message }))],
    // In asc an integer's == is exact, and === on numbers is the same instruction.
    "eqeqeq": "off",
  },
};

// ---- the hosts: rules that need types ----

const hosts = {
  files: ["src/**/*.ts", "test/**/*.ts", "bench/*.ts", "bench/lab/*.ts", "examples/**/*.ts"],
  extends: [tseslint.configs.recommendedTypeChecked],
  languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
  rules: {
    "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
    "@typescript-eslint/explicit-module-boundary-types": "error",
    "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
    "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    // A contract may be asynchronous where one of its implementations has nothing to wait for.
    "@typescript-eslint/require-await": "off",
  },
};

const tests = {
  files: ["test/**/*.ts"],
  rules: {
    // Tests look into JSON and provoke what types forbid.
    "@typescript-eslint/no-unsafe-assignment": "off",
    "@typescript-eslint/no-unsafe-member-access": "off",
    "@typescript-eslint/no-unsafe-argument": "off",
    "@typescript-eslint/explicit-module-boundary-types": "off",
  },
};

const speakers = {
  files: ["src/cli/**", "tools/**", "bench/**", "examples/**", "test/**"],
  rules: { "no-console": "off" },
};

export default defineConfig(
  globalIgnores(["dist/", "build/", "node_modules/"]),
  tseslint.configs.base,
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  format,
  plain,
  hosts,
  tests,
  speakers,
  core,
  coreImports,
  hostImports,
);
