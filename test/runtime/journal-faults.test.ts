/** What happens to a journal's files from outside, and what the public API answers. Real files, every policy. */

import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { open } from '../../lib/runtime/open.js';
import { compile } from '../../lib/version/version.js';
import { type Fsync, linePlanOf } from '../support/line-plan.js';

const POLICIES: readonly Fsync[] = ['each_batch', { interval_ms: 5 }, 'none'];
const FIRST = '00000000000000000000.journal';

const line = (fsync: Fsync, codec: 'utf8' | 'bytes' = 'utf8', segmentBytes = 4096) =>
  linePlanOf(codec, { kind: 'Journal', fsync, segment_bytes: segmentBytes });

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

function start(folder: string, plan = line('each_batch') as ReturnType<typeof line>) {
  const pipeline = open(compile(plan), { journal: { folder } });
  opened.push(pipeline);
  return pipeline;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-faults-'));
  onTestFinished(() => {
    for (const left of [folder, `${folder}.away`]) rmSync(left, { recursive: true, force: true });
  });
  return folder;
}

/** A journal whose `count` records have all been delivered; the folder of its lane. */
async function delivered(folder: string, count: number, fsync: Fsync = 'each_batch'): Promise<string> {
  const pipeline = start(folder, line(fsync));
  const ingress = pipeline.ingress('in');
  for (let i = 0; i < count; i++) await ingress.push(`r${i}`.padEnd(200, '.'));
  ingress.close();
  for await (const _ of pipeline.egress('out'));
  await pipeline.stop();
  return join(folder, 'in.pass');
}

const segments = (lane: string): string[] =>
  readdirSync(lane)
    .filter((name) => name.endsWith('.journal'))
    .sort();
const contents = (lane: string): object =>
  Object.fromEntries(readdirSync(lane).map((name) => [name, readFileSync(join(lane, name)).toString('latin1')]));
const code = (name: string) => expect.objectContaining({ name: 'OpenError', code: name });

describe('a segment that a run is writing', () => {
  const accidents: Record<string, (lane: string, path: string) => void> = {
    emptied: (_, path) => truncateSync(path, 0),
    'cut to its header': (_, path) => truncateSync(path, 72),
    'cut by one byte': (_, path) => truncateSync(path, statSync(path).size - 1),
    grown: (_, path) => truncateSync(path, statSync(path).size + 100),
    removed: (_, path) => rmSync(path),
    renamed: (_, path) => renameSync(path, `${path}.away`),
    'replaced by a copy': (_, path) => {
      copyFileSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    },
    'in a folder that is renamed': (lane) => renameSync(lane, `${lane}.away`),
  };

  test.each(
    Object.keys(accidents).flatMap((what) => POLICIES.map((fsync) => [what, JSON.stringify(fsync), fsync] as const)),
  )('%s, with %s: the next promise fails', async (what, _, fsync) => {
    const folder = temporaryFolder();
    const pipeline = start(folder, line(fsync));
    const ingress = pipeline.ingress('in');
    for (const record of ['a', 'b']) await ingress.push(record);
    await ingress.untilDurable();
    accidents[what]?.(join(folder, 'in.pass'), join(folder, 'in.pass', FIRST));
    const promise = (async () => {
      await ingress.push('c');
      await ingress.untilDurable({ deadline: 10_000 });
    })();
    await expect(promise).rejects.toMatchObject({ code: 'PIPELINE_FAILED' });
    expect(pipeline.failure?.cause).toMatch(/from outside|removed, moved or replaced/);
  });
});

describe('a journal that lost records it had acknowledged', () => {
  test.each([1, 2, 3])('with its last %i segments: is refused and not changed', async (missing) => {
    const folder = temporaryFolder();
    const lane = await delivered(folder, 60);
    for (const name of segments(lane).slice(-missing)) rmSync(join(lane, name));
    const before = contents(lane);
    expect(() => start(folder)).toThrow(code('JOURNAL_GAP'));
    expect(contents(lane)).toEqual(before);
  });

  test('with all segments, when all had been delivered: goes on behind them', async () => {
    const folder = temporaryFolder();
    const lane = await delivered(folder, 60);
    for (const name of segments(lane)) rmSync(join(lane, name));
    expect(start(folder).ingress('in').journalNext).toBe(60);
  });

  test.each([8, 72, 512])('with the first %i bytes of its last segment: is refused and not changed', async (blank) => {
    const folder = temporaryFolder();
    const lane = await delivered(folder, 60);
    const path = join(lane, segments(lane).at(-1) ?? '');
    writeFileSync(path, readFileSync(path).fill(0, 0, blank));
    const before = contents(lane);
    expect(() => start(folder)).toThrow(code('JOURNAL_DAMAGED'));
    expect(contents(lane)).toEqual(before);
  });

  test('with the last byte of the last: is refused', async () => {
    const folder = temporaryFolder();
    const lane = await delivered(folder, 60);
    const path = join(lane, segments(lane).at(-1) ?? '');
    truncateSync(path, statSync(path).size - 1);
    expect(() => start(folder)).toThrow(code('JOURNAL_DAMAGED'));
  });
});

describe('an open that fails', () => {
  test('takes back the journals that it had made before the one that it cannot have', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'pass.out'), 'a file in the way');
    const { lane_graph, ...plan } = line('each_batch');
    const connections = lane_graph.connections.map((connection) => ({
      ...connection,
      lane: { kind: 'Journal' as const },
    }));
    const version = compile({ ...plan, lane_graph: { connections } } as LaneGraphPlan);
    expect(() => open(version, { journal: { folder } })).toThrow(code('JOURNAL_OPEN'));
    expect(readdirSync(folder)).toEqual(['pass.out']);
  });

  test('after a power failure changes nothing, and the next one cuts', async () => {
    const folder = temporaryFolder();
    const lane = await delivered(folder, 10, 'none');
    const path = join(lane, FIRST);
    writeFileSync(path, readFileSync(path).fill(0, 72 + 3 * 224, 72 + 4 * 224));
    writeFileSync(join(lane, 'writer.lock'), '00000000-0000-0000-0000-000000000000');
    const before = contents(lane);
    expect(() => open(compile(line('none', 'bytes')), { journal: { folder } })).toThrow(code('JOURNAL_CODEC'));
    expect(contents(lane)).toEqual(before);
    const next = start(folder, line('none'));
    expect(next.ledger().lanes['in->pass']?.journal).toMatchObject({ cut_bytes: 7 * 224, opened_at: 10 });
  });
});

test('the folders that an open makes belong to the user alone', async () => {
  const root = temporaryFolder();
  await delivered(join(root, 'a', 'b'), 1);
  for (const name of ['a', 'a/b', 'a/b/in.pass']) expect(statSync(join(root, name)).mode & 0o777).toBe(0o700);
});

test('a lock file that is removed or replaced lets no second writer in', async () => {
  const folder = temporaryFolder();
  const first = start(folder);
  const lock = join(folder, 'in.pass', 'writer.lock');
  rmSync(lock);
  expect(() => start(folder)).toThrow(code('JOURNAL_LOCKED'));
  writeFileSync(lock, '');
  expect(() => start(folder)).toThrow(code('JOURNAL_LOCKED'));
  await first.ingress('in').push('still here');
  expect(await first.ingress('in').untilDurable()).toBe(1);
});

test('a journal that was copied as a whole is the same journal', async () => {
  const folder = temporaryFolder();
  await delivered(folder, 60);
  const copy = temporaryFolder();
  cpSync(folder, copy, { recursive: true });
  expect(start(copy).ingress('in').journalNext).toBe(60);
});
