import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { open, type Snapshot } from '../../lib/index.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { MAIN } from '../cli/child.js';
import { graph, identity, js, ring, texts } from './hosted-plans.js';

/** What a snapshot says of a stage that JavaScript runs: what its code is at, and what it waits for. */

const SHAPES = {
  'a ring': ring([js('enrich', { room: 40 })]),
  'a graph': graph([identity('first'), js('enrich')], ['in>first', 'first>enrich', 'enrich>out']),
} as const;

const MODULE = fileURLToPath(new URL('./stage-modules.mjs', import.meta.url));

function opened(version: (typeof SHAPES)['a ring'], options: object): Pipeline {
  const pipeline = open(version, options as never) as Pipeline;
  onTestFinished(() => void pipeline.halt());
  return pipeline;
}

const now = (): number => Number(process.hrtime.bigint());

const enrichOf = ({ agents }: Snapshot) => {
  const agent = agents.find(({ id }) => id === 'enrich');
  if (agent === undefined) throw new Error('no such agent');
  const { state, blocked_on, hosted } = agent;
  return { state, blocked_on, hosted };
};

const seen = async (look: () => boolean): Promise<void> => {
  while (!look()) await new Promise(setImmediate);
};

describe.each(Object.entries(SHAPES))('a snapshot of a stage that JavaScript runs, in %s,', (_, version) => {
  test('says while its function runs that it does, and since when', async () => {
    const taken: Snapshot[] = [];
    const enrich = (): void => {
      taken.push(pipeline.snapshot());
    };
    const before = now();
    const pipeline = opened(version, { stages: { enrich }, ports: { out: 'discard' } });
    pipeline.ingress('in').tryPush('a' as never);
    pipeline.ingress('in').flush();
    await seen(() => taken.length > 0);
    const { state, blocked_on, hosted } = enrichOf(taken[0] as Snapshot);
    expect({ state, blocked_on, phase: hosted?.phase }).toEqual({ state: 'Working', blocked_on: [], phase: 'Called' });
    expect(hosted?.since_ns).toBeGreaterThan(before);
    expect(hosted?.since_ns).toBeLessThanOrEqual(now());
  });

  test('says of promises how many are waited for, and since when the oldest', async () => {
    const resolves: ((value: undefined) => void)[] = [];
    const enrich = () => new Promise<undefined>((resolve) => resolves.push(resolve));
    const pipeline = opened(version, { stages: { enrich }, ports: { out: 'discard' } });
    const before = now();
    for (const text of texts(3)) pipeline.ingress('in').tryPush(text as never);
    pipeline.ingress('in').flush();
    await seen(() => resolves.length === 3 && enrichOf(pipeline.snapshot()).hosted?.promised === 3);
    const { state, blocked_on, hosted } = enrichOf(pipeline.snapshot());
    expect({ state, blocked_on, phase: hosted?.phase }).toEqual({
      state: 'Waiting',
      blocked_on: [],
      phase: 'Promised',
    });
    const after = now();
    expect(hosted?.since_ns).toBeGreaterThan(before);
    expect(hosted?.since_ns).toBeLessThan(after);
    for (const resolve of resolves) resolve(undefined);
    await seen(() => enrichOf(pipeline.snapshot()).hosted?.phase === 'Resting');
    expect(enrichOf(pipeline.snapshot())).toMatchObject({ hosted: { since_ns: null, promised: 0 } });
  });

  test('says that no thread has taken it, or that its worker loads', async () => {
    const untaken = opened(version, { stages: { enrich: 'attach' } });
    expect(enrichOf(untaken.snapshot())).toMatchObject({
      blocked_on: [],
      hosted: { phase: 'Untaken', since_ns: null },
    });
    const loading = opened(version, { stages: { enrich: { module: MODULE } }, ports: { out: 'discard' } });
    expect(enrichOf(loading.snapshot())).toMatchObject({ blocked_on: [], hosted: { phase: 'Loading', promised: 0 } });
    await seen(() => enrichOf(loading.snapshot()).hosted?.phase === 'Resting');
  });

  test('says whom it waits for where there is no room behind it, and nothing of its code when it has ended', async () => {
    // In a ring the ingress has no room, and never a stage.
    if (version === SHAPES['a graph']) {
      const pipeline = opened(version, { stages: { enrich: () => {} }, laneBytes: 4096 });
      const ingress = pipeline.ingress('in');
      const records = texts(10).map((text) => text.repeat(1000));
      await seen(() => {
        ingress.tryPushBatch(records as never);
        ingress.flush();
        return enrichOf(pipeline.snapshot()).state === 'Stalled';
      });
      expect(enrichOf(pipeline.snapshot())).toMatchObject({
        state: 'Stalled',
        blocked_on: [{ agent: 'out' }],
        hosted: { phase: 'Resting' },
      });
    }
    const done = opened(version, { stages: { enrich: () => {} }, ports: { out: 'discard' } });
    done.ingress('in').close();
    await done.finished();
    expect(enrichOf(done.snapshot())).toMatchObject({ state: 'Done', hosted: null });
    expect(done.snapshot().agents.map(({ id, hosted }) => [id, hosted])).toContainEqual(['in', null]);
  });
});

test('byteor snapshot names a function that runs, and a promise that is pending', async () => {
  const snapshot = (): string => {
    const which = `${process.pid}/${pipeline.number}`;
    return spawnSync(process.execPath, [MAIN, 'snapshot', which], { encoding: 'utf8' }).stdout;
  };
  const told: string[] = [];
  const enrich = (): Promise<never> => {
    if (told.length === 0) told.push(snapshot());
    return new Promise(() => {});
  };
  const pipeline = opened(SHAPES['a ring'], { stages: { enrich }, ports: { out: 'discard' }, observe: true });
  for (const text of texts(2)) pipeline.ingress('in').tryPush(text as never);
  pipeline.ingress('in').flush();
  await seen(() => enrichOf(pipeline.snapshot()).hosted?.promised === 2);
  told.push(snapshot());
  expect(told[0]).toMatch(/^ {2}enrich +js:enrich +Working .* its function, for \d[\d.]* (µs|ms|s)$/m);
  expect(told[1]).toMatch(/^ {2}enrich +js:enrich +Waiting .* a promise, for \d[\d.]* (µs|ms|s); 2 records wait$/m);
});
