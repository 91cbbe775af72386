// The core's exports as TypeScript sees them: the one typed interface over the WASM boundary, twin of
// assembly/index.ts, where each export is described. All numbers are unsigned; times are ms.

export interface CoreExports {
  layoutHash(): number;
  attach(): void;
  bind(index: number, fresh: boolean): void;
  turn(received: number, time: number): number;
  abandon(port: number): void;
  setLink(port: number, up: boolean): void;
  setOffload(port: number, able: boolean): void;
  setFlags(port: number, flags: number): void;
  setDomain(domain: number, index: number, vid: number): void;
  setAdmit(port: number, vid: number, domain: number): void;
  setMember(domain: number, port: number, leaves: number): void;
  leaveAll(port: number): void;
  clearCuts(): void;
  flushPort(port: number, vid: number): number;
  flushSwitch(index: number, vid: number): number;
  addStatic(domain: number, low: number, high: number, port: number): number;
  removeStatic(domain: number, low: number, high: number): void;
  restoreFdb(domain: number, low: number, high: number, port: number, ago: number): number;
  addForward(
    router: number, protocol: number, outside: number, port: number, inside: number, insidePort: number,
  ): number;
  removeForward(router: number, protocol: number, outside: number, port: number): void;
  endSessions(router: number): void;
  reroute(router: number): void;
  forgetNeighbors(port: number): void;
  announce(port: number): void;
  markPort(router: number, protocol: number, outside: number, port: number): void;
  endMarked(): void;
  endSessionsOf(outside: number): void;
  endSessionsAt(port: number): void;
  addNeighbor(port: number, address: number, low: number, high: number): number;
  restoreSession(left: number): number;
}
