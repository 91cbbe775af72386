// Which interface of the configuration a place is.

import type { InterfaceConfig, RouterConfig } from "../config/model.js";
import type { Place } from "./channel.js";

/** The interface's configuration; undefined for an uplink. */
export function interfaceOf(config: RouterConfig, place: Place): InterfaceConfig | undefined {
  return config.interfaces.find((one) => one.switch === place.switch && one.vid === place.vlan);
}
