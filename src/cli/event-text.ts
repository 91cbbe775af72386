// How an event of the engine reads for people, in one line.

import type { EngineEvent } from "../api.js";
import { failedText } from "../engine/failed.js";
import { changeParts } from "./views.js";

export function eventText(event: EngineEvent): string {
  switch (event.event) {
    case "port": return `port ${event.switch}/${event.port} is ${event.link}${event.why && `: ${event.why}`}`;
    case "mac": return macText(event);
    case "change": return changeText(event);
    case "failed": return failedText(event);
    case "lost": return `${event.count} events lost: they came faster than they were read`;
  }
}

function changeText({ by, what, added, removed, changed }: Extract<EngineEvent, { event: "change" }>): string {
  const names = changeParts({ added, removed, changed });
  return `changed by ${by}: ${what}${names.length === 0 ? "" : `: ${names.join("; ")}`}`;
}

function macText({ mac, what, switch: of, port, vlan, from }: Extract<EngineEvent, { event: "mac" }>): string {
  const preposition = { learned: "at", moved: "to", aged: "out at", evicted: "from" }[what];
  return `mac ${mac} ${what} ${preposition} ${of}/${port} (VLAN ${vlan})${from === undefined ? "" : ` from ${from}`}`;
}
