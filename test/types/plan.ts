/** Compile-time tests of `definePlan` and the types derived from a plan. Checked by tsc; each line must or must not compile. */
import { definePlan } from '../../lib/plan/builder.js';
import type { CheckedPlan, PipelinePlanV2 } from '../../lib/plan/document.js';
import type { EgressIds, IngressIds, RecordOf, RecordOfBoundary, StageIds } from '../../lib/plan/infer.js';
import { validate } from '../../lib/validate/validate.js';
import { type Equal, proven } from './document.js';

const ring = definePlan({
  version: 2,
  name: 'orders',
  target: 'SingleRing',
  stages: [
    { id: 'errors', op: 'filter', config: { contains: 'ERROR', invert: true } },
    { id: 'tag', op: 'append', config: { text: '!' } },
    { id: 'mine', op: 'js:mine', config: { anything: [1, null] } },
  ],
  boundaries: [
    {
      id: 'in',
      kind: 'ingress',
      codec: {
        kind: 'struct',
        fields: [
          { name: 'user', type: 'u64' },
          { name: 'ok', type: 'bool' },
        ],
      },
    },
    { id: 'out', kind: 'egress', codec: 'utf8' },
  ],
  single_ring: {
    stages: [
      { stage: 'errors' },
      { stage: 'tag', depends_on: ['errors'] },
      { stage: 'mine', depends_on: ['errors', 'tag'] },
    ],
    shards: 4,
    ordering: 'PerKey',
    shard_key: { kind: 'field', name: 'user' },
  },
});

proven<Equal<StageIds<typeof ring>, 'errors' | 'tag' | 'mine'>>();
proven<Equal<IngressIds<typeof ring>, 'in'>>();
proven<Equal<EgressIds<typeof ring>, 'out'>>();
proven<Equal<RecordOfBoundary<typeof ring, 'in'>, { user: bigint; ok: boolean }>>();
proven<Equal<RecordOfBoundary<typeof ring, 'out'>, string>>();
// @ts-expect-error there is no boundary of that name.
proven<Equal<RecordOfBoundary<typeof ring, 'inn'>, string>>();

const result = validate(ring);
if (result.ok) {
  proven<Equal<IngressIds<typeof result.plan>, 'in'>>();
  const plan: CheckedPlan = result.plan;
  // @ts-expect-error a document is not a checked plan.
  const unchecked: CheckedPlan = ring;
  void [plan, unchecked];
}
// @ts-expect-error a plan must not be used before `ok` was looked at.
void result.plan;

const graph = definePlan({
  version: 2,
  name: 'fan',
  target: 'LaneGraph',
  stages: [
    { id: 'a', op: 'identity' },
    { id: 'b', op: 'count', config: { key: { kind: 'json', pointer: '/user' } } },
  ],
  boundaries: [
    { id: 'left', kind: 'ingress' },
    { id: 'right', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress' },
  ],
  lane_graph: {
    connections: [
      { from: 'left', to: 'a', lane: { kind: 'Events' } },
      { from: 'left', to: 'b', lane: { kind: 'SequencedSlots', capacity: 64, gating: 4 } },
      { from: 'right', to: 'a', lane: { kind: 'Journal', fsync: { interval_ms: 5 } }, on_full: 'Drop' },
      { from: 'a', to: 'out', lane: { kind: 'Events' } },
    ],
    boundary_policy: { left: { kind: 'KeyHash', key: { kind: 'token', separator: ' ', index: 0 } }, out: 'Interleave' },
  },
});
proven<Equal<IngressIds<typeof graph>, 'left' | 'right'>>();
proven<Equal<RecordOfBoundary<typeof graph, 'left'>, Uint8Array>>();
proven<Equal<RecordOfBoundary<typeof graph, 'right'>, string>>();

// A plain object `as const` gives the same names.
const plain = {
  version: 2,
  name: 'plain',
  target: 'SingleRing',
  stages: [{ id: 'a', op: 'identity' }],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress' },
  ],
  single_ring: { stages: [{ stage: 'a' }] },
} as const satisfies PipelinePlanV2;
proven<Equal<IngressIds<typeof plain>, 'in'>>();
proven<Equal<RecordOfBoundary<typeof plain, 'in'>, string>>();
proven<Equal<RecordOfBoundary<typeof plain, 'out'>, Uint8Array>>();

// A plan whose names are not known to the compiler has handles for any name.
proven<Equal<IngressIds<PipelinePlanV2>, string>>();
proven<Equal<IngressIds<CheckedPlan>, string>>();
proven<Equal<RecordOf<undefined>, Uint8Array>>();
proven<Equal<RecordOf<'json'>, unknown>>();
type Wide = RecordOfBoundary<PipelinePlanV2, string>;
export const wide: Wide[] = [new Uint8Array(), 'text', { any: 1n }];

/** The parts of a small ring that is right; each case below breaks one thing. */
const head = { version: 2, name: 'x', target: 'SingleRing' } as const;
const boundaries = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
] as const;
const stages = [
  { id: 'a', op: 'identity' },
  { id: 'b', op: 'identity' },
] as const;

