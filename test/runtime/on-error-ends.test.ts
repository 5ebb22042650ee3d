import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Port } from '../../lib/adapter/registry.js';
import type { BoundaryEntry, Lane, PipelinePlanV2 } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { compile, type Version } from '../../lib/version/version.js';

/** What becomes of a record that an adapter cannot take or write: `on_error` of boundaries. */

const SLOTS: Lane = { kind: 'SequencedSlots', capacity: 8, gating: 4 };
const EVENTS: Lane = { kind: 'Events' };
const DROPS = { on_error: 'drop' } as const;

interface Ends {
  readonly in?: Partial<BoundaryEntry>;
  readonly out?: Partial<BoundaryEntry>;
}

const boundaries = (ends: Ends): readonly BoundaryEntry[] => [
  { id: 'in', kind: 'ingress', ...ends.in },
  { id: 'out', kind: 'egress', ...ends.out },
];

const ring = (ends: Ends): PipelinePlanV2 => ({
  version: 2,
  name: 'x',
  target: 'SingleRing',
  stages: [{ id: 'a', op: 'identity' }],
  boundaries: boundaries(ends),
  single_ring: { stages: [{ stage: 'a' }] },
});

const graph =
  (into: Lane, from: Lane = into) =>
  (ends: Ends): PipelinePlanV2 => ({
    version: 2,
    name: 'x',
    target: 'LaneGraph',
    stages: [{ id: 'a', op: 'identity' }],
    boundaries: boundaries(ends),
    lane_graph: {
      connections: [
        { from: 'in', to: 'a', lane: into },
        { from: 'a', to: 'out', lane: from },
      ],
    },
  });

const TARGETS = [
  ['a ring', ring],
  ['a graph of frames', graph(EVENTS)],
  ['a graph of slots', graph(SLOTS)],
] as const;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'byteor-ends-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

/** Runs a plan from `input` (lines of a file, or texts that JavaScript pushes) into a file; how it ended. */
async function run(plan: PipelinePlanV2, input: string | readonly string[], options: OpenOptions = {}) {
  const [from, to] = ['in', 'out'].map((name) => join(folder(), name)) as [string, string];
  const ports: Record<string, Port> = { out: { lines: to } };
  if (typeof input === 'string') {
    writeFileSync(from, input);
    ports.in = { lines: from };
  }
  const pipeline = open(compile(plan) as unknown as Version, { threads: 1, ...options, ports } as never);
  opened.push(pipeline);
  if (typeof input !== 'string') {
    const ingress = pipeline.ingress('in' as never) as unknown as { push(record: unknown): unknown; close(): void };
    for (const one of input) await ingress.push(Buffer.from(one));
    ingress.close();
  }
  const ledger = await pipeline.finished();
  const { adapters } = pipeline.status();
  return { ledger, output: readFileSync(to, 'utf8'), adapters: adapters as Record<string, { records: number }> };
}

const dropped = (count: number, cause: string) => ({
  failed: count,
  dropped: count,
  dead_lettered: 0,
  causes: { [cause]: count },
});

