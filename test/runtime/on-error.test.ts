import { afterEach, describe, expect, it } from 'vitest';
import { PipelineFailedError } from '../../lib/error/errors.js';
import type { OnError, PipelinePlanV2, SingleRingPlan, StageEntry } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile, type Version } from '../../lib/version/version.js';
import { stageCounts } from '../support/stage-counts.js';
import { text } from './rings.js';

/** What becomes of records that fail, through plans and handles. Random plans of both targets: test/conformance. */

const BOUNDARIES = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
] as const;
const SAMPLE = ['one', 'bad two', 'three', 'bad', 'five'];

const reject = (on_error: OnError): StageEntry => ({ id: 'good', op: 'reject', config: { contains: 'bad' }, on_error });

function ring(stages: readonly StageEntry[]): SingleRingPlan {
  const entries = stages.map(({ id }, at) => ({ stage: id, depends_on: at === 0 ? [] : [stages[at - 1]?.id ?? ''] }));
  return {
    version: 2,
    name: 'x',
    target: 'SingleRing',
    stages,
    boundaries: BOUNDARIES,
    single_ring: { stages: entries },
  };
}

function graph(stages: readonly StageEntry[], lanes: { readonly capacity_bytes?: number }[] = []): PipelinePlanV2 {
  const ids = ['in', ...stages.map(({ id }) => id), 'out'];
  const connections = ids.slice(1).map((to, at) => {
    return { from: ids[at] as string, to, lane: { kind: 'Events', ...lanes[at] } } as const;
  });
  return { version: 2, name: 'x', target: 'LaneGraph', stages, boundaries: BOUNDARIES, lane_graph: { connections } };
}

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

/** A plan of either target with these ends, for the types of its handles. */
type AnyPlan = Omit<SingleRingPlan, 'boundaries'> & { readonly boundaries: typeof BOUNDARIES };

/** Pushes the texts, and gives what came out and how it ended. */
async function run(plan: PipelinePlanV2, records: readonly string[] = SAMPLE, options: OpenOptions = {}) {
  const version = compile(plan) as unknown as Version;
  const pipeline = open(version, { threads: 1, ...options }) as unknown as Pipeline<AnyPlan>;
  opened.push(pipeline);
  const got: string[] = [];
  const reader = (async () => {
    for await (const record of pipeline.egress('out')) got.push(text(record));
  })().catch((error: unknown) => error);
  const ingress = pipeline.ingress('in');
  // A failure of the pipeline may come first; the reader gets it too.
  await ingress.pushBatch(records.map((one) => Buffer.from(one))).catch(() => {});
  ingress.close();
  const rejected = await reader;
  return { ledger: await pipeline.finished(), got, rejected };
}
const COUNT: StageEntry = { id: 'total', op: 'count' };

describe.each([
  ['a ring', ring, { skipped: 0 }, { skipped: 2 }],
  ['a graph', graph, {}, {}],
])('a record that fails in %s', (_, target, first, behind) => {
  it('under drop goes no further, and all others go on in order', async () => {
    const { ledger, got, rejected } = await run(target([reject('drop'), COUNT]));
    expect({ got, rejected }).toEqual({ got: ['one', 'three', 'five'], rejected: undefined });
    expect(ledger).toMatchObject({ balanced: true, settled: true, failure: null });
    const failed = { failed: 2, dropped: 2, causes: { REJECTED: 2 } };
    expect(ledger.stages).toEqual({
      good: stageCounts({ in: 5, out: 3, ...failed, ...first }),
      total: stageCounts({ in: 3, out: 3, ...behind }),
    });
  });

  it('under pass goes on as it came, and is counted', async () => {
    const { ledger, got, rejected } = await run(target([reject('pass'), COUNT]));
    expect({ got, rejected }).toEqual({ got: SAMPLE, rejected: undefined });
    expect(ledger).toMatchObject({ balanced: true, settled: true, failure: null });
    expect(ledger.stages).toMatchObject({
      good: { in: 5, out: 5, passed_on: 5, passed_failed: 2, failed: 0, causes: { REJECTED: 2 } },
      total: { in: 5, out: 5 },
    });
  });

  it('under stop ends the pipeline, with the stage, the sequence and why', async () => {
    const { ledger, got, rejected } = await run(target([reject('stop'), COUNT]));
    expect(got).toEqual(['one']);
    expect(rejected).toBeInstanceOf(PipelineFailedError);
    expect(ledger.failure).toMatchObject({
      stage: 'good',
      sequence: 1,
      cause:
        'reject: the record contains "bad"; it has 7 bytes: "bad two". Correct the input, filter such records out before this stage, or change its condition.',
    });
  });

  it('under dead_letter needs a folder for letters: open says which stage asks for one', () => {
    expect(() => open(compile(target([reject('dead_letter'), COUNT])))).toThrow(
      'stage good has on_error dead_letter, and there is no folder for letters; give deadLetters.folder (--dead-letters)',
    );
  });
});

