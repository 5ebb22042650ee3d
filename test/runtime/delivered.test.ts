import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClosedError, DeadlineError, OptionError, PipelineFailedError, UsageError } from '../../lib/error/errors.js';
import type { PollHandle } from '../../lib/handle/poll.js';
import type { PushHandle } from '../../lib/handle/push.js';
import type { Connection, LaneGraphPayload, PipelinePlanV2, StageEntry } from '../../lib/plan/document.js';
import { attach } from '../../lib/runtime/attach.js';
import { deadLetters } from '../../lib/runtime/dead-letters.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { compile, type Version } from '../../lib/version/version.js';
import { type RingShape, ringVersion, until } from './rings.js';
import { next, start } from './worker-threads.js';

const identity = (id: string): StageEntry => ({ id, op: 'identity' });
const guard: StageEntry = { id: 'guard', op: 'reject', config: { contains: 'bad' } };

type Lane = Connection['lane'];

interface Shape {
  readonly stages?: readonly StageEntry[];
  readonly ins?: readonly string[];
  readonly outs?: readonly string[];
  /** `from>to`, an Events lane where nothing else is said. */
  readonly connections: readonly (string | readonly [string, Lane | (Omit<Connection, 'from' | 'to'> & object)])[];
  readonly policy?: LaneGraphPayload['boundary_policy'];
}

/** A graph of utf8 records. */
function graph({ stages = [], ins = ['in'], outs = ['out'], connections, policy }: Shape): Version {
  return compile({
    version: 2,
    name: 'graph',
    target: 'LaneGraph',
    stages,
    boundaries: [
      ...ins.map((id) => ({ id, kind: 'ingress', codec: 'utf8' })),
      ...outs.map((id) => ({ id, kind: 'egress', codec: 'utf8' })),
    ],
    lane_graph: {
      connections: connections.map((one) => {
        const [words, lane] = typeof one === 'string' ? ([one, { kind: 'Events' }] as const) : one;
        const [from, to] = words.split('>');
        return 'lane' in lane ? { from, to, ...lane } : { from, to, lane };
      }),
      ...(policy === undefined ? {} : { boundary_policy: policy }),
    },
  } as unknown as PipelinePlanV2);
}

const ring = (shape: Partial<RingShape<'utf8'>> = {}): Version =>
  ringVersion({ codec: 'utf8', ...shape }) as unknown as Version;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-delivered-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function begin(version: Version, options: OpenOptions = {}): Pipeline {
  const pipeline = open(version as never, { delivered: true, pin: false, ...options } as never) as unknown as Pipeline;
  onTestFinished(() => void pipeline.halt());
  return pipeline;
}

const ingressOf = (pipeline: Pipeline, id = 'in'): PushHandle<string> =>
  pipeline.ingress(id as never) as unknown as PushHandle<string>;
const egressOf = (pipeline: Pipeline, id = 'out'): PollHandle<string> =>
  pipeline.egress(id as never) as unknown as PollHandle<string>;
const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, k) => `${from + k},x`);
const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(0, -1);
const sorted = (records: readonly string[]): string[] => [...records].sort();
const soon = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a promise is still pending after a while. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await soon(40);
  return !settled;
}

const line = graph({ stages: [identity('pass')], connections: ['in>pass', 'pass>out'] });

