// The quickstart's guests at work: who they are, who talks to whom, and how they hang on the switch's memory ports.
// Owns the cast and the rhythm; the protocols are guest.ts's, the switch's configuration is quickstart.ts's.
// All guests believe that they are in one network, 10.0.0.0/16: only the VLANs keep them apart.

import { Guest, type GuestReport } from "./guest.js";
import { macText } from "../wire/packet.js";

/** How often `beat` is to be called. */
export const BEAT_MS = 50;

/** What a guest needs of a memory port. */
export interface FramePort {
  /** Hands frames to the switch; returns how many it took, the first ones. */
  sendBatch(frames: Uint8Array[]): number;
  onFrames(callback: (frames: Uint8Array[]) => void): void;
}

interface Role {
  name: string;
  port: string;
  vid: number;
  mac: string;
  address: string;
  /** Whether its frames carry the tag themselves. */
  tagged: boolean;
}

const CAST: readonly Role[] = [
  { name: "web", port: "web", vid: 10, mac: "02:00:00:00:10:01", address: "10.0.10.1/16", tagged: false },
  { name: "db", port: "db", vid: 10, mac: "02:00:00:00:10:02", address: "10.0.10.2/16", tagged: false },
  { name: "app", port: "app", vid: 10, mac: "02:00:00:00:10:03", address: "10.0.10.3/16", tagged: false },
  { name: "fw (10)", port: "fw", vid: 10, mac: "02:00:00:00:00:fe", address: "10.0.10.254/16", tagged: true },
  { name: "cam", port: "cam", vid: 20, mac: "02:00:00:00:20:01", address: "10.0.20.1/16", tagged: false },
  { name: "nvr", port: "nvr", vid: 20, mac: "02:00:00:00:20:02", address: "10.0.20.2/16", tagged: false },
  { name: "fw (20)", port: "fw", vid: 20, mac: "02:00:00:00:00:fe", address: "10.0.20.254/16", tagged: true },
];

interface Conversation {
  from: string;
  to: string;
  /** Every how many rounds it pings; 0: never. */
  pingRounds: number;
  /** Datagrams a round, and the bytes in each. */
  datagrams: number;
  size: number;
}

const CONVERSATIONS: readonly Conversation[] = [
  { from: "web", to: "db", pingRounds: 5, datagrams: 1, size: 64 },
  { from: "db", to: "app", pingRounds: 5, datagrams: 0, size: 0 },
  { from: "app", to: "db", pingRounds: 0, datagrams: 40, size: 512 },
  { from: "fw (10)", to: "web", pingRounds: 5, datagrams: 1, size: 64 },
  { from: "cam", to: "nvr", pingRounds: 5, datagrams: 5, size: 1200 },
  { from: "nvr", to: "cam", pingRounds: 10, datagrams: 0, size: 0 },
  { from: "fw (20)", to: "nvr", pingRounds: 5, datagrams: 1, size: 64 },
];

/** The one that must fail, and all that its guest pings: from VLAN 10 to VLAN 20, with no router between them. */
const INTRUSION: Conversation = { from: "app", to: "nvr", pingRounds: 10, datagrams: 0, size: 0 };

export interface GuestSeen extends GuestReport {
  name: string;
  vid: number;
}

export interface Intrusion {
  from: string;
  to: string;
  fromVid: number;
  toVid: number;
  tried: number;
  answered: number;
  /** Frames of the intruder that came out of an access port of the other VLAN. */
  leaked: number;
}

export interface LabReport {
  guests: GuestSeen[];
  intrusion: Intrusion;
  /** Frames that memory ports took: so many enter the switch, sooner or later. */
  given: number;
  /** Frames that a memory port did not take, since it was full or unplugged: they never entered the switch. */
  refused: number;
}

interface Member extends Role {
  guest: Guest;
}

export class Lab {
  readonly #now: () => number;
  readonly #members: Member[];
  readonly #ports = new Map<string, FramePort>();
  #beats = 0;
  #given = 0;
  #leaked = 0;
  #refused = 0;

  /** `find` gives the port of a name, `now` the time in ms, `random` a number as Math.random does. */
  constructor(find: (port: string) => FramePort, now: () => number, random: () => number) {
    this.#now = now;
    this.#members = CAST.map((role) => ({ ...role, guest: makeGuest(role, random) }));
    for (const { port } of CAST) {
      if (this.#ports.has(port)) continue;
      this.#ports.set(port, find(port));
      find(port).onFrames((frames) => this.#take(port, frames));
    }
  }

  /**
   * Lets every guest say what is due. Two beats are a round: datagrams at the first, pings at the second, so that a
   * round trip shows the switch and not how long this thread takes over a burst.
   */
  beat(): void {
    for (const { port, guest } of this.#members) this.#give(port, guest.poll(this.#now()));
    const round = Math.floor(this.#beats / 2);
    const speak = this.#beats % 2 === 0 ? this.#sendDatagrams : this.#ping;
    for (const conversation of [...CONVERSATIONS, INTRUSION]) speak.call(this, conversation, round);
    this.#beats++;
  }

  report(): LabReport {
    const guests = this.#members.map(({ name, vid, guest }) => ({ name, vid, ...guest.report() }));
    const { from, to } = INTRUSION;
    const intruder = this.#member(from);
    const { sent, answered } = intruder.guest.report().pings;
    return {
      guests,
      intrusion: {
        from, to, fromVid: intruder.vid, toVid: this.#member(to).vid, tried: sent, answered, leaked: this.#leaked,
      },
      given: this.#given,
      refused: this.#refused,
    };
  }

  #sendDatagrams({ from, to, datagrams, size }: Conversation): void {
    const { port, guest } = this.#member(from);
    const peer = this.#member(to).guest.address;
    const payload = new Uint8Array(size);
    this.#give(port, Array.from({ length: datagrams }, () => guest.sendUdp(peer, payload, this.#now())).flat());
  }

  #ping({ from, to, pingRounds }: Conversation, round: number): void {
    if (pingRounds === 0 || round % pingRounds !== 0) return;
    const { port, guest } = this.#member(from);
    this.#give(port, guest.ping(this.#member(to).guest.address, this.#now()));
  }

  #take(port: string, frames: Uint8Array[]): void {
    const nowMs = this.#now();
    for (const { vid, tagged, guest } of this.#members.filter((member) => member.port === port)) {
      if (!tagged && vid !== this.#member(INTRUSION.from).vid) this.#watch(frames);
      this.#give(port, frames.flatMap((frame) => guest.receive(frame, nowMs)));
    }
  }

  /** Looks for the intruder among the frames that came out in the other VLAN. */
  #watch(frames: Uint8Array[]): void {
    const intruder = this.#member(INTRUSION.from).mac;
    this.#leaked += frames.filter((frame) => frame.length >= 12 && macText(frame, 6) === intruder).length;
  }

  #give(port: string, frames: Uint8Array[]): void {
    if (frames.length === 0) return;
    const taken = this.#ports.get(port)?.sendBatch(frames) ?? 0;
    this.#given += taken;
    this.#refused += frames.length - taken;
  }

  #member(name: string): Member {
    const member = this.#members.find((candidate) => candidate.name === name);
    if (!member) throw new RangeError(`the quickstart has no guest "${name}"`);
    return member;
  }
}

function makeGuest({ mac, address, vid, tagged }: Role, random: () => number): Guest {
  return new Guest({ mac, address, ...(tagged ? { vlan: vid } : {}) }, random);
}