definePlan({ ...head, stages, boundaries, single_ring: { stages: [{ stage: 'a' }, { stage: 'b', depends_on: [] }] } });
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error the catalog has no stage c.
  single_ring: { stages: [{ stage: 'a' }, { stage: 'c', depends_on: ['a'] }] },
});
definePlan({
  ...head,
  stages,
  boundaries,
  single_ring: {
    stages: [
      // @ts-expect-error b stands later.
      { stage: 'a', depends_on: ['b'] },
      { stage: 'b', depends_on: ['a'] },
    ],
  },
});
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error b depends on itself.
  single_ring: { stages: [{ stage: 'a' }, { stage: 'b', depends_on: ['b'] }] },
});
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error only the first entry may leave depends_on out.
  single_ring: { stages: [{ stage: 'a' }, { stage: 'b' }] },
});
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error a stands twice and b nowhere.
  single_ring: { stages: [{ stage: 'a' }, { stage: 'a', depends_on: [] }] },
});
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error b does not stand in the ring.
  single_ring: { stages: [{ stage: 'a' }] },
});
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error the field is called shards.
  single_ring: { stages: [{ stage: 'a' }, { stage: 'b', depends_on: ['a'] }], shrads: 2 },
});
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error Mpmc is rejected by every validation.
  single_ring: { stages: [{ stage: 'a' }, { stage: 'b', depends_on: ['a'] }], producer: 'Mpmc' },
});
definePlan({
  ...head,
  stages,
  boundaries,
  // @ts-expect-error a field key needs a struct.
  single_ring: { stages: [{ stage: 'a' }, { stage: 'b', depends_on: ['a'] }], shard_key: { kind: 'field', name: 'u' } },
});
definePlan({
  ...head,
  stages,
  boundaries: [
    // @ts-expect-error this version knows no schemas.
    { id: 'in', kind: 'ingress', codec: { kind: 'json', schema: {} } },
    { id: 'out', kind: 'egress', codec: { kind: 'json' } },
  ],
  single_ring: { stages: [{ stage: 'a' }, { stage: 'b', depends_on: ['a'] }] },
});
definePlan({
  ...head,
  boundaries: [
    // @ts-expect-error one namespace, and b is a stage.
    { id: 'b', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ],
  stages,
  single_ring: { stages: [{ stage: 'a' }, { stage: 'b', depends_on: ['a'] }] },
});

const one = { boundaries, single_ring: { stages: [{ stage: 'a' }] } } as const;
definePlan({ ...head, ...one, stages: [{ id: 'a', op: 'set_field', config: { field: 'price', add: '1' } }] });
// @ts-expect-error one way to make the new value.
definePlan({ ...head, ...one, stages: [{ id: 'a', op: 'set_field', config: { field: 'price', add: 1, from: 'b' } }] });
// @ts-expect-error a way to make the new value.
definePlan({ ...head, ...one, stages: [{ id: 'a', op: 'set_field', config: { field: 'price' } }] });
// @ts-expect-error filter needs a config.
definePlan({ ...head, ...one, stages: [{ id: 'a', op: 'filter' }] });
// @ts-expect-error exactly one way to match.
definePlan({ ...head, ...one, stages: [{ id: 'a', op: 'filter', config: { contains: 'x', equals: 'y' } }] });
// @ts-expect-error identity takes no config.
definePlan({ ...head, ...one, stages: [{ id: 'a', op: 'identity', config: { text: 'x' } }] });
// @ts-expect-error there is no such op.
definePlan({ ...head, ...one, stages: [{ id: 'a', op: 'upper' }] });

const lanes = { version: 2, name: 'g', target: 'LaneGraph', boundaries, stages } as const;
const events = { kind: 'Events' } as const;
const connect = { ...lanes, lane_graph: { connections: [{ from: 'in', to: 'a', lane: events }] } } as const;
definePlan(connect);
// @ts-expect-error the plan has no c.
definePlan({ ...lanes, lane_graph: { connections: [{ from: 'in', to: 'c', lane: events }] } });
// @ts-expect-error an egress is not a beginning.
definePlan({ ...lanes, lane_graph: { connections: [{ from: 'out', to: 'a', lane: events }] } });
// @ts-expect-error an ingress does not lead to an egress.
definePlan({ ...lanes, lane_graph: { connections: [{ from: 'in', to: 'out', lane: events }] } });
// @ts-expect-error a stage does not lead to itself.
definePlan({ ...lanes, lane_graph: { connections: [{ from: 'a', to: 'a', lane: events }] } });
// @ts-expect-error a connection states its lane.
definePlan({ ...lanes, lane_graph: { connections: [{ from: 'in', to: 'a' }] } });
// @ts-expect-error Ordered is for an egress.
definePlan({ ...lanes, lane_graph: { ...connect.lane_graph, boundary_policy: { in: 'Ordered' } } });
// @ts-expect-error a policy is for a boundary.
definePlan({ ...lanes, lane_graph: { ...connect.lane_graph, boundary_policy: { a: 'Broadcast' } } });
definePlan({
  ...lanes,
  // @ts-expect-error gating has one value.
  lane_graph: { connections: [{ from: 'in', to: 'a', lane: { kind: 'SequencedSlots', capacity: 4, gating: 2 } }] },
});
// @ts-expect-error the payload of the other target.
definePlan({ ...connect, single_ring: { stages: [] } });

// Lists that are made at run time have names that the compiler does not know; they compile and are validated.
const names = ['a', 'b', 'c'];
definePlan({
  ...head,
  stages: names.map((id) => ({ id, op: 'identity' as const })),
  boundaries: names.map((id) => ({ id: `in-${id}`, kind: 'ingress' as const })),
  single_ring: {
    stages: names.map((stage, index) => ({ stage, depends_on: names.slice(0, index) })),
    shard_key: { kind: 'field', name: 'user' },
  },
});
definePlan({
  ...lanes,
  stages: names.map((id) => ({ id, op: 'identity' as const })),
  boundaries: names.map((id) => ({ id: `in-${id}`, kind: 'ingress' as const })),
  lane_graph: { connections: names.map((from) => ({ from, to: 'out', lane: events })) },
});
