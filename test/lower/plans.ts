import type {
  CheckedPlan,
  Codec,
  PipelinePlanV2,
  RingStage,
  SingleRingPlan,
  StageEntry,
} from '../../lib/plan/document.js';
import { validate } from '../../lib/validate/validate.js';
import { PlanError } from '../../lib/version/plan-error.js';

/** A plan that a test means to be right. */
export function checked<P extends PipelinePlanV2>(plan: P): CheckedPlan<P> {
  const validation = validate(plan as unknown);
  if (!validation.ok) throw new PlanError(validation.diagnostics);
  return validation.plan as unknown as CheckedPlan<P>;
}

type RingOptions = Partial<Omit<SingleRingPlan['single_ring'], 'stages'>> & Partial<Pick<SingleRingPlan, 'boundaries'>>;

/** A ring from `[id, op, depends_on, config]` rows, in topological order. */
export function ring(
  name: string,
  rows: readonly (readonly [string, string, readonly string[], unknown?])[],
  { boundaries, ...options }: RingOptions = {},
): CheckedPlan<SingleRingPlan> {
  const catalog = rows.map(
    ([id, op, , config]): StageEntry => (config === undefined ? { id, op } : { id, op, config }),
  );
  const stages = rows.map(([stage, , depends_on]): RingStage => ({ stage, depends_on }));
  const ends: SingleRingPlan['boundaries'] = boundaries ?? [
    { id: 'in', kind: 'ingress' },
    { id: 'out', kind: 'egress' },
  ];
  return checked({
    version: 2,
    name,
    target: 'SingleRing',
    stages: catalog,
    boundaries: ends,
    single_ring: { stages, ...options },
  });
}

/** in ─▶ a ─▶ b ─▶ c ─▶ out */
export const chain = ring('chain', [
  ['errors', 'filter', [], { contains: 'ERROR' }],
  ['stamp', 'prepend', ['errors'], { text: '[x] ' }],
  ['sum', 'checksum', ['stamp']],
]);

/** One filter before both arms, one inside an arm. */
export const diamond = ring('diamond', [
  ['head', 'filter', [], { starts_with: '{' }],
  ['left', 'filter', ['head'], { contains: '"level"', invert: true }],
  ['right', 'count', ['head'], { key: { kind: 'json', pointer: '/user' } }],
  ['tail', 'reject', ['left', 'right'], { equals: '{}' }],
]);

/** Eight stages: a chain of two, a fan of three, a join, and two terminals. */
export const eight = ring('eight', [
  ['a', 'prepend', [], { text: 'é' }],
  ['b', 'append', ['a'], { text: '!' }],
  ['c', 'filter', ['b'], { contains: 'c' }],
  ['d', 'filter', ['b'], { ends_with: 'd!' }],
  ['e', 'identity', ['b']],
  ['f', 'count', ['c', 'd', 'e']],
  ['g', 'checksum', ['f']],
  ['h', 'reject', ['d', 'f'], { equals: '' }],
]);

/** Four shards by a struct field, and the Fixed layout. */
export const shards = ring(
  'shards',
  [
    ['all', 'identity', []],
    ['per-user', 'count', ['all'], { key: { kind: 'field', name: 'user' } }],
  ],
  {
    shards: 4,
    ordering: 'PerKey',
    shard_key: { kind: 'field', name: 'host' },
    boundaries: [
      {
        id: 'events',
        kind: 'ingress',
        codec: {
          kind: 'struct',
          fields: [
            { name: 'level', type: 'u8' },
            { name: 'host', type: 'utf8(12)' },
            { name: 'user', type: 'u64' },
          ],
        },
      },
      { id: 'out', kind: 'egress' },
    ],
  },
);

const reading: Codec = {
  kind: 'struct',
  fields: [
    { name: 'seen', type: 'bool' },
    { name: 'sensor', type: 'utf8(6)' },
    { name: 'value', type: 'f32' },
    { name: 'count', type: 'u64' },
    { name: 'total', type: 'u64' },
    { name: 'tag', type: 'bytes(3)' },
  ],
};

/** Stages that write structs in place, so that the ring stays Fixed. */
export const fields = ring(
  'fields',
  [
    ['mark', 'set_field', [], { field: 'seen', value: true }],
    ['name', 'set_field', ['mark'], { field: 'sensor', value: 'é1' }],
    ['more', 'set_field', ['name'], { field: 'count', add: '18446744073709551615' }],
    ['copy', 'set_field', ['more'], { field: 'total', from: 'count' }],
    ['tag', 'set_field', ['copy'], { field: 'tag', value: '00FFab' }],
    ['warm', 'set_field', ['tag'], { field: 'value', add: -1.5 }],
  ],
  {
    boundaries: [
      { id: 'in', kind: 'ingress', codec: reading },
      { id: 'out', kind: 'egress', codec: reading },
    ],
  },
);

/** Ops of callers: taken as writers that may filter and fail. */
export const callers = ring('callers', [
  ['score', 'js:score', [], { threshold: 0.5, tags: ['a', 'b.c'] }],
  ['pack', 'native:pack', ['score']],
]);
