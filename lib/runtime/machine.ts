/** What this machine and this build can do, as the addon tells it. Any thread; reads a few files each time. */

import { nativeAddon } from './native.js';

export interface Capabilities {
  readonly spec_layout_version: number;
  readonly region_layout_version: number;
  readonly cpus: {
    /** CPUs that this process may run on. */
    readonly allowed: readonly number[];
    readonly isolated: readonly number[];
    /** CPU seconds a second that it can get. */
    readonly share: number;
    /** Threads that may be busy all the time. */
    readonly threads: number;
    readonly quota: { readonly cpus: number; readonly group: string } | null;
  };
  /** The control group with the least room, or null where none limits memory. Bytes. */
  readonly memory: {
    readonly limit_bytes: number;
    readonly used_bytes: number;
    readonly room_bytes: number;
    readonly group: string;
  } | null;
  readonly features: { readonly lane_graph_journal: boolean; readonly lane_graph_fanout: boolean };
  readonly targets: readonly string[];
}

export function capabilities(): Capabilities {
  return JSON.parse(nativeAddon().capabilities()) as Capabilities;
}
