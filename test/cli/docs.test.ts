import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ExitCode } from '../../lib/cli/exit-code.js';
import { VERBS } from '../../lib/cli/program.js';
import { byteor, ROOT } from './child.js';

const page = readFileSync(join(ROOT, 'docs', 'cli.md'), 'utf8');

/** First cells of the rows of a table, found by its head. */
function firstCells(head: string): string[] {
  const rows = page.slice(page.indexOf(head)).split('\n\n')[0]?.split('\n').slice(2) ?? [];
  return rows.map((row) => row.split('|')[1]?.trim() ?? '');
}

test('the page lists the verbs that there are', () => {
  const named = firstCells('| verb |').map((cell) => /^`([\w-]+)/.exec(cell)?.[1]);
  expect([...named].sort()).toEqual(VERBS.map(({ name }) => name).sort());
});

test('the page lists the exit codes that there are', () => {
  const named = firstCells('| exit code |').flatMap((cell) => cell.split(', ').map(Number));
  expect(named).toEqual(Object.values(ExitCode));
});

test('the page names only options of run that there are, and all of them', async () => {
  const { stdout } = await byteor(['run', '--help']);
  const options = (text: string) => new Set(text.match(/--[a-z][a-z-]+/g));
  const table = firstCells('| option |').join(' ');
  const known = options(stdout.slice(stdout.indexOf('Options:'), stdout.indexOf('Examples:')));
  for (const other of ['--help', '--ingress', '--egress']) known.delete(other);
  expect([...options(table)].sort()).toEqual([...known].sort());
});
