import { afterEach, describe, expect, it } from 'vitest';
import { PipelineFailedError } from '../../lib/error/errors.js';
import type { IngressCounts } from '../../lib/observe/facts.js';
import type { Codec, Lane, LaneGraphPlan, StageEntry } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import { compile } from '../../lib/version/version.js';
import { openRing } from './rings.js';

/** `set_field` through the handles: structs are written in place, in rings and between lanes of every kind. */

const READING = {
  kind: 'struct',
  fields: [
    { name: 'seen', type: 'bool' },
    { name: 'hops', type: 'u32' },
    { name: 'celsius', type: 'f64' },
    { name: 'previous', type: 'f64' },
    { name: 'sensor', type: 'utf8(6)' },
  ],
} as const satisfies Codec;

const reading = (hops: number, celsius = hops / 2) => ({
  seen: false,
  hops,
  celsius,
  previous: -1,
  sensor: `s${hops}`,
});

const SETS: readonly StageEntry[] = [
  { id: 'counted', op: 'set_field', config: { field: 'hops', add: 1 } },
  { id: 'kept', op: 'set_field', config: { field: 'previous', from: 'celsius' } },
  { id: 'seen', op: 'set_field', config: { field: 'seen', value: true } },
  { id: 'named', op: 'set_field', config: { field: 'sensor', value: 'ü' } },
];
const set = (record: ReturnType<typeof reading>) => ({
  ...record,
  hops: record.hops + 1,
  previous: record.celsius,
  seen: true,
  sensor: 'ü',
});

const COUNT = 3000;
const inputs = Array.from({ length: COUNT }, (_, index) => reading(index));

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

describe('set_field in a ring', () => {
  it('writes fields in place, stage after stage, and the ring stays one of structs', async () => {
    const pipeline = openRing({ codec: READING, stages: SETS }, { capacity: 64 });
    const got: unknown[] = [];
    const reader = (async () => {
      for await (const record of pipeline.egress('out')) got.push(record);
    })();
    await pipeline.ingress('in').pushBatch(inputs);
    pipeline.ingress('in').close();
    await reader;
    expect(got).toEqual(inputs.map(set));
    expect((await pipeline.finished()).balanced).toBe(true);
  });

  it('keeps its records apart over shards, and by a key that a stage writes later', async () => {
    const shape = { codec: READING, stages: SETS, shards: 3, shard_key: { kind: 'field', name: 'sensor' } } as const;
    const pipeline = openRing(shape, { capacity: 16 });
    const got: { hops: number }[] = [];
    const reader = (async () => {
      for await (const record of pipeline.egress('out')) got.push(record as never);
    })();
    await pipeline.ingress('in').pushBatch(inputs);
    pipeline.ingress('in').close();
    await reader;
    expect(got.sort((a, b) => a.hops - b.hops)).toEqual(inputs.map(set));
    expect((await pipeline.finished()).balanced).toBe(true);
  });

  it('before an append works on records of any length', async () => {
    const stages: StageEntry[] = [...SETS, { id: 'end', op: 'append', config: { text: '!' } }];
    const pipeline = openRing({ codec: READING, stages, out: 'bytes' }, { capacity: 8 });
    const ingress = pipeline.ingress('in');
    await ingress.push(reading(7));
    ingress.close();
    const got: Uint8Array[] = [];
    for await (const record of pipeline.egress('out')) got.push(record as never);
    expect(got.map((one) => [one.length, one[0], Buffer.from(one).readUInt32LE(4), one.at(-1)])).toEqual([
      [33, 1, 8, 33],
    ]);
  });

  it('fails the record whose sum its field cannot hold; what came before it has left', async () => {
    const pipeline = openRing({ codec: READING, stages: SETS }, { capacity: 8 });
    const ingress = pipeline.ingress('in');
    for (const hops of [1, 4_294_967_295, 3]) await ingress.push({ ...reading(hops), sensor: 'x' });
    const got: { hops: number }[] = [];
    await expect(
      (async () => {
        for await (const record of pipeline.egress('out')) got.push(record as never);
      })(),
    ).rejects.toBeInstanceOf(PipelineFailedError);
    expect(got.map(({ hops }) => hops)).toEqual([2]);
    const ledger = await pipeline.finished().catch(() => pipeline.ledger());
    expect(ledger.failure).toMatchObject({ stage: 'counted', sequence: 1 });
    expect(ledger.failure?.cause).toContain('the field "hops" is 4294967295, and with 1 added it is beyond u32');
    expect(ledger.balanced).toBe(true);
  });
});

const LANES: readonly Lane[] = [
  { kind: 'Events', capacity_bytes: 4096 },
  { kind: 'SequencedSlots', capacity: 16, gating: 4 },
  { kind: 'FanoutBroadcast', consumers: 1, capacity_bytes: 4096 },
];

describe('set_field in a graph', () => {
  it.each(LANES)(
    'between lanes of $kind writes structs from lane to lane, and they stay lanes of structs',
    async (lane) => {
      const ids = ['in', ...SETS.map(({ id }) => id), 'out'];
      const plan: LaneGraphPlan = {
        version: 2,
        name: 'line',
        target: 'LaneGraph',
        stages: SETS,
        boundaries: [
          { id: 'in', kind: 'ingress', codec: READING },
          { id: 'out', kind: 'egress', codec: READING },
        ],
        lane_graph: { connections: ids.slice(1).map((to, index) => ({ from: ids[index] as string, to, lane })) },
      };
      const pipeline = open(compile(plan));
      opened.push(pipeline);
      const got: unknown[] = [];
      const reader = (async () => {
        for await (const record of pipeline.egress('out')) got.push(record);
      })();
      await pipeline.ingress('in').pushBatch(inputs as never);
      pipeline.ingress('in').close();
      await reader;
      expect(got).toEqual(inputs.map(set));
      const ledger = await pipeline.finished();
      expect(ledger.balanced).toBe(true);
      expect((ledger.boundaries.in as IngressCounts).published).toBe(COUNT);
      const units = Object.values(pipeline.snapshot().lanes ?? {}).map(({ unit }) => unit);
      expect(units).toEqual(ids.slice(1).map(() => 'records'));
    },
  );
});