/** What a wait of `in` (and of `second`) promises: egress → which of the records its file has. */
const TOPOLOGIES: Readonly<Record<string, readonly [Version, Readonly<Record<string, (record: string) => boolean>>]>> =
  {
    'a ring': [ring(), { out: () => true }],
    'a ring that filters': [
      ring({ stages: [identity('a'), { id: 'even', op: 'filter', config: { contains: '2' } }] }),
      { out: (record) => record.includes('2') },
    ],
    'a ring of three shards': [
      ring({ shards: 3, shard_key: { kind: 'token', separator: ',', index: 0 } }),
      { out: () => true },
    ],
    'stages in a line': [
      graph({ stages: [identity('a'), identity('b')], connections: ['in>a', 'a>b', 'b>out'] }),
      { out: () => true },
    ],
    'relays before lanes of slots': [
      graph({
        stages: [identity('a'), identity('b')],
        connections: [
          ['in>a', { kind: 'SequencedSlots', capacity: 16, gating: 4 } as Lane],
          ['in>b', { kind: 'SequencedSlots', capacity: 16, gating: 4 } as Lane],
          'a>out',
          'b>out',
        ],
        policy: { in: 'RoundRobin' },
      }),
      { out: () => true },
    ],
    'a filter': [
      graph({
        stages: [{ id: 'two', op: 'filter', config: { contains: '2' } }],
        connections: ['in>two', 'two>out'],
      }),
      { out: (record) => record.includes('2') },
    ],
    'a broadcast with a sink': [
      graph({ stages: [identity('a'), { id: 'sum', op: 'count' }], connections: ['in>a', 'in>sum', 'a>out'] }),
      { out: () => true },
    ],
    'a broadcast to two egresses': [
      graph({
        outs: ['out', 'other'],
        stages: [identity('a'), identity('b'), identity('c')],
        connections: ['in>a', 'a>b', 'a>c', 'b>out', 'c>other'],
      }),
      { out: () => true, other: () => true },
    ],
    'one lane that two egresses read': [
      graph({
        outs: ['out', 'other'],
        stages: [identity('a')],
        connections: [
          'in>a',
          ['a>out', { kind: 'FanoutBroadcast', consumers: 2 } as Lane],
          ['a>other', { kind: 'FanoutBroadcast', consumers: 2 } as Lane],
        ],
      }),
      { out: () => true, other: () => true },
    ],
    'a lane of slots': [
      graph({
        stages: [identity('a')],
        connections: [['in>a', { kind: 'SequencedSlots', capacity: 16, gating: 4 } as Lane], 'a>out'],
      }),
      { out: () => true },
    ],
    'one of two ways by turns, brought together': [
      graph({
        stages: [identity('a'), identity('b')],
        connections: ['in>a', 'in>b', 'a>out', 'b>out'],
        policy: { in: 'RoundRobin', out: 'Interleave' },
      }),
      { out: () => true },
    ],
    'one of two ways by key, in order': [
      graph({
        stages: [identity('a'), identity('b')],
        connections: ['in>a', 'in>b', 'a>out', 'b>out'],
        policy: { in: { kind: 'KeyHash', key: { kind: 'token', separator: ',', index: 0 } }, out: 'Ordered' },
      }),
      { out: () => true },
    ],
    'two ingresses into one egress': [
      graph({
        ins: ['in', 'second'],
        stages: [identity('a'), identity('b')],
        connections: ['in>a', 'second>b', 'a>out', 'b>out'],
      }),
      { out: () => true },
    ],
  };

describe.each(Object.entries(TOPOLOGIES))('what was pushed through %s', (_, [version, kept]) => {
  test('stands in every file when the wait is over, each time', async () => {
    const folder = temporaryFolder();
    const { boundaries } = version.plan as PipelinePlanV2;
    const ports = Object.fromEntries(Object.keys(kept).map((id) => [id, { lines: join(folder, id) }]));
    const pipeline = begin(version, { ports, firstSequence: 2 ** 32 - 100 });
    const ingresses = boundaries.filter(({ kind }) => kind === 'ingress').map(({ id }) => ingressOf(pipeline, id));
    const pushed: string[] = [];
    for (const round of [1, 300, 2]) {
      for (const ingress of ingresses) {
        const records = numbers(round, pushed.length);
        await ingress.pushBatch(records);
        pushed.push(...records);
      }
      await Promise.all(ingresses.map((ingress) => ingress.untilDelivered()));
      for (const [id, keeps] of Object.entries(kept))
        expect(sorted(lines(join(folder, id)))).toEqual(sorted(pushed.filter(keeps)));
    }
    const told = ingresses.flatMap((ingress) => ingress.delivered ?? []);
    expect(told.reduce((sum, records) => sum + records, 0)).toBe(pushed.length);
    expect(await pipeline.stop()).toMatchObject({ balanced: true, failure: null });
  });
});

describe.each([
  ['a ring', ring()],
  ['a graph', line],
])('an egress of JavaScript of %s', (_, version) => {
  test('holds what it has not released, and nothing is told before', async () => {
    const pipeline = begin(version);
    const [ingress, egress] = [ingressOf(pipeline), egressOf(pipeline)];
    await ingress.pushBatch(numbers(5));
    const delivered = ingress.untilDelivered();
    expect(await isPending(delivered)).toBe(true);
    expect(ingress.delivered).toEqual([0]);
    let within: readonly number[] | undefined;
    egress.poll(() => {
      within = ingress.delivered;
    }, 3);
    expect(within).toEqual([0]);
    expect(await isPending(delivered)).toBe(true);
    egress.poll(() => {});
    await delivered;
    expect(ingress.delivered).toEqual([5]);
  });

  test('holds later records without holding an earlier wait', async () => {
    const pipeline = begin(version);
    const [ingress, egress] = [ingressOf(pipeline), egressOf(pipeline)];
    await ingress.push('first');
    const first = ingress.untilDelivered();
    // Behind its first lane a wait takes in what has come along when it looks.
    await until(() => (pipeline.ledger().stages as Readonly<Record<string, { in: number }>>).pass?.in === 1);
    expect(await isPending(first)).toBe(true);
    await ingress.push('second');
    const second = ingress.untilDelivered();
    expect(egress.poll(() => {}, 1)).toBe(1);
    await first;
    expect(await isPending(second)).toBe(true);
    egress.poll(() => {});
    await second;
  });

  test('delivers after the ingress has been closed, and after the threads have ended', async () => {
    const pipeline = begin(version);
    const [ingress, egress] = [ingressOf(pipeline), egressOf(pipeline)];
    await ingress.pushBatch(numbers(5));
    ingress.close();
    const delivered = ingress.untilDelivered();
    expect(await isPending(delivered)).toBe(true);
    egress.poll(() => {});
    await delivered;
  });
});

