/** Every way in which an end comes, in every state of a stage in JavaScript: nothing hangs, and what was pushed is counted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import type { Ledger } from '../../lib/region/counts.js';
import { RECORDS, type Shape, states } from './stage-life.mjs';

const script = fileURLToPath(new URL('./stage-life.mjs', import.meta.url));
const STATES = Object.keys(states);
/** Both shapes meet every way and every state. */
const shapeOf = (way: number, state: string): Shape => ((way + STATES.indexOf(state)) % 2 === 0 ? 'ring' : 'graph');

/** What the stage took or left, of all that was pushed. */
function expectCounted(state: string, ledger: Ledger): void {
  expect(ledger).toMatchObject({ balanced: true, settled: true, imbalances: [] });
  const pushed = state === 'idle' ? 0 : RECORDS;
  expect(ledger.boundaries.in).toMatchObject({ published: pushed });
  const { in: reached = 0, passed_on = 0, filtered = 0, failed = 0, abandoned = 0, held } = ledger.stages.own ?? {};
  expect({ reached, held }).toEqual({ reached: pushed, held: 0 });
  expect(passed_on + filtered + failed + abandoned).toBe(pushed);
}

const DRAINS = ['idle', 'function', 'dead', 'late'];

describe.each([
  ['halt', 0, STATES],
  ['stop', 1, DRAINS],
  ['stop with a deadline', 0, STATES],
] as const)('%s', (way, number, reached) => {
  test.each(reached)('of a pipeline whose stage is in the state "%s" counts everything', async (state) => {
    const pipeline = await states[state as keyof typeof states](shapeOf(number, state), () => {});
    if (way === 'halt') expectCounted(state, pipeline.halt());
    else expectCounted(state, await pipeline.stop(way === 'stop' ? {} : { deadline: 30 }));
    expect(pipeline.state).toBe('stopped');
  });
});

describe.each([
  ['process.exit', 'exit', 0, { code: 7, signal: null }, /^$/],
  ['an uncaught error', 'throw', 1, { code: 1, signal: null }, /uncaught on purpose/],
  ['SIGTERM', 'sigterm', 0, { code: null, signal: 'SIGTERM' }, /^$/],
] as const)('the end by %s', (_, way, number, end, words) => {
  test.concurrent.each(STATES)('comes also where the stage is in the state "%s"', async (state) => {
    const child = spawn(process.execPath, [script, way, state, shapeOf(number, state)], { timeout: 20_000 });
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));
    const [code, signal] = await once(child, 'close');
    expect({ code, signal, stderr: said.stderr }).toEqual({ ...end, stderr: expect.stringMatching(words) });
    expect(said.stdout).toContain('reached');
  });
});

test.each(STATES)(
  'a worker that has opened a pipeline is terminated where its stage is in the state "%s"',
  async (state) => {
    const worker = new Worker(script, { workerData: { life: { state, shape: shapeOf(1, state) } } });
    const [message] = await once(worker, 'message');
    expect(message).toBe('reached');
    expect(await worker.terminate()).toBe(1);
  },
);
