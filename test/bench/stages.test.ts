import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The contestants of bench/stages.mjs with a few records, and its laps: that they count right, not how fast they are. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const RECORDS = 3000;
const run = promisify(execFile);

const contestants = [
  ...readFileSync(join(root, 'bench/stages.mjs'), 'utf8').matchAll(/^ {2}\['([^']+)', [\d.e]+\],$/gm),
].map(([, name]) => name as string);

let scratch = '';
const library = (name: string) => join(scratch, `${name}.so`);
const compile = (source: string, name: string) =>
  run('cc', [
    ...['-std=c99', '-O2', '-shared', '-fPIC', '-Wall', '-Wextra', '-Werror', '-I', join(root, 'native/plugin')],
    ...[join(root, source), '-o', library(name)],
  ]);

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'byteor-stages-'));
  await compile('bench/stages/add_one.c', 'add_one');
  await compile('examples/plugins/starts_with.c', 'starts_with');
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('contestants of the stages benchmark', () => {
  test('the list is read from the benchmark', () => {
    expect(contestants).toContain('graph: a function in a worker');
    expect(contestants.length).toBeGreaterThan(20);
  });

  test('each gives the right sum', async () => {
    const env = { ...process.env, BYTEOR_BENCH_ADD: library('add_one') };
    for (let at = 0; at < contestants.length; at += 4) {
      const trials = contestants.slice(at, at + 4).map(async (name) => {
        const args = ['bench/stages/trial.mjs', name, String(RECORDS)];
        const { stdout, stderr } = await run(process.execPath, args, { cwd: root, env });
        expect({ name, stderr }).toEqual({ name, stderr: '' });
        expect(JSON.parse(stdout)).toMatchObject({ name, records: RECORDS });
      });
      await Promise.all(trials);
    }
  }, 120_000);
});

describe('laps of the stages benchmark', () => {
  test('a pair has a row with its verdict and the counts of the whole run', async () => {
    const laps = (await import(new URL('../../bench/stages/laps.mjs', import.meta.url).href)) as {
      comparePairs: (options: object) => Promise<readonly Record<string, unknown>[]>;
    };
    const options = { seconds: 1, scale: 0.0005, folder: scratch, library: library('starts_with') };
    const [row, ...others] = await laps.comparePairs({ ...options, only: 'graph: failing, dead_letter' });
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      plans: ['graph, failing, dead_letter', 'graph, failing, dead_letter'],
      records: 2000,
      whole: { records: 50_000, with: { counts: { in: 50_000, out: 49_975, dead_lettered: 25, failed: 25 } } },
    });
  }, 60_000);
});
