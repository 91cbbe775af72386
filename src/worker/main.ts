// Entry of a data-plane thread: makes its instance of the core over the shared memory and runs the loop.

import { parentPort, workerData } from "node:worker_threads";
import { instantiateCore, SharedMemory } from "../core/memory.js";
import { Loop } from "./loop.js";
import type { Assignment } from "./message.js";

const assignment = workerData as Assignment;
const shared = new SharedMemory(assignment.memory);
new Loop(assignment, shared, instantiateCore(assignment.module, shared), parentPort!).run();
