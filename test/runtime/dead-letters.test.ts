/** Letters through the public API, for both targets: what is written, what the ledger and a snapshot say, and what is refused. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LaneGraphPlan, PipelinePlanV2, SingleRingPlan } from '../../lib/plan/document.js';
import { deadLetters } from '../../lib/runtime/dead-letters.js';
import { open } from '../../lib/runtime/open.js';
import { compile } from '../../lib/version/version.js';

const boundaries = [
  { id: 'in', kind: 'ingress' },
  { id: 'out', kind: 'egress' },
] as const;
const rejects = (id: string, text = 'bad') =>
  ({ id, op: 'reject', config: { contains: text }, on_error: 'dead_letter' }) as const;

const RING: SingleRingPlan = {
  version: 2,
  name: 'ring',
  target: 'SingleRing',
  boundaries,
  stages: [rejects('first'), rejects('second')],
  single_ring: {
    stages: [
      { stage: 'first', depends_on: [] },
      { stage: 'second', depends_on: [] },
    ],
  },
};

const GRAPH: LaneGraphPlan = {
  version: 2,
  name: 'graph',
  target: 'LaneGraph',
  boundaries,
  stages: [rejects('checks'), { id: 'counts', op: 'count' }],
  lane_graph: {
    connections: [
      { from: 'in', to: 'checks', lane: { kind: 'Events' } },
      { from: 'checks', to: 'counts', lane: { kind: 'Events' } },
      { from: 'counts', to: 'out', lane: { kind: 'Events' } },
    ],
  },
};

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-letters-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs lines through a plan to their end. */
async function run(plan: PipelinePlanV2, lines: readonly string[], folder = temporaryFolder()) {
  writeFileSync(join(folder, 'in.log'), lines.map((line) => `${line}\n`).join(''));
  const ports = { in: { lines: join(folder, 'in.log') }, out: { lines: join(folder, 'out.log') } };
  const letters = join(folder, 'letters');
  const before = Date.now();
  const version = compile(plan);
  const pipeline = open(version, { ports, deadLetters: { folder: letters } });
  const ledger = await pipeline.finished();
  const snapshot = pipeline.snapshot();
  return { ledger, snapshot, version, letters, before, output: readFileSync(join(folder, 'out.log'), 'utf8') };
}

describe('letters', () => {
  test('of a ring: each sibling writes one of the same record, and the ledger balances', async () => {
    const { ledger, snapshot, version, letters, before, output } = await run(RING, ['a', 'x bad', 'b', 'y bad']);
    expect(output).toBe('a\nb\n');
    expect(ledger).toMatchObject({ balanced: true, failure: null });
    expect(ledger.stages.first).toMatchObject({ in: 4, failed: 2, dead_lettered: 2, causes: { REJECTED: 2 } });
    expect(ledger.lanes['first->dead:letters']).toMatchObject({
      origin: 'runtime',
      written: 2,
      read: { 'dead:letters': 2 },
      abandoned: 0,
    });
    const found = deadLetters(letters);
    expect(found.letters).toHaveLength(4);
    const [letter] = found.letters.filter(({ element, sequence }) => element === 'second' && sequence === 1);
    expect(letter).toMatchObject({
      plan: version.id,
      ingress: 'in',
      shard: 0,
      code: 'REJECTED',
      attempt: 1,
      bytes: 5,
      done: false,
      begun: false,
    });
    expect(letter?.first).toBeGreaterThanOrEqual(before);
    expect(letter?.last).toBeLessThanOrEqual(Date.now());
    expect(Buffer.from(found.read(letter?.number ?? -1)?.record ?? []).toString()).toBe('x bad');
    expect(found.read(99)).toBeUndefined();
    const agent = snapshot.agents.find(({ kind }) => kind === 'letters');
    expect(agent).toMatchObject({ id: 'dead:letters', sequence: 4, lag: 0, state: 'Done' });
    expect(snapshot.lanes.map(({ id, origin }) => [id, origin])).toEqual([
      ['first->dead:letters', 'runtime'],
      ['second->dead:letters', 'runtime'],
    ]);
  });

  test('of a graph: the lane stands behind the plan’s own, and is no inserted element', async () => {
    const { ledger, snapshot, version, letters, output } = await run(GRAPH, ['a', 'x bad', 'b']);
    expect(output).toBe('a\nb\n');
    expect(ledger).toMatchObject({ balanced: true, failure: null });
    expect(ledger.stages.checks).toMatchObject({ in: 3, out: 2, dead_lettered: 1 });
    expect(ledger.stages.counts).toMatchObject({ in: 2 });
    expect(deadLetters(letters).letters).toMatchObject([{ element: 'checks', sequence: 1, ingress: 'in' }]);
    expect(snapshot.lanes.at(-1)).toMatchObject({ id: 'checks->dead:letters', origin: 'runtime', published: 1 });
    expect(version.report.inserted).toEqual([]);
    expect(version.report.roles.at(-1)).toEqual({ id: 'dead:letters', kind: 'letters', shards: 1, origin: 'runtime' });
    expect(version.report.lanes.at(-1)).toMatchObject({
      id: 'checks->dead:letters',
      from: 'checks',
      origin: 'runtime',
    });
  });

  test('of shards: each has a lane of its own', async () => {
    const shard_key = { kind: 'token', separator: ' ', index: 0 } as const;
    const single_ring = { ...RING.single_ring, shards: 3, ordering: 'PerKey', shard_key } as const;
    const lines = Array.from({ length: 60 }, (_, at) => `key${at % 7} ${at % 2 === 0 ? 'bad' : 'good'}`);
    const { ledger, letters } = await run({ ...RING, single_ring }, lines);
    expect(ledger).toMatchObject({ balanced: true, failure: null });
    expect(Object.keys(ledger.lanes)).toContain('second/2->dead:letters');
    expect(deadLetters(letters).letters).toHaveLength(60);
    expect(new Set(deadLetters(letters).letters.map(({ shard }) => shard)).size).toBeGreaterThan(1);
  });

  test('are refused where there is no folder, before anything starts', () => {
    expect(() => open(compile(RING))).toThrow(
      expect.objectContaining({
        code: 'NO_DEAD_LETTERS',
        message:
          'stage first has on_error dead_letter, and there is no folder for letters; give deadLetters.folder (--dead-letters)',
      }),
    );
  });

  test('of a plan that needs none: the folder is not made', async () => {
    const stages = RING.stages.map(({ id }) => ({ id, op: 'identity' }) as const);
    const { letters } = await run({ ...RING, stages }, ['a']);
    expect(() => deadLetters(letters)).toThrow(expect.objectContaining({ code: 'JOURNAL_OPEN' }));
  });

  test.each([
    [{ folder: '' }, 'deadLetters.folder'],
    [{ folder: 'x', other: 1 }, 'deadLetters.other'],
    ['x', 'deadLetters is'],
  ])('the option %j is refused by its name', (given, words) => {
    expect(() => open(compile(RING), { deadLetters: given as never })).toThrow(words);
  });

  test('have one writer at a time', async () => {
    const folder = join(temporaryFolder(), 'letters');
    const pipeline = open(compile(RING), { deadLetters: { folder } });
    expect(() => open(compile(RING), { deadLetters: { folder } })).toThrow(
      expect.objectContaining({ code: 'JOURNAL_LOCKED' }),
    );
    await pipeline.stop();
  });
});
