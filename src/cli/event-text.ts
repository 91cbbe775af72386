// How an event of the engine reads for people, in one line.

import type { EngineEvent } from "../api.js";
import { failedText } from "../engine/failed.js";

export function eventText(event: EngineEvent): string {
  switch (event.event) {
    case "port": return `port ${event.switch}/${event.port} is ${event.link}${event.why && `: ${event.why}`}`;
    case "mac": return macText(event);
    case "failed": return failedText(event);
    case "lost": return `${event.count} events lost: they came faster than they were read`;
  }
}

function macText({ mac, what, switch: of, port, vlan, from }: Extract<EngineEvent, { event: "mac" }>): string {
  const preposition = { learned: "at", moved: "to", aged: "out at", evicted: "from" }[what];
  return `mac ${mac} ${what} ${preposition} ${of}/${port} (VLAN ${vlan})${from === undefined ? "" : ` from ${from}`}`;
}
