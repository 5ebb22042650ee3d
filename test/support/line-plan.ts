/** The smallest graph with journals: in → pass → out. */

export type Fsync = 'each_batch' | 'none' | { readonly interval_ms: number };
export const EVENTS = { kind: 'Events' } as const;

interface JournalOfTest {
  readonly kind: 'Journal';
  readonly fsync?: Fsync;
  readonly segment_bytes?: number;
}
interface EventsOfTest {
  readonly kind: 'Events';
  readonly capacity_bytes?: number;
}

type LaneOfTest = JournalOfTest | EventsOfTest;

/** The plan for records of another codec; see `linePlan`. */
export const linePlanOf = <C extends 'utf8' | 'bytes'>(codec: C, first: LaneOfTest, second: LaneOfTest = EVENTS) =>
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
export const linePlan = (first: LaneOfTest, second?: LaneOfTest) => linePlanOf('utf8', first, second);
