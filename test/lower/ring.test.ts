import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { enums } from '../../lib/abi/definition.js';
import { encodeSpec, lower } from '../../lib/lower/index.js';
import type { CheckedPlan, SingleRingPlan } from '../../lib/plan/document.js';
import { decodeSpec } from '../support/spec/decode.js';
import { ringPlans } from './arbitrary.js';
import { hexDump } from './hex.js';
import { callers, chain, checked, diamond, eight, fields, ring, shards } from './plans.js';
import { specJson } from './spec-json.js';

const golden: readonly (readonly [string, CheckedPlan<SingleRingPlan>])[] = [
  ['chain', chain],
  ['diamond', diamond],
  ['eight', eight],
  ['shards', shards],
  ['callers', callers],
  ['fields', fields],
];

describe('lowering a ring', () => {
  it.each(golden)('gives the golden spec and buffer for %s', async (name, plan) => {
    const spec = lower(plan);
    await expect(`${specJson(spec)}\n`).toMatchFileSnapshot(`golden/${name}.spec.json`);
    await expect(hexDump(encodeSpec(spec))).toMatchFileSnapshot(`golden/${name}.spec.hex`);
    expect(decodeSpec(encodeSpec(spec))).toEqual(spec);
  });

  it('does not depend on the order of the catalog', () => {
    const shuffled = { ...eight, stages: [...eight.stages].reverse(), boundaries: [...eight.boundaries].reverse() };
    expect(encodeSpec(lower(checked(shuffled)))).toEqual(encodeSpec(lower(eight)));
  });

  it('keeps the order in which the author lists the entries', () => {
    const [first, ...rest] = ['x', 'y'].map((id) => [id, 'identity', []] as const);
    const forward = lower(ring('p', [first as never, ...rest]));
    const backward = lower(ring('p', [...rest, first as never]));
    expect(forward.stages.map(({ id }) => id)).toEqual(['x', 'y']);
    expect(backward.stages.map(({ id }) => id)).toEqual(['y', 'x']);
  });

  it('takes a left-out dependency list of the first entry as straight from the ingress', () => {
    const plan = { ...chain, single_ring: { stages: [{ stage: 'errors' }, ...chain.single_ring.stages.slice(1)] } };
    expect(lower(checked(plan))).toEqual(lower(chain));
  });

  it('sorts dependencies, because their order means nothing', () => {
    const entry = lower(
      ring('p', [
        ['a', 'identity', []],
        ['b', 'identity', []],
        ['c', 'identity', ['b', 'a']],
      ]),
    ).entries[2];
    expect(entry?.dependencies).toEqual([0, 1]);
  });

  it('lets a reader read only the nearest filters, which carry the marks of those before them', () => {
    const spec = lower(diamond);
    expect(spec.entries.map((entry) => entry.readsMarksOf)).toEqual([[], [0], [0], [1]]);
    expect(spec.entries.map((entry) => entry.mark)).toEqual([0, 1, null, null]);
    expect(spec.egressReadsMarksOf).toEqual([1]);
  });

  it('lets a reader read every filter of parallel arms', () => {
    expect(lower(eight).entries.map((entry) => entry.readsMarksOf)).toEqual([
      [],
      [],
      [],
      [],
      [],
      [2, 3],
      [2, 3],
      [2, 3],
    ]);
  });

  it('makes the egress wait for exactly the entries that nothing depends on', () => {
    expect(lower(eight).terminals).toEqual([6, 7]);
  });

  it('sums room over all writing stages, in UTF-8 bytes', () => {
    expect(lower(eight)).toMatchObject({ headroom: 2, tailroom: 1 });
  });

  it('chooses the Fixed layout for a struct that no stage writes, and Variable otherwise', () => {
    expect(lower(shards)).toMatchObject({ layout: 'Fixed', recordBytes: 24 });
    const writing = ring('w', [['a', 'append', [], { text: 'x' }]], { boundaries: shards.boundaries });
    expect(lower(writing)).toMatchObject({ layout: 'Variable', recordBytes: 0, tailroom: 1 });
  });

  it('resolves field keys to their place in the ingress struct', () => {
    const { keys, stages } = lower(shards);
    expect(keys).toEqual([{ kind: 'Field', name: 'host', offset: 1, length: 12 }]);
    const byUser = { kind: enums.KeyCode.Field, offset: 16, length: 8, index: 0, text: 'user' };
    expect(stages.map(({ config }) => config)).toEqual([null, byUser]);
  });

  it('leaves out a shard key that one shard ignores', () => {
    const plan = ring('p', [['a', 'identity', []]], { shard_key: { kind: 'bytes', offset: 0, length: 4 } });
    expect(lower(plan)).toMatchObject({ shardKey: null, keys: [] });
  });

  it('takes the part behind the prefix as the name of a caller’s op', () => {
    expect(lower(callers).stages.map(({ op, config }) => [op, config?.name])).toEqual([
      ['Js', 'score'],
      ['Native', 'pack'],
    ]);
  });
});

describe('lowering any ring', () => {
  it('gives a buffer that decodes to the same spec, the same bytes twice, and whatever the catalog’s order', () => {
    fc.assert(
      fc.property(ringPlans, fc.infiniteStream(fc.nat()), (authored, numbers) => {
        const spec = lower(checked(authored));
        const bytes = encodeSpec(spec);
        expect(decodeSpec(bytes)).toEqual(spec);
        const order = new Map(authored.stages.map(({ id }) => [id, numbers.next().value]));
        const stages = [...authored.stages].sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
        expect(encodeSpec(lower(checked({ ...authored, stages })))).toEqual(bytes);
      }),
    );
  });

  it('lets marks of the nearest filters stand for those of all filters before a reader', () => {
    fc.assert(
      fc.property(ringPlans, (authored) => {
        const spec = lower(checked(authored));
        const filters = spec.entries.map((entry) => spec.stages[entry.stage]?.filters === true);
        // What a mark of an entry says: itself or any filter before it filtered the record.
        const carried = (entries: readonly number[]): Set<number> =>
          new Set(entries.flatMap((at) => [at, ...(spec.entries[at]?.ancestors ?? []).filter((on) => filters[on])]));
        for (const entry of spec.entries)
          expect(carried(entry.readsMarksOf)).toEqual(new Set(entry.ancestors.filter((on) => filters[on])));
        const all = spec.entries.map((_, at) => at).filter((at) => filters[at]);
        expect(carried(spec.egressReadsMarksOf)).toEqual(new Set(all));
      }),
    );
  });
});
