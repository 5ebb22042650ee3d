import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { compile, open } from '../../lib/index.js';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'byteor-lines-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const BOUNDARIES = [
  { id: 'in', kind: 'ingress', codec: 'utf8' },
  { id: 'out', kind: 'egress', codec: 'utf8' },
];

const ring = (stage: object = { op: 'identity' }) =>
  compile({
    version: 2,
    name: 'lines',
    target: 'SingleRing',
    stages: [{ id: 'a', ...stage }],
    boundaries: BOUNDARIES,
    single_ring: { stages: [{ stage: 'a' }] },
  } as never);

const graph = (kind: string) =>
  compile({
    version: 2,
    name: 'lines',
    target: 'LaneGraph',
    stages: [{ id: 'a', op: 'identity' }],
    boundaries: BOUNDARIES,
    lane_graph: {
      connections: [
        { from: 'in', to: 'a', lane: { kind: 'Events' } },
        { from: 'a', to: 'out', lane: kind === 'SequencedSlots' ? { kind, capacity: 8, gating: 4 } : { kind } },
      ],
    },
  } as never);

/** Pushes texts through a plan into a file of lines; what became of them. */
async function written(version: unknown, texts: readonly string[]) {
  const out = join(folder(), 'out');
  const pipeline = open(version as never, { ports: { out: { lines: out } } as never });
  const ingress = pipeline.ingress('in' as never) as { tryPush(text: string): string; close(): void };
  for (const text of texts) ingress.tryPush(text);
  ingress.close();
  const ledger = await pipeline.stop();
  return { text: readFileSync(out, 'utf8'), ledger };
}

describe('a record with a line feed, at an output of lines', () => {
  test.each([
    ['a ring', ring()],
    ['an Events lane', graph('Events')],
    ['a lane of slots', graph('SequencedSlots')],
  ])('fails by its sequence after %s: those before it are written, of it nothing', async (_, version) => {
    const { text, ledger } = await written(version, ['one', '', 'two', 'x\ny', 'three']);
    expect(text).toBe('one\n\ntwo\n');
    expect(ledger.failure).toMatchObject({ stage: 'out', sequence: 3 });
    expect(ledger.failure?.cause).toMatch(/the record of 3 bytes holds a line feed at byte 1, .*escape it before$/);
    expect(ledger.balanced).toBe(true);
    expect(ledger.boundaries.out).toMatchObject({ out: 3, abandoned: 2 });
  });

  test.each(['\n', '\nx', 'x\n', '\r\n', `${'x'.repeat(400_000)}\n`])(
    'is found wherever it stands (%#)',
    async (text) => {
      const { text: lines, ledger } = await written(ring(), ['first', text]);
      expect(lines).toBe('first\n');
      expect(ledger.failure?.sequence).toBe(1);
    },
  );

  test('is also one that a stage has made', async () => {
    const source = join(folder(), 'in');
    writeFileSync(source, 'a\nb\n');
    for (const op of ['append', 'prepend']) {
      const out = join(folder(), 'out');
      const ports = { in: { lines: source }, out: { lines: out } };
      const pipeline = open(ring({ op, config: { text: 'x\n' } }) as never, { ports: ports as never });
      const { failure } = await pipeline.finished();
      expect(failure).toMatchObject({ stage: 'out', sequence: 0 });
      expect(readFileSync(out, 'utf8')).toBe('');
    }
  });

  test('a lone CR is content, and a text without a line feed is one line', async () => {
    const { text, ledger } = await written(ring(), ['a\rb', 'ü', '\u2028']);
    expect(text).toBe('a\rb\nü\n\u2028\n');
    expect(ledger.failure).toBeNull();
  });
});

describe('one file and two pipelines of one process', () => {
  const openTo = (out: object) => open(ring() as never, { ports: { out } as never });

  test.each([
    ['appends to', { append: true }],
    ['empties', {}],
  ])('the second one that %s it is refused, until the first has ended', (_, more) => {
    const lines = join(folder(), 'out');
    const first = openTo({ lines, append: true });
    expect(() => openTo({ lines, ...more })).toThrow(/is writing it, and their lines would be mixed/);
    first.halt();
    openTo({ lines, ...more }).halt();
  });

  test('a file is not emptied while another one reads it', async () => {
    const lines = join(folder(), 'file');
    writeFileSync(lines, 'a line\n'.repeat(100_000));
    const sizes = { capacity: 8, recordMax: 64, arenaBytes: 1024 };
    const reader = open(ring() as never, { ports: { in: { lines } } as never, ...sizes });
    expect(() => openTo({ lines })).toThrow(/is reading it, and what it has not read would be emptied away/);
    openTo({ lines, append: true }).halt();
    reader.halt();
    openTo({ lines }).halt();
    expect(readFileSync(lines, 'utf8')).toBe('');
  });

  test('two outputs of one pipeline are no exception', () => {
    const lines = join(folder(), 'out');
    const version = compile({
      version: 2,
      name: 'two',
      target: 'LaneGraph',
      stages: [{ id: 'a', op: 'identity' }],
      boundaries: [...BOUNDARIES, { id: 'more', kind: 'egress', codec: 'utf8' }],
      lane_graph: {
        connections: [
          { from: 'in', to: 'a', lane: { kind: 'Events' } },
          { from: 'a', to: 'out', lane: { kind: 'Events' } },
          { from: 'a', to: 'more', lane: { kind: 'Events' } },
        ],
      },
    } as never);
    const port = { lines, append: true };
    expect(() => open(version as never, { ports: { out: port, more: port } as never })).toThrow(/is writing it/);
  });
});

describe('an output that cannot be written', () => {
  test.each([
    ['a ring', ring(), 0],
    ['a ring that filters the first two', ring({ op: 'filter', config: { contains: 'keep' } }), 2],
    ['an Events lane', graph('Events'), 0],
    ['a lane of slots', graph('SequencedSlots'), 0],
  ])('fails by the sequence of the first record that it did not take: behind %s', async (_, version, sequence) => {
    const pipeline = open(version as never, { ports: { out: { lines: '/dev/full' } } as never });
    const ingress = pipeline.ingress('in' as never) as { tryPush(text: string): string; close(): void };
    for (const text of ['one', 'two', 'keep three', 'keep four']) ingress.tryPush(text);
    ingress.close();
    const ledger = await pipeline.stop();
    expect(ledger.failure).toMatchObject({ stage: 'out', sequence });
    expect(ledger.balanced).toBe(true);
  });
});
