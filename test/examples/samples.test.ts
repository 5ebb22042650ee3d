import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** The programs of examples/, run as a reader would run them. */

const root = fileURLToPath(new URL('../..', import.meta.url));

let scratch = '';
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'byteor-examples-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function runExample(name: string, ...args: string[]) {
  const ended = spawnSync(process.execPath, [join(root, 'examples', name), ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, TMPDIR: scratch, NO_COLOR: '1' },
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

/** What each sample prints, word for word. */
const SAMPLES: Readonly<Record<string, string>> = {
  'backpressure.mjs':
    'full after 4 records, free: 0\ngave up: true\nreceived 5, the last: a patient one, balanced: true\n',
  'columns.mjs': '100000 samples, total 2499975000\n',
  'files.mjs':
    '{"n":0,"level":"INFO"}\n{"n":2,"level":"WARN"}\n{"n":3,"level":"INFO"}\n{"INFO":2,"WARN":1}\n1 filtered\n',
  'in-place.mjs': '100000 samples, total 2499975000\n',
  'push-and-poll.mjs': 'order 1: 9.5\norder 3: 12.25\nbalanced: true, filtered: 1\n',
  'streams.mjs': [0, 1, 2, 3, 4].map((n) => `line ${n * 1000}: error\n`).join(''),
  'worker.mjs': '10000 records, the last: record 10000!, balanced: true\n',
};

describe('samples', () => {
  test.each(Object.entries(SAMPLES))('%s prints what it says', (name, wanted) => {
    expect(runExample(name)).toEqual({ code: 0, out: wanted, err: '' });
  });

  test('every sample is run here', () => {
    const programs = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'));
    expect(programs.sort()).toEqual([...Object.keys(SAMPLES), 'demo.mjs'].sort());
  });
});

describe('demo', () => {
  test('a log goes through the plan, and everything agrees with what the maker of the log counted', () => {
    const { code, out } = runExample('demo.mjs', '--megabytes', '3');
    expect(out).toMatch(/An access log of 20,\d{3} lines, 3 MB/);
    expect(out).toMatch(/✓ balanced: 20,\d{3} in = 18,\d{3} out \+ 2,\d{3} filtered/);
    expect(out).toContain(
      '✓ verified: records read, bytes read, health checks dropped, records written, records of each status, ' +
        'CRC-32C of the records, SHA-256 of the output file, ledger balanced\n',
    );
    expect(code).toBe(0);
  });

  test('a plan that does something else makes it fail, with what differs', () => {
    const plan = join(scratch, 'wrong.yaml');
    const good = readFileSync(join(root, 'examples/access-log.yaml'), 'utf8');
    writeFileSync(plan, good.replace(', invert: true', ''));
    const { code, out } = runExample('demo.mjs', '--megabytes', '2', '--plan', plan);
    expect(out).toMatch(/✗ health checks dropped: found 12\d{3}, but the maker of the log counted 1\d{3}/);
    expect(out).toContain('✗ SHA-256 of the output file: found ');
    expect(out).not.toContain('verified');
    expect(code).toBe(1);
  });

  test('its folder is gone afterwards', () => {
    runExample('demo.mjs', '--megabytes', '1');
    expect(readdirSync(scratch).filter((name) => name.startsWith('byteor-demo-'))).toEqual([]);
    expect(existsSync(scratch)).toBe(true);
  });

  test('a size that is none is wrong usage', () => {
    const { code, err } = runExample('demo.mjs', '--megabytes', 'much');
    expect(err).toContain('npm run demo: --megabytes much is not a size; give a number of megabytes from 1 on.');
    expect(code).toBe(2);
  });
});
