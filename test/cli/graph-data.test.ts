/**
 * Real logs through LaneGraph plans on the command line: what comes out of them is what grep, sort and cat say, byte for
 * byte where the plan promises an order, and every record that a lane dropped has been counted. The logs are those of
 * the tests over rings (logs.ts).
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { type ConnectionText, type GraphParts, graphDocument } from '../lower/graphs.js';
import { byteor } from './child.js';
import { grep, realLogs, withLineEnd } from './logs.js';

const work = mkdtempSync(join(tmpdir(), 'byteor-graph-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface LaneFacts {
  readonly written: number;
  readonly published: number;
  readonly dropped: { readonly full: number; readonly too_large: number };
  readonly journal?: { readonly appended: number; readonly durable: number };
}

/** What `run --json` prints, as far as these tests look. */
interface Facts {
  readonly ok: boolean;
  readonly records_in: number;
  readonly records_out: number;
  readonly ledger: {
    readonly balanced: boolean;
    readonly boundaries: Readonly<Record<string, { readonly published?: number; readonly dropped?: number }>>;
    readonly stages: Readonly<Record<string, { readonly in: number; readonly out: number; readonly filtered: number }>>;
    readonly lanes: Readonly<Record<string, LaneFacts>>;
  };
  readonly stages: Readonly<Record<string, unknown>>;
}

interface Ran {
  readonly facts: Facts;
  /** Egress → what it wrote. */
  readonly written: Readonly<Record<string, Buffer>>;
}

let runs = 0;

function planFile(plan: LaneGraphPlan): string {
  const path = join(work, `plan-${runs++}.json`);
  writeFileSync(path, JSON.stringify(plan));
  return path;
}

