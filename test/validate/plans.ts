/** Two small valid plans, and edits of their text. */

export const RING = `version: 2
name: orders
target: SingleRing
stages:
  - { id: clean, op: identity }
  - { id: errors, op: filter, config: { contains: ERROR } }
  - { id: tag, op: append, config: { text: "!" } }
boundaries:
  - { id: in, kind: ingress, codec: utf8 }
  - { id: out, kind: egress }
single_ring:
  stages:
    - { stage: clean }
    - { stage: errors, depends_on: [clean] }
    - { stage: tag, depends_on: [clean, errors] }
`;

export const GRAPH = `version: 2
name: fan
target: LaneGraph
stages:
  - { id: left, op: identity }
  - { id: right, op: identity }
  - { id: join, op: identity }
boundaries:
  - { id: in, kind: ingress }
  - { id: out, kind: egress }
lane_graph:
  connections:
    - { from: in, to: left, lane: { kind: Events } }
    - { from: in, to: right, lane: { kind: Journal, fsync: none } }
    - { from: left, to: join, lane: { kind: SequencedSlots, capacity: 64, gating: 4 } }
    - { from: right, to: join, lane: { kind: Events } }
    - { from: join, to: out, lane: { kind: Events } }
`;

/** The text with each pair's first part, which must stand in it, replaced by the second. */
export function edited(text: string, ...edits: readonly (readonly [string, string])[]): string {
  return edits.reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`the plan does not hold ${from}`);
    return result.replace(from, () => to);
  }, text);
}

/** A ring with one stage whose entry is given. */
export function ringOf(stage: string): string {
  return `version: 2
name: one
target: SingleRing
stages:
  - ${stage}
boundaries:
  - { id: in, kind: ingress }
  - { id: out, kind: egress }
single_ring:
  stages: [{ stage: a }]
`;
}

/** The graph with a broadcast from \`in\` to both sides. */
export const BROADCAST = edited(
  GRAPH,
  ['to: left, lane: { kind: Events }', 'to: left, lane: { kind: FanoutBroadcast, consumers: 2 }'],
  ['to: right, lane: { kind: Journal, fsync: none }', 'to: right, lane: { kind: FanoutBroadcast, consumers: 2 }'],
);
