import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { compile, open, type Pipeline, type PipelinePlanV2 } from '../../lib/index.js';

const BOUNDARIES: PipelinePlanV2['boundaries'] = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
];
const STAGES: PipelinePlanV2['stages'] = [{ id: 'a', op: 'identity' }];
const PLANS: Readonly<Record<string, PipelinePlanV2>> = {
  ring: {
    version: 2,
    name: 'ring',
    target: 'SingleRing',
    stages: STAGES,
    boundaries: BOUNDARIES,
    single_ring: { stages: [{ stage: 'a' }] },
  },
  graph: {
    version: 2,
    name: 'graph',
    target: 'LaneGraph',
    stages: STAGES,
    boundaries: BOUNDARIES,
    lane_graph: {
      connections: [
        { from: 'in', to: 'a', lane: { kind: 'Events' } },
        { from: 'a', to: 'out', lane: { kind: 'Events' } },
      ],
    },
  },
};

const opened: Pipeline[] = [];
const folders: string[] = [];

afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A worker takes that port of the pipeline and is terminated in the window. */
async function endOwner(pipeline: Pipeline, side: 'ingress' | 'egress', when: 'before' | 'after'): Promise<void> {
  const worker = new Worker(new URL('./ended-owner-worker.mjs', import.meta.url), {
    workerData: { number: pipeline.number, side, when },
  });
  await new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await worker.terminate();
}

describe.each(Object.keys(PLANS))('a worker that ends in the middle of its turn, in a %s', (target) => {
  const start = (options: Parameters<typeof open>[1]): Pipeline => {
    const pipeline = open(compile(PLANS[target] as PipelinePlanV2), { wait: 'park', threads: 1, ...options });
    opened.push(pipeline as Pipeline);
    return pipeline as Pipeline;
  };

  test('between giving room back and the wake leaves no source asleep', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'byteor-ended-'));
    folders.push(folder);
    const input = join(folder, 'input');
    writeFileSync(input, 'a line of text\n'.repeat(10_000));
    const sizes = target === 'ring' ? { capacity: 4 } : { laneBytes: 256 };
    const pipeline = start({ ...sizes, recordMax: 64, ports: { in: { lines: input } } });
    await endOwner(pipeline, 'egress', 'after');
    const egress = pipeline.egress('out');
    let seen = 0;
    while (seen < 100 && (await egress.ready({ deadline: 10_000 }))) seen += egress.poll(() => {});
    expect(seen).toBeGreaterThanOrEqual(100);
  }, 30_000);

  test('between showing records and the wake leaves no stage asleep', async () => {
    const pipeline = start({});
    await endOwner(pipeline, 'ingress', 'after');
    const egress = pipeline.egress('out');
    let seen = 0;
    while (seen < 8 && (await egress.ready({ deadline: 10_000 }))) seen += egress.poll(() => {});
    expect(seen).toBe(8);
  }, 30_000);

  test('between counting records and showing them leaves no counts of what nobody will see', async () => {
    const pipeline = start({});
    await endOwner(pipeline, 'ingress', 'before');
    const ingress = pipeline.ingress('in');
    const egress = pipeline.egress('out');
    expect(ingress.tryPush(new Uint8Array(7))).toBe('OK');
    ingress.flush();
    const lengths: number[] = [];
    while (lengths.length < 6 && (await egress.ready({ deadline: 10_000 })))
      egress.poll((record) => lengths.push((record as Uint8Array).length));
    const ledger = await pipeline.stop({ deadline: 10_000 });
    expect(lengths).toEqual([20, 20, 20, 20, 20, 7]);
    expect(ledger.boundaries.in).toMatchObject({ published: 6, bytes: 107 });
    expect(ledger.imbalances).toEqual([]);
  }, 30_000);
});
