/** What a stage in JavaScript may make of one record, and who runs it while all others only look. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { open, type Version } from '../../lib/index.js';
import type { StageEntry } from '../../lib/plan/document.js';
import type { Pipeline } from '../../lib/runtime/pipeline.js';
import { graph, js, READING, type Reading, ring, texts, through } from './hosted-plans.js';

const split = (record: string): string[] => record.split(',');

function files(input: string): { readonly input: string; readonly output: string } {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-limits-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'in'), input);
  return { input: join(folder, 'in'), output: join(folder, 'out') };
}

describe('of more elements than one record may become', () => {
  // Of two branches, since one is in order by itself; nothing comes of the other.
  const none: StageEntry = { id: 'none', op: 'filter', config: { contains: '~' } };
  const ordered = (more: Partial<StageEntry>): Version =>
    graph([js('split', more), none], ['in>split', 'in>none', 'split>out', 'none>out'], {
      boundary_policy: { out: 'Ordered' },
    });

  test.each([
    ['one before an Ordered egress', ordered({ on_error: 'drop' }), 1],
    ['emits_max there', ordered({ emits: true, emits_max: 3, on_error: 'drop' }), 3],
    [
      'emits_max elsewhere',
      graph([js('split', { emits: true, emits_max: 3, on_error: 'drop' })], ['in>split', 'split>out']),
      3,
    ],
  ])('none leaves: %s', async (_, version, most) => {
    const { out, ledger } = await through(version, { split }, ['a', 'b,c,d,e', 'f,g', 'h']);
    expect(out).toEqual(most === 1 ? ['a', 'h'] : ['a', 'f', 'g', 'h']);
    expect(ledger.stages.split).toMatchObject({ causes: { TOO_MANY: most === 1 ? 2 : 1 } });
    expect(ledger.imbalances).toEqual([]);
  });

  test('a failure says how many there were, and what to declare', async () => {
    const { ledger } = await through(ordered({ emits: true, emits_max: 3 }), { split }, ['b,c,d,e']);
    expect(ledger.failure?.cause).toBe(
      "the stage's function made 4 records of one, and its stage may make 3; return fewer, or declare emits and a larger emits_max",
    );
  });
});

test('of several elements none leaves where one is longer than the lane behind takes', async () => {
  const connections = [
    { from: 'in', to: 'split', lane: { kind: 'Events' } },
    { from: 'split', to: 'out', lane: { kind: 'Events', capacity_bytes: 128 } },
  ];
  const version = graph([js('split', { on_error: 'pass' })], [], { connections });
  const record = `a,b,${'x'.repeat(60)}`;
  const { out, ledger } = await through(version, { split }, ['1,2', record.slice(0, 30), record], { recordMax: 64 });
  expect(ledger.stages.split?.causes).toEqual({ TOO_LARGE: 1 });
  expect(ledger.failure?.cause ?? '').toMatch(/longer|takes|bytes/);
  expect(out).toEqual(['1', '2', 'a', 'b', 'x'.repeat(26)]);
});

test('a stage that reads and declares emits makes records of its own', async () => {
  const version = graph([js('split', { access: 'read', emits: true })], ['in>split', 'split>out']);
  expect((await through(version, { split }, ['a,b', 'c'])).out).toEqual(['a', 'b', 'c']);
});

test('a stage that keeps the layout of a struct keeps it also where its entry has room', async () => {
  const stages: StageEntry[] = [
    js('same', { keeps_layout: true, room: 8 }),
    { id: 'next', op: 'set_field', config: { field: 'sensor', add: 1 } },
  ];
  for (const version of [graph(stages, ['in>same', 'same>next', 'next>out'], {}, READING), ring(stages, READING)]) {
    const { out } = await through<Reading>(version, { same: () => true }, [{ sensor: 1, value: 2 }]);
    expect(out).toEqual([{ sensor: 2, value: 2 }]);
  }
});

test.each([
  ['a ring', ring([js('loud', { room: 1 })])],
  ['a graph', graph([js('loud')], ['in>loud', 'loud>out'])],
])('what takes the place of a line ends as that line did, in %s', async (_, version) => {
  const { input, output } = files('a\r\nb\nc');
  const ports = { in: { lines: input }, out: { lines: output } };
  await (open(version, { ports, stages: { loud: (line: string) => `${line}!` } } as never) as Pipeline).finished();
  expect(readFileSync(output, 'utf8')).toBe('a!\r\nb!\nc!');
});

describe.each(['spin', 'yield'] as const)('where threads wait by %s', (wait) => {
  test('a stage of the opener is run although nothing else turns its event loop', async () => {
    const { input } = files(`${texts(5000).join('\n')}\n`);
    const version = graph([js('same')], ['in>same', 'same>out']);
    const ports = { in: { lines: input }, out: 'discard' };
    const pipeline = open(version, { wait, ports, stages: { same: () => true } } as never) as Pipeline;
    expect((await pipeline.finished()).stages.same).toMatchObject({ in: 5000, out: 5000 });
  });

  test('a module behind a stage of the opener is run', async () => {
    const module = new URL('./stage-modules.mjs', import.meta.url);
    const stages = { first: () => undefined, second: { module, export: 'counting' } };
    const version = ring([js('first'), js('second')]);
    const { reports } = await through(version, stages as never, texts(30), { wait, capacity: 1 });
    expect(reports).toMatchObject({ second: { records: 30 } });
  });
});
