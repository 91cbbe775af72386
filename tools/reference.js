// Writes docs/configuration.md anew from the schema (`npm run reference`); a test says when it is out of date.

import { writeFileSync } from "node:fs";
import { referencePage } from "../dist/src/config/reference.js";

writeFileSync(new URL("../docs/configuration.md", import.meta.url), referencePage());
