import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/**
 * The contestants of bench/echo.mjs with a few records: that they give the right result, not how fast. Those that need
 * packages of bench/peers, and those that idle for seconds, are run by the benchmark only.
 */

const root = fileURLToPath(new URL('../..', import.meta.url));
const RECORDS = 3000;

/** As bench/echo.mjs lists them: name, records, and the package where one is needed. */
const listed = [
  ...readFileSync(join(root, 'bench/echo.mjs'), 'utf8').matchAll(/^ {2}\['([^']+)', [\d.e]+(, '[^']+')?\],$/gm),
];
const contestants = listed
  .filter(([, name, needs]) => needs === undefined && !/^(idle|C\+\+)/.test(name as string))
  .map(([, name]) => name as string);

function trial(name: string, records = RECORDS) {
  const ended = spawnSync(process.execPath, ['bench/echo/trial.mjs', name, String(records)], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: ended.status, out: ended.stdout, err: ended.stderr };
}

describe('contestants of the echo benchmark', () => {
  test('the list is read from the benchmark', () => {
    expect(contestants.length).toBeGreaterThan(15);
    expect(contestants).toContain('byteor, in place, 64 B');
    expect(contestants).toContain('byteor, columns, one way, 64 B');
  });

  test.each(contestants)('%s gives the right sum', (name) => {
    const { code, out, err } = trial(name);
    expect(err).toBe('');
    expect(code).toBe(0);
    const result = JSON.parse(out) as Record<string, unknown>;
    expect(result).toMatchObject({ name, records: RECORDS });
    const took = name.startsWith('round trip') ? result.p50_us : result.seconds;
    expect(took).toBeGreaterThan(0);
  });

  test('an unknown contestant is an error by name', () => {
    const { code, err } = trial('nobody');
    expect(err).toContain('there is no contestant "nobody"');
    expect(code).toBe(1);
  });
});
