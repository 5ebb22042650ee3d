import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { PollHandle } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile } from '../../lib/version/version.js';
import { openRing } from './rings.js';
import { next, start } from './worker-threads.js';

/**
 * Every wait of the API ends when the pipeline does, however that ends and whatever is full. `out` is full in all of
 * these and never polled, so that the threads before it cannot end by themselves:
 *
 *   in ──Journal── copy ─┬─ 64 bytes ─ out          push ── guard ── file
 *                        └─ none (a filter) ─ other
 */
const plan = (fsync: 'each_batch' | { interval_ms: number }): LaneGraphPlan => ({
  version: 2,
  name: 'waits',
  target: 'LaneGraph',
  stages: [
    { id: 'copy', op: 'identity' },
    { id: 'none', op: 'filter', config: { contains: 'NEVER' } },
    { id: 'guard', op: 'reject', config: { contains: 'bad' } },
  ],
  boundaries: [
    { id: 'in', kind: 'ingress', codec: 'utf8' },
    { id: 'push', kind: 'ingress', codec: 'utf8' },
    { id: 'out', kind: 'egress', codec: 'utf8' },
    { id: 'other', kind: 'egress', codec: 'utf8' },
    { id: 'file', kind: 'egress', codec: 'utf8' },
  ],
  lane_graph: {
    connections: [
      { from: 'in', to: 'copy', lane: { kind: 'Journal', fsync } },
      { from: 'copy', to: 'out', lane: { kind: 'Events', capacity_bytes: 64 } },
      { from: 'copy', to: 'none', lane: { kind: 'Events' } },
      { from: 'none', to: 'other', lane: { kind: 'Events' } },
      { from: 'push', to: 'guard', lane: { kind: 'Events' } },
      { from: 'guard', to: 'file', lane: { kind: 'Events' } },
    ],
  },
});

interface Held {
  readonly pipeline: Pipeline;
  readonly ingress: PushHandle<string>;
  readonly second: PushHandle<string>;
  readonly other: PollHandle<string>;
  readonly folder: string;
}

const ends: (() => unknown)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function held(fsync: 'each_batch' | { interval_ms: number }): Promise<Held> {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-waits-'));
  const options = { journal: { folder }, laneBytes: 512, ports: { file: { lines: '/dev/full' } } } as const;
  const pipeline = open(compile(plan(fsync)), options) as unknown as Pipeline;
  ends.push(() => {
    pipeline.halt();
    rmSync(folder, { recursive: true, force: true });
  });
  const ingress = pipeline.ingress('in') as unknown as PushHandle<string>;
  const second = pipeline.ingress('push') as unknown as PushHandle<string>;
  const other = pipeline.egress('other') as unknown as PollHandle<string>;
  pipeline.egress('out');
  if (fsync === 'each_batch')
    for (let n = 0; n < 6; n++) {
      await ingress.push(`r${n}`);
      await ingress.untilDurable();
    }
  return { pipeline, ingress, second, other, folder };
}

const many = Array.from({ length: 500 }, (_, n) => `record ${n}`);

