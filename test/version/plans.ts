import type { LaneGraphPlan, SingleRingPlan } from '../../lib/plan/document.js';

/** A ring plan that uses every field, with no default left out. */
export const fullRing: SingleRingPlan = {
  version: 2,
  name: 'full-ring',
  target: 'SingleRing',
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'bytes' },
  ],
  stages: [
    { id: 'keep', op: 'filter', config: { contains: 'a="b"\n', invert: false } },
    { id: 'users', op: 'count', config: { key: { kind: 'json', pointer: '/user/id' } } },
    { id: 'sum', op: 'checksum' },
    { id: 'score', op: 'js:score', config: { 'a.b': [1, -0.5, { '0': null }], empty: {}, none: [], on: true } },
  ],
  single_ring: {
    stages: [
      { stage: 'keep', depends_on: [] },
      { stage: 'users', depends_on: ['keep'] },
      { stage: 'sum', depends_on: ['keep'] },
      { stage: 'score', depends_on: ['users', 'sum'] },
    ],
    shards: 4,
    ordering: 'PerKey',
    producer: 'Single',
    scheduling: 'Dedicated',
    shard_key: { kind: 'token', separator: ' ', index: 2 },
  },
};

/** A graph plan that uses every field, with no default left out. */
export const fullGraph: LaneGraphPlan = {
  version: 2,
  name: 'full-graph',
  target: 'LaneGraph',
  boundaries: [
    {
      id: 'events',
      kind: 'ingress',
      codec: {
        kind: 'struct',
        fields: [
          { name: 'host', type: 'utf8(12)' },
          { name: 'size', type: 'u64' },
        ],
      },
    },
    { id: 'out', kind: 'egress', codec: 'bytes' },
  ],
  stages: [
    { id: 'left', op: 'identity' },
    { id: 'right', op: 'append', config: { text: '✓' } },
  ],
  lane_graph: {
    connections: [
      {
        from: 'events',
        to: 'left',
        lane: { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 4096 },
        on_full: 'Block',
      },
      {
        from: 'events',
        to: 'right',
        lane: { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 4096 },
        on_full: 'Block',
      },
      { from: 'left', to: 'out', lane: { kind: 'Journal', fsync: 'each_batch', retain_ms: 60000 }, on_full: 'Drop' },
      { from: 'right', to: 'out', lane: { kind: 'SequencedSlots', capacity: 64, gating: 4 }, on_full: 'Block' },
    ],
    boundary_policy: { events: 'Broadcast', out: 'Ordered' },
    on_full: 'Block',
  },
};
