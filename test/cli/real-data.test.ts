/**
 * Real logs through the command line: every identity plan reproduces them byte for byte (per key where sharded), and
 * filters agree with grep. The logs are those of a folder: BYTEOR_TEST_DATA, or `../shared/data` beside the checkout;
 * where neither is, look-alikes of the same formats are made, so that this always tests something.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { byteor, ROOT } from './child.js';
import { ringPlan, type StageText } from './plans.js';

const work = mkdtempSync(join(tmpdir(), 'byteor-real-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function realLogs(): string[] {
  const folder = process.env.BYTEOR_TEST_DATA ?? join(ROOT, '..', 'shared', 'data');
  const found = existsSync(folder) ? filesBelow(folder).filter((path) => /(_2k\.log|\.ndjson)$/.test(path)) : [];
  return found.length > 0 ? found : madeLogs();
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

/** Look-alikes: an Apache error log with CRLF and no last line end, a syslog, and events as JSON with UTF-8. */
function madeLogs(): string[] {
  const apache = lines(
    (at) => `[Sun Dec 04 04:${at % 60}:44 2005] [${at % 3 ? 'notice' : 'error'}] child ${at} in state ${at % 7}`,
  );
  const syslog = lines(
    (at) => `Jun 14 15:16:${at % 60} combo sshd(pam_unix)[${19939 + at}]: authentication failure; uid=${at % 5}`,
  );
  const events = lines((at) =>
    JSON.stringify({ asin: `B00${at % 31}`, rating: at % 6, title: `Phone “${at}” für ä 📱` }),
  );
  const files = {
    'Apache_2k.log': apache.join('\r\n'),
    'Linux_2k.log': `${syslog.join('\n')}\n`,
    'events.ndjson': `${events.join('\n')}\n`,
  };
  return Object.entries(files).map(([name, text]) => {
    writeFileSync(join(work, name), text);
    return join(work, name);
  });
}

function lines(line: (at: number) => string): string[] {
  return Array.from({ length: 2000 }, (_, at) => line(at));
}

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

const logs = realLogs();

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

/** grep ends the last line that it prints. */
const withLineEnd = (bytes: Buffer): Buffer =>
  bytes.length === 0 || bytes.at(-1) === 0x0a ? bytes : Buffer.concat([bytes, Buffer.from('\n')]);

function grep(needle: string, invert: boolean, log: string): Buffer {
  const options = ['-a', '-F', ...(invert ? ['-v'] : []), '-e', needle, log];
  try {
    return execFileSync('grep', options, { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 2 ** 30 });
  } catch (error) {
    // grep exits with 1 when it finds nothing.
    if ((error as { status?: number }).status === 1) return Buffer.alloc(0);
    throw error;
  }
}
