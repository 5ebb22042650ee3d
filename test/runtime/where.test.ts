import { afterEach, describe, expect, test } from 'vitest';
import type { Codec, StageEntry } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import { compile } from '../../lib/version/version.js';

/** `filter` and `reject` with `where`, from a plan to the records that come out, in both targets. */

const TARGETS = ['SingleRing', 'LaneGraph'] as const;

const planOf = (target: (typeof TARGETS)[number], codec: Codec, stage: Omit<StageEntry, 'id'>) => ({
  version: 2 as const,
  name: 'where',
  target,
  stages: [{ ...stage, id: 'only' }],
  boundaries: [
    { id: 'in', kind: 'ingress' as const, codec },
    { id: 'out', kind: 'egress' as const, codec },
  ],
  ...(target === 'SingleRing'
    ? { single_ring: { stages: [{ stage: 'only' }] } }
    : {
        lane_graph: {
          connections: [
            { from: 'in', to: 'only', lane: { kind: 'Events' as const } },
            { from: 'only', to: 'out', lane: { kind: 'Events' as const } },
          ],
        },
      }),
});

const opened: { halt(): void }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

async function outOf(plan: ReturnType<typeof planOf>, records: readonly unknown[]) {
  const pipeline = open(compile(plan as never)) as never as {
    ingress(id: string): { pushBatch(records: readonly unknown[]): Promise<unknown>; close(): void };
    egress(id: string): AsyncIterable<unknown>;
    stop(): Promise<{ balanced: boolean; stages: Record<string, Record<string, number>> }>;
    halt(): void;
  };
  opened.push(pipeline);
  await pipeline.ingress('in').pushBatch(records);
  pipeline.ingress('in').close();
  const out: unknown[] = [];
  for await (const record of pipeline.egress('out')) out.push(typeof record === 'object' ? { ...record } : record);
  const ledger = await pipeline.stop();
  return { out, ledger };
}

const EVENTS = [
  { level: 'error', latency_ms: 700 },
  { level: 'info', latency_ms: 900 },
  { level: 'error', latency_ms: 100 },
  { latency_ms: 501 },
  { level: 'error', latency_ms: 500.5 },
];

describe.each(TARGETS)('where, in a %s', (target) => {
  test('filters records of JSON, and a record without the member fails as its stage says', async () => {
    const where = 'record.level == "error" && record.latency_ms > 500';
    const plan = planOf(target, 'json', { op: 'filter', config: { where }, on_error: 'drop' });
    const { out, ledger } = await outOf(plan, EVENTS);
    expect(out).toEqual([EVENTS[0], EVENTS[4]]);
    expect(ledger.balanced).toBe(true);
    expect(ledger.stages.only).toMatchObject({ in: 5, passed_on: 2, filtered: 2, failed: 1, dropped: 1 });
  });

  test('with invert lets the others pass', async () => {
    const config = { where: 'record.?level.orValue("") == "error"', invert: true };
    const { out } = await outOf(planOf(target, 'json', { op: 'filter', config }), EVENTS);
    expect(out).toEqual([EVENTS[1], EVENTS[3]]);
  });

  test('stops at a record that cannot be evaluated, and says why', async () => {
    const plan = planOf(target, 'json', { op: 'filter', config: { where: 'record.level == "error"' } });
    await expect(outOf(plan, EVENTS)).rejects.toThrow(
      /^"only" failed at sequence 3( of shard 0)?: filter: the condition has no value at character 1, `record\.level == "error"`: there is no such member; /,
    );
  });

  test('rejects records by text', async () => {
    const config = { where: 'record.startsWith("b") || size(record) > 3' };
    const plan = planOf(target, 'utf8', { op: 'reject', config, on_error: 'drop' });
    const { out, ledger } = await outOf(plan, ['a', 'b', 'ccc', 'dddd', 'ü€']);
    expect(out).toEqual(['a', 'ccc', 'ü€']);
    expect(ledger.stages.only).toMatchObject({ failed: 2, dropped: 2 });
  });

  test('reads the fields of structs', async () => {
    const fields = [
      { name: 'id', type: 'u64' as const },
      { name: 'celsius', type: 'f64' as const },
      { name: 'name', type: 'utf8(4)' as const },
    ];
    const plan = planOf(
      target,
      { kind: 'struct', fields },
      {
        op: 'filter',
        config: { where: 'record.id % 2u == 1u && record.celsius < 20.0 && record.name != "c"' },
      },
    );
    const records = [1n, 2n, 3n, 5n].map((id, at) => ({ id, celsius: 5 + at * 5, name: 'abcd'[at] as string }));
    const { out } = await outOf(plan, records);
    expect(out.length).toBe(1);
  });
});
