import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** What README.md promises besides its samples, which test/docs runs. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const LINES_MAX = 200;

describe('README.md', () => {
  test('can be read at once', () => {
    expect(readme.split('\n').length - 1).toBeLessThanOrEqual(LINES_MAX);
  });

  test('shows a plan and a program of examples/', () => {
    const shown = [...readme.matchAll(/^<!-- file: (examples\/\S+) -->$/gm)].map((match) => match[1]);
    expect(shown).toEqual(['examples/errors-only.yaml', 'examples/push-and-poll.mjs']);
  });

  test('has the two commands of a fresh checkout, word for word', () => {
    expect(readme).toContain('\nnpm ci && npm run demo\nnpm ci && npm test\n');
  });

  test('gives the figures that bench/results give, as do the documents', () => {
    const ended = spawnSync(process.execPath, ['bench/report.mjs', '--check'], { cwd: root, encoding: 'utf8' });
    expect(ended.stderr).toBe('');
    expect(ended.status).toBe(0);
  });
});
