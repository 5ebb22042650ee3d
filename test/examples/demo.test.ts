import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const demo = (...args: string[]) =>
  spawnSync(process.execPath, ['examples/demo.mjs', ...args], { encoding: 'utf8', timeout: 120_000 });

test('the demo agrees with its generator on every count and leaves nothing behind', () => {
  const { status, stdout, stderr } = demo('--megabytes', '10');
  expect(stderr).not.toContain('Error');
  expect(stdout).toContain('✓ balanced');
  expect(stdout).toContain('Every count agrees with what the generator knows');
  expect(status).toBe(0);
});

test('a size that makes no sense is refused with the range', () => {
  const { status, stderr } = demo('--megabytes', 'lots');
  expect(stderr).toBe('--megabytes is lots; give 1 to 10000\n');
  expect(status).toBe(2);
});
