/**
 * Real logs through the command line: every identity plan reproduces them byte for byte (per key where sharded), and
 * filters agree with grep.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { byteor } from './child.js';
import { grep, realLogs, withLineEnd } from './logs.js';
import { ringPlan, type StageText } from './plans.js';

const work = mkdtempSync(join(tmpdir(), 'byteor-real-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const pass = (id: string, ...depends_on: string[]): StageText => ({ id, op: 'identity', depends_on });
const names = (count: number): string[] => Array.from({ length: count }, (_, at) => `s${at}`);

const chain = (count: number): StageText[] =>
  names(count).map((id, at) => (at === 0 ? pass(id) : pass(id, `s${at - 1}`)));

/** One stage, `count - 2` beside each other, one that waits for all of them. */
const diamond = (count: number): StageText[] => {
  const [first = '', ...rest] = names(count);
  const last = rest.pop() ?? '';
  return [pass(first), ...rest.map((id) => pass(id, first)), pass(last, ...rest)];
};

const SHAPES: readonly (readonly [string, readonly StageText[]])[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((count) => [`a chain of ${count}`, chain(count)] as const),
  ...[4, 6, 8].map((count) => [`a diamond of ${count}`, diamond(count)] as const),
];

const KEY = { kind: 'token', separator: ' ', index: 0 };
const SHARDS = { shards: 4, ordering: 'PerKey', shard_key: KEY };

let plans = 0;

/** Runs a plan over a log and returns what it wrote. The exit code says that all is conserved. */
async function through(plan: string, log: string): Promise<Buffer> {
  const number = plans++;
  const [file, out] = [join(work, `plan-${number}.json`), join(work, `out-${number}`)];
  writeFileSync(file, plan);
  const ends = ['--ingress', `in=lines:${log}`, '--egress', `out=lines:${out}`];
  const { code, stdout, stderr } = await byteor(['run', file, ...ends, '--assert-conserved', '--quiet']);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
  const written = readFileSync(out);
  rmSync(out);
  return written;
}

/** Lines as bytes (latin1 keeps each), by their first word, in order; the end of the last line does not count. */
function byKey(content: Buffer): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const line of content.toString('latin1').replace(/\n$/, '').split('\n')) {
    const key = line.replace(/\r$/, '').split(' ')[0] ?? '';
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  return groups;
}

const logs = realLogs(work);

describe.each(logs.map((log) => [basename(log), log] as const))('%s', (_, log) => {
  const content = readFileSync(log);

  test.each(SHAPES)('comes out of %s byte for byte', async (_, stages) => {
    expect((await through(ringPlan(stages), log)).equals(content)).toBe(true);
  });

  test.each(SHAPES)('comes out of %s in four shards with every key in order', async (_, stages) => {
    const written = await through(ringPlan(stages, SHARDS), log);
    expect(byKey(written)).toEqual(byKey(content));
  });

  test.each(needles(content).map((needle) => [needle]))('filtered by %j is what grep -F finds', async (needle) => {
    const filter = (invert: boolean) => ringPlan([{ id: 'keep', op: 'filter', config: { contains: needle, invert } }]);
    for (const invert of [false, true]) {
      const written = await through(filter(invert), log);
      expect(withLineEnd(written).equals(grep(needle, invert, log))).toBe(true);
    }
  });
});

/** Words that some lines have, one that none has, and one from the middle of a line. */
function needles(content: Buffer): string[] {
  const words = content.toString('utf8').match(/[A-Za-z]{4,}/g) ?? [];
  const middle = words[Math.floor(words.length / 2)] ?? 'error';
  return [...new Set([words[0] ?? 'error', middle, 'error', 'qqqzzz', '] '])];
}
