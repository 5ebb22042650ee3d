/** The smallest graph: in → pass → out. */

import type { Codec, LaneGraphPlan } from '../../lib/plan/document.js';

export type Fsync = 'each_batch' | 'none' | { readonly interval_ms: number };
type Lane = LaneGraphPlan['lane_graph']['connections'][number]['lane'];

/** The plan for records of another codec; see `linePlan`. */
export const linePlanOf = <C extends Codec>(codec: C, first: Lane, second: Lane = { kind: 'Events' }) =>
  ({
    version: 2,
    name: 'line',
    target: 'LaneGraph',
    stages: [{ id: 'pass', op: 'identity' }],
    boundaries: [
      { id: 'in', kind: 'ingress', codec },
      { id: 'out', kind: 'egress', codec },
    ],
    lane_graph: {
      connections: [
        { from: 'in', to: 'pass', lane: first },
        { from: 'pass', to: 'out', lane: second },
      ],
    },
  }) as const;

/** `first` is the lane before the stage, which the ingress can await; `second` is the lane behind it. */
export const linePlan = (first: Lane, second?: Lane) => linePlanOf('utf8', first, second);