/** How a promise ended: a code, `done` for the end of records, or the failure that a ledger names. */
const WAITS: Readonly<Record<string, (held: Held) => Promise<unknown>>> = {
  push: ({ ingress }) => Promise.all(many.map((record) => ingress.push(record))),
  'push with options': ({ ingress }) => Promise.all(many.map((record) => ingress.push(record, { deadline: 60_000 }))),
  pushBatch: ({ ingress }) => ingress.pushBatch(many),
  'ready of an ingress': ({ ingress }) => {
    for (const record of many) ingress.push(record).catch(() => {});
    return ingress.ready();
  },
  untilDurable: async ({ ingress }) => {
    ingress.tryPush('late');
    return ingress.untilDurable();
  },
  'a Node writable': ({ ingress }) =>
    new Promise((_, reject) => {
      const writable = ingress.writable();
      writable.once('error', reject);
      for (const record of many) writable.write(record);
    }),
  'a web writable': async ({ ingress }) => {
    const writer = ingress.writableWeb().getWriter();
    writer.closed.catch(() => {});
    for (const record of many) await writer.write(record);
  },
  'ready of an egress': async ({ other }) => ((await other.ready()) ? 'records' : 'done'),
  'for await': async ({ other }) => {
    for await (const record of other) expect(record).toBe('none comes');
    return 'done';
  },
  'records()': async ({ other }) => {
    for await (const record of other.records({ deadline: 60_000 })) expect(record).toBe('none comes');
    return 'done';
  },
  'a Node readable': async ({ other }) => {
    for await (const record of other.readable()) expect(record).toBe('none comes');
    return 'done';
  },
  'a web readable': async ({ other }) => {
    const { done } = await other.readableWeb().getReader().read();
    return done ? 'done' : 'records';
  },
  finished: ({ pipeline }) => pipeline.finished(),
  stop: ({ pipeline }) => pipeline.stop({ deadline: 1500 }),
};

/** How the pipeline ends; true where a failure is the reason. */
const WAYS: Readonly<Record<string, { failed: boolean; run: (held: Held) => unknown }>> = {
  'a record fails': { failed: true, run: ({ second }) => second.push('bad') },
  'an adapter fails': { failed: true, run: ({ second }) => second.push('good') },
  'the journal fails': {
    failed: true,
    run: ({ folder, ingress, pipeline }) => {
      rmSync(folder, { recursive: true });
      ingress.tryPush('late');
      ingress.flush();
      // Where the lane was full, this makes the room for the record at which the journal fails.
      (pipeline.egress('out') as unknown as PollHandle<string>).poll(() => {}, 1);
    },
  },
  halt: { failed: false, run: ({ pipeline }) => pipeline.halt() },
  'a stop at its deadline': { failed: false, run: ({ pipeline }) => pipeline.stop({ deadline: 20 }) },
  'a halt of another thread': {
    failed: false,
    run: ({ pipeline }) => next(start('halt', { number: pipeline.number })),
  },
};

/** The words for how the wait ended. */
function outcome(waiting: Promise<unknown>): Promise<unknown> {
  return waiting.then(
    (value) => {
      const failure = (value as { failure?: unknown } | undefined)?.failure;
      return failure === undefined ? value : failure === null ? 'ended' : 'PIPELINE_FAILED';
    },
    (error: unknown) => (error as { code: string }).code,
  );
}

const CASES = Object.keys(WAYS).flatMap((way) => Object.keys(WAITS).map((wait) => [way, wait] as const));

describe('when', () => {
  test.each(CASES)('%s, this wait ends: %s', async (way, wait) => {
    const { failed, run } = WAYS[way] as (typeof WAYS)[string];
    const opened = await held(way === 'the journal fails' ? 'each_batch' : { interval_ms: 600_000 });
    const started = (): Promise<unknown> => outcome((WAITS[wait] as (typeof WAITS)[string])(opened));
    // A journal may be quick: what is to be waited for is pushed when it has failed already.
    const late = wait === 'untilDurable' && way === 'the journal fails';
    let waiting = late ? undefined : started();
    await new Promise((resolve) => setTimeout(resolve, 5));
    // What the way itself waits for is not the matter here.
    const ending = Promise.resolve(run(opened)).catch(() => {});
    waiting ??= started();
    // From here on five seconds must do; to start a worker may take as long.
    await ending;
    const pending = new Promise((resolve) => setTimeout(() => resolve('PENDING'), 5000).unref());
    waiting = Promise.race([waiting, pending]);
    const ledger = wait === 'finished' || wait === 'stop';
    const egress = /egress|await|records|readable/.test(wait);
    // A stop closes the ingresses first, so that no failure may come of them any more.
    if (wait === 'stop' && failed) expect(['PIPELINE_FAILED', 'ended']).toContain(await waiting);
    // Where the files are as they should be, the end may find the time to write what was waited for.
    else if (wait === 'untilDurable' && !late)
      expect([1, failed ? 'PIPELINE_FAILED' : 'CLOSED']).toContain(await waiting);
    else if (failed) expect(await waiting).toBe('PIPELINE_FAILED');
    else expect(await waiting).toBe(ledger ? 'ended' : egress ? 'done' : 'CLOSED');
  });
});

