import fc from 'fast-check';
import type { BoundaryEntry, Key, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';

/** Random SingleRing plans that validation accepts: chains of any ops, or any order of ops that only read. */

const text = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' });
const matcher = fc.constantFrom('contains', 'starts_with', 'ends_with', 'equals');
const key: fc.Arbitrary<Key> = fc.oneof(
  fc.record({ kind: fc.constant('bytes' as const), offset: fc.nat(1000), length: fc.integer({ min: 1, max: 64 }) }),
  fc.record({ kind: fc.constant('token' as const), separator: fc.constantFrom(' ', ', ', '→'), index: fc.nat(9) }),
  fc.record({ kind: fc.constant('json' as const), pointer: fc.constantFrom('', '/a', '/a/0/b~1c') }),
);
const match = fc
  .tuple(matcher, text, fc.option(fc.boolean(), { nil: undefined }))
  .map(([name, needle, invert]) => ({ [name]: needle, ...(invert === undefined ? {} : { invert }) }));

type Op = Pick<StageEntry, 'op' | 'config'>;

const reading: fc.Arbitrary<Op> = fc.oneof(
  fc.constantFrom<Op>({ op: 'identity' }, { op: 'checksum' }, { op: 'count' }, { op: 'count', config: {} }),
  match.map((config) => ({ op: 'filter', config })),
  match.map((config) => ({ op: 'reject', config })),
  key.map((found) => ({ op: 'count', config: { key: found } })),
);
const writing: fc.Arbitrary<Op> = fc.oneof(
  text.map((affix) => ({ op: 'prepend', config: { text: affix } })),
  text.map((affix) => ({ op: 'append', config: { text: affix } })),
  fc.constantFrom<Op>({ op: 'js:score', config: { a: [1, 'x'] } }, { op: 'native:pack' }),
);

/** For each entry the indices of those it depends on. */
const chainShape = (length: number): fc.Arbitrary<number[][]> =>
  fc.constant(Array.from({ length }, (_, at) => (at === 0 ? [] : [at - 1])));
const anyShape = (length: number): fc.Arbitrary<number[][]> =>
  fc.tuple(
    ...Array.from({ length }, (_, at) =>
      at === 0 ? fc.constant<number[]>([]) : fc.shuffledSubarray([...Array(at).keys()]),
    ),
  );

const boundaries: fc.Arbitrary<BoundaryEntry[]> = fc
  .tuple(
    fc.constantFrom<Partial<BoundaryEntry>>(
      {},
      { codec: 'utf8' },
      { codec: { kind: 'json' } },
      {
        codec: {
          kind: 'struct',
          fields: [
            { name: 'a', type: 'u8' },
            { name: 'b', type: 'i64' },
          ],
        },
      },
    ),
    fc.boolean(),
  )
  .map(([codec, swapped]) => {
    const both: BoundaryEntry[] = [
      { id: 'in', kind: 'ingress', ...codec },
      { id: 'out', kind: 'egress' },
    ];
    return swapped ? both.reverse() : both;
  });

const shape = fc
  .integer({ min: 1, max: 12 })
  .chain((length) =>
    fc.oneof(
      fc.record({ order: chainShape(length), ops: fc.array(fc.oneof(reading, writing), sized(length)) }),
      fc.record({ order: anyShape(length), ops: fc.array(reading, sized(length)) }),
    ),
  );

function sized(length: number): fc.ArrayConstraints {
  return { minLength: length, maxLength: length };
}

export const ringPlans: fc.Arbitrary<SingleRingPlan> = fc
  .record({ shape, boundaries, shards: fc.constantFrom(undefined, 1, 2, 64), key })
  .map(({ shape: { order, ops }, boundaries: ends, shards, key: shardKey }): SingleRingPlan => {
    const id = (at: number): string => `s${at}`;
    const sharded = shards === undefined ? {} : { shards, ordering: 'PerKey' as const, shard_key: shardKey };
    return {
      version: 2,
      name: 'random',
      target: 'SingleRing',
      stages: ops.map((op, at) => ({ id: id(at), ...op })),
      boundaries: ends,
      single_ring: {
        stages: order.map((dependencies, at) => ({ stage: id(at), depends_on: dependencies.map(id) })),
        ...sharded,
      },
    };
  });
