// Keeps the plant in step with what has been done: one step of a plan, taken on the value.

import type { Step } from "../config/diff.js";
import type { Plant } from "../config/expand.js";

type RouterStep = Extract<Step, { router: string }>;

/** Changes `plant` as the step changes the engine. */
export function takeStep(plant: Plant, step: Step): void {
  if ("router" in step) takeRouterStep(plant, step);
  else takeSwitchStep(plant, step);
}

function takeRouterStep({ routers }: Plant, step: RouterStep): void {
  if (step.do === "remove-router") delete routers[step.router];
  else routers[step.router] = step.after;
}

function takeSwitchStep({ switches }: Plant, step: Exclude<Step, RouterStep>): void {
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