test('a discarded egress delivers what it has given back', async () => {
  const ingress = ingressOf(begin(line, { ports: { out: 'discard' } }));
  await ingress.pushBatch(numbers(1000));
  await ingress.untilDelivered();
  expect(ingress.delivered).toEqual([1000]);
});

test('records that a lane drops are delivered, and those that it keeps are in the file', async () => {
  const file = join(temporaryFolder(), 'out');
  const full = { lane: { kind: 'Events', capacity_bytes: 256 }, on_full: 'Drop' } as never;
  const version = graph({ stages: [identity('pass')], connections: ['in>pass', ['pass>out', full]] });
  const pipeline = begin(version, { ports: { out: { lines: file } } });
  const ingress = ingressOf(pipeline);
  await ingress.pushBatch(numbers(5000));
  await ingress.untilDelivered();
  const written = lines(file).length;
  const { dropped } = pipeline.halt().lanes['pass->out' as never] as unknown as { dropped: { full: number } };
  expect(written + dropped.full).toBe(5000);
});

test.each(['each_batch', 'none', { interval_ms: 5 }] as const)(
  'a journal delivers what it promises, at the ingress and behind a stage: fsync %j',
  async (fsync) => {
    const journal = { kind: 'Journal', fsync } as Lane;
    const stages = [identity('a'), identity('b')];
    for (const [at, first, second] of [
      ['in->a', journal, { kind: 'Events' }],
      ['a->b', { kind: 'Events' }, journal],
    ] as const) {
      const connections = [['in>a', first], ['a>b', second], 'b>out'] as const;
      const pipeline = begin(graph({ stages, connections }), { journal: { folder: temporaryFolder() } });
      const ingress = ingressOf(pipeline);
      await ingress.pushBatch(numbers(100));
      await ingress.untilDelivered();
      // The egress has not been polled: what is behind the journal is the next run's, whatever becomes of this one.
      const lane = pipeline.ledger().lanes[at as never] as unknown as { journal: { durable: number } };
      expect(lane.journal.durable).toBe(100);
      pipeline.halt();
    }
  },
);

describe.each([
  ['a ring', ring({ stages: [guard] })],
  ['a graph', graph({ stages: [guard, identity('pass')], connections: ['in>guard', 'guard>pass', 'pass>out'] })],
])('a record that fails in %s', (_, version) => {
  test('is never delivered, nor is what comes behind it; what came before is', async () => {
    const file = join(temporaryFolder(), 'out');
    const ingress = ingressOf(begin(version, { ports: { out: { lines: file } } }));
    ingress.tryPushBatch(['a', 'b']);
    const before = ingress.untilDelivered();
    ingress.tryPush('bad');
    const failed = ingress.untilDelivered();
    ingress.tryPush('behind');
    const behind = ingress.untilDelivered();
    await Promise.all([
      before,
      expect(failed).rejects.toThrow(PipelineFailedError),
      expect(behind).rejects.toThrow(PipelineFailedError),
    ]);
    expect(ingress.delivered).toEqual([2]);
    expect(lines(file)).toEqual(['a', 'b']);
  });
});

test('a record that fails ends a wait also where nothing polls what came before it', async () => {
  const version = graph({ stages: [guard], connections: ['in>guard', 'guard>out'] });
  const pipeline = begin(version);
  const ingress = ingressOf(pipeline);
  ingress.tryPushBatch(['a', 'bad']);
  await expect(ingress.untilDelivered()).rejects.toMatchObject({ code: 'PIPELINE_FAILED' });
  expect(ingress.delivered).toEqual([0]);
  egressOf(pipeline).poll(() => {});
});

