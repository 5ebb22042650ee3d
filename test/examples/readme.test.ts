import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

/** What README.md shows is what is run elsewhere: its samples are the files of examples/, its figures bench/results. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');

/** Blocks that name the file they are, as [file, text]. */
const blocks = [...readme.matchAll(/<!-- (examples\/\S+) -->\n```\w+\n([\s\S]*?)```/g)].map(
  ([, file, text]) => [file as string, text as string] as const,
);

/** A program's imports and what stands between its marks; any other file as it is. */
function shownOf(path: string): string {
  const text = read(path);
  if (!path.endsWith('.mjs')) return text;
  const imports = /^import .*\n/m.exec(text)?.[0] ?? '';
  const sample = /\/\/ \[sample\]\n([\s\S]*?)\/\/ \[\/sample\]/.exec(text)?.[1] ?? '';
  return `${imports}\n${sample}`;
}

describe('README.md', () => {
  test('shows a plan and a program', () => {
    expect(blocks.map(([file]) => file)).toEqual(['examples/errors-only.yaml', 'examples/push-and-poll.mjs']);
  });

  test.each(blocks)('shows %s as it is', (file, text) => {
    expect(text).toBe(shownOf(file));
  });

  test('has the two commands of a fresh checkout, word for word', () => {
    expect(readme).toContain('\nnpm ci && npm run demo\nnpm ci && npm test\n');
  });

  test('gives the figures that bench/results give', () => {
    const ended = spawnSync(process.execPath, ['bench/report.mjs', '--check'], { cwd: root, encoding: 'utf8' });
    expect(ended.stderr).toBe('');
    expect(ended.status).toBe(0);
  });
});
