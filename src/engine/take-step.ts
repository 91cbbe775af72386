// Keeps a configuration in step with what has been done: one step of a plan, taken on the value.

import type { Step } from "../config/diff.js";
import type { Config } from "../config/model.js";

/** Changes `config` as the step changes the engine. */
export function takeStep(config: Config, step: Step): void {
  const { switches } = config;
  const at = switches[step.switch];
  switch (step.do) {
    case "add-switch": switches[step.switch] = { ...step.after, ports: {}, mirrors: {} }; break;
    case "change-switch": Object.assign(at!, step.after); break;
    case "remove-switch": delete switches[step.switch]; break;
    case "remove-port":
    case "detach-port": delete at!.ports[step.port]; break;
    case "add-port":
    case "attach-port":
    case "change-port": at!.ports[step.port] = step.after; break;
    case "remove-mirror": delete at!.mirrors[step.mirror]; break;
    case "add-mirror":
    case "change-mirror": at!.mirrors[step.mirror] = step.after; break;
  }
}