describe('a wait', () => {
  test('needs a pipeline that was opened for it', async () => {
    const ingress = ingressOf(begin(line, { delivered: false }));
    expect(ingress.delivered).toBeUndefined();
    const refused = ingress.untilDelivered();
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow('open the pipeline with { delivered: true }');
    expect(() => begin(line, { delivered: 'yes' as never })).toThrow(OptionError);
    expect(() => begin(line, { delivered: 'yes' as never })).toThrow(
      'delivered is the string "yes": give true or false',
    );
  });

  test('for nothing is over at once', async () => {
    await ingressOf(begin(line)).untilDelivered();
  });

  test('ends at its deadline and says how much is left', async () => {
    const ingress = ingressOf(begin(ring()));
    ingress.tryPushBatch(numbers(3));
    const late = ingress.untilDelivered({ deadline: 10 });
    await expect(late).rejects.toThrow(DeadlineError);
    await expect(late).rejects.toThrow('within 10 ms: 3 records are not delivered yet');
  });

  test('ends with its signal', async () => {
    const ingress = ingressOf(begin(line));
    ingress.tryPush('a');
    const controller = new AbortController();
    const aborted = ingress.untilDelivered({ signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' });
  });

  test.each([
    ['a ring', ring()],
    ['a graph', line],
  ])('ends when %s is halted, and so do later ones', async (_, version) => {
    const pipeline = begin(version);
    const ingress = ingressOf(pipeline);
    ingress.tryPushBatch(numbers(4));
    const pending = ingress.untilDelivered();
    expect(egressOf(pipeline).poll(() => {}, 0)).toBe(0);
    pipeline.halt();
    await expect(pending).rejects.toThrow(ClosedError);
    await expect(ingress.untilDelivered()).rejects.toThrow(
      '4 of the records pushed to "in" are not delivered: the pipeline ended before they left it',
    );
  });

  test('after an end in order finds everything delivered', async () => {
    const pipeline = begin(line, { ports: { out: { lines: join(temporaryFolder(), 'out') } } });
    const ingress = ingressOf(pipeline);
    await ingress.pushBatch(numbers(500));
    await pipeline.stop();
    await ingress.untilDelivered();
    expect(ingress.delivered).toEqual([500]);
  });

  test('ends when this thread gives the ingress back', async () => {
    const ingress = ingressOf(begin(line));
    ingress.tryPush('a');
    const pending = ingress.untilDelivered();
    ingress.release();
    await expect(pending).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(ingress.untilDelivered()).rejects.toThrow('given back with release()');
  });

  test('works where the memory is copied', async () => {
    process.env.BYTEOR_NO_EXTERNAL_BUFFERS = '1';
    onTestFinished(() => {
      delete process.env.BYTEOR_NO_EXTERNAL_BUFFERS;
    });
    const file = join(temporaryFolder(), 'out');
    const ingress = ingressOf(begin(line, { ports: { out: { lines: file } } }));
    await ingress.pushBatch(numbers(200));
    await ingress.untilDelivered();
    expect(lines(file)).toEqual(numbers(200));
  });

  test('works in a thread that attaches', async () => {
    const file = join(temporaryFolder(), 'out');
    const pipeline = begin(line, { ports: { out: { lines: file } } });
    const worker = start('pushDelivered', { number: pipeline.number, count: 700, file });
    expect(await next(worker)).toEqual({ delivered: [700], lines: 700 });
    const ingress = ingressOf(pipeline);
    expect(ingress.delivered).toEqual([700]);
  });
});

test('a stage of JavaScript holds what it has not answered for', async () => {
  const stages: StageEntry[] = [{ id: 'mark', op: 'js:mark' }];
  const version = graph({ stages, connections: ['in>mark', 'mark>out'] });
  const file = join(temporaryFolder(), 'out');
  const options = { delivered: true, ports: { out: { lines: file } } };
  const pipeline = open(version as never, { ...options, stages: { mark: 'attach' } } as never) as unknown as Pipeline;
  onTestFinished(() => void pipeline.halt());
  const ingress = ingressOf(pipeline);
  await ingress.pushBatch(numbers(3));
  const delivered = ingress.untilDelivered();
  expect(await isPending(delivered)).toBe(true);
  const attached = attach(pipeline.number, { stages: { mark: (record: string) => `${record}!` } } as never);
  await delivered;
  expect(lines(file)).toEqual(numbers(3).map((record) => `${record}!`));
  attached.detach();
});

const lettered = { ...guard, on_error: 'dead_letter' } as StageEntry;

test.each([
  ['a graph', () => graph({ stages: [lettered], connections: ['in>guard', 'guard>out'] })],
  ['a ring', () => ring({ stages: [lettered] })],
])('a record of %s that failed under dead_letter counts once its letter is in the folder', async (_, version) => {
  const folder = join(temporaryFolder(), 'letters');
  const pipeline = begin(version(), { deadLetters: { folder }, ports: { out: 'discard' } } as never);
  const ingress = ingressOf(pipeline);
  for (let round = 1; round <= 5; round++) {
    await ingress.pushBatch(['good', `bad ${round}`, 'good']);
    await ingress.untilDelivered();
    expect(deadLetters(folder).letters.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: round }, (_, k) => 3 * k + 1),
    );
  }
});
