import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { open } from '../../lib/index.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { graph, identity, js, ring, texts, through } from './hosted-plans.js';

const SHAPES = {
  'a ring': ring([identity('first'), js('enrich', { room: 40 }), identity('last')]),
  'a graph': graph([js('enrich')], ['in>enrich', 'enrich>out']),
} as const;

test.each(Object.entries(SHAPES))(
  'a promise that does not settle in time fails its record, in %s',
  async (_, version) => {
    const fn = (record: string) => (record === '7' ? new Promise<never>(() => {}) : Promise.resolve(record));
    const { out, ledger } = await through(version, { enrich: { fn, timeoutMs: 30 } }, texts(40));
    expect(out).toEqual(texts(7));
    expect(ledger.failure).toMatchObject({
      stage: 'enrich',
      sequence: 7,
      cause: expect.stringContaining(
        'stage "enrich": the promise of its function has not settled within 30 ms; let it settle sooner, or give',
      ),
    });
    expect(ledger.stages.enrich).toMatchObject({ failed: 1, causes: { BAD_ANSWER: 1 } });
    expect(ledger.imbalances).toEqual([]);
  },
);

test('promises that settle in time have as long as they need together', async () => {
  const fn = async (record: string): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    return record;
  };
  const { out } = await through(SHAPES['a graph'], { enrich: { fn, timeoutMs: 150, concurrency: 2 } }, texts(40));
  expect(out).toEqual(texts(40));
});

test('a function that blocks the thread of the opener for too long has failed its pipeline when it comes back', async () => {
  const pipeline = open(SHAPES['a graph'], {
    stages: {
      enrich: {
        timeoutMs: 20,
        fn: (record: string) => {
          if (record !== '3') return;
          const end = performance.now() + 200;
          while (performance.now() < end);
        },
      },
    },
  }) as Pipeline;
  const ingress = pipeline.ingress('in');
  for (const text of texts(10)) ingress.tryPush(text as never);
  ingress.close();
  const ledger = await pipeline.finished();
  expect(ledger.failure).toMatchObject({
    stage: 'enrich',
    sequence: 3,
    cause: expect.stringMatching(
      /^the stage's function has not returned within 20 ms, and the pipeline was halted; do less/,
    ),
  });
  expect(ledger.imbalances).toEqual([]);
  expect(ledger.stages.enrich).toMatchObject({ abandoned: expect.any(Number), out: 0 });
});

test('a worker that never comes back from a function fails the pipeline, which its opener sees', async () => {
  const pipeline = open(SHAPES['a ring'], { stages: { enrich: 'attach' } }) as Pipeline;
  expect(pipeline.status().stages).toEqual([{ id: 'enrich', timeout_ms: null }]);
  const workerData = { number: pipeline.number, job: 'spin', timeoutMs: 50 };
  const worker = new Worker(new URL('./hosting-worker.mjs', import.meta.url), { workerData });
  pipeline.ingress('in').tryPush('x' as never);
  pipeline.ingress('in').flush();
  await once(worker, 'message');
  expect(pipeline.status().stages).toEqual([{ id: 'enrich', timeout_ms: 50 }]);
  await expect(pipeline.egress('out')[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'PIPELINE_FAILED',
    message: expect.stringContaining('has not returned within 50 ms'),
  });
  const ledger = await pipeline.finished();
  expect(ledger.failure).toMatchObject({ stage: 'enrich', sequence: 0 });
  expect(ledger.balanced).toBe(true);
  await worker.terminate();
});

test('the limit is thirty seconds, or what is asked for, and a wrong one is refused', () => {
  const limitOf = (code: object): unknown => {
    const pipeline = open(SHAPES['a graph'], { stages: { enrich: code as never } });
    const [stage] = pipeline.status().stages;
    pipeline.halt();
    return stage?.timeout_ms;
  };
  const fn = (): undefined => undefined;
  expect([limitOf(fn), limitOf({ fn }), limitOf({ batch: fn })]).toEqual([30_000, 30_000, 30_000]);
  expect([limitOf({ fn, timeoutMs: 5 }), limitOf({ batch: fn, timeoutMs: Number.POSITIVE_INFINITY })]).toEqual([
    5,
    null,
  ]);
  for (const timeoutMs of [0, 1.5, -1, Number.NaN, '5', 2 ** 31])
    expect(() => limitOf({ fn, timeoutMs })).toThrow(
      /^stages\.enrich\.timeoutMs is .*: give milliseconds, an integer from 1 to 1073741824, or Infinity$/,
    );
});
