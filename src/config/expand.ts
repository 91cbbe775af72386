// A configuration as the engine builds it: the uplink of each router is a port on a switch that nobody sees, of the
// router's name, so that its port is attached, changed and counted like any other. Owns the way there and back.

import type { Config, PortConfig, RouterConfig, SwitchConfig } from "./model.js";

/** The port on a router's hidden switch. */
export const UPLINK = "uplink";

/** `hidden`: a router's uplink, which stands in no configuration. */
export type PlantSwitch = SwitchConfig & { hidden: boolean };

/** What the engine has. Where a router has an uplink, its port as it is now is that of the hidden switch. */
export type Plant = Omit<Config, "switches"> & { switches: Record<string, PlantSwitch> };

/** Shares its parts with the configuration. */
export function expand({ switches, ...rest }: Config): Plant {
  const shown = Object.entries(switches).map(([name, one]): [string, PlantSwitch] =>
    [name, { ...one, hidden: false }]);
  const hidden = Object.entries(rest.routers).flatMap(([name, { uplink }]): [string, PlantSwitch][] =>
    uplink ? [[name, uplinkSwitch(uplink.port)]] : []);
  return { ...rest, switches: Object.fromEntries([...shown, ...hidden]) };
}

/** The configuration that a plant was made of; shares its parts with it. */
export function contract({ switches, routers, ...rest }: Plant): Config {
  const shown = Object.entries(switches).flatMap(([name, { hidden, ...one }]): [string, SwitchConfig][] =>
    hidden ? [] : [[name, one]]);
  const ported = Object.entries(routers).map(([name, router]): [string, RouterConfig] => {
    const port = Object.hasOwn(switches, name) ? switches[name]!.ports[UPLINK] : undefined;
    return [name, router.uplink && port ? { ...router, uplink: { ...router.uplink, port } } : router];
  });
  return { ...rest, switches: Object.fromEntries(shown), routers: Object.fromEntries(ported) };
}

function uplinkSwitch(port: PortConfig): PlantSwitch {
  return { hidden: true, learning: true, agingSeconds: 300, ports: { [UPLINK]: port }, mirrors: {} };
}