/** Runs a plan over logs, one an ingress. The exit code says that all is conserved. */
async function through(plan: LaneGraphPlan, logs: Readonly<Record<string, string>>, more: readonly string[] = []) {
  const file = planFile(plan);
  const outs = plan.boundaries.filter(({ kind }) => kind === 'egress').map(({ id }) => id);
  const pathOf = (id: string): string => `${file}.${id}`;
  const ends = [
    ...Object.entries(logs).flatMap(([id, log]) => ['--ingress', `${id}=lines:${log}`]),
    ...outs.flatMap((id) => ['--egress', `${id}=lines:${pathOf(id)}`]),
  ];
  const { code, stdout, stderr } = await byteor(['run', file, ...ends, '--assert-conserved', '--json', ...more]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const facts = JSON.parse(stdout) as Facts;
  expect(facts).toMatchObject({ ok: true, ledger: { balanced: true } });
  const written = Object.fromEntries(outs.map((id) => [id, readFileSync(pathOf(id))]));
  for (const id of outs) rmSync(pathOf(id));
  return { facts, written } satisfies Ran;
}

/** Lines with their ends; the last one always has one. Latin-1 keeps every byte. */
const linesOf = (content: Buffer): string[] =>
  withLineEnd(content)
    .toString('latin1')
    .split(/(?<=\n)/);
const count = (content: Buffer): number => (content.length === 0 ? 0 : linesOf(content).length);
const sortedLines = (...contents: Buffer[]): string[] => contents.flatMap(linesOf).filter(Boolean).sort();

const keep = (contains: string, invert = false) => ({ op: 'filter', config: { contains, invert } });

function plan(name: string, connections: readonly ConnectionText[], parts: GraphParts = {}): LaneGraphPlan {
  return graphDocument(name, connections, parts);
}

const logs = realLogs(work);
const [firstLog = '', secondLog = firstLog] = logs;

/** Words that some lines have, and one that none has. */
function needles(content: Buffer): readonly [string, string, string] {
  const words = content.toString('utf8').match(/[A-Za-z]{4,}/g) ?? [];
  return [words[0] ?? 'error', words[Math.floor(words.length / 2)] ?? 'error', 'qqqzzz'];
}

const DIAMOND_OUT: readonly ConnectionText[] = [['left -> out'], ['mid -> out'], ['right -> out']];
const fanned = (kind: NonNullable<ConnectionText[1]>): readonly ConnectionText[] => [
  ['in -> left', kind],
  ['in -> mid', kind],
  ['in -> right', kind],
];

describe.each(logs.map((log) => [basename(log), log] as const))('%s', (_, log) => {
  const content = readFileSync(log);
  const [a, b, none] = needles(content);

  test.each(['FanoutBroadcast', 'Events'] as const)(
    'a broadcast over %s to three filters, merged: what grep -F finds for each',
    async (kind) => {
      const ops = { left: keep(a), mid: keep(b, true), right: keep(none) };
      const { facts, written } = await through(plan('filters', [...fanned(kind), ...DIAMOND_OUT], { ops }), {
        in: log,
      });
      const found = { left: grep(a, false, log), mid: grep(b, true, log), right: grep(none, false, log) };
      expect(sortedLines(written.out as Buffer)).toEqual(sortedLines(...Object.values(found)));
      for (const [stage, bytes] of Object.entries(found))
        expect(facts.ledger.stages[stage]).toMatchObject({ in: count(content), out: count(bytes) });
    },
  );

  test('two filters of a broadcast with an Ordered egress: what both find, in the order of the file', async () => {
    const ops = { left: keep(a), mid: keep(a, true), right: keep(none) };
    const { written } = await through(
      plan('sorted-again', [...fanned('Events'), ...DIAMOND_OUT], { ops, policy: { out: 'Ordered' } }),
      { in: log },
    );
    // The filters part the file: one of them has each line, and only the order has to be found again.
    expect((written.out as Buffer).equals(content)).toBe(true);
  });

  test.each(['Events', { kind: 'SequencedSlots', capacity: 3, gating: 4 }] as const)(
    'a round-robin diamond over %j with an Ordered egress: byte for byte',
    async (kind) => {
      const policy = { in: 'RoundRobin', out: 'Ordered' } as const;
      const { written } = await through(plan('diamond', [...fanned(kind), ...DIAMOND_OUT], { policy }), { in: log });
      expect((written.out as Buffer).equals(content)).toBe(true);
    },
  );

  test.each(['FanoutBroadcast', 'Events'] as const)(
    'a broadcast diamond over %s with an Ordered egress: each line twice, in order',
    async (kind) => {
      const { written } = await through(
        plan('twice', [['in -> left', kind], ['in -> right', kind], ['left -> out'], ['right -> out']], {
          policy: { out: 'Ordered' },
        }),
        { in: log },
      );
      const lines = content.toString('latin1').split(/(?<=\n)/);
      const twice = lines.map((line) => (line.endsWith('\n') ? line + line : `${line}\n${line}`)).join('');
      expect((written.out as Buffer).toString('latin1')).toBe(twice);
    },
  );

  test('a key-hash split into four, merged: every key in its order', async () => {
    const parts = ['p0', 'p1', 'p2', 'p3'];
    const key = { kind: 'token', separator: ' ', index: 0 } as const;
    const { facts, written } = await through(
      plan(
        'split',
        [...parts.map((id): ConnectionText => [`in -> ${id}`]), ...parts.map((id): ConnectionText => [`${id} -> out`])],
        { policy: { in: { kind: 'KeyHash', key } } },
      ),
      { in: log },
    );
    expect(byKey(written.out as Buffer)).toEqual(byKey(content));
    expect(parts.reduce((sum, id) => sum + (facts.ledger.stages[id]?.in ?? 0), 0)).toBe(count(content));
  });

  test('mixed kinds, with bridges at routers and merges, in a line with an Ordered egress: byte for byte', async () => {
    const slots = { kind: 'SequencedSlots', capacity: 2, gating: 4 } as const;
    const connections: readonly ConnectionText[] = [
      ['in -> head', slots],
      ['head -> left', slots],
      ['head -> right', { kind: 'Events', capacity_bytes: 20_000 }],
      ['left -> join', 'FanoutBroadcast'],
      ['right -> join', slots],
      ['join -> tail', { kind: 'FanoutBroadcast', consumers: 1, capacity_bytes: 30_000 }],
      ['tail -> out', slots],
    ];
    const ops = { left: keep(a), right: keep(a, true), tail: { op: 'checksum' } };
    const { written } = await through(plan('mixed', connections, { ops, policy: { out: 'Ordered' } }), { in: log });
    expect((written.out as Buffer).equals(content)).toBe(true);
  });

  test('journals on the way: byte for byte, and all of it in their files', async () => {
    const journals = mkdtempSync(join(work, 'journals-'));
    const connections: readonly ConnectionText[] = [
      ['in -> head', { kind: 'Journal', fsync: 'none' }],
      ['head -> left'],
      ['head -> right', { kind: 'Journal', fsync: 'each_batch' }],
      ['left -> out'],
      ['right -> out', { kind: 'SequencedSlots', capacity: 5, gating: 4 }],
    ];
    const ops = { left: keep(a), right: keep(a, true) };
    const ordered = plan('journals', connections, { ops, policy: { out: 'Ordered' } });
    const { facts, written } = await through(ordered, { in: log }, ['--journal', journals]);
    expect((written.out as Buffer).equals(content)).toBe(true);
    for (const id of ['in->head', 'head->right'])
      expect(facts.ledger.lanes[id]?.journal).toMatchObject({ appended: count(content), durable: count(content) });
  });

  test('several egresses: each gets what is its', async () => {
    const connections: readonly ConnectionText[] = [
      ['in -> yes', 'FanoutBroadcast'],
      ['in -> no', 'FanoutBroadcast'],
      ['in -> total', 'FanoutBroadcast'],
      ['yes -> out-yes'],
      ['no -> out-no'],
    ];
    const ops = { yes: keep(a), no: keep(a, true), total: { op: 'count' } };
    const { facts, written } = await through(plan('ends', connections, { ops }), { in: log });
    expect(withLineEnd(written['out-yes'] as Buffer).equals(grep(a, false, log))).toBe(true);
    expect(withLineEnd(written['out-no'] as Buffer).equals(grep(a, true, log))).toBe(true);
    expect(facts.stages.total).toEqual({ total: count(content) });
  });

  test.each([1, 2, 3])('the smallest lanes on %i threads: byte for byte, nothing hangs', async (threads) => {
    const longest = Math.max(...linesOf(content).map((line) => line.length));
    // Two frames: less cannot hold a record of half its bytes.
    const lane = { kind: 'Events', capacity_bytes: 2 * (Math.ceil(longest / 8) * 8 + 16) } as const;
    const one = { kind: 'SequencedSlots', capacity: 1, gating: 4 } as const;
    const connections: readonly ConnectionText[] = [
      ['in -> left', lane],
      ['in -> right', one],
      ['left -> out', one],
      ['right -> out', lane],
    ];
    const policy = { in: 'RoundRobin', out: 'Ordered' } as const;
    const more = ['--threads', String(threads), '--no-pin'];
    const { written } = await through(plan('small', connections, { policy }), { in: log }, more);
    expect((written.out as Buffer).equals(content)).toBe(true);
  });
});

/** Lines by their first word, in order; the end of the last line does not count. */
function byKey(content: Buffer): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const line of linesOf(content)) {
    const key = line.replace(/\r?\n$/, '').split(' ')[0] ?? '';
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return groups;
}