describe.each(TARGETS)('at the ends of %s', (_, target) => {
  const long = 'x'.repeat(70);

  it('an ingress that drops passes over lines that are too long, and the others keep their order', async () => {
    const input = `one\n${long}\ntwo\r\n${long}\n${'y'.repeat(300_000)}\nthree\n${long}`;
    const { ledger, output, adapters } = await run(target({ in: DROPS }), input, { recordMax: 64 });
    expect(output).toBe('one\ntwo\r\nthree\n');
    expect(ledger).toMatchObject({ balanced: true, settled: true, failure: null });
    expect(ledger.boundaries.in).toMatchObject({ published: 3, too_large: 4, failures: dropped(4, 'TOO_LARGE') });
    expect(ledger.boundaries.out).not.toHaveProperty('failures');
    expect(adapters).toMatchObject({ in: { records: 7 }, out: { records: 3 } });
  });

  it('an ingress that stops does so at the first of them, and names the line', async () => {
    const { ledger, output } = await run(target({}), `one\n${long}\ntwo\n`, { recordMax: 64 });
    expect(output).toBe('one\n');
    expect(ledger.failure).toMatchObject({
      stage: 'in',
      sequence: 1,
      cause: expect.stringMatching(/^line 2 of .* 70 bytes/),
    });
    expect(ledger.boundaries.in).not.toHaveProperty('failures');
  });

  it('an egress that drops passes over records with a line feed, and the others keep their order', async () => {
    const records = ['a\nb', 'one', '\n', 'two', 'c\n', '', 'd\ne'];
    const { ledger, output, adapters } = await run(target({ out: DROPS }), records);
    expect(output).toBe('one\ntwo\n\n');
    expect(ledger).toMatchObject({ balanced: true, settled: true, failure: null });
    expect(ledger.boundaries.out).toMatchObject({ in: 7, out: 3, abandoned: 0, failures: dropped(4, 'BAD_RECORD') });
    expect(adapters).toMatchObject({ out: { records: 3, unwritten: 0 } });
  });

  it('an egress that stops does so at the first of them: what is left is abandoned', async () => {
    const { ledger, output } = await run(target({}), ['one', 'a\nb', 'two']);
    expect(output).toBe('one\n');
    expect(ledger.failure).toMatchObject({ stage: 'out', sequence: 1 });
    expect(ledger.balanced).toBe(true);
    expect(ledger.boundaries.out).not.toHaveProperty('failures');
  });

  it('what JavaScript pushes is answered, whatever the ingress says', () => {
    const pipeline = open(compile(target({ in: DROPS })) as unknown as Version, { recordMax: 64, threads: 1 } as never);
    opened.push(pipeline);
    const ingress = pipeline.ingress('in' as never) as unknown as { tryPush(record: unknown): string };
    expect(ingress.tryPush(Buffer.from(long))).toBe('TOO_LARGE');
    expect(pipeline.ledger().boundaries.in).not.toHaveProperty('failures');
  });
});

it('lines that are no structs of the plan are BAD_RECORD, and longer ones TOO_LARGE', async () => {
  const codec = { kind: 'struct', fields: [{ name: 'n', type: 'utf8(3)' }] } as const;
  const plan = ring({ in: { codec, ...DROPS } });
  const { ledger, output } = await run(plan, 'abc\nde\nfghi\njkl\r\nmno\npqr');
  expect(output).toBe('abc\nmno\n');
  expect(ledger.boundaries.in).toMatchObject({
    published: 2,
    too_large: 1,
    failures: { failed: 4, dropped: 4, dead_lettered: 0, causes: { TOO_LARGE: 1, BAD_RECORD: 3 } },
  });
  expect(ledger.balanced).toBe(true);
});

it('every shard counts what an egress could not write', async () => {
  const plan = ring({ out: DROPS });
  const key = { kind: 'bytes', offset: 0, length: 1 } as const;
  const sharded = { ...plan, single_ring: { stages: [{ stage: 'a' }], shards: 3, ordering: 'PerKey', shard_key: key } };
  const records = Array.from({ length: 60 }, (_, at) => `${at % 10}${at % 4 === 0 ? '\n' : ''}`);
  const { ledger, output } = await run(sharded as PipelinePlanV2, records);
  expect(output.split('\n').sort().join('')).toBe(
    records
      .filter((one) => !one.endsWith('\n'))
      .sort()
      .join(''),
  );
  expect(ledger).toMatchObject({ balanced: true, boundaries: { out: { in: 60, out: 45 } } });
  expect(ledger.boundaries.out).toMatchObject({ failures: dropped(15, 'BAD_RECORD') });
});

it('a journal is delivered past the records that its egress dropped', async () => {
  const journal = { folder: folder() };
  const plan = graph(EVENTS, { kind: 'Journal' })({ out: DROPS });
  const first = await run(plan, ['one', 'a\nb', 'two', 'c\n'], { journal });
  expect(first.output).toBe('one\ntwo\n');
  const again = await run(plan, ['three'], { journal });
  expect(again.output).toBe('three\n');
  expect(again.ledger.lanes['a->out']?.journal).toMatchObject({ replayed: 0 });
});

it('a replay into an ingress that drops passes over records that are too long', async () => {
  const journal = { folder: folder() };
  await run(graph(EVENTS, { kind: 'Journal' })({}), ['short', 'x'.repeat(70), 'last'], { journal });
  const to = join(folder(), 'out');
  const ports = { in: { replay: join(journal.folder, 'a.out') }, out: { lines: to } };
  const version = compile(ring({ in: DROPS })) as unknown as Version;
  const pipeline = open(version, { threads: 1, recordMax: 64, ports } as never);
  opened.push(pipeline);
  const { boundaries: counts, balanced } = await pipeline.finished();
  expect(readFileSync(to, 'utf8')).toBe('short\nlast\n');
  expect(balanced).toBe(true);
  expect(counts.in).toMatchObject({ published: 2, failures: dropped(1, 'TOO_LARGE') });
});
