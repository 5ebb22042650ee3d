import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { OpenError } from '../../lib/error/errors.js';
import type { LaneGraphPlan } from '../../lib/plan/document.js';
import { journalFacts } from '../../lib/runtime/journal-facts.js';
import { open } from '../../lib/runtime/open.js';
import type { OpenOptions } from '../../lib/runtime/options.js';
import { compile } from '../../lib/version/version.js';
import { linePlan } from '../support/line-plan.js';
import { openRing, ringVersion } from './rings.js';

const CHILD = fileURLToPath(new URL('journal-child.mjs', import.meta.url));

type Kind = 'Journal' | 'Events';

const line = (first: Kind, second: Kind) => linePlan({ kind: first }, { kind: second });

const opened: { halt(): unknown }[] = [];
afterEach(() => {
  for (const pipeline of opened.splice(0)) pipeline.halt();
});

function start(plan: ReturnType<typeof line>, options: OpenOptions<'in' | 'out'>) {
  const pipeline = open(compile(plan), options as never);
  opened.push(pipeline);
  return pipeline;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'byteor-journal-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Everything that a run delivers which gets nothing new. */
async function rest(plan: ReturnType<typeof line>, folder: string): Promise<string[]> {
  const pipeline = start(plan, { journal: { folder } });
  pipeline.ingress('in').close();
  const seen: string[] = [];
  for await (const record of pipeline.egress('out')) seen.push(record);
  expect(await pipeline.finished()).toMatchObject({ balanced: true, failure: null });
  return seen;
}

/** Runs the child until it has acknowledged so many records, then kills it; how many it acknowledged in the end. */
async function killAfter(count: number, plan: ReturnType<typeof line>, folder: string, file: string): Promise<number> {
  const child = spawn(process.execPath, [CHILD, JSON.stringify(plan), folder, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
    if (Number(said.trimEnd().split('\n').at(-1)) >= count) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  expect(child.signalCode).toBe('SIGKILL');
  // A number that was cut in the middle acknowledges nothing.
  return Number(said.slice(0, said.lastIndexOf('\n')).split('\n').at(-1));
}

describe('a process that is killed', () => {
  test.each([
    ['Journal', 'Events'],
    ['Journal', 'Journal'],
  ] as const)('has delivered, or leaves to the next, all that was durable: %s, %s', async (first, second) => {
    for (const count of [50, 1000, 4000]) {
      const [folder, file] = [temporaryFolder(), join(temporaryFolder(), 'delivered')];
      const durable = await killAfter(count, line(first, second), folder, file);
      const seen = new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
      for (const record of await rest(line(first, second), folder)) seen.add(record);
      expect(Array.from({ length: durable }, (_, at) => `${at}`).filter((record) => !seen.has(record))).toEqual([]);
      expect(await rest(line(first, second), folder)).toEqual([]);
    }
  });
});

describe('a journal that a handle reads', () => {
  test('begins with what the run before had not read, and ends as it should', async () => {
    const folder = temporaryFolder();
    const before = start(line('Events', 'Journal'), { journal: { folder } });
    const ingress = before.ingress('in');
    const egress = before.egress('out');
    for (let i = 0; i < 100; i++) await ingress.push(`${i}`);
    ingress.flush();
    let read = 0;
    while (read < 40) read += egress.poll(() => {}, Math.min(8, 40 - read));
    await untilThere(() => before.ledger().lanes['pass->out']?.journal?.durable === 100);
    before.halt();
    expect(await rest(line('Events', 'Journal'), folder)).toEqual(Array.from({ length: 60 }, (_, i) => `${i + 40}`));
    expect(await rest(line('Events', 'Journal'), folder)).toEqual([]);
  });

  test('is locked to one pipeline, in this process too', async () => {
    const folder = temporaryFolder();
    const first = start(line('Journal', 'Events'), { journal: { folder } });
    const second = (): unknown => start(line('Journal', 'Events'), { journal: { folder } });
    expect(second).toThrow(OpenError);
    expect(second).toThrow(expect.objectContaining({ code: 'JOURNAL_LOCKED' }));
    first.halt();
    expect(await rest(line('Journal', 'Events'), folder)).toEqual([]);
  });
});

describe('open replays a journal', () => {
  async function recorded(): Promise<string> {
    const folder = temporaryFolder();
    const pipeline = start(line('Journal', 'Events'), { journal: { folder }, ports: { out: 'discard' } });
    const ingress = pipeline.ingress('in');
    for (let i = 0; i < 20; i++) await ingress.push(`${i}`);
    await pipeline.stop();
    return join(folder, readdirSync(folder)[0] ?? '');
  }

  test('into a handle, from a sequence', async () => {
    const journal = await recorded();
    const pipeline = openRing({ codec: 'utf8' }, { ports: { in: { replay: journal, from: 15 } } });
    const seen: string[] = [];
    for await (const record of pipeline.egress('out')) seen.push(record);
    expect(seen).toEqual(['15', '16', '17', '18', '19']);
    expect(await pipeline.finished()).toMatchObject({ balanced: true, boundaries: { in: { published: 5 } } });
  });

  test('or says with a code why it cannot', async () => {
    const journal = await recorded();
    const opening = (codec: 'utf8' | 'bytes', replay: string, more = {}) => {
      const port = { in: { replay, ...more } };
      return () => openRing({ codec }, { ports: port });
    };
    const code = (name: string) => expect.objectContaining({ name: 'OpenError', code: name });
    expect(opening('bytes', journal)).toThrow(code('JOURNAL_CODEC'));
    expect(opening('utf8', join(journal, 'nowhere'))).toThrow(code('JOURNAL_OPEN'));
    expect(opening('utf8', journal, { from: 21 })).toThrow(code('JOURNAL_GAP'));
    const version = ringVersion({ codec: 'bytes' });
    expect(() => journalFacts(version as never, 'in', { replay: journal })).toThrow(code('JOURNAL_CODEC'));
  });

  test('whose records are structs of another layout: says so', async () => {
    const struct = (type: 'u32' | 'i32') => ({ kind: 'struct', fields: [{ name: 'value', type }] }) as const;
    const of = (type: 'u32' | 'i32') => {
      const plan = JSON.parse(JSON.stringify(line('Journal', 'Events')));
      for (const boundary of plan.boundaries) boundary.codec = struct(type);
      return compile(plan as LaneGraphPlan);
    };
    const folder = temporaryFolder();
    const pipeline = open(of('u32'), { journal: { folder }, ports: { out: 'discard' } });
    opened.push(pipeline);
    const ingress = pipeline.ingress('in' as never) as unknown as { push(record: object): Promise<string> };
    for (let value = 0; value < 5; value++) await ingress.push({ value });
    await pipeline.stop();
    const replay = join(folder, readdirSync(folder)[0] ?? '');
    const wrong = (): unknown => openRing({ codec: struct('i32') }, { ports: { in: { replay } } });
    expect(wrong).toThrow(expect.objectContaining({ code: 'JOURNAL_CODEC' }));
    expect(wrong).toThrow(/codec struct \(layout [0-9a-f]{16}\), but the plan's are of codec struct \(layout/);
    const right = openRing({ codec: struct('u32') }, { ports: { in: { replay } } });
    const seen: number[] = [];
    for await (const record of right.egress('out')) seen.push(record.value);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });
});

async function untilThere(there: () => boolean): Promise<void> {
  while (!there()) await new Promise((resolve) => setTimeout(resolve, 1));
}