describe('two logs', () => {
  const first = readFileSync(firstLog);
  const second = readFileSync(secondLog);

  test('fan in: all lines of both, each log in its order', async () => {
    const marked = (text: string) => ({ op: 'prepend', config: { text } });
    const connections: readonly ConnectionText[] = [
      ['in-1 -> one'],
      ['in-2 -> two', 'FanoutBroadcast'],
      ['one -> both'],
      ['two -> both', { kind: 'SequencedSlots', capacity: 7, gating: 4 }],
      ['both -> out'],
    ];
    const { written } = await through(plan('fan-in', connections, { ops: { one: marked('1:'), two: marked('2:') } }), {
      'in-1': firstLog,
      'in-2': secondLog,
    });
    const from = (mark: string): string[] =>
      linesOf(written.out as Buffer).flatMap((line) => (line.startsWith(mark) ? [line.slice(mark.length)] : []));
    expect(from('1:')).toEqual(linesOf(first));
    expect(from('2:')).toEqual(linesOf(second));
    expect(count(written.out as Buffer)).toBe(count(first) + count(second));
  });

  test('an ingress into two egresses, one into both of them', async () => {
    const connections: readonly ConnectionText[] = [
      ['in-1 -> one'],
      ['in-2 -> two'],
      ['one -> out-1'],
      ['two -> out-1'],
      ['two -> out-2'],
    ];
    const { written } = await through(plan('ends', connections), { 'in-1': firstLog, 'in-2': secondLog });
    expect(sortedLines(written['out-1'] as Buffer)).toEqual(sortedLines(first, second));
    expect((written['out-2'] as Buffer).equals(second)).toBe(true);
  });
});

