/** What this machine and this build can do, as the addon tells it. Any thread; reads a few files each time. */

import { nativeAddon } from './native.js';

/** What this machine and this build can do. */
export interface Capabilities {
  /** Version of the buffer that `compile` makes. */
  readonly spec_layout_version: number;
  /** Version of the memory that `attach` and `readSnapshot` read. */
  readonly region_layout_version: number;
  /** CPUs and CPU time that this process can get. */
  readonly cpus: {
    /** CPUs that this process may run on. */
    readonly allowed: readonly number[];
    /** CPUs that the kernel keeps free of other threads. */
    readonly isolated: readonly number[];
    /** CPU seconds a second that it can get. */
    readonly share: number;
    /** Threads that may be busy all the time. */
    readonly threads: number;
    /** The control group that grants the least CPU time, or null where none limits it. */
    readonly quota: {
      /** CPU seconds a second. */
      readonly cpus: number;
      /** Path of the control group. */
      readonly group: string;
    } | null;
  };
  /** The control group with the least room, or null where none limits memory. Bytes. */
  readonly memory: {
    /** Bytes that the group may use. */
    readonly limit_bytes: number;
    /** Bytes that it uses. */
    readonly used_bytes: number;
    /** Bytes that are left. */
    readonly room_bytes: number;
    /** Path of the control group. */
    readonly group: string;
  } | null;
  /** What plans may ask for. */
  readonly features: {
    /** Journal lanes. */
    readonly lane_graph_journal: boolean;
    /** FanoutBroadcast lanes. */
    readonly lane_graph_fanout: boolean;
    /** Whether this build can read JSON in expressions. */
    readonly json_expressions: boolean;
  };
  /** The adapters that the core has. */
  readonly adapters: readonly {
    /** The word of `adapter`. */
    readonly adapter: string;
    /** May run an ingress. */
    readonly ingress: boolean;
    /** May run an egress. */
    readonly egress: boolean;
  }[];
  /** Execution models that run. */
  readonly targets: readonly string[];
}

/**
 * What this machine and this build can do. Any thread; reads a few files each time.
 * @throws OpenError when the native core cannot be loaded
 */
export function capabilities(): Capabilities {
  return JSON.parse(nativeAddon().capabilities()) as Capabilities;
}
