/** Two mistakes in one plan, in the same list or in different ones: both are reported, and nothing else is. */
import { describe, expect, it } from 'vitest';
import { validate } from '../../lib/validate/validate.js';

// biome-ignore lint/suspicious/noExplicitAny: a document is edited at any place of it.
type Doc = any;
type Mistake = readonly [code: string, path: string, make: (doc: Doc) => void];

const FIELDS = [
  { name: 'user', type: 'u64' },
  { name: 'ok', type: 'bool' },
  { name: 'text', type: 'utf8(8)' },
];

const ring = (): Doc => ({
  version: 2,
  name: 'ring',
  target: 'SingleRing',
  stages: [
    { id: 'clean', op: 'identity' },
    { id: 'errors', op: 'filter', config: { contains: 'E' } },
    { id: 'tally', op: 'count', config: { key: { kind: 'field', name: 'user' } } },
    { id: 'sum', op: 'checksum' },
    { id: 'reads', op: 'reject', config: { equals: 'x' } },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: { kind: 'struct', fields: structuredClone(FIELDS) } },
    { id: 'out', kind: 'egress', codec: { kind: 'struct', fields: structuredClone(FIELDS) } },
  ],
  single_ring: {
    stages: [
      { stage: 'clean' },
      { stage: 'errors', depends_on: ['clean'] },
      { stage: 'tally', depends_on: ['errors'] },
      { stage: 'sum', depends_on: ['errors'] },
      { stage: 'reads', depends_on: ['tally', 'sum'] },
    ],
    shards: 2,
    ordering: 'PerKey',
    shard_key: { kind: 'token', separator: ' ', index: 0 },
  },
});

const RING: readonly Mistake[] = [
  ['FIELD_MISSING', '/stages/0/op', (doc) => delete doc.stages[0].op],
  ['FIELD_UNKNOWN', '/stages/0/lable', (doc) => (doc.stages[0].lable = 'x')],
  ['FIELD_UNKNOWN', '/stages/1/config/invrt', (doc) => (doc.stages[1].config.invrt = true)],
  ['OP_UNKNOWN', '/stages/3/op', (doc) => (doc.stages[3].op = 'nothing')],
  ['FIELD_TYPE', '/stages/4/config/equals', (doc) => (doc.stages[4].config.equals = 7)],
  ['KEY_FIELD_UNKNOWN', '/stages/2/config/key/name', (doc) => (doc.stages[2].config.key.name = 'nothing')],
  ['FIELD_UNKNOWN', '/stages/2/config/key/extra', (doc) => (doc.stages[2].config.key.extra = 1)],
  ['RING_STAGE_UNKNOWN', '/single_ring/stages/0/stage', (doc) => (doc.single_ring.stages[0].stage = 'claen')],
  ['FIELD_TYPE', '/single_ring/stages/3/stage', (doc) => (doc.single_ring.stages[3].stage = null)],
  [
    'RING_DEPENDS_UNKNOWN',
    '/single_ring/stages/3/depends_on/0',
    (doc) => (doc.single_ring.stages[3].depends_on[0] = 'nobody'),
  ],
  [
    'RING_DEPENDS_SELF',
    '/single_ring/stages/2/depends_on/1',
    (doc) => doc.single_ring.stages[2].depends_on.push('tally'),
  ],
  [
    'RING_DEPENDS_DUPLICATE',
    '/single_ring/stages/4/depends_on/2',
    (doc) => doc.single_ring.stages[4].depends_on.push('sum'),
  ],
  ['FIELD_TYPE', '/single_ring/stages/4/depends_on/0', (doc) => (doc.single_ring.stages[4].depends_on[0] = 5)],
  ['RING_SHARDS', '/single_ring/shards', (doc) => (doc.single_ring.shards = 65)],
  ['RING_MPMC', '/single_ring/producer', (doc) => (doc.single_ring.producer = 'Mpmc')],
  ['FIELD_RANGE', '/single_ring/shard_key/index', (doc) => (doc.single_ring.shard_key.index = -1)],
  ['FIELD_LENGTH', '/single_ring/shard_key/separator', (doc) => (doc.single_ring.shard_key.separator = '')],
  ['CODEC_TYPE', '/boundaries/0/codec/fields/1/type', (doc) => (doc.boundaries[0].codec.fields[1].type = 'u128')],
  ['CODEC_TYPE', '/boundaries/1/codec/fields/0/type', (doc) => (doc.boundaries[1].codec.fields[0].type = 'int')],
  [
    'CODEC_FIELD_DUPLICATE',
    '/boundaries/1/codec/fields/2/name',
    (doc) => (doc.boundaries[1].codec.fields[2].name = 'ok'),
  ],
  ['FIELD_UNKNOWN', '/extra', (doc) => (doc.extra = 1)],
  ['ID_SYNTAX', '/name', (doc) => (doc.name = '2')],
];