describe('lanes that drop', () => {
  // More than a pipe and the buffer of a sink hold together.
  const content = Buffer.concat(Array.from({ length: 20 }, () => withLineEnd(readFileSync(firstLog))));
  const log = join(work, 'many.log');
  writeFileSync(log, content);

  /** Runs a plan into a FIFO whose reader sleeps before it reads. */
  async function slowly(dropping: LaneGraphPlan): Promise<Ran> {
    const file = planFile(dropping);
    const [fifo, out] = [`${file}.fifo`, `${file}.out`];
    execFileSync('mkfifo', [fifo]);
    const reader = spawn('sh', ['-c', 'exec < "$0"; sleep 0.5; cat > "$1"', fifo, out], { stdio: 'ignore' });
    const read = new Promise((resolve) => reader.on('close', resolve));
    const ends = ['--ingress', `in=lines:${log}`, '--egress', `out=lines:${fifo}`];
    const { code, stdout, stderr } = await byteor(['run', file, ...ends, '--assert-conserved', '--json']);
    reader.kill(code === 0 ? 0 : 'SIGKILL');
    await read;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return { facts: JSON.parse(stdout) as Facts, written: { out: readFileSync(out) } };
  }

  test.each([
    ['before the egress', [['in -> pass'], ['pass -> out', { kind: 'Events', capacity_bytes: 4096 }, 'Drop']]],
    ['in slots', [['in -> pass'], ['pass -> out', { kind: 'SequencedSlots', capacity: 4, gating: 4 }, 'Drop']]],
    [
      'behind the ingress',
      [
        ['in -> pass', { kind: 'Events', capacity_bytes: 4096 }, 'Drop'],
        ['pass -> out', { kind: 'Events', capacity_bytes: 4096 }],
      ],
    ],
    [
      'of a broadcast, one reader each',
      [
        ['in -> pass', { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 4096 }, 'Drop'],
        ['in -> total', { kind: 'FanoutBroadcast', consumers: 2, capacity_bytes: 4096 }, 'Drop'],
        ['pass -> out', { kind: 'Events', capacity_bytes: 4096 }],
      ],
    ],
  ] satisfies [string, ConnectionText[]][])('%s: every record is delivered or counted', async (_, connections) => {
    const dropping = plan('drop', connections, { ops: { total: { op: 'count' } } });
    const { facts, written } = await slowly(dropping);
    const { lanes, boundaries } = facts.ledger;
    const total = count(content);
    const ingress = boundaries.in as { published: number; dropped: number };
    expect(ingress.published + ingress.dropped).toBe(total);
    const ways = connections.map(([ends]) => lanes[ends.replace(' -> ', '->')] as LaneFacts);
    for (const lane of ways) expect(lane.written).toBe(lane.published + lane.dropped.full + lane.dropped.too_large);
    const onTheWay = connections.filter(([ends]) => !ends.includes('total'));
    const lost = onTheWay.reduce((sum, [ends]) => sum + (lanes[ends.replace(' -> ', '->')]?.dropped.full ?? 0), 0);
    expect(lost).toBeGreaterThan(0);
    expect(count(written.out as Buffer)).toBe(total - lost);
    // What arrives is in order: a line of the file, and the next one after it.
    const expected = linesOf(content);
    let at = -1;
    for (const line of linesOf(written.out as Buffer)) {
      at = expected.indexOf(line, at + 1);
      expect(at).toBeGreaterThanOrEqual(0);
    }
  });
});