describe('a wait', () => {
  test('lets the event loop have its turns, although nothing is late', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    while (ticks < 3) await ingress.push('x');
    while (ticks < 6) await ingress.push('x', { deadline: 1000 });
    while (ticks < 9) await ingress.pushBatch(['x', 'y']);
    while (ticks < 12) await ingress.ready({ length: 1 });
    const writable = ingress.writable({ close: false });
    while (ticks < 15) if (!writable.write('x')) await new Promise((resolve) => writable.once('drain', resolve));
    const writer = ingress.writableWeb({ close: false }).getWriter();
    while (ticks < 18) await writer.write('x');
    clearInterval(timer);
  });

  test('for records leaves them too, although there is always one', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const [ingress, egress] = [pipeline.ingress('in'), pipeline.egress('out')];
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    for (const records of [egress, egress.readable({ highWaterMark: 4 })] as AsyncIterable<string>[]) {
      ticks = 0;
      ingress.tryPush('x');
      ingress.tryPush('x');
      for await (const record of records) {
        ingress.tryPush(record);
        if (ticks >= 3) break;
      }
    }
    clearInterval(timer);
  });

  test('shares one listener with all the others of its signal, and leaves none', async () => {
    const pipeline = openRing({ codec: 'utf8' }, { capacity: 1 });
    const ingress = pipeline.ingress('in');
    ingress.tryPush('x');
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const waits = Array.from({ length: 50 }, () => ingress.push('y', { signal }).catch(() => {}));
    waits.push(pipeline.finished({ signal }).then(() => undefined));
    expect(listeners).toBe(1);
    pipeline.halt();
    await Promise.all(waits);
    expect(listeners).toBe(0);
  });

  test('refuses a signal that is none', async () => {
    const ingress = openRing({ codec: 'utf8' }).ingress('in');
    const signal = {} as AbortSignal;
    await expect(ingress.push('x', { signal })).rejects.toThrow(
      'signal is an object (Object): give the `signal` of an',
    );
  });

  test('that ends while another still waits keeps the process alive for it', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const spare = pipeline.egress('out');
    spare.release();
    const waiting = pipeline.egress('out').ready();
    const also = pipeline.finished();
    pipeline.halt();
    expect([await waiting, (await also).settled]).toEqual([false, true]);
  });
});

describe('the end of an await using block', () => {
  test('abandons what no thread can poll any more, after a second', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    pipeline.ingress('in').tryPushBatch(['a', 'b']);
    const egress = pipeline.egress('out');
    await egress[Symbol.asyncDispose]();
    const began = performance.now();
    await pipeline[Symbol.asyncDispose]();
    expect(performance.now() - began).toBeLessThan(9000);
    expect(pipeline.ledger()).toMatchObject({ balanced: true, boundaries: { out: { abandoned: 2 } } });
  });

  test('warns where a handle is held and not polled', async () => {
    const pipeline = openRing({ codec: 'utf8' });
    const egress = pipeline.egress('out');
    pipeline.ingress('in').tryPush('a');
    const warned = new Promise<Error & { code?: string }>((resolve) => process.once('warning', resolve));
    const ending = pipeline[Symbol.asyncDispose]();
    const warning = await warned;
    expect(warning.code).toBe('BYTEOR_UNPOLLED');
    expect(warning.message).toContain('pipeline "ring" is ending, but records of egress "out" are not polled');
    expect(egress.poll(() => {})).toBe(1);
    await ending;
    expect(pipeline.ledger()).toMatchObject({ balanced: true, boundaries: { out: { out: 1 } } });
  });
});
