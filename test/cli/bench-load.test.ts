import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LoadedLaps, type LoadRequest, Unmatched } from '../../lib/cli/bench/load.js';
import { compile, open, type Pipeline, type PipelinePlanV2 } from '../../lib/index.js';
import { temporaryFolder } from './child.js';
import { GRAPH_PLAN, ringPlan } from './plans.js';

/** Laps under load: through handles, over a sample of the input, each latency from the moment at which the record was due. */

function inputOf(lines: readonly string[]): string {
  const path = join(temporaryFolder(), 'input.log');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

const LINES = Array.from({ length: 100 }, (_, at) => `${at % 4 === 0 ? 'error' : 'fine'} ${at}`);

const lapsOf = (plan: string, more: Partial<LoadRequest> = {}) => {
  const parsed = JSON.parse(plan) as PipelinePlanV2;
  const request = { ingress: 'in', egresses: ['out'], input: inputOf(LINES), per_second: 1e5, count: 1000, ...more };
  return new LoadedLaps(request, parsed, () => open(compile(parsed)) as Pipeline);
};

const total = (counts: readonly (readonly [number, number])[]) => counts.reduce((sum, [, count]) => sum + count, 0);

describe('a lap under load', () => {
  test('times each record that comes out, over a sample that repeats', async () => {
    const laps = lapsOf(ringPlan([{ id: 'mark', op: 'prepend', config: { text: 'web1 ' } }]));
    for (const run of [await laps.run(), await laps.run()]) {
      expect(run.records).toBe(1000);
      expect(total(run.latencies)).toBe(1000);
      expect(run.seconds).toBeGreaterThan(0.005);
    }
  });

  test('knows which records a filter lets through, also where the sample ends in the middle', async () => {
    const run = await lapsOf(ringPlan([{ id: 'errors', op: 'filter', config: { contains: 'error' } }]), {
      count: 1030,
    }).run();
    expect(run.records).toBe(258);
    // Taken for another one, a record would have waited for as long as the three before it: 30 µs and more.
    expect(total(run.latencies)).toBe(258);
  });

  test('pushes lines of JSON as they are, and compares them as bytes', async () => {
    const parsed = JSON.parse(ringPlan([{ id: 'pass', op: 'filter', config: { contains: 'ü' } }]));
    for (const end of parsed.boundaries) end.codec = 'json';
    const lines = Array.from({ length: 20 }, (_, at) => `{ "word": "${at % 2 === 0 ? 'ü' : 'u'}", "n": ${at}.0 }`);
    const run = await lapsOf(JSON.stringify(parsed), { input: inputOf(lines) }).run();
    expect(run.records).toBe(500);
  });

  test('runs over lanes as over a ring', async () => {
    const run = await lapsOf(GRAPH_PLAN).run();
    expect(run.records).toBe(1000);
  });

  test('takes latency from when a record was due: what comes faster than the plan takes it has waited', async () => {
    const run = await lapsOf(ringPlan([{ id: 'pass', op: 'identity' }]), { per_second: 1e12, count: 20_000 }).run();
    const [first] = run.latencies[0] as [number, number];
    const [last] = run.latencies.at(-1) as [number, number];
    expect(last).toBeGreaterThan(first);
    expect(run.records).toBe(20_000);
  });

  test('is refused where what comes out does not contain what went in', async () => {
    const plan = JSON.parse(ringPlan([{ id: 'pass', op: 'identity' }])) as PipelinePlanV2;
    const request = { ingress: 'in', egresses: ['out'], input: inputOf(LINES), per_second: 1e5, count: 10 };
    const other = JSON.parse(ringPlan([{ id: 'first', op: 'identity' }])) as PipelinePlanV2;
    const opened = () => {
      const pipeline = open(compile(other)) as Pipeline;
      const push = pipeline.ingress('in' as never) as unknown as { tryPush(record: unknown): string };
      const tryPush = push.tryPush.bind(push);
      push.tryPush = () => tryPush(Buffer.from('something else'));
      return pipeline;
    };
    await expect(new LoadedLaps(request, plan, opened).run()).rejects.toBeInstanceOf(Unmatched);
  });
});
