// The codes of EngineError, for programs to tell refusals apart: the one list, from which the type is derived, and
// which docs/library.md repeats (a test compares them). Add, never rename.

/** What each code says. */
export const ERROR_CODES = {
  ADDON_MISSING: "the port needs the native addon, which is missing; the message says why",
  BENCH: "a benchmark did not do the work that it measures",
  BUSY: "too many captures and event streams are open",
  CAPTURE: "the file that a capture is to be written to cannot be had",
  CLOSED: "the memory port was removed from the engine",
  CONTROL_IN_USE: "another engine listens at the control socket",
  CONTROL_NOT_A_SOCKET: "a file that is not a socket is at the control socket's path",
  CONTROL_PATH: "the control socket's path is too long",
  CONTROL_UNWRITABLE: "the control socket cannot be made in its directory",
  CORE_MISMATCH: "the compiled core and the host are of different builds",
  CORE_MISSING: "the compiled core is missing",
  FILTER: "a capture filter cannot be parsed or compiled",
  FORWARD: "the rule is not a valid forward",
  FORWARD_EXISTS: "the router has this forward already",
  FULL: "a table of the engine is full: ports, VLANs, MACs, rules",
  INTERFACE: "the network device cannot be opened",
  MEMORY: "the address space for the engine's memory cannot be reserved",
  MEMORY_PORT: "a memory port cannot be added through the control API: only the embedding program has its other end",
  NOT_MEMORY: "the port is not a memory port",
  NO_FORWARD: "the router has no such forward",
  NO_PORT: "the switch has no such port",
  NO_ROUTER: "the engine has no such router",
  NO_SWITCH: "the engine has no such switch",
  PCAP: "the capture file cannot be opened, read or written",
  POLL: "the option `poll` is not one of its values",
  PORT_EXISTS: "the switch has a port of this name already",
  PORT_MIRRORED: "a mirror refers to the port",
  QUEUES: "the port has more queues than there are workers",
  STATE: "the state file's path leads to what is no regular file",
  STATE_IN_USE: "another engine keeps its state in the file",
  STOPPED: "the engine has stopped",
  STREAM: "the stream socket cannot be opened",
  TAP: "the TAP device cannot be opened or changed",
  USAGE: "an argument of a benchmark is wrong",
  WORKER: "a worker did not start, ended by itself or does not answer",
  WORKERS: "the option `workers` is out of range",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
