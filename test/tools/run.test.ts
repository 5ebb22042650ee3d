import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';

/** The runner decides what "all checks pass" means, so it is checked that it can fail. */

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A PATH with Node and the tools of node_modules, and none of the machine's: no clang-format, no compiler. */
const bare = mkdtempSync(join(tmpdir(), 'byteor-path-'));
symlinkSync(process.execPath, join(bare, 'node'));
symlinkSync('/usr/bin/env', join(bare, 'env'));
const PATH = `${bare}:${join(root, 'node_modules/.bin')}`;

afterAll(() => rmSync(bare, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

function checks(...args: string[]): Ended {
  const run = [join(root, 'test/tools/run.mjs'), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, run, { env: { PATH }, encoding: 'utf8' });
  return { code: status, lines: stdout.trimEnd().split('\n'), errors: stderr };
}

const LEFT_OUT = 'LEFT OUT: C++ format: needs clang-format';

describe('the runner of all checks', () => {
  test('names what a missing tool prevents, and passes with what could run', () => {
    const { code, lines } = checks('types', 'format');
    expect(lines).toContain(LEFT_OUT);
    expect(lines.at(-1)).toBe('1 passed, 0 failed');
    expect(code).toBe(0);
  });

  test('counts what was left out as failed when it is strict', () => {
    const { code, lines } = checks('--strict', 'types', 'format');
    expect(lines).toContain(LEFT_OUT);
    expect(lines.at(-1)).toBe('1 passed, 1 failed');
    expect(code).toBe(1);
  });

  test('does not pass when nothing could run', () => {
    const { code, lines } = checks('format');
    expect(lines.at(-1)).toBe('0 passed, 0 failed');
    expect(code).toBe(1);
  });

  test('fails when a step fails, and says how it ended', () => {
    const { code, lines } = checks('abi', 'types');
    expect(lines.find((line) => line.startsWith('the generated ABI header'))).toMatch(
      /0 passed +1 failed .*npm could not be started/,
    );
    expect(lines.at(-1)).toBe('1 passed, 1 failed');
    expect(code).toBe(1);
  });

  test('ends with what it runs when it is interrupted', async () => {
    const run = [join(root, 'test/tools/run.mjs'), 'types', 'biome'];
    const child = spawn(process.execPath, run, { env: { PATH }, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'close');
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      if (String(chunk).includes('== TypeScript types')) child.kill('SIGINT');
      expect(chunk).not.toContain('== TypeScript lint');
    }
    expect(await ended).toEqual([130, null]);
  });

  test('refuses a step it does not know, naming those it knows', () => {
    const { code, errors } = checks('typos');
    expect(errors).toMatch(/^There is no step typos; the steps are all, lint, build, .*unit\.\n$/);
    expect(code).toBe(2);
  });
});