it('a dropped record is skipped by what depends on its stage, and seen by a stage beside it', async () => {
  const plan: PipelinePlanV2 = {
    ...ring([reject('drop'), { id: 'beside', op: 'count' }, COUNT]),
    single_ring: {
      stages: [
        { stage: 'good' },
        { stage: 'beside', depends_on: [] },
        { stage: 'total', depends_on: ['good', 'beside'] },
      ],
    },
  };
  const { ledger, got } = await run(plan);
  expect(got).toEqual(['one', 'three', 'five']);
  expect(ledger.stages).toMatchObject({ beside: { in: 5, out: 5, skipped: 0 }, total: { in: 3, skipped: 2 } });
});

describe('in a graph, a record that is longer than the lane behind its stage takes', () => {
  const append = (on_error: OnError): StageEntry => ({
    id: 'mark',
    op: 'append',
    config: { text: '!'.repeat(40) },
    on_error,
  });
  const records = ['short', 'x'.repeat(60), 'last'];
  const sizes = { recordMax: 64 };

  it('is dropped and counted as TOO_LARGE, whatever the op is', async () => {
    const { ledger, got } = await run(graph([append('drop')], [{}, { capacity_bytes: 208 }]), records, sizes);
    expect(got).toEqual([`short${'!'.repeat(40)}`, `last${'!'.repeat(40)}`]);
    expect(ledger).toMatchObject({ balanced: true, failure: null });
    expect(ledger.stages).toMatchObject({ mark: { dropped: 1, causes: { TOO_LARGE: 1 } } });
  });

  it('goes on without the text under pass', async () => {
    const { ledger, got } = await run(graph([append('pass')], [{}, { capacity_bytes: 208 }]), records, sizes);
    expect(got).toEqual([`short${'!'.repeat(40)}`, records[1], `last${'!'.repeat(40)}`]);
    expect(ledger.stages).toMatchObject({ mark: { passed_failed: 1, causes: { TOO_LARGE: 1 } } });
  });
});

it('a sum that does not fit leaves the field as it was under pass', async () => {
  const codec = { kind: 'struct', fields: [{ name: 'n', type: 'u8' }] } as const;
  const plan = {
    version: 2,
    name: 'x',
    target: 'SingleRing',
    stages: [{ id: 'next', op: 'set_field', config: { field: 'n', add: 1 }, on_error: 'pass' }],
    boundaries: [
      { id: 'in', kind: 'ingress', codec },
      { id: 'out', kind: 'egress', codec },
    ],
    single_ring: { stages: [{ stage: 'next' }] },
  } as const satisfies PipelinePlanV2;
  const pipeline = open(compile(plan), { threads: 1 });
  opened.push(pipeline);
  await pipeline.ingress('in').pushBatch([{ n: 1 }, { n: 255 }, { n: 3 }]);
  pipeline.ingress('in').close();
  const got: number[] = [];
  for await (const { n } of pipeline.egress('out')) got.push(n);
  expect(got).toEqual([2, 255, 4]);
  expect((await pipeline.finished()).stages.next).toMatchObject({ passed_failed: 1, causes: { REJECTED: 1 } });
});