const graph = (): Doc => ({
  version: 2,
  name: 'graph',
  target: 'LaneGraph',
  stages: [
    { id: 'left', op: 'identity' },
    { id: 'right', op: 'filter', config: { contains: 'E' } },
    { id: 'join', op: 'identity' },
    { id: 'tally', op: 'count' },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
    { id: 'more', kind: 'ingress' },
    { id: 'side', kind: 'egress' },
  ],
  lane_graph: {
    connections: [
      { from: 'in', to: 'left', lane: { kind: 'Events' } },
      { from: 'in', to: 'right', lane: { kind: 'Journal' } },
      { from: 'left', to: 'join', lane: { kind: 'SequencedSlots', capacity: 8, gating: 4 } },
      { from: 'right', to: 'join', lane: { kind: 'Events', capacity_bytes: 4096 } },
      { from: 'join', to: 'out', lane: { kind: 'Events' } },
      { from: 'more', to: 'tally', lane: { kind: 'Events' } },
      { from: 'tally', to: 'side', lane: { kind: 'Events' } },
    ],
    boundary_policy: { in: 'Broadcast', out: 'Ordered' },
  },
});

const GRAPH: readonly Mistake[] = [
  ['OP_UNKNOWN', '/stages/0/op', (doc) => (doc.stages[0].op = 'nothing')],
  ['OP_MATCHER', '/stages/1/config', (doc) => (doc.stages[1].config.equals = 'x')],
  ['FIELD_UNKNOWN', '/stages/3/colour', (doc) => (doc.stages[3].colour = 'red')],
  ['ID_DUPLICATE', '/boundaries/3/id', (doc) => (doc.boundaries[3].id = 'out')],
  ['FIELD_VALUE', '/boundaries/0/codec', (doc) => (doc.boundaries[0].codec = 'utf16')],
  ['GRAPH_END_UNKNOWN', '/lane_graph/connections/0/to', (doc) => (doc.lane_graph.connections[0].to = 'lfet')],
  ['GRAPH_END_UNKNOWN', '/lane_graph/connections/3/from', (doc) => (doc.lane_graph.connections[3].from = 'rihgt')],
  ['GRAPH_END_KIND', '/lane_graph/connections/5/to', (doc) => (doc.lane_graph.connections[5].to = 'more')],
  ['FIELD_TYPE', '/lane_graph/connections/4/from', (doc) => (doc.lane_graph.connections[4].from = null)],
  ['FIELD_VALUE', '/lane_graph/connections/1/lane/kind', (doc) => (doc.lane_graph.connections[1].lane.kind = 'Jurnal')],
  ['LANE_GATING', '/lane_graph/connections/2/lane/gating', (doc) => (doc.lane_graph.connections[2].lane.gating = 5)],
  [
    'FIELD_RANGE',
    '/lane_graph/connections/2/lane/capacity',
    (doc) => (doc.lane_graph.connections[2].lane.capacity = 0),
  ],
  [
    'FIELD_RANGE',
    '/lane_graph/connections/3/lane/capacity_bytes',
    (doc) => (doc.lane_graph.connections[3].lane.capacity_bytes = 1),
  ],
  [
    'FIELD_UNKNOWN',
    '/lane_graph/connections/3/lane/cpacity',
    (doc) => (doc.lane_graph.connections[3].lane.cpacity = 1),
  ],
  ['FIELD_VALUE', '/lane_graph/connections/6/on_full', (doc) => (doc.lane_graph.connections[6].on_full = 'Wait')],
  ['FIELD_UNKNOWN', '/lane_graph/connections/6/when', (doc) => (doc.lane_graph.connections[6].when = 'x')],
  ['POLICY_KIND', '/lane_graph/boundary_policy/in', (doc) => (doc.lane_graph.boundary_policy.in = 'Ordered')],
  ['FIELD_VALUE', '/lane_graph/boundary_policy/out', (doc) => (doc.lane_graph.boundary_policy.out = 'Sorted')],
  [
    'POLICY_BOUNDARY_UNKNOWN',
    '/lane_graph/boundary_policy/left',
    (doc) => (doc.lane_graph.boundary_policy.left = 'Broadcast'),
  ],
  [
    'POLICY_BOUNDARY_UNKNOWN',
    '/lane_graph/boundary_policy/zzz',
    (doc) => (doc.lane_graph.boundary_policy.zzz = 'Broadcast'),
  ],
  ['FIELD_UNKNOWN', '/lane_graph/extra', (doc) => (doc.lane_graph.extra = 1)],
];

/** Two mistakes at one place, or one inside the other, are one. */
const apart = ([, one]: Mistake, [, other]: Mistake): boolean =>
  !`${one}/`.startsWith(`${other}/`) && !`${other}/`.startsWith(`${one}/`);

const errorsOf = (doc: Doc): string[] =>
  validate(doc)
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(({ code, path }) => `${code} ${path}`);

describe.each([
  ['a ring', ring, RING],
  ['a graph', graph, GRAPH],
] as const)('%s', (_, valid, mistakes) => {
  it('is valid without a mistake', () => {
    expect(validate(valid()).diagnostics).toEqual([]);
  });

  it('with one mistake has one error', () => {
    for (const [code, path, make] of mistakes) {
      const doc = valid();
      make(doc);
      expect(errorsOf(doc)).toEqual([`${code} ${path}`]);
    }
  });

  it('with two mistakes has both errors', () => {
    const hidden: string[] = [];
    for (const [index, one] of mistakes.entries()) {
      for (const other of mistakes.slice(index + 1).filter((candidate) => apart(one, candidate))) {
        const doc = valid();
        one[2](doc);
        other[2](doc);
        const wanted = [one, other].map(([code, path]) => `${code} ${path}`).sort();
        const found = errorsOf(doc).sort();
        if (found.join('\n') !== wanted.join('\n')) hidden.push(`${wanted.join(' + ')} gave ${found.join(', ')}`);
      }
    }
    expect(hidden).toEqual([]);
  });
});
