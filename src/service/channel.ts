// How the services of a router (DHCP, DNS) speak to its networks: frames that the core hands up, and frames that
// go out of an interface. Owns the contract only; core/punt.ts carries it, each service is written against it.

/** An interface of a router, as its services see it. */
export interface Place {
  /** The interface's number in the core: what tells places apart. */
  readonly id: number;
  readonly router: string;
  /** Name of its switch; the router's own name for its uplink. */
  readonly switch: string;
  readonly vlan: number;
  /** Its MAC, lower case with colons. */
  readonly mac: string;
  /** Its IPv4 address, dotted; "0.0.0.0" for an uplink that has none yet. */
  readonly address: string;
  /** Length of its network's prefix, 0 to 32. */
  readonly prefix: number;
  /** Bytes of the longest packet that leaves here. */
  readonly mtu: number;
  readonly uplink: boolean;
}

/**
 * Sends a whole Ethernet frame, untagged, without FCS, out of an interface. False where there is no room: what is
 * lost is lost, as on any network.
 */
export type Transmit = (place: Place, frame: Uint8Array) => boolean;
