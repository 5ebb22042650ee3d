/** Plans for tests of the command line. */

export interface StageText {
  readonly id: string;
  readonly op: string;
  readonly config?: unknown;
  readonly on_error?: string;
  readonly depends_on?: readonly string[];
}

/** A SingleRing plan as JSON, which is YAML too. Stages without `depends_on` follow the one before. */
export function ringPlan(stages: readonly StageText[], ring: object = {}): string {
  const entries = stages.map(({ id, depends_on }, index) => ({
    stage: id,
    depends_on: depends_on ?? (index === 0 ? [] : [stages[index - 1]?.id]),
  }));
  return JSON.stringify(
    {
      version: 2,
      name: 'demo',
      target: 'SingleRing',
      stages: stages.map(({ depends_on: _, ...stage }) => stage),
      boundaries: [
        { id: 'in', kind: 'ingress' },
        { id: 'out', kind: 'egress' },
      ],
      single_ring: { stages: entries, ...ring },
    },
    null,
    2,
  );
}

export const IDENTITY_PLAN = ringPlan([{ id: 'pass', op: 'identity' }]);

export const YAML_PLAN = `# keeps errors and counts them
version: 2
name: errors
target: SingleRing
stages:
  - { id: keep, op: filter, config: { contains: ERROR } }
  - { id: total, op: count }
boundaries:
  - { id: in, kind: ingress }
  - { id: out, kind: egress }
single_ring:
  stages:
    - { stage: keep }
    - { stage: total, depends_on: [keep] }
`;

export const GRAPH_PLAN = JSON.stringify({
  version: 2,
  name: 'graph',
  target: 'LaneGraph',
  stages: [{ id: 'pass', op: 'identity' }],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  lane_graph: {
    connections: [
      { from: 'in', to: 'pass', lane: { kind: 'Events' } },
      { from: 'pass', to: 'out', lane: { kind: 'Journal' } },
    ],
  },
});

/** One ingress into two stages, both to one egress: a router and a merge are inserted. */
export const BRANCHING_PLAN = JSON.stringify({
  version: 2,
  name: 'branching',
  target: 'LaneGraph',
  stages: ['left', 'right'].map((id) => ({ id, op: 'identity' })),
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  lane_graph: {
    connections: [
      { from: 'in', to: 'left', lane: { kind: 'Events' } },
      { from: 'in', to: 'right', lane: { kind: 'Events' } },
      { from: 'left', to: 'out', lane: { kind: 'Events' } },
      { from: 'right', to: 'out', lane: { kind: 'Events' } },
    ],
  },
});
