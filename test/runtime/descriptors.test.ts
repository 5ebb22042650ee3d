import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attach, compile, open } from '../../lib/index.js';

/**
 * JavaScript may keep a pipeline that has ended for as long as it likes, and the collector comes when it wants: neither
 * may cost a descriptor.
 */

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'byteor-fds-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const STAGE = [{ id: 'a', op: 'reject', config: { contains: 'bad' } }];
const BOUNDARIES = [
  { id: 'in', kind: 'ingress', codec: 'utf8' },
  { id: 'out', kind: 'egress', codec: 'utf8' },
];

const RING = compile({
  version: 2,
  name: 'ring',
  target: 'SingleRing',
  stages: STAGE,
  boundaries: BOUNDARIES,
  single_ring: { stages: [{ stage: 'a' }] },
} as never);

const graph = (lane: object) =>
  compile({
    version: 2,
    name: 'graph',
    target: 'LaneGraph',
    stages: STAGE,
    boundaries: BOUNDARIES,
    lane_graph: {
      connections: [
        { from: 'in', to: 'a', lane },
        { from: 'a', to: 'out', lane: { kind: 'Events' } },
      ],
    },
  } as never);

const GRAPH = graph({ kind: 'Events' });
const JOURNALS = graph({ kind: 'Journal', fsync: { interval_ms: 60_000 } });

// biome-ignore lint/suspicious/noExplicitAny: the plans of this file have no types.
type Opened = any;

const opened = (version: unknown, options: object = {}): Opened => open(version as never, options as never);

const descriptors = (): number => readdirSync('/proc/self/fd').length;

/** What `work` leaves open each time, once everything that is made only once is there. */
async function leftBy(work: (round: number) => unknown): Promise<number> {
  const kept: unknown[] = [];
  for (let round = 0; round < 2; round++) kept.push(await work(round));
  await new Promise((resolve) => setImmediate(resolve));
  const before = descriptors();
  for (let round = 2; round < 12; round++) kept.push(await work(round));
  await new Promise((resolve) => setImmediate(resolve));
  const left = descriptors() - before;
  expect(kept).toHaveLength(12);
  return left;
}

const push = (pipeline: Opened, ...texts: string[]): void => {
  const ingress = pipeline.ingress('in');
  for (const text of texts) ingress.tryPush(text);
  ingress.flush();
};

describe.runIf(process.platform === 'linux')('a pipeline that has ended keeps no descriptor', () => {
  test.each([
    ['a ring', RING, {}],
    ['a graph', GRAPH, {}],
    ['an observed ring', RING, { observe: true }],
    ['an observed graph', GRAPH, { observe: true }],
    ['several pinned threads', GRAPH, { threads: 2 }],
    ['threads without a pin', RING, { pin: false }],
  ])('halted: %s', async (_, version, options) => {
    expect(
      await leftBy(() => {
        const pipeline = opened(version, options);
        push(pipeline, 'x');
        pipeline.halt();
        return pipeline;
      }),
    ).toBe(0);
  });

  test.each([
    ['halt', (pipeline: Opened) => pipeline.halt()],
    ['stop', (pipeline: Opened) => pipeline.stop({ deadline: 5000 })],
    ['abandoning stop', (pipeline: Opened) => pipeline.stop({ deadline: 0 })],
  ])('files and standard streams, by %s', async (_, end) => {
    const place = folder();
    const fifo = join(place, 'endless');
    const input = join(place, 'in');
    writeFileSync(input, 'x\n'.repeat(1000));
    expect(
      await leftBy(async (round) => {
        const ports = { in: { lines: round % 2 === 0 ? input : '/dev/zero' }, out: { lines: `${fifo}-${round}` } };
        const pipeline = opened(round % 4 < 2 ? RING : GRAPH, { ports, recordMax: 64 });
        await end(pipeline);
        return pipeline;
      }),
    ).toBe(0);
  });

  test('input used up', async () => {
    const place = folder();
    const input = join(place, 'in');
    writeFileSync(input, 'x\n'.repeat(1000));
    expect(
      await leftBy(async (round) => {
        const pipeline = opened(RING, { ports: { in: { lines: input }, out: { lines: join(place, `out-${round}`) } } });
        await pipeline.finished();
        return pipeline;
      }),
    ).toBe(0);
  });

  test('a record that failed', async () => {
    const place = folder();
    expect(
      await leftBy(async (round) => {
        const pipeline = opened(round % 2 === 0 ? RING : GRAPH, {
          ports: { out: { lines: join(place, `out-${round}`) } },
        });
        push(pipeline, 'good', 'bad');
        const { failure } = await pipeline.finished();
        expect(failure?.stage).toBe('a');
        return pipeline;
      }),
    ).toBe(0);
  });

  test.each([
    ['halt', (pipeline: Opened) => pipeline.halt()],
    ['stop', (pipeline: Opened) => pipeline.stop()],
  ])('journals with a timer, by %s', async (_, end) => {
    const place = folder();
    expect(
      await leftBy(async (round) => {
        const options = { journal: { folder: join(place, String(round)) }, ports: { out: 'discard' } };
        const pipeline = opened(JOURNALS, options);
        push(pipeline, 'x');
        await end(pipeline);
        return pipeline;
      }),
    ).toBe(0);
  });

  test('a replay, also one that was cut short while it waits for the time', async () => {
    const place = folder();
    const writer = opened(JOURNALS, { journal: { folder: place }, ports: { out: 'discard' } });
    push(writer, 'x', 'y');
    await writer.stop();
    expect(
      await leftBy(async (round) => {
        const replay = join(place, 'in.a');
        const pace = round % 2 === 0 ? 'fast' : 'recorded';
        const pipeline = opened(RING, { ports: { in: { replay, pace }, out: 'discard' } });
        if (round % 3 === 0) pipeline.halt();
        else await pipeline.finished();
        return pipeline;
      }),
    ).toBe(0);
  });

  test('an open that failed', async () => {
    const place = folder();
    const input = join(place, 'in');
    writeFileSync(input, 'x\n');
    const wrong = [
      [RING, { ports: { in: { lines: input }, out: { lines: join(place, 'no/where') } } }],
      [RING, { ports: { in: { lines: input }, out: { lines: input } } }],
      [RING, { observe: true, ports: { out: { lines: place } } }],
      [JOURNALS, { journal: { folder: join(place, 'j') }, ports: { out: { lines: place } } }],
      [RING, { ports: { in: { replay: place } } }],
    ] as const;
    for (const [version, options] of wrong)
      expect(await leftBy(() => expect(() => opened(version, options)).toThrow())).toBe(0);
  });

  test('a thread that attached and let go', async () => {
    expect(
      await leftBy(() => {
        const pipeline = opened(RING);
        const other = attach(pipeline.number);
        other.detach();
        pipeline.halt();
        return [pipeline, other];
      }),
    ).toBe(0);
  });
});
